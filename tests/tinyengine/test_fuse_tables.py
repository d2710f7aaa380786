# SPDX-License-Identifier: Apache-2.0
"""Functions of one byte become one table each, and nothing else does."""

from __future__ import annotations

import numpy as np
import pytest

from mcunet_tf.errors import UnsupportedError
from mcunet_tf.tinyengine.evaluate import evaluate
from mcunet_tf.tinyengine.passes import run_passes
from mcunet_tf.tinyengine.read_tflite import read_tflite
from tests.ops.build_tflite import NONE, Net
from tests.ops.case import Case, case_inputs
from tests.ops.oracle import assert_equal, runtime_outputs

_SHAPE = (1, 16, 16, 1)


class Chain(Net):
    """A net of operators on one shape, each with a scale of its own."""

    def on(self, kind: str, *operands: int, dtype: str = "int8", **options: int) -> int:
        """Appends an operator and returns its result."""
        quantised = {
            "float32": {"scale": None},
            "int8": {"scale": 0.04 + 0.005 * len(self.tensors), "zero_point": -7},
        }
        exact = {"LOGISTIC": {"scale": 1 / 256, "zero_point": -128}, "TANH": {"scale": 1 / 128}}
        y = self.tensor(_SHAPE, dtype=dtype, **exact.get(kind, quantised[dtype]))
        if kind in ("ADD", "MUL", "SUB"):
            options = {"FusedActivationFunction": NONE}
        self.op(kind, operands, [y], **options)
        return y

    def image(self) -> int:
        """An input."""
        return self.tensor(_SHAPE, scale=0.05, zero_point=3)


def swish(net: Chain) -> tuple[list[int], list[int]]:
    x = net.image()
    return [x], [net.on("MUL", x, net.on("LOGISTIC", x))]


def mish_like(net: Chain) -> tuple[list[int], list[int]]:
    """Seven operators, two of them on float32."""
    x = net.image()
    real = net.on("DEQUANTIZE", x, dtype="float32")
    root = net.on("SQRT", net.on("SQUARE", real, dtype="float32"), dtype="float32")
    return [x], [net.on("SUB", net.on("TANH", net.on("QUANTIZE", root)), net.on("RELU", x))]


def sum_with_itself(net: Chain) -> tuple[list[int], list[int]]:
    x = net.image()
    return [x], [net.on("ADD", x, x)]


def needed_halfway(net: Chain) -> tuple[list[int], list[int]]:
    """The middle is an output: the second table starts there, and the image need not live on."""
    x = net.image()
    middle = net.on("MUL", net.on("LOGISTIC", x), x)
    return [x], [middle, net.on("RELU", net.on("ABS", middle))]


def two_images(net: Chain) -> tuple[list[int], list[int]]:
    """A function of two bytes is none of one, but its result may be the start of one."""
    x, y = net.image(), net.image()
    total = net.on("ADD", net.on("TANH", net.on("RELU", x)), y)
    return [x, y], [net.on("MUL", total, net.on("LOGISTIC", total))]


def one_step(net: Chain) -> tuple[list[int], list[int]]:
    """What is one lookup already keeps its name."""
    x = net.image()
    y = net.on("RELU", x)
    return [x], [y, net.on("LOGISTIC", y)]


def uint8_image(net: Chain) -> tuple[list[int], list[int]]:
    x = net.tensor(_SHAPE, dtype="uint8", scale=0.05, zero_point=131)
    return [x], [net.on("LOGISTIC", net.on("QUANTIZE", x))]


KINDS = {
    swish: ["TABLE"],
    mish_like: ["TABLE"],
    sum_with_itself: ["TABLE"],
    needed_halfway: ["TABLE", "TABLE"],
    two_images: ["TABLE", "ADD", "TABLE"],
    one_step: ["RELU", "LOGISTIC"],
    uint8_image: ["TABLE"],
}


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_functions_of_one_byte_are_tables(make):
    net = Chain()
    model = net.build(*make(net))
    graph = run_passes(read_tflite(model))
    assert [op.kind for op in graph.ops] == KINDS[make]
    inputs = case_inputs(Case("TABLE", make.__name__, model), graph)
    outputs = [evaluate(graph, arrays) for arrays in inputs]
    assert_equal(outputs, runtime_outputs(model, inputs), inputs)


def test_the_second_table_starts_at_what_is_computed_anyway():
    net = Chain()
    inputs, (middle, last) = needed_halfway(net)
    graph = run_passes(read_tflite(net.build(inputs, [middle, last])))
    assert [op.inputs for op in graph.ops] == [tuple(inputs), (middle,)]


def test_values_are_moved_as_bytes_where_the_file_moves_float32():
    net = Chain()
    x = net.image()
    real = net.on("DEQUANTIZE", x, dtype="float32")
    axis = net.constant(np.int32(1))
    halves = [net.tensor((1, 8, 16, 1), dtype="float32", scale=None) for _ in range(2)]
    net.op("SPLIT", [axis, real], halves, NumSplits=2)
    y = net.tensor((1, 8, 16, 1), scale=0.07, zero_point=-2)
    net.op("QUANTIZE", [halves[1]], [y])
    model = net.build([x], [y])
    graph = run_passes(read_tflite(model))
    assert [op.kind for op in graph.ops] == ["SLICE", "TABLE"]
    inputs = case_inputs(Case("SPLIT", "float32", model), graph)
    outputs = [evaluate(graph, arrays) for arrays in inputs]
    assert_equal(outputs, runtime_outputs(model, inputs), inputs)


def test_thousands_of_steps_are_one_table():
    net = Chain()
    x = y = net.image()
    for _ in range(3000):
        result = net.tensor(_SHAPE, scale=0.05, zero_point=3)
        net.op("RELU", [y], [result])
        y = result
    graph = run_passes(read_tflite(net.build([x], [y])))
    assert [op.kind for op in graph.ops] == ["TABLE"]


def test_float32_of_two_tensors_is_no_table_and_runs():
    net = Chain()
    x, y = net.image(), net.image()
    first, second = (net.on("DEQUANTIZE", t, dtype="float32") for t in (x, y))
    quotient = net.on("DIV", first, second, dtype="float32", FusedActivationFunction=NONE)
    model = net.build([x, y], [net.on("QUANTIZE", quotient)])
    kinds = [op.kind for op in run_passes(read_tflite(model)).ops]
    assert kinds == ["DEQUANTIZE", "DEQUANTIZE", "DIV_F32", "QUANTIZE"]


def test_operators_of_tables_alone_are_refused_elsewhere_by_name():
    net = Chain()
    x, y = net.image(), net.image()
    first, second = (net.on("DEQUANTIZE", t, dtype="float32") for t in (x, y))
    power = net.on("POW", first, second, dtype="float32")
    model = net.build([x, y], [net.on("QUANTIZE", power)])
    with pytest.raises(UnsupportedError, match=r"POW .* function of one int8 tensor.*float32"):
        run_passes(read_tflite(model))
