# SPDX-License-Identifier: Apache-2.0
"""What operators of a `.tflite` file mean, on float32 tensors of TensorFlow: gradients flow.

An operator takes its tensors as real values and gives its result as real values; whatever rounding
an int8 kernel does in between is left to whoever rounds the result to its scale. Shapes in the file
are those of a batch of one; here the batch is whatever comes in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

Operator = Callable[[Sequence[Any], Any, Sequence[int]], Any]
"""(inputs, options of the schema, shape of the output in the file) -> output or list of them."""

_PADDINGS = ("SAME", "VALID")
_ACTIVATIONS: tuple[Callable[[Any], Any], ...] = (
    lambda x: x,
    tf.nn.relu,
    lambda x: tf.clip_by_value(x, -1.0, 1.0),
    tf.nn.relu6,
    tf.nn.tanh,
)
"""By the number of the schema's ActivationFunctionType."""


def _activated(x: Any, options: Any) -> Any:
    return _ACTIVATIONS[options.fusedActivationFunction](x)


def _strides(options: Any) -> list[int]:
    return [1, options.strideH, options.strideW, 1]


def _conv_2d(inputs: Sequence[Any], options: Any, _: Sequence[int]) -> Any:
    x, weights, *bias = inputs
    kernel = tf.transpose(weights, (1, 2, 3, 0))
    dilations = [1, options.dilationHFactor, options.dilationWFactor, 1]
    strides = _strides(options)
    if tuple(kernel.shape[:2]) == (1, 1):
        # The pixels that it reads: oneDNN 3.5 ends the process over the gradient with strides.
        x, strides = x[:, :: options.strideH, :: options.strideW], [1, 1, 1, 1]
    y = tf.nn.conv2d(x, kernel, strides, _PADDINGS[options.padding], dilations=dilations)
    return _activated(y + bias[0] if bias else y, options)


