# SPDX-License-Identifier: Apache-2.0
"""Exports whose channels come first: transposes cancel, and results stay."""

from __future__ import annotations

import numpy as np
import pytest

from mcunet_tf.tinyengine.evaluate import evaluate
from mcunet_tf.tinyengine.passes import run_passes
from mcunet_tf.tinyengine.read_tflite import read_tflite
from tests.ops.build_tflite import NONE, RELU, VALID, Net
from tests.ops.case import Case, case_inputs
from tests.ops.oracle import assert_equal, runtime_outputs

_SCALE = {"scale": 0.05, "zero_point": -7}
_TO_LAST, _TO_FIRST = (0, 2, 3, 1), (0, 3, 1, 2)


class FirstNet(Net):
    """A net with a seed of its own and the operators that such exports are made of."""

    def __init__(self) -> None:
        super().__init__()
        self.rng = np.random.default_rng(6)

    def turn(self, x: int, axes: tuple[int, ...]) -> int:
        shape = self.tensors[x].shape
        y = self.tensor([shape[a] for a in axes], **_SCALE)
        self.op("TRANSPOSE", [x, self.constant(np.array(axes, np.int32))], [y])
        return y

    def pad(self, x: int) -> int:
        """One row and column around, behind the channels."""
        n, c, h, w = self.tensors[x].shape
        y = self.tensor((n, c, h + 2, w + 2), **_SCALE)
        edges = np.array([[0, 0], [0, 0], [1, 1], [1, 1]], np.int32)
        self.op("PAD", [x, self.constant(edges)], [y])
        return y

    def weights(self, *shape: int) -> int:
        return self.constant(self.rng.integers(-99, 99, shape).astype(np.int8), scale=0.003)

    def conv(self, x: int, filters: int, kernel: int = 3) -> int:
        n, h, w, c = self.tensors[x].shape
        y = self.tensor((n, h - kernel + 1, w - kernel + 1, filters), **_SCALE)
        operands = [x, self.weights(filters, kernel, kernel, c)]
        operands.append(self.constant(np.zeros(filters, np.int32), scale=0.05 * 0.003))
        options = {"Padding": VALID, "StrideH": 1, "StrideW": 1, "FusedActivationFunction": RELU}
        self.op("CONV_2D", operands, [y], **options)
        return y

    def first(self, x: int, filters: int) -> int:
        """A padded convolution between transposes."""
        return self.turn(self.conv(self.turn(self.pad(x), _TO_LAST), filters), _TO_FIRST)

    def pair(self, kind: str, a: int, b: int) -> int:
        y = self.tensor(self.tensors[a].shape, **_SCALE)
        self.op(kind, [a, b], [y], FusedActivationFunction=NONE)
        return y


def residual() -> bytes:
    """A sum of two branches, and a factor for each channel."""
    net = FirstNet()
    x = net.tensor((1, 3, 6, 5), **_SCALE)
    a = net.first(x, 4)
    b = net.first(a, 4)
    factor = net.constant(net.rng.integers(-99, 99, (1, 4, 1, 1)).astype(np.int8), scale=0.02)
    y = net.first(net.pair("MUL", net.pair("ADD", a, b), factor), 2)
    return net.build([x], [y])


def joined() -> bytes:
    """Channels of two branches, then a mean of each."""
    net = FirstNet()
    x = net.tensor((1, 3, 6, 5), **_SCALE)
    a, b = net.first(x, 4), net.first(x, 2)
    both = net.tensor((1, 6, 6, 5), **_SCALE)
    net.op("CONCATENATION", [a, b], [both], Axis=1, FusedActivationFunction=NONE)
    y = net.tensor((1, 6), **_SCALE)
    net.op("MEAN", [both, net.constant(np.array([2, 3], np.int32))], [y], KeepDims=False)
    return net.build([x], [y])


def flattened() -> bytes:
    """A FULLY_CONNECTED of all values, in the order of channels, rows and columns."""
    net = FirstNet()
    x = net.tensor((1, 3, 6, 5), **_SCALE)
    a = net.first(x, 4)
    flat, y = net.tensor((1, 120), **_SCALE), net.tensor((1, 7), **_SCALE)
    net.op("RESHAPE", [a, net.constant(np.array([1, -1], np.int32))], [flat])
    net.op("FULLY_CONNECTED", [flat, net.weights(7, 120), -1], [y], FusedActivationFunction=NONE)
    return net.build([x], [y])


# The input's own, and the output's where the application is given an image.
LEFT = {residual: 2, joined: 1, flattened: 1}


@pytest.mark.parametrize("made", LEFT, ids=lambda made: made.__name__)
def test_only_transposes_at_the_edges_stay(made):
    model = made()
    graph = run_passes(read_tflite(model))
    kinds = [op.kind for op in graph.ops]
    assert kinds.count("TRANSPOSE") == LEFT[made]
    assert "PAD" not in kinds
    inputs = case_inputs(Case("", made.__name__, model), graph)
    outputs = [evaluate(graph, arrays) for arrays in inputs]
    assert len(np.unique(outputs[0][0])) > 2
    assert_equal(outputs, runtime_outputs(model, inputs), inputs)


def test_a_transpose_that_cancels_nothing_stays_where_it_is():
    net = FirstNet()
    x, other = net.tensor((1, 3, 4, 5), **_SCALE), net.tensor((1, 4, 5, 3), **_SCALE)
    turned = net.turn(x, _TO_LAST)
    y = net.pair("ADD", turned, other)
    graph = run_passes(read_tflite(net.build([x, other], [y, turned])))
    assert [op.kind for op in graph.ops] == ["TRANSPOSE", "ADD"]
