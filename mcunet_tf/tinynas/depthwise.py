# SPDX-License-Identifier: Apache-2.0
"""TensorFlow's depthwise convolution, with a faster gradient of wide kernels."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

_FAST_COLUMNS = 3
"""The widest window of which oneDNN 3.5 (TensorFlow 2.19) has a depthwise weight gradient: wider
ones take its dense one over blocks of 16 channels, and 15 of 16 products are thrown away."""


def depthwise(x: Any, kernel: Any, stride: int) -> Any:
    """Convolves with SAME padding; the gradients are TensorFlow's up to rounding.

    Args:
        x: float32 `[n, h, w, c]`.
        kernel: float32 `[k, l, c, 1]`, k and l odd; the fast gradient is that of square ones.
        stride: stride of both axes.
    """
    options = {"strides": (1, stride, stride, 1), "padding": "SAME"}

    def convolve(x: Any, kernel: Any) -> Any:
        def gradients(dy: Any) -> tuple[Any, Any]:
            dx = tf.raw_ops.DepthwiseConv2dNativeBackpropInput(
                input_sizes=tf.shape(x), filter=kernel, out_backprop=dy, **options
            )
            return dx, _kernel_gradient(x, tf.shape(kernel), dy, stride)

        return tf.raw_ops.DepthwiseConv2dNative(input=x, filter=kernel, **options), gradients

    return tf.custom_gradient(convolve)(x, kernel)


def _kernel_gradient(x: Any, shape: Any, dy: Any, stride: int) -> Any:
    """Gradient of a kernel of the given shape: of a wide one, a few columns at a time."""

    def at_once() -> Any:
        return tf.raw_ops.DepthwiseConv2dNativeBackpropFilter(
            input=x,
            filter_sizes=shape,
            out_backprop=dy,
            strides=(1, stride, stride, 1),
            padding="SAME",
        )

    if stride > 2:
        return at_once()
    of_wide = _of_every_pixel if stride == 1 else _of_every_other_pixel
    wide = tf.logical_and(shape[0] > _FAST_COLUMNS, shape[0] == shape[1])
    return tf.cond(wide, lambda: of_wide(x, shape[0], dy), at_once)


def _of_every_pixel(x: Any, size: Any, dy: Any) -> Any:
    border = size // 2
    padded = tf.pad(x, [[0, 0], [border, border], [border, border], [0, 0]])

    def columns(first: Any, count: Any) -> Any:
        return padded[:, :, first : first + tf.shape(dy)[2] + count - 1]

    return _by_columns(columns, size, size, dy)


def _of_every_other_pixel(x: Any, size: Any, dy: Any) -> Any:
    """Of stride 2: four gradients of stride 1, of the even and odd rows and columns."""
    half = (size + 1) // 2
    pads, outputs = [[0, 0]], tf.shape(dy)[1:3]
    for axis in (0, 1):
        extent = tf.shape(x)[axis + 1]
        before = tf.maximum(2 * outputs[axis] - 2 + size - extent, 0) // 2
        pads.append([before, 2 * (outputs[axis] - 1 + half) - extent - before])
    padded = tf.pad(x, [*pads, [0, 0]])
    extents = tf.shape(padded)
    # Slices of these axes copy whole pixels; slices with a step of two copy value by value.
    pairs = tf.reshape(
        padded, [extents[0], extents[1] // 2, 2, extents[2] // 2, 2, padded.shape[3] or extents[3]]
    )

    def phase(row: int, column: int) -> Any:
        rows, width = (size + 1 - row) // 2, (size + 1 - column) // 2

        def columns(first: Any, count: Any) -> Any:
            end = first + outputs[1] + count - 1
            return pairs[:, : outputs[0] + rows - 1, row, first:end, column]

        part = _by_columns(columns, rows, width, dy)
        return tf.pad(part, [[0, half - rows], [0, half - width], [0, 0], [0, 0]])

    merged = tf.stack([tf.stack([phase(row, 0), phase(row, 1)], axis=2) for row in (0, 1)], axis=1)
    shape = tf.shape(merged)
    return tf.reshape(merged, [2 * half, 2 * half, shape[4], 1])[:size, :size]


def _by_columns(columns: Any, rows: Any, width: Any, dy: Any) -> Any:
    """Gradient `[rows, width, c, 1]` of a window of stride 1 without padding.

    Args:
        columns: gives what `count` columns of the window read, from its column `first` on.
        rows: rows of the window.
        width: columns of the window, up to three times what is fast.
        dy: gradient of the output, `[n, h, w, c]`.
    """
    channels = tf.shape(dy)[3]

    def part(first: int) -> Any:
        count = tf.minimum(_FAST_COLUMNS, width - first)
        return tf.raw_ops.DepthwiseConv2dNativeBackpropFilter(
            input=columns(first, count),
            filter_sizes=[rows, count, channels, 1],
            out_backprop=dy,
            strides=(1, 1, 1, 1),
            padding="VALID",
        )

    def part_or_none(first: int) -> Any:
        return tf.cond(width > first, lambda: part(first), lambda: tf.zeros([rows, 0, channels, 1]))

    more = [part_or_none(first) for first in (_FAST_COLUMNS, 2 * _FAST_COLUMNS)]
    return tf.concat([part(0), *more], axis=1)
