# SPDX-License-Identifier: Apache-2.0
"""Cases of CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from tests.ops.build_tflite import NONE, RELU, RELU6, RELU_N1_TO_1, SAME, VALID, Net
from tests.ops.case import collect


@dataclass(frozen=True)
class Conv:
    """A convolution. `multiplier` is the depth multiplier; 0 makes a dense convolution.

    Attributes:
        scales: of the weights: "channel", "tensor", or "signed" (per channel, some negative).
        bias: "random", "small", "none", or "limit": sums come close to the ends of int32.
        gain: output range in units of the typical sum; small values saturate.
        weights: the largest magnitude; 128 puts some of -128 among them.
        groups: of a dense convolution.
    """

    size: tuple[int, int] = (7, 6)
    in_channels: int = 3
    out_channels: int = 5
    kernel: tuple[int, int] = (3, 3)
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: int = SAME
    activation: int = NONE
    in_zero_point: int = -4
    out_zero_point: int = 7
    scales: str = "channel"
    bias: str = "random"
    gain: float = 1.0
    multiplier: int = 0
    weights: int = 127
    groups: int = 1

    @property
    def out_size(self) -> tuple[int, int]:
        """Height and width by TensorFlow's formulas."""
        found = []
        for axis in (0, 1):
            reach = (self.kernel[axis] - 1) * self.dilation[axis] + 1
            room = self.size[axis] if self.padding == SAME else self.size[axis] - reach + 1
            found.append(-(-room // self.stride[axis]))
        return found[0], found[1]


def random_weights(limit: int, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Weights in [-limit, limit], or in [-128, 127] with a good part of -128."""
    weights = rng.integers(-limit, min(limit, 127) + 1, shape)
    if limit == 128:
        weights.reshape(-1)[:: max(1, weights.size // 7)] = -128
    return weights.astype(np.int8)


def typical_sum(weights: np.ndarray, channels: int) -> float:
    """Standard deviation of a channel's sum, about; above 0 where all weights are 0."""
    taps = weights.size / channels
    return 74 * float(np.sqrt(max(taps * np.square(weights, dtype=np.float64).mean(), 0.1)))


def weight_scales(kind: str, channels: int, rng: np.random.Generator) -> np.ndarray:
    """Scales within a factor of ten of each other, as trained networks have."""
    if kind == "tensor":
        return np.float32([0.02])
    scales = np.exp(rng.uniform(np.log(0.004), np.log(0.04), channels))
    if kind == "signed":
        scales *= np.where(np.arange(channels) % 3 == 1, -1, 1)
    return scales.astype(np.float32)


def bias_constant(
    net: Net, kind: str, sums: np.ndarray, scales: np.ndarray, rng: np.random.Generator
) -> int:
    """Adds an int32 bias. `sums` bounds the rest of each channel's sum, [channels]."""
    if kind == "limit":
        sign = np.where(np.arange(len(sums)) % 2, -1, 1)
        values = sign * ((1 << 31) - 1 - sums.astype(np.int64))
    else:
        reach = 2000 if kind == "random" else 3
        values = rng.integers(-reach, reach + 1, len(sums))
    zeros = np.zeros(len(scales), np.int64)
    return net.constant(values.astype(np.int32), scale=scales, zero_point=zeros)


def conv_model(conv: Conv, seed: int = 0) -> bytes:
    """The file of one convolution with random weights."""
    rng = np.random.default_rng(seed)
    out_channels = conv.in_channels * conv.multiplier or conv.out_channels
    if conv.multiplier:
        shape, axis = (1, *conv.kernel, out_channels), 3
        summed: tuple[int, ...] = (0, 1, 2)
    else:
        shape, axis = (out_channels, *conv.kernel, conv.in_channels // conv.groups), 0
        summed = (1, 2, 3)
    weights = random_weights(conv.weights, shape, rng)
    scales = weight_scales(conv.scales, out_channels, rng)
    net = Net()
    in_scale = 0.05
    x = net.tensor((1, *conv.size, conv.in_channels), scale=in_scale, zero_point=conv.in_zero_point)
    zeros = np.zeros(len(scales), np.int64)
    w = net.constant(weights, scale=scales, zero_point=zeros, axis=axis)
    sums = np.abs(weights.astype(np.int64)).sum(axis=summed) * 255
    operands = [x, w]
    if conv.bias != "none":
        operands.append(bias_constant(net, conv.bias, sums, scales * np.float32(in_scale), rng))
    typical = typical_sum(weights, out_channels) * in_scale * np.abs(scales).mean()
    if conv.bias == "limit":
        typical = 2.0**31 * in_scale * np.abs(scales).max()
    y = net.tensor(
        (1, *conv.out_size, out_channels),
        scale=conv.gain * typical / 64,
        zero_point=conv.out_zero_point,
    )
    window = {
        "Padding": conv.padding,
        "StrideH": conv.stride[0],
        "StrideW": conv.stride[1],
        "DilationHFactor": conv.dilation[0],
        "DilationWFactor": conv.dilation[1],
        "FusedActivationFunction": conv.activation,
    }
    if conv.multiplier:
        net.op("DEPTHWISE_CONV_2D", operands, [y], DepthMultiplier=conv.multiplier, **window)
    else:
        net.op("CONV_2D", operands, [y], **window)
    return net.build([x], [y])


_SHARED = {
    "same": Conv(),
    "valid": Conv(padding=VALID),
    "same_stride_2_odd": Conv(size=(7, 9), stride=(2, 2)),
    "same_stride_2_even": Conv(size=(8, 6), stride=(2, 2)),
    "same_stride_3_2": Conv(size=(11, 7), kernel=(5, 4), stride=(3, 2)),
    "valid_stride_2_rest": Conv(size=(8, 9), stride=(2, 2), padding=VALID),
    "stride_larger_than_kernel": Conv(size=(9, 8), kernel=(2, 1), stride=(3, 4), padding=VALID),
    "dilation_2_same": Conv(size=(9, 8), dilation=(2, 2)),
    "dilation_3_1_valid": Conv(size=(9, 8), dilation=(3, 1), padding=VALID),
    "dilation_and_stride": Conv(size=(13, 12), dilation=(2, 3), stride=(2, 2), padding=VALID),
    "kernel_larger_than_image": Conv(size=(3, 2), kernel=(7, 5)),
    "one_pixel": Conv(size=(1, 1), kernel=(3, 3)),
    "one_column": Conv(size=(6, 1), kernel=(3, 1)),
    "one_row": Conv(size=(1, 6), kernel=(1, 3)),
    "rectangular_kernel": Conv(kernel=(1, 5)),
    "even_kernel": Conv(kernel=(2, 4)),
    "whole_image": Conv(kernel=(7, 6), padding=VALID),
    "one_channel": Conv(in_channels=1),
    "relu": Conv(activation=RELU, out_zero_point=-20),
    "relu6": Conv(activation=RELU6, out_zero_point=-128, gain=0.05),
    "relu_n1_to_1": Conv(activation=RELU_N1_TO_1, out_zero_point=3, gain=0.05),
    "zero_points_low": Conv(in_zero_point=-128, out_zero_point=-128),
    "zero_points_high": Conv(in_zero_point=127, out_zero_point=127),
    "zero_points_apart": Conv(in_zero_point=-128, out_zero_point=127),
    "zero_point_zero": Conv(in_zero_point=0, out_zero_point=0),
    "per_tensor": Conv(scales="tensor"),
    "negative_scales": Conv(scales="signed"),
    "no_bias": Conv(bias="none"),
    "near_overflow": Conv(bias="limit"),
    "near_overflow_low_zero_point": Conv(bias="limit", in_zero_point=-128),
    "near_overflow_high_zero_point": Conv(bias="limit", in_zero_point=127),
    "near_overflow_negative": Conv(bias="limit", scales="signed"),
    "saturating": Conv(gain=0.01),
    "vanishing": Conv(gain=1e5),
    "multiplier_above_one": Conv((3, 90), 1, 3, (1, 1), weights=1, gain=0.8, bias="small"),
    "multiplier_above_two": Conv((3, 90), 1, 3, (1, 1), weights=1, gain=0.4, bias="small"),
    "all_of_int8_weights": Conv(weights=128, scales="signed"),
    "int8_weights_of_one_sign": Conv(weights=128),
    "small_weights": Conv(weights=2, scales="signed"),
    "large_sums": Conv((5, 4), in_channels=40, kernel=(5, 5), out_channels=4),
}
_DENSE = {
    "1x1": Conv(kernel=(1, 1)),
    "1x1_stride_2": Conv(kernel=(1, 1), stride=(2, 2)),
    "1x1_one_output": Conv(kernel=(1, 1), out_channels=1),
    "1x1_one_input": Conv(kernel=(1, 1), in_channels=1, out_channels=4),
    "1x1_relu6": Conv(kernel=(1, 1), activation=RELU6, out_zero_point=-128, gain=0.05),
    "1x1_near_overflow": Conv(kernel=(1, 1), in_channels=16, bias="limit"),
    "1x1_negative_scales": Conv(kernel=(1, 1), in_channels=16, out_channels=7, scales="signed"),
    "1x1_int8_weights": Conv(
        kernel=(1, 1), in_channels=9, out_channels=6, scales="signed", weights=128
    ),
    "1x1_vanishing": Conv(kernel=(1, 1), in_channels=12, gain=1e5),
    "1x1_above_one": Conv((3, 9), 12, 5, (1, 1), weights=1, gain=0.8, bias="small"),
    "windows_above_one": Conv((6, 5), 12, 5, weights=1, gain=0.1, bias="small"),
    "one_output": Conv(size=(6, 8), out_channels=1),
    "one_output_of_words": Conv(size=(5, 12), in_channels=8, out_channels=1, in_zero_point=-128),
    "one_output_odd_width": Conv(size=(6, 7), in_channels=4, out_channels=1),
    "one_output_stride_2": Conv((7, 12), 4, 1, (3, 3), (2, 2), in_zero_point=127),
    "one_output_stride_3_valid": Conv((7, 14), 5, 1, (3, 4), (1, 3), padding=VALID),
    "one_output_1x1": Conv((5, 6), 8, 1, (1, 1), activation=RELU, scales="signed"),
    "one_output_7x7": Conv((8, 10), 2, 1, (7, 7), scales="tensor"),
    "one_output_two_columns": Conv((8, 2), 3, 1, (5, 3)),
    "one_output_int8_weights": Conv(size=(6, 8), out_channels=1, weights=128),
    "one_output_dilated": Conv(size=(6, 8), out_channels=1, dilation=(2, 2)),
    "one_output_dilated_rows": Conv(size=(6, 8), out_channels=1, dilation=(2, 1)),
    "first_layer": Conv(size=(12, 11), in_channels=3, out_channels=8, stride=(2, 2)),
    "many_channels": Conv(size=(4, 3), in_channels=33, out_channels=17),
    # Tiles of four pixels that go on in the next row, of inputs that fill vectors and that do not.
    "1x1_words": Conv((3, 7), 24, 12, (1, 1)),
    "1x1_vectors": Conv((4, 5), 48, 8, (1, 1), scales="tensor"),
    "1x1_as_wide": Conv((5, 5), 35, 35, (1, 1), in_zero_point=-128),
    "1x1_widening": Conv((6, 4), 17, 40, (1, 1), activation=RELU6, out_zero_point=-100, gain=0.05),
    "columns": Conv((6, 12), 16, 8),
    "columns_stride_2": Conv((7, 13), 20, 4, (3, 3), (2, 2), in_zero_point=127),
    "columns_5x5": Conv((6, 11), 7, 12, (5, 5), activation=RELU6, out_zero_point=-100, gain=0.05),
    "columns_apart": Conv((6, 17), 18, 8, (2, 1), (1, 4), padding=VALID),
    "columns_dilated_rows": Conv((9, 9), 8, 4, (3, 3), dilation=(2, 1)),
    "rows": Conv((6, 12), 3, 8, (3, 3), activation=RELU6, out_zero_point=-100, gain=0.05),
    "rows_of_words": Conv((11, 13), 1, 4, (10, 4), (1, 2)),
    "short_windows": Conv((5, 13), 1, 12, activation=RELU6, out_zero_point=-100, gain=0.05),
    "groups": Conv(in_channels=6, out_channels=8, groups=2),
    "groups_of_three": Conv(in_channels=9, out_channels=6, groups=3, stride=(2, 2)),
    "groups_per_tensor": Conv(in_channels=8, out_channels=4, groups=4, scales="tensor"),
    "groups_1x1_relu": Conv(
        kernel=(1, 1), in_channels=8, groups=2, out_channels=6, activation=RELU
    ),
    "groups_of_one": Conv(in_channels=6, out_channels=6, groups=6),
    "groups_of_one_to_two": Conv(in_channels=5, out_channels=10, groups=5, scales="signed"),
}
_DEPTHWISE = {
    "multiplier_2": Conv(multiplier=2),
    "multiplier_3_stride_2": Conv(multiplier=3, stride=(2, 2), scales="signed"),
    "multiplier_8_one_channel": Conv(multiplier=8, in_channels=1, kernel=(5, 4)),
    "multiplier_2_relu": Conv(multiplier=2, activation=RELU, in_zero_point=127),
    "3x3_stride_2": Conv(size=(11, 10), in_channels=8, stride=(2, 2)),
    "5x5": Conv(size=(9, 8), in_channels=7, kernel=(5, 5)),
    "5x5_stride_2": Conv(size=(9, 8), in_channels=5, kernel=(5, 5), stride=(2, 2)),
    "7x7": Conv(size=(11, 9), in_channels=6, kernel=(7, 7)),
    "7x7_stride_2_negative": Conv(
        size=(11, 9), in_channels=9, kernel=(7, 7), stride=(2, 2), scales="signed"
    ),
    "many_channels": Conv(size=(5, 4), in_channels=37),
    "3x3_int8_weights": Conv(size=(5, 5), in_channels=12, weights=128, scales="signed"),
    "over_time": Conv(size=(1, 20), in_channels=9, kernel=(1, 7)),
    "over_time_dilated": Conv(size=(1, 20), in_channels=6, kernel=(1, 3), dilation=(1, 4)),
    "dilated": Conv(size=(9, 8), in_channels=8, dilation=(2, 2), scales="signed"),
    "dilated_unlike_valid": Conv(
        size=(9, 12), in_channels=5, dilation=(2, 3), padding=VALID, in_zero_point=-128
    ),
    "even_window": Conv(size=(6, 5), in_channels=4, kernel=(4, 2), activation=RELU6, gain=0.1),
    "strides_unlike": Conv(size=(9, 8), in_channels=11, stride=(1, 2), in_zero_point=127),
    "column_to_a_pixel": Conv(size=(9, 1), in_channels=24, kernel=(9, 1), padding=VALID),
    "column_clamped": Conv(
        size=(11, 1), in_channels=16, kernel=(10, 1), padding=VALID, activation=RELU6, gain=0.1
    ),
    "clamped": Conv(size=(7, 12), in_channels=6, activation=RELU6, out_zero_point=-99, gain=0.05),
    "3x3_of_23_columns": Conv(size=(6, 23), in_channels=5),
    "3x3_of_23_columns_stride_2": Conv(size=(6, 23), in_channels=5, stride=(2, 2)),
    "5x5_of_21_columns": Conv(size=(9, 21), in_channels=3, kernel=(5, 5), in_zero_point=-128),
    "7x7_of_20_columns": Conv(size=(9, 20), in_channels=3, kernel=(7, 7), stride=(2, 2)),
    "few_pixels_padded": Conv(size=(3, 3), in_channels=32, kernel=(9, 3), stride=(2, 3)),
}
# Scales from one half up, as channels that saturate early have; of every size with a kernel.
_COARSE = {
    f"{k}x{k}_above_one_stride_{s}": Conv(
        (9, 8), 9, kernel=(k, k), stride=(s, s), weights=1, gain=0.05, bias="small"
    )
    for k in (2, 3, 5, 7)
    for s in (1, 2)
}
# The edges of tiles of pixels and channels, one below to one above.
_CHANNEL_EDGES = (1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17)
_PIXEL_EDGES = (1, 2, 3, 4, 5, 7, 8, 9)

CONV_2D = collect(
    "CONV_2D",
    [
        *((name, conv_model(conv)) for name, conv in {**_SHARED, **_DENSE}.items()),
        *(
            (f"1x1_{n}_to_{m}", conv_model(Conv((2, 3), n, m, (1, 1))))
            for n, m in zip(_CHANNEL_EDGES, reversed(_CHANNEL_EDGES), strict=True)
        ),
        *((f"1x1_{n}_pixels", conv_model(Conv((1, n), 16, 6, (1, 1)))) for n in _PIXEL_EDGES),
        *((f"3x3_{n}_pixels", conv_model(Conv((3, n), 3, 4, (3, 3)))) for n in _PIXEL_EDGES),
        *((f"3x3_to_{n}", conv_model(Conv((3, 4), 3, n, (3, 3)))) for n in _CHANNEL_EDGES),
        *((f"3x3_from_{n}", conv_model(Conv((3, 4), n, 3, (3, 3)))) for n in _CHANNEL_EDGES),
    ],
)
DEPTHWISE_CONV_2D = collect(
    "DEPTHWISE_CONV_2D",
    [
        *(
            (name, conv_model(dataclasses.replace(conv, multiplier=conv.multiplier or 1)))
            for name, conv in {**_SHARED, **_DEPTHWISE, **_COARSE}.items()
        ),
        *(
            (
                f"{k}x{k}_tall_stride_{s}",
                conv_model(Conv((41, 5), 6, kernel=(k, k), stride=(s, s), multiplier=1)),
            )
            for k in (3, 5, 7)
            for s in (1, 2)
        ),
        *(
            (f"{k}x{k}_{n}_channels", conv_model(Conv((4, 5), n, kernel=(k, k), multiplier=1)))
            for k in (3, 5, 7)
            for n in _CHANNEL_EDGES
        ),
        *(
            (
                f"{k}x{k}_{n}_wide_stride_{s}",
                conv_model(Conv((5, n), 4, kernel=(k, k), stride=(s, s), multiplier=1)),
            )
            for k in (3, 5, 7)
            for n in _PIXEL_EDGES
            for s in (1, 2)
        ),
    ],
)


@dataclass(frozen=True)
class TransposeConv:
    """A transposed convolution; sizes are Keras' unless `out_size` says otherwise."""

    size: tuple[int, int] = (4, 5)
    in_channels: int = 3
    out_channels: int = 5
    kernel: tuple[int, int] = (3, 3)
    stride: tuple[int, int] = (2, 2)
    padding: int = SAME
    activation: int = NONE
    scales: str = "channel"
    bias: bool = True
    out_size: tuple[int, int] | None = None

    def output(self) -> tuple[int, int]:
        """Height and width."""
        if self.out_size:
            return self.out_size
        grown = [
            n * s + (max(k - s, 0) if self.padding == VALID else 0)
            for n, k, s in zip(self.size, self.kernel, self.stride, strict=True)
        ]
        return grown[0], grown[1]


def transpose_conv_model(conv: TransposeConv, seed: int = 0) -> bytes:
    """The file of one transposed convolution with random weights."""
    rng = np.random.default_rng(seed)
    weights = random_weights(127, (conv.out_channels, *conv.kernel, conv.in_channels), rng)
    scales = weight_scales(conv.scales, conv.out_channels, rng)
    net = Net()
    in_scale = 0.05
    output = (1, *conv.output(), conv.out_channels)
    x = net.tensor((1, *conv.size, conv.in_channels), scale=in_scale, zero_point=-4)
    shape = net.constant(np.array(output, np.int32))
    w = net.constant(weights, scale=scales, zero_point=np.zeros(len(scales), np.int64), axis=0)
    operands = [shape, w, x]
    if conv.bias:
        sums = np.abs(weights.astype(np.int64)).sum(axis=(1, 2, 3)) * 255
        operands.append(bias_constant(net, "random", sums, scales * np.float32(in_scale), rng))
    typical = typical_sum(weights, conv.out_channels) * in_scale * np.abs(scales).mean()
    y = net.tensor(output, scale=typical / 64, zero_point=7)
    net.op(
        "TRANSPOSE_CONV",
        operands,
        [y],
        Padding=conv.padding,
        StrideH=conv.stride[0],
        StrideW=conv.stride[1],
        FusedActivationFunction=conv.activation,
    )
    return net.build([x], [y])


_TRANSPOSED = {
    "same": TransposeConv(),
    "valid": TransposeConv(padding=VALID),
    "kernel_2": TransposeConv(kernel=(2, 2)),
    "kernel_4": TransposeConv(kernel=(4, 4)),
    "kernel_5_valid": TransposeConv(kernel=(5, 5), padding=VALID),
    "stride_1": TransposeConv(stride=(1, 1)),
    "stride_1_valid": TransposeConv(stride=(1, 1), padding=VALID),
    "stride_3": TransposeConv(kernel=(5, 4), stride=(3, 3)),
    "stride_4_kernel_3": TransposeConv(stride=(4, 4)),
    "stride_2_by_1": TransposeConv(kernel=(4, 3), stride=(2, 1)),
    "stride_larger_than_kernel": TransposeConv(kernel=(1, 2), stride=(2, 3)),
    "odd_output": TransposeConv(out_size=(7, 9)),
    "odd_output_kernel_5": TransposeConv(kernel=(5, 5), out_size=(7, 9)),
    "one_pixel": TransposeConv(size=(1, 1), kernel=(4, 4), padding=VALID),
    "one_channel": TransposeConv(in_channels=1, out_channels=1),
    "many_channels": TransposeConv(size=(3, 3), in_channels=17, out_channels=9),
    "per_tensor": TransposeConv(scales="tensor"),
    "negative_scales": TransposeConv(scales="signed"),
    "no_bias": TransposeConv(bias=False),
}
TRANSPOSE_CONV = collect(
    "TRANSPOSE_CONV",
    [(name, transpose_conv_model(conv)) for name, conv in _TRANSPOSED.items()],
)


@dataclass(frozen=True)
class Dense:
    """A fully connected layer; `shape` is the input's."""

    shape: tuple[int, ...] = (1, 20)
    out_features: int = 6
    in_features: int = 20
    activation: int = NONE
    in_zero_point: int = -4
    out_zero_point: int = 7
    scales: str = "channel"
    bias: str = "random"
    gain: float = 1.0
    keep_dims: bool = False
    weights: int = 127


def dense_model(dense: Dense, seed: int = 0) -> bytes:
    """The file of one fully connected layer with random weights."""
    rng = np.random.default_rng(seed)
    weights = random_weights(dense.weights, (dense.out_features, dense.in_features), rng)
    scales = weight_scales(dense.scales, dense.out_features, rng)
    zeros = np.zeros(len(scales), np.int64)
    net = Net()
    x = net.tensor(dense.shape, scale=0.05, zero_point=dense.in_zero_point)
    w = net.constant(weights, scale=scales, zero_point=zeros, axis=0)
    b = -1
    if dense.bias != "none":
        sums = np.abs(weights.astype(np.int64)).sum(axis=1) * 255
        b = bias_constant(net, dense.bias, sums, scales * np.float32(0.05), rng)
    typical = typical_sum(weights, dense.out_features) * 0.05 * np.abs(scales).mean()
    if dense.bias == "limit":
        typical = 2.0**31 * 0.05 * np.abs(scales).max()
    rows = int(np.prod(dense.shape)) // dense.in_features
    leading = dense.shape[:-1] if dense.keep_dims else (rows,)
    y = net.tensor(
        (*leading, dense.out_features),
        scale=dense.gain * typical / 64,
        zero_point=dense.out_zero_point,
    )
    net.op(
        "FULLY_CONNECTED",
        [x, w, b],
        [y],
        FusedActivationFunction=dense.activation,
        KeepNumDims=dense.keep_dims,
    )
    return net.build([x], [y])


_DENSE_LAYERS = {
    "plain": Dense(),
    "per_tensor": Dense(scales="tensor"),
    "per_tensor_no_bias": Dense(scales="tensor", bias="none"),
    "negative_scales": Dense(scales="signed", out_features=9),
    "several_rows": Dense(shape=(3, 20)),
    "rank_4": Dense(shape=(1, 2, 2, 5)),
    "rank_4_rows_per_tensor": Dense(shape=(1, 4, 2, 20), scales="tensor", keep_dims=True),
    "rank_3_per_tensor": Dense(shape=(1, 5, 20), scales="tensor", keep_dims=True),
    "rank_4_per_channel": Dense(shape=(1, 4, 2, 20), keep_dims=True),
    "rank_3_per_channel": Dense(shape=(1, 5, 20), keep_dims=True),
    "no_bias": Dense(bias="none"),
    "relu": Dense(activation=RELU),
    "relu6": Dense(activation=RELU6, out_zero_point=-128, gain=0.05),
    "relu_n1_to_1": Dense(activation=RELU_N1_TO_1, gain=0.05),
    "zero_points_low": Dense(in_zero_point=-128, out_zero_point=-128),
    "zero_points_high": Dense(in_zero_point=127, out_zero_point=127),
    "near_overflow": Dense(bias="limit"),
    "near_overflow_low_zero_point": Dense(bias="limit", in_zero_point=-128),
    "near_overflow_high_zero_point": Dense(bias="limit", in_zero_point=127),
    "near_overflow_negative": Dense(bias="limit", scales="signed"),
    "all_of_int8_weights": Dense(weights=128),
    "vanishing": Dense(gain=1e5),
    "above_one": Dense((40, 2), 3, 2, weights=1, gain=0.8, bias="none", scales="tensor"),
    "one_input": Dense(shape=(4, 1), in_features=1),
    "long": Dense(shape=(1, 515), in_features=515, out_features=3),
    "many_outputs": Dense(shape=(2, 300), in_features=300, out_features=64),
    "one_output": Dense(out_features=1),
    "long_one_output": Dense(shape=(2, 1030), in_features=1030, out_features=1),
    "wide_sums": Dense(shape=(1, 2049), in_features=2049, out_features=7),
}
FULLY_CONNECTED = collect(
    "FULLY_CONNECTED",
    [
        *((name, dense_model(dense)) for name, dense in _DENSE_LAYERS.items()),
        *(
            (f"{n}_to_{m}", dense_model(Dense((1, n), m, n)))
            for n, m in zip(_CHANNEL_EDGES, reversed(_CHANNEL_EDGES), strict=True)
        ),
    ],
)
