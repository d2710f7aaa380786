# SPDX-License-Identifier: Apache-2.0
"""Files of an open batch: it is 1, and every other size is computed from it."""

from __future__ import annotations

import numpy as np
import pytest

from mcunet_tf.errors import UnsupportedError
from mcunet_tf.tinyengine.compiler import compile_tflite
from mcunet_tf.tinyengine.evaluate import evaluate
from mcunet_tf.tinyengine.passes import run_passes
from mcunet_tf.tinyengine.read_tflite import read_tflite
from tests.ops.build_tflite import NONE, SAME, VALID, Net
from tests.ops.case import Case, case_inputs
from tests.ops.oracle import assert_equal, runtime_outputs

_QUANTISED = {"scale": 0.05, "zero_point": -7}


class OpenNet(Net):
    """A net of an open batch; sizes that the converter does not know are -1 in the signature."""

    def open(self, *signature: int, **more) -> int:
        """A tensor whose sizes of -1 are declared as 1."""
        shape = [1 if size == -1 else size for size in signature]
        return self.tensor(shape, signature=signature, **{**_QUANTISED, **more})

    def integers(self, *shape: int, dtype: str = "int32") -> int:
        return self.tensor(shape, dtype=dtype, scale=None)

    def known(self, values, dtype=np.int32) -> int:
        return self.constant(np.array(values, dtype))

    def made(self, kind: str, inputs, *shape: int, **options) -> int:
        """The result of an operator on integers."""
        result = self.integers(*shape)
        self.op(kind, inputs, [result], **options)
        return result

    def weights(self, *shape: int) -> int:
        values = np.random.default_rng(3).integers(-127, 128, shape).astype(np.int8)
        return self.constant(values, scale=0.01)


def dense_on_sequences() -> bytes:
    """What the converter makes of a Keras Dense on [-1, 5, 4]."""
    net = OpenNet()
    x = net.open(-1, 5, 4)
    shape = net.made("SHAPE", [x], 3, OutType=2)
    front = net.made("GATHER", [shape, net.known([0, 1])], 2, Axis=0)
    rows = net.made("REDUCE_PROD", [front, net.known([0])])
    after = net.made("CONCATENATION", [front, net.known([6])], 3, Axis=0)
    back = net.made("GATHER", [shape, net.known([2])], 1, Axis=0)
    columns = net.made("REDUCE_PROD", [back, net.known([0])])
    flat_shape = net.made("PACK", [rows, columns], 2, ValuesCount=2, Axis=0)
    flat, product = net.open(-1, -1), net.open(-1, 6)
    y = net.open(-1, 5, 6)
    net.op("RESHAPE", [x, flat_shape], [flat])
    net.op("FULLY_CONNECTED", [flat, net.weights(6, 4), -1], [product])
    net.op("RESHAPE", [product, after], [y])
    return net.build([x], [y])


def upsampling() -> bytes:
    """Rows repeated by TILE, and a RESHAPE whose shape keeps the computed height."""
    net = OpenNet()
    x = net.open(-1, 3, 4, 2)
    apart, tiled, image = net.open(-1, 3, 1, 4, 2), net.open(-1, 3, 2, 4, 2), net.open(-1, -1, 4, 2)
    net.op("EXPAND_DIMS", [x, net.known(2)], [apart])
    net.op("TILE", [apart, net.known([1, 1, 2, 1, 1])], [tiled])
    shape = net.made("SHAPE", [x], 4, OutType=2)
    edge = [net.known([0]), net.known([2]), net.known([1])]
    front = net.made("STRIDED_SLICE", [shape, *edge], 2)
    double = net.made("MUL", [front, net.known([1, 2])], 2, FusedActivationFunction=NONE)
    whole = net.made("CONCATENATION", [double, net.known([4, 2])], 4, Axis=0)
    net.op("RESHAPE", [tiled, whole], [image])
    y = net.open(-1, -1, 2, 2)
    net.op(
        "MAX_POOL_2D",
        [image],
        [y],
        Padding=VALID,
        StrideH=2,
        StrideW=2,
        FilterHeight=2,
        FilterWidth=2,
        FusedActivationFunction=NONE,
    )
    return net.build([x], [y])


