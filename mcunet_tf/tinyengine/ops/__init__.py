# SPDX-License-Identifier: Apache-2.0
"""The operators the compiler understands, by TensorFlow Lite's builtin name."""

from __future__ import annotations

from mcunet_tf.tinyengine.ops import (
    conv2d,
    curves,
    depthwise_conv2d,
    dequantize,
    elementwise,
    fully_connected,
    layout,
    lookup,
    mean,
    pool2d,
    reduce_max,
    resize_bilinear,
    shape,
    softmax,
    split,
    strided,
    transpose_conv,
)
from mcunet_tf.tinyengine.ops.spec import OpSpec

MADE_BY_PASSES = ("INTERLEAVE",)
"""Operators that only passes make: TensorFlow Lite has none of these names."""

_SPECS = (
    conv2d.CONV_2D,
    depthwise_conv2d.DEPTHWISE_CONV_2D,
    transpose_conv.TRANSPOSE_CONV,
    fully_connected.FULLY_CONNECTED,
    elementwise.ADD,
    elementwise.SUB,
    elementwise.MUL,
    elementwise.MAXIMUM,
    elementwise.MINIMUM,
    elementwise.PRELU,
    pool2d.AVERAGE_POOL_2D,
    pool2d.MAX_POOL_2D,
    mean.MEAN,
    reduce_max.REDUCE_MAX,
    softmax.SOFTMAX,
    lookup.RELU,
    lookup.RELU6,
    lookup.LOGISTIC,
    curves.HARD_SWISH,
    curves.LEAKY_RELU,
    curves.TANH,
    lookup.QUANTIZE,
    dequantize.DEQUANTIZE,
    layout.RESHAPE,
    layout.SQUEEZE,
    layout.EXPAND_DIMS,
    layout.PAD,
    layout.PADV2,
    layout.CONCATENATION,
    layout.PACK,
    layout.INTERLEAVE,
    layout.RESIZE_NEAREST_NEIGHBOR,
    resize_bilinear.RESIZE_BILINEAR,
    strided.TRANSPOSE,
    strided.SLICE,
    strided.STRIDED_SLICE,
    strided.TILE,
    strided.BROADCAST_TO,
    strided.SPACE_TO_DEPTH,
    strided.DEPTH_TO_SPACE,
    split.SPLIT,
    split.SPLIT_V,
    split.UNPACK,
    shape.SHAPE,
)

SPECS: dict[str, OpSpec] = {spec.kind: spec for spec in _SPECS}
