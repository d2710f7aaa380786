# SPDX-License-Identifier: Apache-2.0
"""Weight streams and scratch sizes of the `_rvv` rows, and what they ask of a layer.

Layouts are stated in the C files; this module is their twin. None depends on the length of vector
registers. Biases have the input zero point folded in; shifts follow TFLite: negative means right.
Any clamp, multiplier, shift and sum that int32 holds will do.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

TILE_PIXELS = 3
"""Pixels of a tile of a dense convolution."""

MOST_LANES, RUN_PIXELS = 32, 16
"""Channels that a depthwise convolution makes at once, and outputs that wait, at most."""


def pack_taps(
    weights: npt.ArrayLike, bias: npt.ArrayLike, multiplier: npt.ArrayLike, shift: npt.ArrayLike
) -> Bytes:
    """Packs the stream of `tile_rvv.h`.

    Args:
        weights: int8 [channels, ...], the taps in the order in which they are read.
        bias: folded, [channels].
        multiplier: Q31 [channels].
        shift: TFLite's [channels].
    """
    rows = np.asarray(weights, np.int8).reshape(len(np.asarray(weights)), -1)
    shifts = np.asarray(shift, np.int64)
    lefts = np.maximum(shifts, 0).astype(np.int8)
    # What is shifted by nothing must not be rounded away from zero, either.
    any_scale = int((shifts >= 0).any())
    parts = [
        np.array([any_scale], "<i4"),
        np.asarray(bias, np.int64).astype("<i4"),
        np.asarray(multiplier, np.int64).astype("<i4"),
        np.maximum(-shifts, 0).astype("<i2"),
        lefts if any_scale else lefts[:0],
        np.ascontiguousarray(rows.T).reshape(-1),
    ]
    stream = np.concatenate([part.view(np.uint8) for part in parts])
    return np.pad(stream, (0, -len(stream) % 4))


def pack_depthwise(
    weights: npt.ArrayLike,
    bias: npt.ArrayLike,
    multiplier: npt.ArrayLike,
    shift: npt.ArrayLike,
    stride: int,
) -> Bytes:
    """Packs the stream of `depthwise_conv2d_s8_rvv`.

    Args:
        weights: int8 [channels, taps].
        bias: folded, [channels].
        multiplier: Q31 [channels].
        shift: TFLite's [channels].
        stride: of columns.
    """
    rows = np.asarray(weights, np.int8)
    pixels = pixels_at_once(len(rows), stride)
    vectors = (np.tile(np.asarray(it, np.int64), pixels) for it in (bias, multiplier, shift))
    return pack_taps(np.tile(rows, (pixels, 1)), *vectors)


def pixels_at_once(channels: int, stride: int) -> int:
    """Neighbouring pixels whose channels fill a vector together: 1 with strides across."""
    return max(1, MOST_LANES // channels) if stride == 1 else 1


def depthwise_reason(weights: npt.ArrayLike) -> str | None:
    """Says why the weights [height, width, channels] exclude the depthwise row, or None.

    Two products are added in 16 bits: of neighbours in a row of the kernel, of all nine taps in
    their order where it is 3 x 3.
    """
    kernel = np.asarray(weights, np.int64)
    lines = kernel.reshape(1, 9, -1) if kernel.shape[:2] == (3, 3) else kernel
    pairs = lines.shape[1] // 2
    first, second = lines[:, 0 : 2 * pairs : 2], lines[:, 1 : 2 * pairs : 2]
    if ((first == -128) & (second == -128)).any():
        return "two neighbouring weights of -128"
    return None


def scratch_bytes_conv2d(taps: int) -> int:
    """Scratch of the dense rows: the inputs of a tile.

    Args:
        taps: inputs of a window.
    """
    return TILE_PIXELS * taps


def scratch_bytes_depthwise(
    kernel: tuple[int, int], dilations: tuple[int, int], channels: int, waiting: int, ring: int
) -> int:
    """Scratch of `depthwise_conv2d_s8_rvv`.

    Args:
        kernel: height and width.
        dilations: the dilations of rows and columns.
        channels: of the image.
        waiting: outputs that may have to wait.
        ring: width of the output, where a call makes all of it from a ring of rows; else 0.
    """
    if ring:
        columns = ring + (kernel[1] - 1) * dilations[1]
        waiting = max(waiting, ((kernel[0] - 1) * dilations[0] + 1) * columns)
    return 4 * kernel[0] + waiting * min(channels, MOST_LANES)
