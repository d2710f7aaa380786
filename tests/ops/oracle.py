# SPDX-License-Identifier: Apache-2.0
"""Both reference interpreters, each by itself; `Reference` would choose one of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from mcunet_tf.check import engines
from mcunet_tf.check.compare import unequal
from mcunet_tf.check.reference import Reference
from tests.ops.case import Arrays


def runtime_outputs(model: bytes, inputs: Sequence[Arrays]) -> list[Arrays]:
    """What tflite-runtime's BUILTIN_REF computes: the oracle."""
    pytest.importorskip(
        "tflite_runtime.interpreter", reason="tflite-runtime has no wheel for this Python"
    )
    engine = engines.RuntimeEngine(model)
    return [engine.run(arrays) for arrays in inputs]


def micro_outputs(model: bytes, inputs: Sequence[Arrays]) -> list[Arrays]:
    """What TF-Lite Micro computes."""
    pytest.importorskip("tflite_micro", reason="the tflite-micro wheel is not installed")
    engine = engines.MicroEngine(model)
    return [engine.run(arrays) for arrays in inputs]


def reference_outputs(model: bytes, inputs: Sequence[Arrays]) -> list[Arrays]:
    """What the product's own oracle says."""
    return Reference(model).run(inputs)


def assert_equal(got: Sequence[Arrays], wanted: Sequence[Arrays], inputs: Sequence[Arrays]) -> None:
    """All outputs for all inputs are equal, value for value; shapes may differ in unit axes.

    float32 may differ by 1e-5 of the output's range, as verification allows.
    """
    assert len(got) == len(wanted) == len(inputs)
    for number, (a, b) in enumerate(zip(got, wanted, strict=True)):
        for index, (left, right) in enumerate(zip(a, b, strict=True)):
            assert left.dtype == right.dtype
            left, right = np.asarray(left).reshape(-1), np.asarray(right).reshape(-1)
            different = np.flatnonzero(unequal(left, right))
            if len(different):
                at = int(different[0])
                pytest.fail(
                    f"{len(different)} of {len(left)} values of output {index} differ for input "
                    f"{number}; at {at} it is {left[at]}, should be {right[at]}"
                )
