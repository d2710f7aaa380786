# SPDX-License-Identifier: Apache-2.0
"""Sums, differences and products of any scales: TFLite's roundings one after the other."""

from __future__ import annotations

import numpy as np
import pytest

from mcunet_tf.tinyengine.evaluate import evaluate
from mcunet_tf.tinyengine.ir import Graph, Op, Quantization, Tensor
from mcunet_tf.tinyengine.kernel_tables import KERNELS
from mcunet_tf.tinyengine.ops.broadcast import ElementwiseAttributes
from mcunet_tf.tinyengine.ops.spec import view
from tests.kernels.dsp_program import FILLER, Case, run_cases

pytestmark = pytest.mark.qemu

KINDS = ("ADD", "SUB", "MUL")
PERIOD = 37


def _graph(rng, kind: str, scales: tuple[float, ...], repeated: int | None, activation: str):
    points = rng.integers(-128, 128, 3)
    shapes = [(1, 1, 16, PERIOD)] * 3
    if repeated is not None:
        shapes[repeated] = (1, 1, 1, PERIOD)
    tensors = tuple(
        Tensor(f"t{i}", shape, "int8", Quantization((float(np.float32(s)),), (int(p),)))
        for i, (shape, s, p) in enumerate(zip(shapes, scales, points, strict=True))
    )
    op = Op(kind, "pair", (0, 1), (2,), ElementwiseAttributes(activation))
    return Graph("pairs", tensors, (op,), (0, 1), (2,))


def _initialiser(value) -> str:
    if isinstance(value, tuple):
        return "{" + ", ".join(map(_initialiser, value)) + "}"
    return str(value)


def _case(rng, graph: Graph) -> tuple[Case, np.ndarray]:
    seen = view(graph, graph.ops[0])
    rows = [row for row in KERNELS[graph.ops[0].kind] if "_any_dsp" in row.name]
    kernel = next(row for row in rows if row.rejects(seen) is None)
    values = [rng.integers(-128, 128, t.shape).astype(np.int8) for t in graph.tensors[:2]]
    expected = evaluate(graph, values)[0].reshape(-1)
    ordered = [values[i].reshape(-1) for i in kernel.data_inputs]
    first, out = ordered[0].size, ordered[0].size + ordered[1].size
    memory = np.full(out + expected.size + 8, FILLER, np.uint8)
    memory[:out] = np.concatenate(ordered).view(np.uint8)
    struct = kernel.arguments(seen)
    pixels = expected.size // kernel.pixel_values(seen)
    case = Case(
        kernel=kernel.name,
        struct=struct.ctype.removeprefix("struct "),
        fields={name: _initialiser(value) for name, value in struct.fields.items()},
        weights=None,
        memory=memory,
        arguments=f"arena, arena + {first}, arena + {out}, {pixels}, scratch",
        scratch_bytes=0,
        name=f"{kernel.name} {struct.fields}",
    )
    want = memory.copy()
    want[out : out + expected.size] = expected.view(np.uint8)
    return case, want


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.sampled(2)
def test_every_scale(kind: str) -> None:
    """Equal scales, ties, scales 200 apart, outputs finer than operands; either operand repeats."""
    rng = np.random.default_rng(1)
    made = []
    for scales in (
        (0.5, 0.5, 1.0), (0.5, 0.5, 0.5), (1.0, 0.005, 1.0), (0.005, 1.0, 0.3), (0.25, 0.5, 1.0),
        (0.06, 0.05, 0.02), (0.02, 0.07, 0.2), (1.0, 1.0, 0.02), (0.1, 0.3, 4.0), (2.0, 3.0, 0.1),
    ):  # fmt: skip
        for repeated in (None, 0, 1):
            for activation in ("NONE", "RELU", "RELU6"):
                made.append(_case(rng, _graph(rng, kind, scales, repeated, activation)))
    folder = kind.lower()
    names = dict.fromkeys(case.kernel for case, _ in made)
    assert len(names) == 2
    sources = [f"{folder}/{name}.c" for name in names]
    results = run_cases([case for case, _ in made], sources, [f"{folder}/{folder}.h"])
    for (case, want), result in zip(made, results, strict=True):
        np.testing.assert_array_equal(result.memory, want, err_msg=case.name)
