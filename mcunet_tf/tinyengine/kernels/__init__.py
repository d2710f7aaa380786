# SPDX-License-Identifier: Apache-2.0
"""The kernel tables, by operator: fastest row first, the last one portable and without limits."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernels import convolution, elementwise, layout, reduction, simd
from mcunet_tf.tinyengine.kernels.table import Kernel

KERNELS: dict[str, tuple[Kernel, ...]] = {
    "CONV_2D": (*simd.CONV_2D, *convolution.CONV_2D),
    "DEPTHWISE_CONV_2D": (*simd.DEPTHWISE_CONV_2D, *convolution.DEPTHWISE_CONV_2D),
    "FULLY_CONNECTED": convolution.FULLY_CONNECTED,
    "ADD": elementwise.ADD,
    "SUB": elementwise.SUB,
    "MUL": elementwise.MUL,
    "MAXIMUM": elementwise.MAXIMUM,
    "MINIMUM": elementwise.MINIMUM,
    "PRELU": elementwise.PRELU,
    "AVERAGE_POOL_2D": reduction.AVERAGE_POOL_2D,
    "MAX_POOL_2D": reduction.MAX_POOL_2D,
    "MEAN": reduction.MEAN,
    "SOFTMAX": reduction.SOFTMAX,
    "RELU": elementwise.RELU,
    "RELU6": elementwise.RELU6,
    "LOGISTIC": elementwise.LOGISTIC,
    "HARD_SWISH": elementwise.HARD_SWISH,
    "LEAKY_RELU": elementwise.LEAKY_RELU,
    "TANH": elementwise.TANH,
    "QUANTIZE": elementwise.QUANTIZE,
    "DEQUANTIZE": reduction.DEQUANTIZE,
    "PAD": layout.PAD,
    "PADV2": layout.PAD,
    "CONCATENATION": layout.CONCATENATION,
    "PACK": layout.CONCATENATION,
    "INTERLEAVE": layout.CONCATENATION,
    "RESIZE_NEAREST_NEIGHBOR": layout.RESIZE_NEAREST_NEIGHBOR,
    "RESIZE_BILINEAR": layout.RESIZE_BILINEAR,
    "TRANSPOSE": layout.STRIDED_COPY,
    "SLICE": layout.STRIDED_COPY,
    "STRIDED_SLICE": layout.STRIDED_COPY,
    "TILE": layout.STRIDED_COPY,
    "BROADCAST_TO": layout.STRIDED_COPY,
    "SPACE_TO_DEPTH": layout.STRIDED_COPY,
    "DEPTH_TO_SPACE": layout.STRIDED_COPY,
}
