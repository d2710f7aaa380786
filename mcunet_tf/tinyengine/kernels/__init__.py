# SPDX-License-Identifier: Apache-2.0
"""The kernel tables, by operator: fastest row first, the last one portable and without limits."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernels import (
    convolution,
    elementwise,
    layout,
    matmul,
    recurrent,
    reduction,
    simd,
)
from mcunet_tf.tinyengine.kernels.table import Kernel
from mcunet_tf.tinyengine.ops.strided import STRIDED_KINDS

KERNELS: dict[str, tuple[Kernel, ...]] = {
    "CONV_2D": (*simd.CONV_2D, *convolution.CONV_2D),
    "DEPTHWISE_CONV_2D": (*simd.DEPTHWISE_CONV_2D, *convolution.DEPTHWISE_CONV_2D),
    "FULLY_CONNECTED": convolution.FULLY_CONNECTED,
    "BATCH_MATMUL": matmul.BATCH_MATMUL,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": recurrent.UNIDIRECTIONAL_SEQUENCE_LSTM,
    "ADD": elementwise.ADD,
    "SUB": elementwise.SUB,
    "MUL": elementwise.MUL,
    "SQUARED_DIFFERENCE": elementwise.SQUARED_DIFFERENCE,
    "MAXIMUM": elementwise.MAXIMUM,
    "MINIMUM": elementwise.MINIMUM,
    "PRELU": elementwise.PRELU,
    "AVERAGE_POOL_2D": reduction.AVERAGE_POOL_2D,
    "MAX_POOL_2D": reduction.MAX_POOL_2D,
    "MEAN": reduction.MEAN,
    "SUM": reduction.MEAN,
    "ARG_MAX": reduction.ARG_MAX,
    "ARG_MIN": reduction.ARG_MAX,
    "SOFTMAX": reduction.SOFTMAX,
    "L2_NORMALIZATION": reduction.L2_NORMALIZATION,
    **elementwise.LOOKUPS,
    "QUANTIZE": elementwise.QUANTIZE,
    "DEQUANTIZE": reduction.DEQUANTIZE,
    "PAD": layout.PAD,
    "PADV2": layout.PAD,
    "CONCATENATION": layout.CONCATENATION,
    "PACK": layout.CONCATENATION,
    "INTERLEAVE": layout.CONCATENATION,
    "RESIZE_NEAREST_NEIGHBOR": layout.RESIZE_NEAREST_NEIGHBOR,
    "RESIZE_BILINEAR": layout.RESIZE_BILINEAR,
    **dict.fromkeys(STRIDED_KINDS, layout.STRIDED_COPY),
}