def _depthwise_conv_2d(inputs: Sequence[Any], options: Any, _: Sequence[int]) -> Any:
    x, weights, *bias = inputs
    _, height, width, channels = weights.shape
    kernel = tf.reshape(weights, (height, width, x.shape[3], channels // x.shape[3]))
    dilations = [options.dilationHFactor, options.dilationWFactor]
    strides, padding = _strides(options), _PADDINGS[options.padding]
    if strides[1] != strides[2] or (dilations != [1, 1] and strides[1] > 1):
        # TensorFlow has no such depthwise convolution: of a grouped one the result is the same.
        grouped = tf.reshape(kernel, (height, width, 1, channels))
        y = tf.nn.conv2d(x, grouped, strides, padding, dilations=[1, *dilations, 1])
    else:
        y = tf.nn.depthwise_conv2d(x, kernel, strides, padding, dilations=dilations)
    return _activated(y + bias[0] if bias else y, options)


def _transpose_conv(inputs: Sequence[Any], options: Any, shape: Sequence[int]) -> Any:
    _, weights, x, *bias = inputs
    kernel = tf.transpose(weights, (1, 2, 0, 3))
    wanted = tf.concat([tf.shape(x)[:1], tf.constant(list(shape[1:]), tf.int32)], 0)
    y = tf.nn.conv2d_transpose(x, kernel, wanted, _strides(options), _PADDINGS[options.padding])
    return _activated(y + bias[0] if bias else y, options)


def _fully_connected(inputs: Sequence[Any], options: Any, shape: Sequence[int]) -> Any:
    x, weights, *bias = inputs
    y = tf.matmul(tf.reshape(x, (-1, weights.shape[1])), weights, transpose_b=True)
    y = _activated(y + bias[0] if bias and bias[0] is not None else y, options)
    return tf.reshape(y, _batched(shape))


def _batched(shape: Sequence[int]) -> list[int]:
    """A shape of the file for any batch."""
    return [-1, *shape[1:]]


def _pool(kind: str) -> Operator:
    def pool(inputs: Sequence[Any], options: Any, _: Sequence[int]) -> Any:
        window = [1, options.filterHeight, options.filterWidth, 1]
        function = tf.nn.avg_pool2d if kind == "AVG" else tf.nn.max_pool2d
        y = function(inputs[0], window, _strides(options), _PADDINGS[options.padding])
        return _activated(y, options)

    return pool


def _both(function: Callable[[Any, Any], Any]) -> Operator:
    def both(inputs: Sequence[Any], options: Any, _: Sequence[int]) -> Any:
        y = function(*inputs)
        return _activated(y, options) if hasattr(options, "fusedActivationFunction") else y

    return both


def _one(function: Callable[[Any], Any]) -> Operator:
    return lambda inputs, options, shape: function(inputs[0])


def _over_axes(function: Callable[..., Any]) -> Operator:
    def reduce(inputs: Sequence[Any], options: Any, shape: Sequence[int]) -> Any:
        y = function(inputs[0], axis=tf.reshape(inputs[1], (-1,)), keepdims=options.keepDims)
        return tf.reshape(y, _batched(shape))

    return reduce


def _reshaped(inputs: Sequence[Any], _: Any, shape: Sequence[int]) -> Any:
    return tf.reshape(inputs[0], _batched(shape))


def _softmax(inputs: Sequence[Any], options: Any, _: Sequence[int]) -> Any:
    return tf.nn.softmax(inputs[0] * options.beta)


def _hard_swish(x: Any) -> Any:
    return x * tf.nn.relu6(x + 3.0) / 6.0


def _leaky_relu(inputs: Sequence[Any], options: Any, _: Sequence[int]) -> Any:
    return tf.nn.leaky_relu(inputs[0], options.alpha)


def _gelu(inputs: Sequence[Any], options: Any, _: Sequence[int]) -> Any:
    return tf.nn.gelu(inputs[0], approximate=bool(options.approximate))


def _prelu(inputs: Sequence[Any], _: Any, __: Sequence[int]) -> Any:
    x, alpha = inputs
    return tf.nn.relu(x) + alpha * tf.minimum(x, 0.0)


def _pad(inputs: Sequence[Any], _: Any, __: Sequence[int]) -> Any:
    x, pads, *value = inputs
    if not value:
        return tf.pad(x, pads)
    return tf.pad(x - value[0], pads) + value[0]


def _mirror_pad(inputs: Sequence[Any], options: Any, _: Sequence[int]) -> Any:
    return tf.pad(inputs[0], inputs[1], ("REFLECT", "SYMMETRIC")[options.mode])


def _concatenation(inputs: Sequence[Any], options: Any, _: Sequence[int]) -> Any:
    # Constants of the file have a batch of one, whatever the batch of the others is.
    batch = tf.reduce_max(tf.stack([tf.shape(x)[0] for x in inputs]))
    parts = [
        tf.ensure_shape(tf.repeat(x, batch // tf.shape(x)[0], axis=0), [None, *x.shape[1:]])
        for x in inputs
    ]
    return _activated(tf.concat(parts, options.axis), options)


def _pack(inputs: Sequence[Any], options: Any, _: Sequence[int]) -> Any:
    return tf.stack(list(inputs), options.axis)


def _unpack(inputs: Sequence[Any], options: Any, _: Sequence[int]) -> Any:
    return tf.unstack(inputs[0], options.num, options.axis)


def _split(inputs: Sequence[Any], options: Any, _: Sequence[int]) -> Any:
    axis, x = inputs
    return tf.split(x, options.numSplits, tf.reshape(axis, ()))


def _transpose(inputs: Sequence[Any], _: Any, __: Sequence[int]) -> Any:
    return tf.transpose(inputs[0], inputs[1])


def _strided_slice(inputs: Sequence[Any], options: Any, _: Sequence[int]) -> Any:
    x, begin, end, strides = inputs
    # The whole batch of one is the whole batch of many.
    return tf.strided_slice(
        x,
        begin,
        end,
        strides,
        begin_mask=options.beginMask | 1,
        end_mask=options.endMask | 1,
        ellipsis_mask=options.ellipsisMask,
        new_axis_mask=options.newAxisMask,
        shrink_axis_mask=options.shrinkAxisMask,
    )


def _slice(inputs: Sequence[Any], _: Any, __: Sequence[int]) -> Any:
    x, begin, size = inputs
    whole = tf.concat([tf.constant([-1], size.dtype), size[1:]], 0)
    return tf.slice(x, begin, whole)


def _resize(method: str) -> Operator:
    def resize(inputs: Sequence[Any], options: Any, _: Sequence[int]) -> Any:
        name = "ResizeBilinear" if method == "bilinear" else "ResizeNearestNeighbor"
        return getattr(tf.raw_ops, name)(
            images=inputs[0],
            size=inputs[1],
            align_corners=bool(options.alignCorners),
            half_pixel_centers=bool(options.halfPixelCenters),
        )

    return resize


def _batch_matmul(inputs: Sequence[Any], options: Any, _: Sequence[int]) -> Any:
    return tf.matmul(*inputs, transpose_a=bool(options.adjX), transpose_b=bool(options.adjY))


def _tile(inputs: Sequence[Any], _: Any, __: Sequence[int]) -> Any:
    return tf.tile(*inputs)


def _gather(inputs: Sequence[Any], options: Any, _: Sequence[int]) -> Any:
    return tf.gather(*inputs, axis=options.axis, batch_dims=options.batchDims)


def _space_to_depth(inputs: Sequence[Any], options: Any, _: Sequence[int]) -> Any:
    return tf.nn.space_to_depth(inputs[0], options.blockSize)


def _depth_to_space(inputs: Sequence[Any], options: Any, _: Sequence[int]) -> Any:
    return tf.nn.depth_to_space(inputs[0], options.blockSize)


OPERATORS: dict[str, Operator] = {
    "ABS": _one(tf.abs),
    "ADD": _both(tf.add),
    "AVERAGE_POOL_2D": _pool("AVG"),
    "BATCH_MATMUL": _batch_matmul,
    "CONCATENATION": _concatenation,
    "CONV_2D": _conv_2d,
    "DEPTH_TO_SPACE": _depth_to_space,
    "DEPTHWISE_CONV_2D": _depthwise_conv_2d,
    "DEQUANTIZE": _one(tf.identity),
    "DIV": _both(tf.divide),
    "ELU": _one(tf.nn.elu),
    "EXP": _one(tf.exp),
    "EXPAND_DIMS": _reshaped,
    "FULLY_CONNECTED": _fully_connected,
    "GATHER": _gather,
    "GELU": _gelu,
    "HARD_SWISH": _one(_hard_swish),
    "LEAKY_RELU": _leaky_relu,
    "LOGISTIC": _one(tf.nn.sigmoid),
    "LOG_SOFTMAX": _one(tf.nn.log_softmax),
    "MAXIMUM": _both(tf.maximum),
    "MAX_POOL_2D": _pool("MAX"),
    "MEAN": _over_axes(tf.reduce_mean),
    "MINIMUM": _both(tf.minimum),
    "MIRROR_PAD": _mirror_pad,
    "MUL": _both(tf.multiply),
    "NEG": _one(tf.negative),
    "PACK": _pack,
    "PAD": _pad,
    "PADV2": _pad,
    "PRELU": _prelu,
    "QUANTIZE": _one(tf.identity),
    "REDUCE_MAX": _over_axes(tf.reduce_max),
    "REDUCE_MIN": _over_axes(tf.reduce_min),
    "RELU": _one(tf.nn.relu),
    "RELU6": _one(tf.nn.relu6),
    "RELU_N1_TO_1": _one(_ACTIVATIONS[2]),
    "RESHAPE": _reshaped,
    "RESIZE_BILINEAR": _resize("bilinear"),
    "RESIZE_NEAREST_NEIGHBOR": _resize("nearest"),
    "RSQRT": _one(tf.math.rsqrt),
    "SLICE": _slice,
    "SOFTMAX": _softmax,
    "SPACE_TO_DEPTH": _space_to_depth,
    "SPLIT": _split,
    "SQRT": _one(tf.sqrt),
    "SQUARED_DIFFERENCE": _both(tf.math.squared_difference),
    "SQUEEZE": _reshaped,
    "STRIDED_SLICE": _strided_slice,
    "SUB": _both(tf.subtract),
    "SUM": _over_axes(tf.reduce_sum),
    "TANH": _one(tf.nn.tanh),
    "TILE": _tile,
    "TRANSPOSE": _transpose,
    "TRANSPOSE_CONV": _transpose_conv,
    "UNPACK": _unpack,
}
"""The operators that can be trained through; none of them mixes samples of a batch."""