def transposed_convolution() -> bytes:
    """The output's shape is computed from the input's, as Keras does for Conv2DTranspose."""
    net = OpenNet()
    x = net.open(-1, 3, 4, 2)
    shape = net.made("SHAPE", [x], 4, OutType=2)
    size = []
    for axis in range(3):
        edge = [net.known([axis]), net.known([axis + 1]), net.known([1])]
        size.append(net.made("STRIDED_SLICE", [shape, *edge], ShrinkAxisMask=1))
    double = [
        net.made("MUL", [one, net.known(2)], FusedActivationFunction=NONE) for one in size[1:]
    ]
    wanted = net.made("PACK", [size[0], *double, net.known(5)], 4, ValuesCount=4, Axis=0)
    y = net.open(-1, -1, -1, 5)
    net.op(
        "TRANSPOSE_CONV",
        [wanted, net.weights(5, 3, 3, 2), x],
        [y],
        Padding=SAME,
        StrideH=2,
        StrideW=2,
    )
    return net.build([x], [y])


def begins_with_zeros() -> bytes:
    """FILL makes the state that a recurrent layer begins with."""
    net = OpenNet()
    x, zeros, y = net.open(-1, 6), net.open(-1, 6), net.open(-1, 6)
    shape = net.made("SHAPE", [x], 2, OutType=2)
    net.op("FILL", [shape, net.constant(np.array(-7, np.int8), **_QUANTISED)], [zeros])
    net.op("ADD", [x, zeros], [y], FusedActivationFunction=NONE)
    return net.build([x], [y])


def computed_tile() -> bytes:
    """TILE whose multiples are computed, with a batch that is not open."""
    net = OpenNet()
    x, y = net.tensor((1, 3, 2), **_QUANTISED), net.tensor((1, 6, 2), **_QUANTISED)
    shape = net.made("SHAPE", [x], 3, OutType=2)
    ones = net.made("FLOOR_DIV", [shape, shape], 3)
    multiples = net.made("MAXIMUM", [ones, net.known([1, 2, 1])], 3)
    net.op("TILE", [x, multiples], [y])
    return net.build([x], [y])


def broadcast() -> bytes:
    net = OpenNet()
    x, y = net.open(-1, 1, 4), net.open(-1, -1, 4)
    shape = net.made("SHAPE", [x], 3, OutType=2)
    wanted = net.made("BROADCAST_ARGS", [shape, net.known([1, 3, 1])], 3)
    net.op("BROADCAST_TO", [x, wanted], [y])
    return net.build([x], [y])


MODELS = {
    model.__name__: (model(), shape)
    for model, shape in (
        (dense_on_sequences, (1, 5, 6)),
        (upsampling, (1, 3, 2, 2)),
        (transposed_convolution, (1, 6, 8, 5)),
        (begins_with_zeros, (1, 6)),
        (computed_tile, (1, 6, 2)),
        (broadcast, (1, 3, 4)),
    )
}


@pytest.mark.parametrize("name", MODELS)
def test_every_size_but_the_batch_is_computed(name):
    model, shape = MODELS[name]
    graph = run_passes(read_tflite(model), edges="model")
    assert graph.tensors[graph.outputs[0]].shape == shape
    inputs = case_inputs(Case("", name, model), graph)
    assert_equal(
        [evaluate(graph, arrays) for arrays in inputs], runtime_outputs(model, inputs), inputs
    )


@pytest.mark.parametrize("name", MODELS)
def test_shapes_leave_no_kernels(name):
    compiled = compile_tflite(MODELS[name][0], "host", name="m")
    assert compiled.report.layers
    assert not {"SHAPE", "GATHER", "FILL", "PACK"} & {layer.op for layer in compiled.report.layers}


