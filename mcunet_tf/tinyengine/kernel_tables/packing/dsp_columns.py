# SPDX-License-Identifier: Apache-2.0
"""Weight stream and scratch size of `conv2d_s8_columns_dsp`, whose windows share columns."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.kernel_tables.packing import dsp

KERNEL_WIDTH = 3
_COLUMN_ORDER = {1: (0, 1, 2), 2: (0, 2, 1)}


def pack_conv2d_columns(
    weights: npt.ArrayLike,
    bias: npt.ArrayLike,
    multiplier: npt.ArrayLike,
    shift: npt.ArrayLike,
    stride: int,
) -> dsp.Bytes:
    """Packs the stream of `conv2d_s8_columns_dsp`.

    Args:
        weights: int8 [out_channels >= 2, kernel_height, 3 or 1, in_channels].
        bias: folded, [out_channels].
        multiplier: Q31 [out_channels].
        shift: TFLite's [out_channels].
        stride: 1 or 2, along a row.
    """
    kernel = np.asarray(weights, np.int64)
    if kernel.shape[2] == KERNEL_WIDTH:
        kernel = kernel[:, :, _COLUMN_ORDER[stride]]
    kernel = np.pad(kernel, ((0, 0), (0, 0), (0, 0), (0, -kernel.shape[3] % 4)))
    outputs, height, width, inputs = kernel.shape
    # Channel 4 q + 2 j + h of a tap is input j of word h; words go by row, q, h and column.
    words = kernel.reshape(outputs, height, width, inputs // 4, 2, 2).transpose(0, 1, 3, 5, 2, 4)
    # The tile's stream takes inputs (k, k + 2) for a word and (k + 1, k + 3) for the next one.
    order = words.reshape(outputs, -1, 2, 2).transpose(0, 1, 3, 2)
    return dsp.pack_conv2d_1x1(order.reshape(outputs, -1), bias, multiplier, shift)


def tile_columns(pixels: int, kernel_width: int, stride: int) -> int:
    """Columns that the windows of a tile see."""
    return pixels if kernel_width == 1 else (pixels - 1) * stride + kernel_width


def scratch_bytes_conv2d_columns(
    kernel: tuple[int, int], in_channels: int, stride: int, out_width: int
) -> int:
    """Scratch of `conv2d_s8_columns_dsp`: zero points, and a tile's columns as halves.

    Args:
        kernel: height and width of a window.
        in_channels: channels of the input.
        stride: along a row.
        out_width: columns of the output.
    """
    columns = tile_columns(dsp.conv2d_tile_pixels(out_width), kernel[1], stride)
    return 4 * -(-in_channels // 4) * ((kernel[1] > 1) + 2 * columns * kernel[0])
