# SPDX-License-Identifier: Apache-2.0
"""Random networks of the shapes that planners meet: chains, residuals, branches, gates, views.

All activations of a type share one scale and zero point, so that any tensors can be added or
joined; weights are scaled so that results use their whole range.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from tests.ops.build_tflite import NONE, RELU, SAME, VALID, Net

SCALE = 0.05
FINER = {"int8": 1, "int16": 256}  # steps of a type in one of int8
ACTIVATION_BYTES = 6000  # of one tensor, about


@dataclass
class RandomNetwork:
    """A network under construction; `tensors` lists (index, shape) of images made so far."""

    rng: np.random.Generator
    net: Net = field(default_factory=Net)
    tensors: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    zero_point: int = 0
    dtype: str = "int8"

    @property
    def scale(self) -> float:
        """Of all activations."""
        return SCALE / FINER[self.dtype]

    def make(self, blocks: int, *, crossing: bool = False) -> bytes:
        """The file: one or two inputs, some blocks, one to three outputs.

        Args:
            blocks: how many.
            crossing: with QUANTIZE to the other type now and then.
        """
        self.zero_point = int(self.rng.integers(-100, 60)) * (self.dtype == "int8")
        self.add_input()
        if self.rng.random() < 0.2:
            self.add_input()
        mobile = self.rng.random() < 0.5
        if mobile:
            self.conv()
        for number in range(blocks):
            if crossing and number % 3 == 1:
                self.cross()
            if mobile and self.rng.random() < 0.7:
                self.inverted_residual()
                continue
            self.pick(
                self.conv,
                self.conv,
                self.pointwise,
                self.pointwise,
                self.depthwise,
                self.depthwise,
                self.inverted_residual,
                self.residual,
                self.gate,
                self.pool,
                self.pad,
                self.join,
                self.resize,
                self.pick(self.offset, self.grow, self.part),
                self.relu,
                self.reshape,
            )()
        self.finish()
        return self.net.build(self.inputs, list(dict.fromkeys(self.outputs)))

    def pick(self, *choices: Callable[[], None]) -> Callable[[], None]:
        return choices[int(self.rng.integers(len(choices)))]

    def one_of(self, *choices: int) -> int:
        return choices[int(self.rng.integers(len(choices)))]

    def one_of_kinds(self, *kinds: str) -> str:
        return kinds[int(self.rng.integers(len(kinds)))]

    def add_input(self) -> None:
        shape = (1, *(int(n) for n in self.rng.integers(4, 27, 2)), int(self.rng.integers(1, 7)))
        self.inputs.append(self.tensor(shape))

    def tensor(self, shape: tuple[int, ...]) -> int:
        index = self.net.tensor(
            shape, scale=self.scale, zero_point=self.zero_point, dtype=self.dtype
        )
        if len(shape) == 4:
            self.tensors.append((index, shape))
        return index

    def last(self) -> tuple[int, tuple[int, ...]]:
        """Mostly the newest image, now and then an older one."""
        if self.rng.random() < 0.85:
            return self.tensors[-1]
        return self.tensors[int(self.rng.integers(len(self.tensors)))]

    def activation(self) -> int:
        return self.one_of(NONE, NONE, RELU)

    def window(self, shape: tuple[int, ...], k: tuple[int, int], s: tuple[int, int]):
        """Padding and output size of a window that fits the image."""
        fits = k[0] <= shape[1] and k[1] <= shape[2]
        padding = self.one_of(SAME, SAME, VALID) if fits else SAME
        room = shape[1:3] if padding == SAME else (shape[1] - k[0] + 1, shape[2] - k[1] + 1)
        return padding, tuple(-(-r // step) for r, step in zip(room, s, strict=True))

    def weighted(
        self, x: int, shape: tuple[int, ...], channels: int, k: int, s: int, kind: str, act: int
    ) -> int:
        """A convolution with random weights."""
        kernel, stride = (k, self.one_of(k, k, k, 1)), (s, s)
        padding, size = self.window(shape, kernel, stride)
        depthwise = kind == "DEPTHWISE_CONV_2D"
        w_shape = (1, *kernel, channels) if depthwise else (channels, *kernel, shape[3])
        weights = self.rng.integers(-127, 128, w_shape).astype(np.int8)
        taps = weights.size // channels
        scales = self.rng.uniform(0.5, 1.5, channels) * 50 / (74 * 73 * np.sqrt(taps))
        zeros = np.zeros(channels, int)
        w = self.net.constant(weights, scale=scales, zero_point=zeros, axis=3 if depthwise else 0)
        bias = self.rng.integers(-3000, 3000, channels) * FINER[self.dtype]
        bias = bias.astype(np.int32 if self.dtype == "int8" else np.int64)
        b = self.net.constant(bias, scale=scales * self.scale, zero_point=zeros)
        y = self.tensor((1, *size, channels))
        options = {"DilationHFactor": 1, "DilationWFactor": 1, "Padding": padding}
        if depthwise:
            options["DepthMultiplier"] = channels // shape[3]
        options |= {"StrideH": s, "StrideW": s, "FusedActivationFunction": act}
        self.net.op(kind, [x, w, b], [y], **options)
        return y

    def channels(self, shape: tuple[int, ...], stride: int) -> int:
        """Random, but so that the result is not too large."""
        pixels = -(-shape[1] // stride) * -(-shape[2] // stride)
        return int(self.rng.integers(1, max(2, min(25, ACTIVATION_BYTES // pixels))))

    def conv(self) -> None:
        x, shape = self.last()
        stride = self.one_of(1, 1, 2)
        channels = self.channels(shape, stride)
        self.weighted(
            x, shape, channels, self.one_of(2, 3, 5), stride, "CONV_2D", self.activation()
        )

    def pointwise(self) -> None:
        x, shape = self.last()
        self.weighted(x, shape, self.channels(shape, 1), 1, 1, "CONV_2D", self.activation())

    def depthwise(self) -> None:
        x, shape = self.last()
        channels = shape[3] * (2 if shape[3] < 8 and self.rng.random() < 0.2 else 1)
        k, stride = self.one_of(3, 3, 5, 7), self.one_of(1, 1, 2)
        self.weighted(x, shape, channels, k, stride, "DEPTHWISE_CONV_2D", self.activation())

    def inverted_residual(self) -> None:
        x, shape = self.last()
        wide = min(shape[3] * self.one_of(3, 4, 6), 64)
        act = self.activation()  # a clamp within int8 rules the assembler rows out
        y = self.weighted(x, shape, wide, 1, 1, "CONV_2D", act)
        stride = self.one_of(1, 1, 2)
        k = self.one_of(3, 5, 7)
        y = self.weighted(y, self.tensors[-1][1], wide, k, stride, "DEPTHWISE_CONV_2D", act)
        y = self.weighted(y, self.tensors[-1][1], shape[3], 1, 1, "CONV_2D", NONE)
        if self.tensors[-1][1] == shape:
            self.add(x, y, shape)

    def add(self, a: int, b: int, shape: tuple[int, ...]) -> None:
        y = self.tensor(shape)
        self.net.op("ADD", [a, b], [y], FusedActivationFunction=self.activation())

    def residual(self) -> None:
        """Adds two images of one shape, where there are any."""
        x, shape = self.last()
        same = [t for t, s in self.tensors if s == shape]
        self.add(x, same[int(self.rng.integers(len(same)))], shape)

    def offset(self) -> None:
        """Adds or subtracts a constant image, or a constant of each channel."""
        x, shape = self.last()
        whole = self.rng.random() < 0.6
        values = self.rng.integers(-60, 60, shape if whole else (1, 1, 1, shape[3]))
        values = (values * FINER[self.dtype]).astype(self.dtype)
        zero_point = 7 * (self.dtype == "int8")
        constant = self.net.constant(values, scale=self.scale, zero_point=zero_point)
        y = self.tensor(shape)
        operands = [x, constant] if self.rng.random() < 0.7 else [constant, x]
        kind = "ADD" if self.rng.random() < 0.5 else "SUB"
        self.net.op(kind, operands, [y], FusedActivationFunction=self.activation())

    def grow(self) -> None:
        """A transposed convolution, of small images only."""
        x, shape = self.last()
        stride = self.one_of(1, 2, 2, 3)
        size = (shape[1] * stride, shape[2] * stride)
        channels = min(4, ACTIVATION_BYTES // (size[0] * size[1]))
        if not channels:
            return
        k = self.one_of(2, 3, 4)
        weights = self.rng.integers(-127, 128, (channels, k, k, shape[3])).astype(np.int8)
        scale = 50 * stride / (74 * 73 * k * np.sqrt(shape[3]))
        w = self.net.constant(weights, scale=scale, zero_point=0)
        y = self.tensor((1, *size, channels))
        out_shape = self.net.constant(np.array((1, *size, channels), np.int32))
        options = {"Padding": SAME, "StrideH": stride, "StrideW": stride}
        self.net.op(
            "TRANSPOSE_CONV", [out_shape, w, x], [y], FusedActivationFunction=NONE, **options
        )

    def part(self) -> None:
        """Half of the channels, or every second row and column."""
        x, shape = self.last()
        if shape[3] > 1 and self.rng.random() < 0.5:
            begin = self.net.constant(np.array((0, 0, 0, shape[3] // 2), np.int32))
            taken = (*shape[:3], shape[3] - shape[3] // 2)
            size = self.net.constant(np.array(taken, np.int32))
            self.net.op("SLICE", [x, begin, size], [self.tensor(taken)])
            return
        corners = ((0, 0, 0, 0), shape, (1, 2, 2, 1))
        operands = [self.net.constant(np.array(corner, np.int32)) for corner in corners]
        y = self.tensor((1, -(-shape[1] // 2), -(-shape[2] // 2), shape[3]))
        self.net.op("STRIDED_SLICE", [x, *operands], [y], BeginMask=0, EndMask=0)

    def gate(self) -> None:
        """Squeeze-excite: the mean of each channel scales it."""
        x, shape = self.last()
        squeezed = (1, 1, 1, shape[3])
        mean = self.tensor(squeezed)
        axes = self.net.constant(np.array([1, 2], np.int32))
        self.net.op("MEAN", [x, axes], [mean], KeepDims=True)
        excited = self.weighted(mean, squeezed, shape[3], 1, 1, "CONV_2D", NONE)
        unit = {"scale": 2.0**-15} if self.dtype == "int16" else {"scale": 1 / 256}
        zero_point = -128 * (self.dtype == "int8")
        gate = self.net.tensor(squeezed, dtype=self.dtype, zero_point=zero_point, **unit)
        self.net.op("LOGISTIC", [excited], [gate])
        y = self.tensor(shape)
        operands = [x, gate] if self.rng.random() < 0.5 else [gate, x]
        self.net.op("MUL", operands, [y], FusedActivationFunction=NONE)

    def pool(self) -> None:
        x, shape = self.last()
        k, stride = (self.one_of(2, 3), self.one_of(2, 3)), self.one_of(1, 2)
        padding, size = self.window(shape, k, (stride, stride))
        kind = "MAX_POOL_2D" if self.rng.random() < 0.5 else "AVERAGE_POOL_2D"
        y = self.tensor((1, *size, shape[3]))
        window = {"FilterHeight": k[0], "FilterWidth": k[1], "StrideH": stride, "StrideW": stride}
        self.net.op(kind, [x], [y], Padding=padding, FusedActivationFunction=NONE, **window)

    def pad(self) -> None:
        x, shape = self.last()
        edges = self.rng.integers(0, 3, (2, 2))
        paddings = np.array([[0, 0], *edges.tolist(), [0, 0]], np.int32)
        padded = (1, shape[1] + int(edges[0].sum()), shape[2] + int(edges[1].sum()), shape[3])
        y = self.tensor(padded)
        self.net.op("PAD", [x, self.net.constant(paddings)], [y])

    def join(self) -> None:
        x, shape = self.last()
        same = [(t, s) for t, s in self.tensors if s[1:3] == shape[1:3]]
        other, other_shape = same[int(self.rng.integers(len(same)))]
        y = self.tensor((*shape[:3], shape[3] + other_shape[3]))
        self.net.op("CONCATENATION", [x, other], [y], Axis=3, FusedActivationFunction=NONE)

    def resize(self) -> None:
        x, shape = self.last()
        size = [int(n) for n in self.rng.integers(1, 14, 2)]
        if self.rng.random() < 0.5 and 6 * shape[1] * shape[2] * shape[3] < ACTIVATION_BYTES:
            size = [shape[1] * self.one_of(2, 3), shape[2] * self.one_of(1, 2)]
        y = self.tensor((1, *size, shape[3]))
        operands = [x, self.net.constant(np.array(size, np.int32))]
        kinds = ("RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR")
        kind = self.one_of_kinds(*kinds) if self.dtype == "int8" else kinds[0]
        self.net.op(kind, operands, [y])

    def relu(self) -> None:
        x, shape = self.last()
        y = self.tensor(shape)
        self.net.op("RELU", [x], [y])

    def cross(self) -> None:
        """From int8 to int16, or back; what came before is out of reach."""
        x, shape = self.last()
        self.dtype = "int16" if self.dtype == "int8" else "int8"
        self.zero_point = int(self.rng.integers(-100, 60)) * (self.dtype == "int8")
        y = self.tensor(shape)
        self.net.op("QUANTIZE", [x], [y])
        self.tensors = self.tensors[-1:]

    def reshape(self) -> None:
        """A view of other rows, somewhere in the middle."""
        x, (_, height, width, channels) = self.last()
        shape = (1, width, height, channels)
        y = self.tensor(shape)
        self.net.op("RESHAPE", [x], [y], NewShape=list(shape))

    def finish(self) -> None:
        """A classifier or the image itself; sometimes an inner tensor is an output too."""
        x, shape = self.tensors[-1]
        if x in self.inputs:
            self.relu()
            x, shape = self.tensors[-1]
        if self.rng.random() < 0.6:
            features = shape[1] * shape[2] * shape[3]
            flat = self.tensor((1, features))
            self.net.op("RESHAPE", [x], [flat], NewShape=[1, features])
            weights = self.rng.integers(-127, 128, (5, features)).astype(np.int8)
            scale = 50 / (74 * 73 * np.sqrt(features))
            x = self.tensor((1, 5))
            operands = [flat, self.net.constant(weights, scale=scale), -1]
            self.net.op("FULLY_CONNECTED", operands, [x], FusedActivationFunction=NONE)
        self.outputs.append(x)
        inner = [t for t, _ in self.tensors if t not in self.inputs]
        while inner and self.rng.random() < 0.15:
            self.outputs.append(inner[int(self.rng.integers(len(inner)))])


def random_network(seed: int, blocks: int | None = None, dtype: str = "int8") -> bytes:
    """A network that depends on the seed alone.

    Args:
        seed: of everything that is drawn.
        blocks: how many; drawn by default.
        dtype: of activations; "mixed": now int8, now int16.
    """
    rng = np.random.default_rng(seed)
    blocks = blocks or int(rng.integers(2, 12))
    if dtype == "mixed":
        return RandomNetwork(rng).make(blocks, crossing=True)
    return RandomNetwork(rng, dtype=dtype).make(blocks)


def streamed_network(height: int = 12, width: int = 4, channels: int = 2) -> bytes:
    """One inverted residual on a strip of rows, without the addition."""
    network = RandomNetwork(np.random.default_rng(5))
    shape, wide = (1, height, width, channels), 4 * channels
    x = network.tensor(shape)
    y = network.weighted(x, shape, wide, 1, 1, "CONV_2D", NONE)
    y = network.weighted(y, network.tensors[-1][1], wide, 3, 1, "DEPTHWISE_CONV_2D", NONE)
    y = network.weighted(y, network.tensors[-1][1], channels, 1, 1, "CONV_2D", NONE)
    return network.net.build([x], [y])


def offset_network() -> bytes:
    """Constant images added to and subtracted from rows that are streamed."""
    network = RandomNetwork(np.random.default_rng(7))
    shape = (1, 14, 10, 6)
    x = y = network.tensor(shape)
    for kind in ("ADD", "SUB", "MUL"):
        y = network.weighted(y, shape, shape[3], 3, 1, "DEPTHWISE_CONV_2D", NONE)
        values = network.rng.integers(-60, 60, shape).astype(np.int8)
        constant = network.net.constant(values, scale=SCALE, zero_point=7)
        result = network.net.tensor(shape, scale=0.1, zero_point=0)
        network.net.op(kind, [y, constant], [result], FusedActivationFunction=NONE)
        y = result
    return network.net.build([x], [y])


def decoder_network(grow: str, stride: int = 2) -> bytes:
    """An image made larger, joined to the one that it came from, and convolved.

    Args:
        grow: TRANSPOSE_CONV or RESIZE_NEAREST_NEIGHBOR.
        stride: by how much.
    """
    network = RandomNetwork(np.random.default_rng(11))
    net, size = network.net, 12 * stride
    x = network.tensor((1, size, size, 4))
    skip = network.weighted(x, (1, size, size, 4), 4, 3, 1, "CONV_2D", NONE)
    y = network.weighted(skip, (1, size, size, 4), 8, 3, stride, "CONV_2D", NONE)
    larger = (1, size, size, 8)
    if grow == "TRANSPOSE_CONV":
        weights = network.rng.integers(-127, 128, (8, 3, 3, 8)).astype(np.int8)
        w = net.constant(weights, scale=50 / (74 * 73 * 8), zero_point=0)
        result = network.tensor(larger)
        options = {"Padding": SAME, "StrideH": stride, "StrideW": stride}
        shape = net.constant(np.array(larger, np.int32))
        net.op(grow, [shape, w, y], [result], FusedActivationFunction=NONE, **options)
    else:
        result = network.tensor(larger)
        net.op(grow, [y, net.constant(np.array((size, size), np.int32))], [result])
    joined = network.tensor((1, size, size, 12))
    net.op("CONCATENATION", [skip, result], [joined], Axis=3, FusedActivationFunction=NONE)
    z = network.weighted(joined, (1, size, size, 12), 6, 3, 1, "CONV_2D", NONE)
    z = network.weighted(z, (1, size, size, 6), 1, 3, 1, "CONV_2D", NONE)
    return net.build([x], [z])


def averaged_network() -> bytes:
    """A padded convolution and the mean of its result; rows of the image have 15 bytes."""
    network = RandomNetwork(np.random.default_rng(6))
    x = network.tensor((1, 25, 5, 3))
    y = network.weighted(x, (1, 25, 5, 3), 16, 3, 1, "CONV_2D", NONE)
    axes = network.net.constant(np.array([1, 2], np.int32))
    mean = network.tensor((1, 1, 1, 16))
    network.net.op("MEAN", [y, axes], [mean], KeepDims=True)
    return network.net.build([x], [mean])


def depthwise_network() -> bytes:
    """Three padded depthwise convolutions of one shape, one after the other."""
    network = RandomNetwork(np.random.default_rng(7))
    shape = (1, 13, 6, 20)
    x = y = network.tensor(shape)
    for _ in range(3):
        y = network.weighted(y, shape, 20, 3, 1, "DEPTHWISE_CONV_2D", NONE)
    return network.net.build([x], [y])


def tall_network(layers: int = 10, height: int = 16_000) -> bytes:
    """Depthwise convolutions of a strip of rows, one value wide."""
    network = RandomNetwork(np.random.default_rng(8))
    shape = (1, height, 1, 4)
    x = y = network.tensor(shape)
    for _ in range(layers):
        y = network.weighted(y, network.tensors[-1][1], 4, 3, 1, "DEPTHWISE_CONV_2D", NONE)
    return network.net.build([x], [y])
