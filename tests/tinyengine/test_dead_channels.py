# SPDX-License-Identifier: Apache-2.0
"""Channels that never change: found, removed or spelled anew, and no result differs."""

from __future__ import annotations

import numpy as np
import pytest

from mcunet_tf.tinyengine.evaluate import evaluate, evaluate_all
from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.kernel_tables.channels import folded_bias
from mcunet_tf.tinyengine.kernel_tables.packing import dsp
from mcunet_tf.tinyengine.ops import SPECS, common
from mcunet_tf.tinyengine.ops.spec import view
from mcunet_tf.tinyengine.passes import run_passes
from mcunet_tf.tinyengine.ranges import channel_ranges
from mcunet_tf.tinyengine.read_tflite import read_tflite
from mcunet_tf.tinyengine.select import select_kernel
from tests.ops.build_tflite import NONE, RELU, SAME, VALID, Net
from tests.ops.oracle import assert_equal, runtime_outputs

_DSP = ("dsp", "portable")
_WEIGHT_AXES = {"CONV_2D": (1, 2, 3), "DEPTHWISE_CONV_2D": (0, 1, 2), "FULLY_CONNECTED": (1,)}


class Layers(Net):
    """A chain of layers with random weights, some of whose filters are dead in one way or another.

    The spellings are those of real files: zero weights with a huge bias, a bias that a ReLU cuts
    off, a scale near zero, and a scale of zero.
    """

    def __init__(self, seed: int, zero_point: int = -128) -> None:
        super().__init__()
        self.rng = np.random.default_rng(seed)
        self.zero_point = zero_point
        self.shape: tuple[int, ...] = (1, 6, 6, 4)
        self.image = self.tensor(self.shape, scale=0.05, zero_point=3)
        self.last = self.image

    def _result(self, shape: tuple[int, ...], zero_point: int | None = None) -> int:
        point = self.zero_point if zero_point is None else zero_point
        self.shape, self.last = shape, self.tensor(shape, scale=0.05, zero_point=point)
        return self.last

    def _filters(self, shape: tuple[int, ...], axis: int, dead: float) -> tuple[int, int]:
        count = shape[axis]
        weights = self.rng.integers(-127, 128, shape)
        bias = self.rng.integers(-2000, 2000, count)
        scales = self.rng.uniform(0.002, 0.01, count)
        by_filter = np.moveaxis(weights, axis, 0)
        for channel in np.flatnonzero(self.rng.random(count) < dead):
            way = self.rng.integers(4)
            if way == 0:
                by_filter[channel], bias[channel] = 0, self.rng.choice([-1, 1]) * (1 << 30)
            elif way == 1:
                bias[channel] = -(1 << 28)
            elif way == 2:
                scales[channel] = 1e-30
            else:
                by_filter[channel], bias[channel], scales[channel] = 0, 0, 0.0
        zeros = [0] * count
        w = self.constant(weights.astype(np.int8), scale=scales, zero_point=zeros, axis=axis)
        return w, self.constant(bias.astype(np.int32), scale=scales * 0.05, zero_point=zeros)

    def conv(self, channels: int, size: int, padding: int = SAME, dead: float = 0.5) -> int:
        source, (_, height, width, inputs) = self.last, self.shape
        w, b = self._filters((channels, size, size, inputs), 0, dead)
        cut = 0 if padding == SAME else size - 1
        y = self._result((1, height - cut, width - cut, channels))
        self._window("CONV_2D", [source, w, b], y, padding)
        return y

    def depthwise(self, padding: int = SAME, dead: float = 0.2) -> int:
        source, (_, height, width, channels) = self.last, self.shape
        w, b = self._filters((1, 3, 3, channels), 3, dead)
        cut = 0 if padding == SAME else 2
        y = self._result((1, height - cut, width - cut, channels))
        self._window("DEPTHWISE_CONV_2D", [source, w, b], y, padding, DepthMultiplier=1)
        return y

    def _window(self, kind: str, inputs: list[int], y: int, padding: int, **more: int) -> None:
        steps = {"StrideH": 1, "StrideW": 1, "DilationHFactor": 1, "DilationWFactor": 1}
        self.op(kind, inputs, [y], FusedActivationFunction=RELU, Padding=padding, **steps, **more)

    def add(self, first: int, second: int) -> int:
        y = self._result(self.shape, zero_point=5)
        self.op("ADD", [first, second], [y], FusedActivationFunction=NONE)
        return y

    def mean(self) -> int:
        source = self.last
        y = self._result((1, self.shape[-1]))
        axes = self.constant(np.array([1, 2], np.int32))
        self.op("MEAN", [source, axes], [y], KeepDims=False)
        return y

    def flatten(self) -> int:
        source, size = self.last, int(np.prod(self.shape))
        y = self._result((1, size))
        shape = self.constant(np.array([1, size], np.int32))
        self.op("RESHAPE", [source, shape], [y], NewShape=[1, size])
        return y

    def dense(self, outputs: int) -> int:
        source = self.last
        w, b = self._filters((outputs, self.shape[-1]), 0, dead=0.3)
        y = self._result((1, outputs), zero_point=-7)
        self.op("FULLY_CONNECTED", [source, w, b], [y], FusedActivationFunction=NONE)
        return y

    def finished(self) -> bytes:
        return self.build([self.image], [self.last])


