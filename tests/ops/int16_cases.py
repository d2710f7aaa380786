# SPDX-License-Identifier: Apache-2.0
"""Cases of int16 activations, by operator: zero points of 0, int8 weights, several biases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.ops import int16_value_cases
from tests.ops.build_tflite import NONE, RELU, RELU6, SAME, VALID, Net
from tests.ops.case import Case, collect
from tests.ops.conv_cases import Conv, random_weights, weight_scales

INT16 = "int16"


def _bias(net: Net, kind: str, sums: np.ndarray, scale: Any, rng: np.random.Generator) -> list[int]:
    """The operand of a bias: its type, "none", or "large": beyond what 32 bits hold."""
    if kind == "none":
        return []
    dtype = "int64" if kind == "large" else kind
    reach = 1 << 40 if kind == "large" else 20000
    values = rng.integers(-reach, reach, len(sums))
    zeros = np.zeros(np.size(scale), np.int64)
    return [net.constant(values.astype(dtype), scale=scale, zero_point=zeros)]


def conv_model(conv: Conv, bias: str = "int64", seed: int = 0, in_scale: float = 1e-4) -> bytes:
    """A convolution by the geometry, weights and gain of `conv`."""
    rng = np.random.default_rng(seed)
    channels = conv.in_channels * conv.multiplier or conv.out_channels
    shape: tuple[int, ...] = (channels, *conv.kernel, conv.in_channels // conv.groups)
    axis, summed = 0, (1, 2, 3)
    if conv.multiplier:
        shape, axis, summed = (1, *conv.kernel, channels), 3, (0, 1, 2)
    weights = random_weights(conv.weights, shape, rng)
    scales = weight_scales(conv.scales, channels, rng)
    net = Net()
    x = net.tensor((1, *conv.size, conv.in_channels), scale=in_scale, dtype=INT16)
    zeros = np.zeros(len(scales), np.int64)
    w = net.constant(weights, scale=scales, zero_point=zeros, axis=axis)
    sums = np.abs(weights.astype(np.int64)).sum(axis=summed)
    operands = [x, w, *_bias(net, bias, sums, scales * np.float32(in_scale), rng)]
    spread = 19000 * np.sqrt(np.square(weights, dtype=np.float64).sum() / channels)
    if bias == "large":
        spread = 1 << 39
    out_scale = conv.gain * spread * in_scale * float(np.abs(scales).mean()) / 12000
    y = net.tensor((1, *conv.out_size, channels), scale=out_scale, dtype=INT16)
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


_PIXELS: dict[str, Any] = {"kernel": (1, 1), "size": (5, 7)}
_WINDOWS = {
    "same": Conv(in_channels=5, out_channels=6),
    "valid_stride_2": Conv(size=(8, 9), stride=(2, 2), padding=VALID, in_channels=4),
    "dilated": Conv(size=(9, 8), dilation=(2, 3), padding=SAME, in_channels=3),
    "relu": Conv(activation=RELU, in_channels=8, out_channels=4),
    "relu6": Conv(activation=RELU6, in_channels=6, out_channels=3, gain=30.0),
    "tensor_scale": Conv(scales="tensor", in_channels=7, out_channels=5),
    "saturating": Conv(gain=0.05, in_channels=4, out_channels=9),
    "fine": Conv(gain=0.02, in_channels=4, out_channels=2),
    "coarse": Conv(gain=3000.0, in_channels=4, out_channels=2),
    "weights_128": Conv(weights=128, in_channels=8, out_channels=8),
    "one_column": Conv(size=(9, 1), kernel=(5, 1), in_channels=3),
    "one_row": Conv(size=(1, 11), kernel=(1, 4), stride=(1, 2), in_channels=2),
}
CONV_2D: tuple[Case, ...] = collect(
    "CONV_2D",
    [
        *((f"int16_{name}", conv_model(conv)) for name, conv in _WINDOWS.items()),
        *(
            (f"int16_bias_{kind}", conv_model(_WINDOWS["same"], kind))
            for kind in ("int32", "none", "large")
        ),
        ("int16_groups", conv_model(Conv(in_channels=6, out_channels=4, groups=2))),
        *(
            (
                f"int16_1x1_{inputs}_{outputs}",
                conv_model(Conv(in_channels=inputs, out_channels=outputs, **_PIXELS)),
            )
            for inputs, outputs in ((1, 1), (3, 2), (4, 4), (8, 5), (16, 8), (64, 3), (6, 1))
        ),
        *(
            (
                f"int16_1x1_{name}",
                conv_model(Conv(in_channels=12, out_channels=6, **_PIXELS, **more), kind),
            )
            for name, kind, more in (
                ("int32", "int32", {}),
                ("large", "large", {}),
                ("relu", "int64", {"activation": RELU}),
                ("fine", "int64", {"gain": 0.02}),
                ("coarse", "int64", {"gain": 3000.0}),
            )
        ),
        # Sums beyond 32 bits: 600 inputs of the largest weights.
        (
            "int16_1x1_wide_sums",
            conv_model(Conv(in_channels=600, out_channels=4, kernel=(1, 1), size=(2, 2))),
        ),
        ("int16_wide_sums", conv_model(Conv(in_channels=150, out_channels=3, size=(4, 3)))),
    ],
)
DEPTHWISE_CONV_2D = collect(
    "DEPTHWISE_CONV_2D",
    [
        *(
            (f"int16_{name}", conv_model(Conv(**{**vars(conv), "in_channels": 5, "multiplier": 1})))
            for name, conv in _WINDOWS.items()
        ),
        *(
            (f"int16_3x3_{channels}", conv_model(Conv(in_channels=channels, multiplier=1)))
            for channels in (4, 8, 13)
        ),
        (
            "int16_3x3_stride_2",
            conv_model(Conv(size=(9, 8), in_channels=8, multiplier=1, stride=(2, 2))),
        ),
        ("int16_bias_none", conv_model(Conv(in_channels=8, multiplier=1), "none")),
        ("int16_bias_large", conv_model(Conv(in_channels=8, multiplier=1), "large")),
        ("int16_multiplier_2", conv_model(Conv(in_channels=9, multiplier=2))),
        ("int16_one_channel", conv_model(Conv(in_channels=1, multiplier=4))),
    ],
)


def transpose_conv_model(bias: str, stride: tuple[int, int] = (2, 2)) -> bytes:
    """A transposed convolution of 3 x 3."""
    rng = np.random.default_rng(3)
    net = Net()
    shape = net.constant(np.array([1, 5 * stride[0], 4 * stride[1], 3], np.int32))
    weights = rng.integers(-127, 128, (3, 3, 3, 5)).astype(np.int8)
    scales = weight_scales("channel", 3, rng)
    w = net.constant(weights, scale=scales, zero_point=np.zeros(3, np.int64))
    x = net.tensor((1, 5, 4, 5), scale=1e-4, dtype=INT16)
    operands = [shape, w, x, *_bias(net, bias, np.zeros(3), scales * np.float32(1e-4), rng)]
    y = net.tensor((1, 5 * stride[0], 4 * stride[1], 3), scale=2e-3, dtype=INT16)
    strides = {"StrideH": stride[0], "StrideW": stride[1]}
    net.op("TRANSPOSE_CONV", operands, [y], Padding=SAME, **strides)
    return net.build([x], [y])


TRANSPOSE_CONV = collect(
    "TRANSPOSE_CONV",
    [
        *((f"int16_{kind}", transpose_conv_model(kind)) for kind in ("int64", "int16", "none")),
        ("int16_stride_3_1", transpose_conv_model("int64", (3, 1))),
    ],
)


def dense_model(
    rows: int,
    inputs: int,
    outputs: int,
    bias: str = "int64",
    *,
    scales: str = "tensor",
    gain: float = 1.0,
    activation: int = NONE,
) -> bytes:
    """A matrix product [rows, inputs] to [rows, outputs]."""
    rng = np.random.default_rng(5)
    net = Net()
    weights = rng.integers(-127, 128, (outputs, inputs)).astype(np.int8)
    found = weight_scales(scales, outputs, rng)
    x = net.tensor((rows, inputs), scale=2e-4, dtype=INT16)
    w = net.constant(weights, scale=found, zero_point=np.zeros(len(found), np.int64))
    operands = [x, w, *_bias(net, bias, np.zeros(outputs), found * np.float32(2e-4), rng)]
    if bias == "none":
        operands.append(-1)
    spread = 19000 * 74 * np.sqrt(inputs) if bias != "large" else 1 << 39
    scale = gain * spread * 2e-4 * float(found.mean()) / 12000
    y = net.tensor((rows, outputs), scale=scale, dtype=INT16)
    net.op("FULLY_CONNECTED", operands, [y], FusedActivationFunction=activation)
    return net.build([x], [y])


FULLY_CONNECTED = collect(
    "FULLY_CONNECTED",
    [
        ("int16", dense_model(1, 24, 9)),
        ("int16_rows", dense_model(5, 13, 6)),
        ("int16_per_channel", dense_model(1, 32, 8, scales="channel")),
        ("int16_one_output", dense_model(3, 17, 1)),
        ("int16_one_input", dense_model(1, 1, 7)),
        *((f"int16_bias_{kind}", dense_model(1, 20, 5, kind)) for kind in ("int32", "none")),
        ("int16_bias_large", dense_model(2, 20, 5, "large")),
        ("int16_relu", dense_model(1, 16, 12, activation=RELU)),
        ("int16_fine", dense_model(1, 16, 12, gain=0.05)),
        ("int16_coarse", dense_model(1, 16, 12, gain=3000.0)),
        ("int16_wide_sums", dense_model(1, 700, 6)),
    ],
)


def matmul_model(first: Sequence[int], second: Sequence[int], **options: bool) -> bytes:
    """A product of two computed matrices."""
    net = Net()
    a = net.tensor(first, scale=3e-4, dtype=INT16)
    b = net.tensor(second, scale=2e-4, dtype=INT16)
    m = first[-1] if options.get("AdjX") else first[-2]
    n = second[-2] if options.get("AdjY") else second[-1]
    y = net.tensor((*first[:-2], m, n), scale=0.004, dtype=INT16)
    net.op("BATCH_MATMUL", [a, b], [y], **options)
    return net.build([a, b], [y])


BATCH_MATMUL = collect(
    "BATCH_MATMUL",
    [
        ("int16", matmul_model((1, 4, 9), (1, 9, 5))),
        ("int16_batches", matmul_model((3, 2, 8), (3, 8, 4))),
        ("int16_transposed", matmul_model((2, 7, 3), (2, 6, 7), AdjX=True, AdjY=True)),
    ],
)

CASES: dict[str, tuple[Case, ...]] = {
    **{
        cases[0].op: cases
        for cases in (CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV, FULLY_CONNECTED, BATCH_MATMUL)
    },
    **int16_value_cases.CASES,
}
