# SPDX-License-Identifier: Apache-2.0
"""Builds networks along time by hand, layer by layer, of int8 or int16 activations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.ops.build_tflite import NONE, RELU, SAME, VALID, Net

SCALE, ZERO_POINT = 0.05, -5


class Layers:
    """A network under construction; every method takes tensors and returns that of its result."""

    def __init__(self, dtype: str = "int8", seed: int = 0) -> None:
        self.net, self.dtype = Net(), dtype
        self.zero_point = ZERO_POINT if dtype == "int8" else 0
        self.scale = SCALE if dtype == "int8" else SCALE / 256
        self.rng = np.random.default_rng(seed)

    def shape(self, x: int) -> tuple[int, ...]:
        return self.net.tensors[x].shape

    def tensor(self, *shape: int) -> int:
        return self.net.tensor(
            shape, scale=self.scale, zero_point=self.zero_point, dtype=self.dtype
        )

    def numbers(self, values: Sequence[int]) -> int:
        return self.net.constant(np.array(values, np.int32))

    def build(self, x: int, *results: int) -> bytes:
        return self.net.build([x], results)

    def _weights(self, shape: tuple[int, ...], taps: int, axis: int) -> list[int]:
        """Weights and bias that keep values within their range, and spread over it."""
        data = self.rng.integers(-127, 128, shape).astype(np.int8)
        spread = 1.7 / (73 * np.sqrt(taps))
        scales = np.float32(spread * self.rng.uniform(0.7, 1.3, shape[axis]))
        zeros = np.zeros(shape[axis], np.int64)
        kernel = self.net.constant(data, scale=scales, zero_point=zeros, axis=axis)
        bias = self.rng.integers(-300, 300, shape[axis])
        bias = bias.astype(np.int32 if self.dtype == "int8" else np.int64)
        own = np.float32(scales * np.float32(self.scale))
        return [kernel, self.net.constant(bias, scale=own, zero_point=zeros)]

    @staticmethod
    def _out(size: int, extent: int, stride: int, padding: int) -> int:
        return -(-(size if padding == SAME else size - extent + 1) // stride)

    def conv(
        self,
        x: int,
        channels: int,
        kernel: tuple[int, int] = (3, 1),
        stride: tuple[int, int] = (1, 1),
        padding: int = VALID,
        dilation: tuple[int, int] = (1, 1),
        activation: int = RELU,
    ) -> int:
        """A dense convolution; no channels: one filter for each that there is."""
        _, *size, deep = self.shape(x)
        extents = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
        made = [self._out(n, e, s, padding) for n, e, s in zip(size, extents, stride, strict=True)]
        y = self.tensor(1, *made, channels or deep)
        taps = kernel[0] * kernel[1] * (deep if channels else 1)
        shape = (channels, *kernel, deep) if channels else (1, *kernel, deep)
        operands = [x, *self._weights(shape, taps, 0 if channels else 3)]
        options = {
            "Padding": padding,
            "StrideH": stride[0],
            "StrideW": stride[1],
            "DilationHFactor": dilation[0],
            "DilationWFactor": dilation[1],
            "FusedActivationFunction": activation,
        }
        if channels:
            self.net.op("CONV_2D", operands, [y], **options)
        else:
            self.net.op("DEPTHWISE_CONV_2D", operands, [y], DepthMultiplier=1, **options)
        return y

    def grown(self, x: int, channels: int, stride: int = 1) -> int:
        """A transposed convolution, which states the size of its result."""
        _, height, width, deep = self.shape(x)
        shape = (1, height * stride, width, channels)
        y = self.tensor(*shape)
        kernel, _ = self._weights((channels, 3, 3, deep), 9 * deep, 0)
        operands = [self.numbers(shape), kernel, x]
        self.net.op("TRANSPOSE_CONV", operands, [y], Padding=SAME, StrideH=stride, StrideW=1)
        return y

    def enlarged(self, x: int, times: int) -> int:
        """Every row so many times."""
        _, height, width, deep = self.shape(x)
        y = self.tensor(1, height * times, width, deep)
        size = self.numbers((height * times, width))
        options = {"AlignCorners": False, "HalfPixelCenters": False}
        self.net.op("RESIZE_NEAREST_NEIGHBOR", [x, size], [y], **options)
        return y

    def pool(
        self,
        x: int,
        kernel: tuple[int, int],
        stride: tuple[int, int] | None = None,
        kind: str = "MAX_POOL_2D",
        padding: int = VALID,
    ) -> int:
        stride = stride or kernel
        _, *size, deep = self.shape(x)
        made = [self._out(n, e, s, padding) for n, e, s in zip(size, kernel, stride, strict=True)]
        y = self.tensor(1, *made, deep)
        self.net.op(
            kind,
            [x],
            [y],
            Padding=padding,
            StrideH=stride[0],
            StrideW=stride[1],
            FilterHeight=kernel[0],
            FilterWidth=kernel[1],
            FusedActivationFunction=NONE,
        )
        return y

    def reduce(self, x: int, axes: Sequence[int], kind: str = "MEAN", keep: bool = False) -> int:
        shape = [
            1 if axis in axes else size
            for axis, size in enumerate(self.shape(x))
            if keep or axis not in axes
        ]
        y = self.tensor(*shape)
        self.net.op(kind, [x, self.numbers(axes)], [y], KeepDims=keep)
        return y

    def dense(self, x: int, units: int, coarser: float = 1.0) -> int:
        """`coarser`: of the result, where the values before it are large."""
        *outer, deep = self.shape(x)
        y = self.net.tensor(
            (*outer, units),
            scale=self.scale * coarser,
            zero_point=self.zero_point,
            dtype=self.dtype,
        )
        data = self.rng.integers(-127, 128, (units, deep)).astype(np.int8)
        spread = float(np.float32(1.7 / (73 * np.sqrt(deep))))
        bias = self.rng.integers(-300, 300, units)
        bias = bias.astype(np.int32 if self.dtype == "int8" else np.int64)
        operands = [
            x,
            self.net.constant(data, scale=spread),
            self.net.constant(bias, scale=spread * self.scale),
        ]
        self.net.op(
            "FULLY_CONNECTED", operands, [y], FusedActivationFunction=NONE, KeepNumDims=True
        )
        return y

    def flatten(self, x: int) -> int:
        return self.reshape(x, 1, int(np.prod(self.shape(x))))

    def reshape(self, x: int, *shape: int) -> int:
        y = self.tensor(*shape)
        self.net.op("RESHAPE", [x, self.numbers(shape)], [y], NewShape=list(shape))
        return y

    def two(self, kind: str, a: int, b: int) -> int:
        """ADD or MUL; the smaller operand is repeated."""
        y = self.tensor(*np.broadcast_shapes(self.shape(a), self.shape(b)))
        self.net.op(kind, [a, b], [y], FusedActivationFunction=NONE)
        return y

    def join(self, parts: Sequence[int], axis: int = 3) -> int:
        shape = list(self.shape(parts[0]))
        shape[axis] = sum(self.shape(part)[axis] for part in parts)
        y = self.tensor(*shape)
        self.net.op("CONCATENATION", parts, [y], Axis=axis, FusedActivationFunction=NONE)
        return y

    def crop(self, x: int, first: int, last: int, axis: int = 1) -> int:
        """Leaves out rows at both ends, with a STRIDED_SLICE."""
        shape = list(self.shape(x))
        begin, end = [0] * len(shape), list(shape)
        begin[axis], end[axis] = first, shape[axis] - last
        shape[axis] -= first + last
        y = self.tensor(*shape)
        ones = self.numbers([1] * len(shape))
        self.net.op("STRIDED_SLICE", [x, self.numbers(begin), self.numbers(end), ones], [y])
        return y

    def step(self, x: int, at: int) -> int:
        """One row of [1, t, c]."""
        _, height, deep = self.shape(x)
        y = self.tensor(1, deep)
        begin, end = [0, at % height, 0], [1, at % height + 1, deep]
        operands = [x, self.numbers(begin), self.numbers(end), self.numbers([1, 1, 1])]
        self.net.op("STRIDED_SLICE", operands, [y], ShrinkAxisMask=2)
        return y

    def pad(self, x: int, before: int, after: int = 0, axis: int = 1) -> int:
        shape = list(self.shape(x))
        pads = np.zeros((len(shape), 2), np.int32)
        pads[axis] = before, after
        shape[axis] += before + after
        y = self.tensor(*shape)
        self.net.op("PAD", [x, self.net.constant(pads)], [y])
        return y

    def transpose(self, x: int, *order: int) -> int:
        y = self.tensor(*(self.shape(x)[axis] for axis in order))
        self.net.op("TRANSPOSE", [x, self.numbers(order)], [y])
        return y

    def real(self, *shape: int) -> tuple[int, int]:
        """An input of float32, and what a QUANTIZE makes of it."""
        x, y = self.net.tensor(shape, scale=None, dtype="float32"), self.tensor(*shape)
        self.net.op("QUANTIZE", [x], [y])
        return x, y

    def to_real(self, x: int) -> int:
        y = self.net.tensor(self.shape(x), scale=None, dtype="float32")
        self.net.op("DEQUANTIZE", [x], [y])
        return y

    def logistic(self, x: int) -> int:
        zero, scale = (-128, 1 / 256) if self.dtype == "int8" else (0, 1 / 32768)
        y = self.net.tensor(self.shape(x), scale=scale, zero_point=zero, dtype=self.dtype)
        self.net.op("LOGISTIC", [x], [y])
        return y
