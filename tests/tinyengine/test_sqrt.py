# SPDX-License-Identifier: Apache-2.0
"""int8 SQRT, which TensorFlow writes since 2.21 and which neither reference here computes.

Its meaning is that of LiteRT's kernel: the root in float32, divided by the output's scale and cut
off behind the point. Expected values are computed so, one by one, and not by the compiler.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from mcunet_tf.tinyengine import compile_tflite
from tests.ops.case import Case
from tests.ops.programs import run_on_host
from tests.ops.value_cases import byte_model


def expected(value: int, source: tuple[float, int], out: tuple[float, int]) -> int:
    real = np.float32(source[0]) * np.float32(value - source[1])
    steps = np.float32(np.float32(math.sqrt(max(real, 0.0))) / np.float32(out[0]))
    return min(max(int(steps) + out[1], -128), 127)


@pytest.mark.parametrize(
    ("source", "out"),
    [
        ((0.05, -128), (0.02, -128)),
        ((1.0, -128), (0.0625, -128)),
        ((0.003, -128), (0.01, 5)),
        ((0.4, -100), (0.001, 0)),
        ((0.05, 0), (0.02, -20)),
    ],
)
def test_every_value_has_its_root(source, out):
    case = Case("SQRT", "int8", byte_model("SQRT", source, out))
    ((job, outputs),) = run_on_host([case], "portable")
    assert [op.kind for op in job.compiled.graph.ops] == ["SQRT"]
    values = job.inputs[0][0].reshape(-1)
    assert len(np.unique(values)) == 256
    wanted = [expected(int(value), source, out) for value in values]
    assert outputs[0][0].reshape(-1).tolist() == wanted


def test_it_runs_as_a_table():
    compiled = compile_tflite(byte_model("SQRT", (0.05, -128), (0.02, -128)), "portable", name="m")
    assert [layer.kernel for layer in compiled.report.layers] == ["lookup_x8_portable"]
