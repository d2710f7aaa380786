# SPDX-License-Identifier: Apache-2.0
"""Keras layers of which a part computes: the part is given by int32 tensors, call by call.

One trace serves every sub-network, because sizes are values and not shapes. Batch-norm always uses
the statistics of its batch or statistics that are handed in; none are kept, since those of one
sub-network are wrong for the next.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from mcunet_tf.tinynas.build import NORM_EPSILON

Statistics = tuple[Any, Any]
"""Mean and variance of one batch-norm layer, zero-padded to all of its channels."""


class SharedConv(keras.layers.Layer):
    """A dense convolution of the first input channels to the first output channels."""

    def __init__(self, kernel: int, in_channels: int, out_channels: int, stride: int, name: str):
        super().__init__(name=name)
        self.stride = stride
        self.kernel = self.add_weight(
            name="kernel",
            shape=(kernel, kernel, in_channels, out_channels),
            initializer="he_normal",
        )

    def call(self, x: Any, in_channels: Any = None, out_channels: Any = None) -> Any:
        """Convolves `[n, h, w, in_channels]` with SAME padding; None stands for all channels."""
        kernel = self.kernel[:, :, :in_channels, :out_channels]
        return tf.nn.conv2d(x, kernel, self.stride, "SAME")


class SharedDepthwise(keras.layers.Layer):
    """A depthwise convolution of the first channels with the middle of each window."""

    def __init__(self, kernel: int, channels: int, stride: int, name: str):
        super().__init__(name=name)
        self.size = kernel
        self.stride = stride
        # Of he_normal: the fan-in of a depthwise window is its own size.
        spread = keras.initializers.RandomNormal(stddev=(2.0 / kernel**2) ** 0.5)
        self.kernel = self.add_weight(
            name="kernel", shape=(kernel, kernel, channels, 1), initializer=spread
        )

    def call(self, x: Any, size: Any = None, channels: Any = None) -> Any:
        """Filters `[n, h, w, channels]` with SAME padding; None stands for the whole."""
        kernel = self.kernel[:, :, :channels]
        if size is not None:
            first = (self.size - size) // 2
            kernel = kernel[first : first + size, first : first + size]
        return depthwise(x, kernel, self.stride)


def depthwise(x: Any, kernel: Any, stride: int) -> Any:
    """TensorFlow's depthwise convolution with SAME padding, and a faster gradient of its kernel.

    Args:
        x: float32 `[n, h, w, c]`.
        kernel: float32 `[k, k, c, 1]`, k odd.
        stride: Of both axes.
    """
    options = {"strides": (1, stride, stride, 1), "padding": "SAME"}

    def convolve(x: Any, kernel: Any) -> Any:
        def gradients(dy: Any) -> tuple[Any, Any]:
            dx = tf.raw_ops.DepthwiseConv2dNativeBackpropInput(
                input_sizes=tf.shape(x), filter=kernel, out_backprop=dy, **options
            )
            return dx, _kernel_gradient(x, kernel, dy, options)

        return tf.raw_ops.DepthwiseConv2dNative(input=x, filter=kernel, **options), gradients

    return tf.custom_gradient(convolve)(x, kernel)


_FAST_COLUMNS = 3
"""The widest window of which oneDNN 3.5 (TensorFlow 2.19) has a depthwise weight gradient: wider
ones take its dense one over blocks of 16 channels, and 15 of 16 products are thrown away."""


def _kernel_gradient(x: Any, kernel: Any, dy: Any, options: dict[str, Any]) -> Any:
    """Gradient of a depthwise kernel: where that is faster, of a few columns at a time."""
    shape = tf.shape(kernel)

    def at_once() -> Any:
        return tf.raw_ops.DepthwiseConv2dNativeBackpropFilter(
            input=x, filter_sizes=shape, out_backprop=dy, **options
        )

    def by_columns() -> Any:
        size, width = shape[0], tf.shape(x)[2]
        border = size // 2
        padded = tf.pad(x, [[0, 0], [border, border], [border, border], [0, 0]])

        def columns(first: int) -> Any:
            count = tf.minimum(_FAST_COLUMNS, size - first)
            return tf.raw_ops.DepthwiseConv2dNativeBackpropFilter(
                input=padded[:, :, first : first + width + count - 1],
                filter_sizes=[size, count, shape[2], 1],
                out_backprop=dy,
                strides=options["strides"],
                padding="VALID",
            )

        parts = [columns(0), columns(_FAST_COLUMNS)]
        last = 2 * _FAST_COLUMNS
        parts.append(
            tf.cond(size > last, lambda: columns(last), lambda: tf.zeros([size, 0, shape[2], 1]))
        )
        return tf.concat(parts, axis=1)

    # Copies of an image that is read every other pixel cost more than they gain.
    if options["strides"][1] > 1:
        return at_once()
    return tf.cond(shape[0] > _FAST_COLUMNS, by_columns, at_once)


class SharedNorm(keras.layers.Layer):
    """Batch-norm of the first channels, without statistics of its own."""

    def __init__(self, channels: int, name: str):
        super().__init__(name=name)
        self.channels = channels
        self.gamma = self.add_weight(name="gamma", shape=(channels,), initializer="ones")
        self.beta = self.add_weight(name="beta", shape=(channels,), initializer="zeros")

    def call(
        self, x: Any, channels: Any = None, statistics: Statistics | None = None
    ) -> tuple[Any, Statistics]:
        """Normalises `[n, h, w, channels]`.

        Args:
            x: What to normalise.
            channels: How many of the layer's channels there are; None for all.
            statistics: What to normalise with; the batch's own where None.

        Returns:
            The result and the statistics that were used.
        """
        gamma, beta = self.gamma[:channels], self.beta[:channels]
        given: dict[str, Any] = {"is_training": True}
        if statistics is not None:
            mean, variance = (value[:channels] for value in statistics)
            given = {"is_training": False, "mean": mean, "variance": variance}
        y, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            x, gamma, beta, epsilon=NORM_EPSILON, **given
        )
        if statistics is not None:
            return y, statistics
        return y, (self._padded(mean), self._padded(variance))

    def _padded(self, values: Any) -> Any:
        padding = [[0, self.channels - tf.shape(values)[0]]]
        return tf.ensure_shape(tf.pad(values, padding), (self.channels,))