def test_weights_that_a_file_keeps_transposed_are_turned_at_compile_time():
    """By channel, so that TRANSPOSE itself could not take them."""
    net = Net()
    rng = np.random.default_rng(5)
    stored = rng.integers(-127, 128, (4, 3)).astype(np.int8)
    scales = (0.01, 0.02, 0.03)
    x, y = net.tensor((1, 4), scale=0.05), net.tensor((1, 3), scale=0.1)
    w = net.constant(stored, scale=scales, axis=1)
    turned = net.tensor((3, 4), scale=scales, axis=0)
    bias = net.constant(np.array([5, -9, 70], np.int32), scale=[0.05 * s for s in scales])
    net.op("TRANSPOSE", [w, net.constant(np.array([1, 0], np.int32))], [turned])
    net.op("FULLY_CONNECTED", [x, turned, bias], [y], FusedActivationFunction=NONE)
    graph = run_passes(read_tflite(net.build([x], [y])))
    assert [op.kind for op in graph.ops] == ["FULLY_CONNECTED"]
    # The reference takes no weights by channel that are computed: it is given them as they are.
    plain = Net()
    x, y = plain.tensor((1, 4), scale=0.05), plain.tensor((1, 3), scale=0.1)
    w = plain.constant(stored.T, scale=scales)
    bias = plain.constant(np.array([5, -9, 70], np.int32), scale=[0.05 * s for s in scales])
    plain.op("FULLY_CONNECTED", [x, w, bias], [y], FusedActivationFunction=NONE)
    model = plain.build([x], [y])
    inputs = case_inputs(Case("", "turned", model), graph)
    assert_equal(
        [evaluate(graph, arrays) for arrays in inputs], runtime_outputs(model, inputs), inputs
    )


def test_integers_that_contradict_each_other_are_refused_in_one_line():
    net = OpenNet()
    x, y = net.open(-1, 6), net.open(-1, -1, 6)
    wanted = net.made("CONCATENATION", [net.known([1, 4]), net.known([6])], 3, Axis=0)
    net.op("RESHAPE", [x, wanted], [y])
    with pytest.raises(UnsupportedError, match=r"int8 \[1, 6\] to int8 \[1, 4, 6\]"):
        compile_tflite(net.build([x], [y]), "host")


def test_sizes_that_no_computer_holds_are_not_made():
    net = OpenNet()
    x, y = net.open(-1, 6), net.open(-1, 6)
    huge = net.made("FILL", [net.known([1 << 30, 1 << 30]), net.known(3)], 1, 1)
    net.op("TILE", [x, huge], [y])
    with pytest.raises(UnsupportedError, match=r"FILL .* states \[1073741824, 1073741824\]"):
        compile_tflite(net.build([x], [y]), "host")


def test_an_open_size_that_is_no_batch_is_what_the_file_declares():
    net = Net()
    x, y = (net.tensor((3, 5, 2), signature=(-1, -1, 2), **_QUANTISED) for _ in range(2))
    net.op("RELU", [x], [y])
    graph = read_tflite(net.build([x], [y]))
    assert [tensor.shape for tensor in graph.tensors] == [(1, 5, 2), (1, 5, 2)]


def test_blocks_that_do_not_cover_the_image_are_refused_with_a_remedy():
    net = Net()
    x, y = net.tensor((1, 4, 4, 2), **_QUANTISED), net.tensor((4, 2, 2, 2), **_QUANTISED)
    edges = net.constant(np.zeros((2, 2), np.int32))
    net.op("SPACE_TO_BATCH_ND", [x, net.constant(np.array([2, 3], np.int32)), edges], [y])
    with pytest.raises(UnsupportedError, match=r"SPACE_TO_BATCH_ND 't1'.*dilation_rate="):
        compile_tflite(net.build([x], [y]), "host")


def test_an_output_that_is_known_is_copied():
    """Anchors of a detector, for instance, which TILE makes of a computed shape."""
    net = OpenNet()
    x, y, anchors = net.open(-1, 3), net.open(-1, 3), net.open(-1, 2, 4)
    ones = net.made("FILL", [net.known([3]), net.known(1)], 3)
    twice = net.made("MUL", [ones, net.known([1, 2, 1])], 3, FusedActivationFunction=NONE)
    known = net.constant(np.array([[[3, -5, 7, 9]]], np.int8), **_QUANTISED)
    net.op("RELU", [x], [y])
    net.op("TILE", [known, twice], [anchors])
    model = net.build([x], [y, anchors])
    compiled = compile_tflite(model, "host", name="m")
    inputs = case_inputs(Case("", "anchors", model), compiled.graph)
    assert_equal(
        [evaluate(compiled.graph, arrays) for arrays in inputs],
        runtime_outputs(model, inputs),
        inputs,
    )