def separable(seed: int, zero_point: int = -128) -> bytes:
    """What a MobileNet is: convolution, depthwise and pointwise layers, a mean and a classifier."""
    net = Layers(seed, zero_point)
    net.conv(12, 3)
    net.depthwise()
    net.conv(24, 1)
    net.depthwise(VALID)
    net.conv(16, 1)
    net.mean()
    net.dense(5)
    return net.finished()


def residual(seed: int, zero_point: int = -128) -> bytes:
    """Sums whose operands have dead channels of their own, then a flattened image."""
    net = Layers(seed, zero_point)
    first = net.conv(16, 3)
    net.add(first, net.conv(16, 3, dead=0.7))
    net.conv(16, 3, VALID)
    net.flatten()
    net.dense(6)
    return net.finished()


_NETWORKS = [
    pytest.param(make, seed, zero_point, id=f"{make.__name__}-{seed}-{zero_point}")
    for make in (separable, residual)
    for seed in range(6)
    for zero_point in (-128, -20)
]


def _graphs(model: bytes) -> tuple[Graph, Graph]:
    """Before and after."""
    read = read_tflite(model)
    return run_passes(read, as_spelt=True), run_passes(read)


def _images(count: int = 4) -> list[tuple[np.ndarray, ...]]:
    rng = np.random.default_rng(7)
    return [(rng.integers(-128, 128, (1, 6, 6, 4)).astype(np.int8),) for _ in range(count)]


def _macs(graph: Graph) -> int:
    return sum(SPECS[op.kind].macs(view(graph, op)) for op in graph.ops)


@pytest.mark.parametrize("make, seed, zero_point", _NETWORKS)
def test_no_result_differs(make, seed: int, zero_point: int) -> None:
    model, images = make(seed, zero_point), _images()
    before, after = _graphs(model)
    assert_equal([evaluate(after, x) for x in images], runtime_outputs(model, images), images)
    assert _macs(after) <= _macs(before)


@pytest.mark.parametrize("make, seed, zero_point", _NETWORKS)
def test_every_value_lies_in_its_interval(make, seed: int, zero_point: int) -> None:
    """The analysis is sound on what really occurs: images of noise and of extremes."""
    before, _ = _graphs(make(seed, zero_point))
    ranges = channel_ranges(before)
    extremes = [(np.full((1, 6, 6, 4), value, np.int8),) for value in (-128, 0, 127)]
    for image in (*_images(), *extremes):
        for index, values in evaluate_all(before, image).items():
            if index in ranges:
                rows = np.asarray(values, np.int64).reshape(-1, before.tensors[index].shape[-1])
                assert (rows.min(axis=0) >= ranges[index].low).all()
                assert (rows.max(axis=0) <= ranges[index].high).all()


@pytest.mark.parametrize("make, share", [(separable, 0.7), (residual, 0.95)])
def test_what_nobody_needs_is_removed(make, share: float) -> None:
    """The operands of a sum only lose what is dead in both."""
    before, after = zip(*(_graphs(make(seed)) for seed in range(6)), strict=True)
    assert sum(map(_macs, after)) < share * sum(map(_macs, before))
    for graph in after:
        assert graph.tensors[graph.inputs[0]].shape == (1, 6, 6, 4)


@pytest.mark.parametrize("make, seed, zero_point", _NETWORKS)
def test_no_layer_needs_portable_code(make, seed: int, zero_point: int) -> None:
    """A fast kernel may refuse a shape, never a value: no channel here keeps one from serving."""
    _, after = _graphs(make(seed, zero_point))
    for op in after.ops:
        if op.kind in _WEIGHT_AXES:
            assert select_kernel(after, op, _DSP).isa == "dsp", op.name


def _lone_dead_channel(padding: int, zero_point: int) -> tuple[Graph, Graph]:
    """Four live channels and eight that are one above the zero point, read through a window."""
    net = Layers(1, zero_point)
    weights = net.rng.integers(-127, 128, (12, 1, 1, 4))
    weights[4:] = 0
    bias = np.where(np.arange(12) < 4, 0, 1 << 6).astype(np.int32)
    w = net.constant(weights.astype(np.int8), scale=1 / 64)
    source = net.last
    y = net._result((1, 6, 6, 12))
    net._window("CONV_2D", [source, w, net.constant(bias, scale=1 / 1280)], y, SAME)
    net.conv(8, 3, padding, dead=0.0)
    return _graphs(net.finished())


