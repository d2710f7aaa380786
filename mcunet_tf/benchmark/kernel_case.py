# SPDX-License-Identifier: Apache-2.0
"""One operator of one shape, and the graph that is made of it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.ir import QUANTISED_TYPES, Graph, Op, Quantization, Tensor
from mcunet_tf.tinyengine.ops import common

Array = np.ndarray[Any, np.dtype[Any]]

SCALE, ZERO_POINT = 0.05, -5
"""Of int8 activations."""
_WEIGHT_SCALE = 0.01
OUTPUT_DEVIATION = 40.0  # of the int8 outputs: spread, seldom saturated
_SAFE_SUM = 3_000_000  # below the limit of rows that keep two sums in a register
_WIDE_BIAS = 1 << 24  # above it


@dataclass(frozen=True)
class OpCase:
    """One operator of one shape.

    Attributes:
        kind: TensorFlow Lite's builtin name.
        shape: the shape of the input: [height, width, channels], or [values] of a vector;
            [batches, m, k] of BATCH_MATMUL, [steps, inputs] of an LSTM.
        channels: channels of the output of CONV_2D and FULLY_CONNECTED, n of BATCH_MATMUL, or
            units.
        kernel: height and width of a window.
        stride: the stride of both axes.
        dilation: the dilation of both axes.
        same: SAME padding, else VALID; MEAN: over height and width, else over channels;
            RESIZE_NEAREST_NEIGHBOR: twice the size, else one row and column more; LSTM: every
            step, else the last one.
        wide: sums too large for rows that keep two of them in a register; SOFTMAX: to int16;
            QUANTIZE: from float32; DEQUANTIZE: from uint8.
        broadcast: operators on two tensors: the second operand is [1, 1, 1, channels].
        dtype: of activations.
    """

    kind: str
    shape: tuple[int, ...]
    channels: int = 0
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    dilation: int = 1
    same: bool = True
    wide: bool = False
    broadcast: bool = False
    dtype: str = "int8"

    def __str__(self) -> str:
        """Says all that distinguishes the case, in a few words."""
        words = [self.kind.lower()]
        if self.kernel != (1, 1):
            words.append("x".join(map(str, self.kernel)))
        words += [f"s{self.stride}"] * (self.stride > 1)
        words += [f"d{self.dilation}"] * (self.dilation > 1)
        words += ["valid"] * (not self.same and self.kernel != (1, 1))
        words += ["channels"] * (not self.same and self.kind == "MEAN")
        words += ["last"] * (not self.same and self.kind.startswith("UNIDIRECTIONAL_SEQUENCE"))
        words += ["by one"] * (not self.same and self.kind == "RESIZE_NEAREST_NEIGHBOR")
        words += ["wide"] * self.wide + ["broadcast"] * self.broadcast
        words += [self.dtype] * (self.dtype != "int8")
        words.append("x".join(map(str, self.shape)))
        if self.channels:
            words[-1] += f"->{self.channels}"
        return " ".join(words)


class Draft:
    """A graph under construction."""

    def __init__(self, case: OpCase) -> None:
        self.case = case
        self.rng = np.random.default_rng(zlib.crc32(str(case).encode()))
        self.tensors: list[Tensor] = []

    def image(self) -> tuple[int, ...]:
        """The input's shape with a batch of one."""
        return (1, *self.case.shape)

    def add(
        self,
        shape: tuple[int, ...],
        scale: float = SCALE,
        zero_point: int = ZERO_POINT,
        dtype: str = "int8",
    ) -> int:
        """Adds an activation quantised per tensor."""
        quantised = dtype in QUANTISED_TYPES
        quantization = Quantization((scale,), (zero_point,)) if quantised else None
        name = f"t{len(self.tensors)}"
        self.tensors.append(Tensor(name, shape, dtype, quantization))
        return len(self.tensors) - 1

    def constant(self, data: Array, scales: tuple[float, ...] = (), axis: int = 0) -> int:
        """Adds a constant; `scales` quantise it."""
        quantization = Quantization(scales, (0,) * len(scales), axis) if scales else None
        name = f"t{len(self.tensors)}"
        self.tensors.append(Tensor(name, data.shape, str(data.dtype), quantization, data))
        return len(self.tensors) - 1

    def weighted(self, shape: tuple[int, ...], channels: int, axis: int) -> tuple[int, int, float]:
        """Adds weights and bias; also returns the scale of an output that spreads over int8."""
        taps = int(np.prod(shape)) // channels
        limit = min(127, max(4, int(2 * _SAFE_SUM / (128 * taps))))
        weights = self.rng.integers(-limit, limit + 1, shape).astype(np.int8)
        spread = 74 * limit / np.sqrt(3) * np.sqrt(taps)
        bias = self.rng.integers(-int(spread), int(spread) + 1, channels).astype(np.int32)
        if self.case.wide:
            bias[0] = _WIDE_BIAS
        scales = _WEIGHT_SCALE * self.rng.uniform(0.3, 1.0, channels)
        first = self.constant(weights, tuple(float(np.float32(s)) for s in scales), axis)
        second = self.constant(bias)
        return first, second, float(np.float32(SCALE * _WEIGHT_SCALE * spread / OUTPUT_DEVIATION))

    def graph(self, inputs: tuple[int, ...], operands: tuple[int, ...], attributes: Any) -> Graph:
        """The finished graph; its output is the last tensor."""
        output = len(self.tensors) - 1
        op = Op(self.case.kind, str(self.case), operands, (output,), attributes)
        return Graph("case", tuple(self.tensors), (op,), inputs, (output,))

    def padding(self) -> tuple[common.Padding, int, int]:
        """Padding, output height and output width of the case's window."""
        case = self.case
        height, width, _ = case.shape
        strides, dilations = (case.stride, case.stride), (case.dilation, case.dilation)
        code = common.PADDING_SAME if case.same else 1
        padding = common.spatial_padding(code, (height, width), case.kernel, strides, dilations)
        sizes = (
            common.window_size(size, before + after, extent, case.stride, case.dilation)
            for size, before, after, extent in (
                (height, padding.top, padding.bottom, case.kernel[0]),
                (width, padding.left, padding.right, case.kernel[1]),
            )
        )
        return padding, *sizes  # type: ignore[return-value]  # two of them
