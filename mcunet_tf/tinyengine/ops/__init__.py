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
    shape,
    softmax,
)
from mcunet_tf.tinyengine.ops.spec import OpSpec

_SPECS = (
    conv2d.CONV_2D,
    depthwise_conv2d.DEPTHWISE_CONV_2D,
    fully_connected.FULLY_CONNECTED,
    elementwise.ADD,
    elementwise.MUL,
    pool2d.AVERAGE_POOL_2D,
    pool2d.MAX_POOL_2D,
    mean.MEAN,
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
    layout.TRANSPOSE,
    layout.PAD,
    layout.PADV2,
    layout.CONCATENATION,
    layout.RESIZE_NEAREST_NEIGHBOR,
    shape.SHAPE,
    shape.STRIDED_SLICE,
    shape.PACK,
)

SPECS: dict[str, OpSpec] = {spec.kind: spec for spec in _SPECS}
