# SPDX-License-Identifier: Apache-2.0
"""Weight streams and scratch sizes of the `_simd` rows.

Layouts are stated in the C files; this module is their twin. Biases have the input zero point
folded in; shifts follow TFLite: negative means right. Streams are uint8 arrays, little endian, to
be placed at 4-byte aligned addresses. Any weight, shift, clamp, multiplier and sum that int32 holds
will do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

BLOCK = 16
TILE_PIXELS = 4
_LANE_CHANNELS = np.r_[0:4, 8:12, 4:8, 12:16]  # of the two vectors of a block
_POINTER_BYTES = 8
_SCRATCH_ALIGNMENT = 4


def pack_conv2d(
    weights: npt.ArrayLike, bias: npt.ArrayLike, multiplier: npt.ArrayLike, shift: npt.ArrayLike
) -> Bytes:
    """Packs the stream of `conv2d_tile_simd.h`.

    Args:
        weights: int8 [out_channels, ...], the inputs in the order in which they are gathered.
        bias: folded, [out_channels].
        multiplier: Q31 [out_channels].
        shift: TFLite's [out_channels].
    """
    rows = np.asarray(weights, np.int64)
    taps = rows.reshape(len(rows), -1).T
    return _pack(taps, np.stack([bias, multiplier, shift]), np.dtype("<i1"))


def pack_depthwise(
    weights: npt.ArrayLike, bias: npt.ArrayLike, multiplier: npt.ArrayLike, shift: npt.ArrayLike
) -> Bytes:
    """Packs the stream of `depthwise_conv2d_s8_simd`.

    Args:
        weights: int8 [kernel_height, kernel_width, channels].
        bias: folded, [channels].
        multiplier: Q31 [channels].
        shift: TFLite's [channels].
    """
    kernel = np.asarray(weights, np.int64)
    taps = kernel.reshape(-1, kernel.shape[2])
    return _pack(taps, np.stack([bias, multiplier, shift]), np.dtype("<i2"))


def _pack(
    taps: npt.NDArray[np.int64], constants: npt.NDArray[np.int64], dtype: np.dtype[Any]
) -> Bytes:
    """Blocks of constants [3, channels] and taps [taps, channels], in integers of some width."""
    channels = taps.shape[1]
    fill = max(BLOCK - channels, 0)
    taps = np.pad(taps, ((0, len(taps) % 2), (0, fill)))
    constants = np.pad(constants, ((0, 0), (0, fill)))
    pieces: list[Bytes] = []
    for start in _block_starts(channels):
        lanes = start + _LANE_CHANNELS
        pairs = taps[:, lanes].reshape(-1, 2, BLOCK).transpose(0, 2, 1)
        pieces += [_bytes(constants[:, lanes], np.dtype("<i4")), _bytes(pairs, dtype)]
    return np.concatenate(pieces)


def _bytes(values: npt.NDArray[np.int64], dtype: np.dtype[Any]) -> Bytes:
    return np.ascontiguousarray(values.astype(dtype)).view(np.uint8).reshape(-1)


def _block_starts(channels: int) -> list[int]:
    """First channels of the blocks: the last block ends at the last channel."""
    last = max(channels - BLOCK, 0)
    return [*range(0, last, BLOCK), last]


def scratch_bytes_conv2d(taps: int) -> int:
    """Scratch of the dense rows: a tile of pixels of `taps` inputs in int16."""
    return TILE_PIXELS * _even(taps) * 2


def scratch_bytes_depthwise(kernel: tuple[int, int], in_width: int, channels: int) -> int:
    """Scratch of `depthwise_conv2d_s8_simd`.

    Args:
        kernel: height and width.
        in_width: width of the input.
        channels: the channels of input and output.
    """
    height, width = kernel
    pointers = _POINTER_BYTES * (_even(height * width) + height)
    copies = height * (in_width * channels + BLOCK) if channels < BLOCK else 0
    return _POINTER_BYTES - _SCRATCH_ALIGNMENT + pointers + max(channels, BLOCK) + copies


def _even(count: int) -> int:
    return count + count % 2