@pytest.mark.parametrize("padding, channels", [(VALID, 4), (SAME, 12)])
def test_a_constant_that_is_not_the_padding_stays_where_windows_leave_the_image(
    padding: int, channels: int
) -> None:
    """At the border such a channel is two values: inside the image, and the zero point outside."""
    before, after = _lone_dead_channel(padding, zero_point=-20)
    assert after.ops[0].outputs[0] in channel_ranges(after)
    assert after.tensors[after.ops[0].outputs[0]].shape[-1] == channels
    for image in _images():
        assert_equal([evaluate(after, image)], [evaluate(before, image)], [image])


def test_every_dead_filter_of_an_output_is_spelled_in_small_numbers() -> None:
    """Outputs keep all their channels; what is constant there asks nothing of a kernel."""
    net = Layers(3)
    net.conv(32, 1)
    before, after = _graphs(net.finished())
    op = after.ops[-1]
    assert after.tensors[op.outputs[0]].shape[-1] == 32
    seen = view(after, op)
    weights = np.asarray(seen.constant(1)).reshape(32, -1)
    multiplier, shift = common.channel_multipliers(seen, 32)
    constants = (weights, folded_bias(seen, (1, 2, 3)), multiplier, shift)
    assert dsp.fast_requant_reason(*constants) is None
    assert dsp.fast_requant_reason(*_constants(before)) is not None


def _constants(graph: Graph) -> tuple[np.ndarray, ...]:
    seen = view(graph, graph.ops[-1])
    weights = np.asarray(seen.constant(1)).reshape(seen.input(1).shape[0], -1)
    multiplier, shift = common.channel_multipliers(seen, len(weights))
    return weights, folded_bias(seen, (1, 2, 3)), multiplier, shift


@pytest.mark.parametrize("value", [-128, -127, -1, 0, 1, 126, 127])
@pytest.mark.parametrize("zero_point", [-128, 0, 127])
def test_a_constant_keeps_its_value_in_the_new_spelling(value: int, zero_point: int) -> None:
    net = Layers(2, zero_point)
    w = net.constant(np.zeros((4, 1, 1, 4), np.int8), scale=0.9)
    bias = np.full(4, round((value - zero_point) * 0.05 / 0.045), np.int32)
    y = net.tensor((1, 6, 6, 4), scale=0.05, zero_point=zero_point)
    inputs = [net.image, w, net.constant(bias, scale=0.045)]
    steps = {"StrideH": 1, "StrideW": 1, "DilationHFactor": 1, "DilationWFactor": 1}
    net.op("CONV_2D", inputs, [y], FusedActivationFunction=NONE, Padding=VALID, **steps)
    net.last = y
    before, after = _graphs(net.finished())
    for image in _images(1):
        assert_equal([evaluate(after, image)], [evaluate(before, image)], [image])


def test_a_row_of_part_of_a_pixel_keeps_what_differs_between_parts() -> None:
    """Pixels of 16 channels, read by eights: channels i and i + 8 are constants of their own."""
    net = Layers(4, zero_point=-100)
    weights = net.rng.integers(-127, 128, (8, 1, 1, 4))
    weights[4:] = 0
    w = net.constant(weights.astype(np.int8), scale=1 / 64)
    source, bias = net.last, np.zeros(8, np.int32)
    narrow = net._result((1, 6, 6, 8))
    net._window("CONV_2D", [source, w, net.constant(bias, scale=1 / 1280)], narrow, SAME)
    wide = net._result((1, 6, 3, 16))
    shape = net.constant(np.array([1, 6, 3, 16], np.int32))
    net.op("RESHAPE", [narrow, shape], [wide], NewShape=[1, 6, 3, 16])
    taps = net.rng.integers(-127, 128, (1, 3, 3, 16))
    taps[..., 4:8] = taps[..., 12:] = 0
    w = net.constant(taps.astype(np.int8), scale=1 / 64, axis=3)
    bias = np.arange(0, 16 << 7, 1 << 7).astype(np.int32)
    y = net._result((1, 6, 3, 16))
    inputs = [wide, w, net.constant(bias, scale=1 / 1280)]
    net._window("DEPTHWISE_CONV_2D", inputs, y, SAME, DepthMultiplier=1)
    w = net.constant(net.rng.integers(-127, 128, (3, 8)).astype(np.int8), scale=0.01)
    last = net._result((36, 3), zero_point=-7)
    bias = net.constant(np.zeros(3, np.int32), scale=0.0005)
    net.op("FULLY_CONNECTED", [y, w, bias], [last], FusedActivationFunction=NONE)
    before, after = _graphs(net.finished())
    for image in _images():
        assert_equal([evaluate(after, image)], [evaluate(before, image)], [image])
