# SPDX-License-Identifier: Apache-2.0
"""The list of operators that users read is the one that the compiler holds."""

from __future__ import annotations

import contextlib

import pytest

from mcunet_tf.check import engines
from mcunet_tf.tinyengine.kernel_tables import KERNELS
from mcunet_tf.tinyengine.micro_operators import BUILTINS, micro_operators
from mcunet_tf.tinyengine.ops import SPECS, signal
from mcunet_tf.tinyengine.supported_ops import FILE_NAME, supported_ops_text
from tests.ops.build_tflite import Net


def test_the_file_is_current(repository):
    written = (repository / FILE_NAME).read_text(encoding="utf-8")
    assert written == supported_ops_text(), "run: python -m mcunet_tf.tinyengine.supported_ops"


def test_every_operator_and_kernel_is_named():
    text = supported_ops_text()
    for kind in SPECS:
        assert (f"\n## {kind}\n" in text) == (kind not in ("INTERLEAVE", "TABLE"))
    for rows in KERNELS.values():
        for kernel in rows:
            assert f"`{kernel.name}`" in text


def test_every_constraint_is_a_sentence():
    for spec in SPECS.values():
        for constraint in spec.constraints:
            assert constraint.__name__.startswith("constraint_")
            sentence = (constraint.__doc__ or "").splitlines()[0]
            assert sentence[:1].isupper() and sentence.endswith("."), constraint.__name__


# The names of AddBuiltin and AddCustom in tflite-micro's micro_mutable_op_resolver.h.
REGISTERED = 118


def test_every_operator_of_tflite_micro_has_an_answer():
    found = micro_operators()
    assert len(found) == REGISTERED
    for name, told in found.items():
        assert told and "\n" not in told, name
        refused = told.startswith("not compiled: ")
        inlined = name in ("IF", "WHILE") or "state of the model" in told
        known = SPECS.keys() & {name, signal.CUSTOM_NAMES.get(name, name), f"CUSTOM {name}"}
        assert refused == (not known and not inlined), name
    assert found["ADD"] == "compiled; compiled for float32, int32"
    assert found["SHAPE"] == "computed at compile time"
    assert found["MIRROR_PAD"] == "rewritten as RESIZE_NEAREST_NEIGHBOR"
    text = supported_ops_text()
    assert all(f"| {name} | {told} |" in text for name, told in found.items())


@pytest.mark.parametrize(
    "name", ["ADD_N", "CUMSUM", "L2_POOL_2D", "SVDF", "TILE", "GELU", "ONE_HOT"]
)
def test_the_list_is_that_of_the_wheel(name, capfd):
    """Its interpreter finds a registration for the names here, and for no others."""
    pytest.importorskip("tflite_micro", reason="the tflite-micro wheel is not installed")
    net = Net()
    x, y = (net.tensor((1, 4), scale=None, dtype="float32") for _ in range(2))
    net.op(name, [x], [y])
    with contextlib.suppress(RuntimeError, ValueError):
        engines.MicroEngine(net.build([x], [y]))
    unknown = "Didn't find op for builtin opcode" in capfd.readouterr().err
    assert unknown == (name not in BUILTINS)
