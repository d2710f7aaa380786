# SPDX-License-Identifier: Apache-2.0
"""Keras layers of which a part computes: the part is given by int32 tensors, call by call.

One trace serves every sub-network, because sizes are values and not shapes. Batch-norm always uses
the statistics of its batch or statistics that are handed in; none are kept, since those of one
sub-network are wrong for the next.

On a CPU batch-norm costs as much as the convolutions, all of it for passes over memory. So it goes
into the weights of the convolution before it wherever the statistics can be had without the
convolution's result: where they are handed in, and where a 1x1 convolution makes more channels than
it reads, as the mean and covariance of what it reads give those of what it makes.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from mcunet_tf.tinynas.build import NORM_EPSILON
from mcunet_tf.tinynas.depthwise import depthwise
from mcunet_tf.tinynas.layer import ALIKE, SAME, Size, pair

Statistics = tuple[Any, Any]
"""Mean and variance of one batch-norm layer, zero-padded to all of its channels."""


class SharedConv(keras.layers.Layer):
    """A dense convolution of the first input channels to the first output channels."""

    channel_axis = 3

    def __init__(
        self,
        kernel: Size,
        in_channels: int,
        out_channels: int,
        stride: Size,
        name: str,
        padding: str = SAME,
    ):
        super().__init__(name=name)
        self.padding = padding
        self.size = pair(kernel)
        self.stride = pair(stride)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(*self.size, in_channels, out_channels),
            initializer="he_normal",
        )
        self.pointwise = self.size == (1, 1)
        self.widens = self.pointwise and self.stride == (1, 1) and in_channels < out_channels
        self.built = True

    def part(self, size: Any = None, in_channels: Any = None, out_channels: Any = None) -> Any:
        """The middle of the windows between the first channels; None stands for the whole."""
        kernel = self.kernel[:, :, :in_channels, :out_channels]
        return kernel if size is None or self.size == (1, 1) else _middle(kernel, self.size, size)

    def scaled(self, kernel: Any, scale: Any) -> Any:
        """Weights that give each output channel times its scale."""
        return kernel * scale

    def call(self, x: Any, kernel: Any) -> Any:
        """Convolves `[n, h, w, in_channels]` by weights of `part`."""
        if self.pointwise:
            # The pixels that a strided one reads: oneDNN 3.5 ends the process over its gradient.
            rows, columns = self.stride
            read = x if self.stride == (1, 1) else x[:, ::rows, ::columns]
            return _pointwise(read, kernel)
        if self.padding == ALIKE and self.stride != (1, 1):
            return tf.nn.conv2d(_padded_alike(x, kernel), kernel, self.stride, "VALID")
        return tf.nn.conv2d(x, kernel, self.stride, "SAME")


class SharedDepthwise(keras.layers.Layer):
    """A depthwise convolution of the first channels with the middle of each window."""

    channel_axis = 2
    widens = False

    def __init__(self, kernel: Size, channels: int, stride: Size, name: str, padding: str = SAME):
        super().__init__(name=name)
        self.padding = padding
        self.size = pair(kernel)
        self.stride = pair(stride)[0]
        # Of he_normal: the fan-in of a depthwise window is its own size.
        fan_in = self.size[0] * self.size[1]
        spread = keras.initializers.RandomNormal(stddev=(2.0 / fan_in) ** 0.5)
        self.kernel = self.add_weight(
            name="kernel", shape=(*self.size, channels, 1), initializer=spread
        )
        self.built = True

    def part(self, size: Any = None, in_channels: Any = None, out_channels: Any = None) -> Any:
        """The middle of the windows of the first channels; None stands for the whole.

        There are as many output channels as input channels: `in_channels` says nothing more.
        """
        kernel = self.kernel[:, :, :out_channels]
        return kernel if size is None else _middle(kernel, self.size, size)

    def scaled(self, kernel: Any, scale: Any) -> Any:
        """Weights that give each channel times its scale."""
        return kernel * scale[:, tf.newaxis]

    def call(self, x: Any, kernel: Any) -> Any:
        """Filters `[n, h, w, channels]` by weights of `part`."""
        if self.padding == ALIKE and self.stride != 1:
            strides = (1, self.stride, self.stride, 1)
            return tf.nn.depthwise_conv2d(_padded_alike(x, kernel), kernel, strides, "VALID")
        return depthwise(x, kernel, self.stride)


class SharedNorm(keras.layers.Layer):
    """Batch-norm of the first channels, without statistics of its own."""

    def __init__(self, channels: int, name: str):
        super().__init__(name=name)
        self.channels = channels
        self.gamma = self.add_weight(name="gamma", shape=(channels,), initializer="ones")
        self.beta = self.add_weight(name="beta", shape=(channels,), initializer="zeros")
        self.built = True

    def call(self, x: Any) -> tuple[Any, Statistics]:
        """Normalises `[n, h, w, channels]` by its own statistics; gives them, too."""
        channels = tf.shape(x)[3]
        y, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            x, self.gamma[:channels], self.beta[:channels], epsilon=NORM_EPSILON, is_training=True
        )
        return y, self._padded(mean, variance)

    def scale_and_shift(self, mean: Any, variance: Any) -> tuple[Any, Any]:
        """What to multiply with and to add, per channel, for the first channels' statistics."""
        channels = tf.shape(mean)[0]
        scale = self.gamma[:channels] * tf.math.rsqrt(variance + NORM_EPSILON)
        return scale, self.beta[:channels] - mean * scale

    def of_widening(self, x: Any, kernel: Any) -> tuple[Any, Any, Statistics]:
        """Scale, shift and statistics for a 1x1 convolution, from what it reads."""
        mean, covariance = _mean_and_covariance(x)
        weights = kernel[0, 0]
        means = tf.linalg.matvec(weights, mean, transpose_a=True)
        # Rounding may leave a variance of nothing just below zero.
        variances = tf.nn.relu(tf.reduce_sum(weights * tf.matmul(covariance, weights), axis=0))
        count = tf.cast(tf.size(x) // tf.shape(x)[3], tf.float32)
        # As TensorFlow's batch-norm gives it: of the population that the batch is a sample of.
        unbiased = variances * (count / tf.maximum(count - 1, 1))
        return *self.scale_and_shift(means, variances), self._padded(means, unbiased)

    def _padded(self, *values: Any) -> Statistics:
        padding = [[0, self.channels - tf.shape(values[0])[0]]]
        mean, variance = (
            tf.ensure_shape(tf.pad(value, padding), (self.channels,)) for value in values
        )
        return mean, variance


def _middle(kernel: Any, whole: tuple[int, int], size: Any) -> Any:
    """The middle of windows: `size` rows, and of square ones as many columns."""
    first = (whole[0] - size) // 2
    rows = kernel[first : first + size]
    return rows[:, first : first + size] if whole[0] == whole[1] else rows


def convolve_and_norm(
    conv: SharedConv | SharedDepthwise,
    norm: SharedNorm,
    x: Any,
    kernel: Any,
    statistics: Statistics | None = None,
) -> tuple[Any, Statistics]:
    """Convolves, then normalises the result.

    Args:
        conv: the convolution.
        norm: the batch-norm of its output channels.
        x: the input of the convolution, `[n, h, w, channels]`.
        kernel: the weights that `conv.part` gives.
        statistics: mean and variance to normalise with; None takes the batch's own.

    Returns:
        The result and the statistics that were used.
    """
    if statistics is not None:
        channels = tf.shape(kernel)[conv.channel_axis]
        scale, shift = norm.scale_and_shift(*(value[:channels] for value in statistics))
        used = statistics
    elif conv.widens:
        scale, shift, used = norm.of_widening(x, kernel)
    else:
        y, used = norm(conv(x, kernel))
        return y, used
    return _add_shift(conv(x, conv.scaled(kernel, scale)), shift), used


def _padded_alike(x: Any, kernel: Any) -> Any:
    """An image with zeros around it, half of the window on each side."""
    rows, columns = tf.shape(kernel)[0] // 2, tf.shape(kernel)[1] // 2
    return tf.pad(x, [[0, 0], [rows, rows], [columns, columns], [0, 0]])


def _pointwise(x: Any, kernel: Any) -> Any:
    """A 1x1 convolution, with the faster gradient of its weights that a matrix product is."""

    def convolve(x: Any, kernel: Any) -> Any:
        def gradients(dy: Any) -> tuple[Any, Any]:
            dx = tf.raw_ops.Conv2DBackpropInput(
                input_sizes=tf.shape(x),
                filter=kernel,
                out_backprop=dy,
                strides=(1, 1, 1, 1),
                padding="SAME",
            )
            weights = tf.matmul(_rows(x), _rows(dy), transpose_a=True)
            return dx, weights[tf.newaxis, tf.newaxis]

        return tf.nn.conv2d(x, kernel, 1, "SAME"), gradients

    return tf.custom_gradient(convolve)(x, kernel)


def _add_shift(x: Any, shift: Any) -> Any:
    """Adds to each channel, with a gradient that oneDNN does not merge into a slower operator."""

    def add(x: Any, shift: Any) -> Any:
        def gradients(dy: Any) -> tuple[Any, Any]:
            rows = _rows(dy)
            return dy, tf.matmul(tf.ones([1, tf.shape(rows)[0]]), rows)[0]

        return tf.nn.bias_add(x, shift), gradients

    return tf.custom_gradient(add)(x, shift)


def _rows(x: Any) -> Any:
    """`[n, h, w, c]` as `[pixels, c]`."""
    return tf.reshape(x, [-1, x.shape[3] or tf.shape(x)[3]])


def _mean_and_covariance(x: Any) -> tuple[Any, Any]:
    """Mean `[c]` and covariance `[c, c]` of the pixels of float32 `[n, h, w, c]`."""

    def moments(rows: Any) -> Any:
        count = tf.shape(rows)[0]
        scale = 1.0 / tf.cast(count, tf.float32)
        mean = tf.matmul(tf.fill([1, count], scale), rows)[0]
        squares = tf.matmul(rows, rows, transpose_a=True) * scale

        def gradients(of_mean: Any, of_squares: Any) -> Any:
            # TensorFlow's own would pass over the rows four times.
            both = (of_squares + tf.transpose(of_squares)) * scale
            return tf.nn.bias_add(tf.matmul(rows, both), of_mean * scale)

        return (mean, squares), gradients

    mean, squares = tf.custom_gradient(moments)(_rows(x))
    return mean, squares - tf.tensordot(mean, mean, axes=0)
