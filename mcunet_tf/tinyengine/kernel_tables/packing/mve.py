# SPDX-License-Identifier: Apache-2.0
"""Weight streams and scratch sizes of the `_mve` rows, and what they ask of a layer.

Layouts are stated in the C files; this module is their twin. Biases have the input zero point
folded in; shifts follow TFLite: negative means right. Streams are uint8 arrays, little endian, to
be placed at 4-byte aligned addresses. Any clamp, multiplier and sum that int32 holds will do.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

LANES = 4
VECTOR_BYTES = 16


def shift_reason(shift: npt.ArrayLike) -> str | None:
    """Says why a layer's shifts exclude the `_mve` rows, or None where they do not."""
    greatest = int(np.max(np.asarray(shift, np.int64), initial=0))
    return None if greatest <= 0 else f"a shift is {greatest}; none may be to the left"


def _words(values: npt.ArrayLike) -> Bytes:
    wrapped = np.asarray(values, np.int64) & 0xFFFFFFFF
    return np.ascontiguousarray(wrapped.astype("<u4")).view(np.uint8)


def _constants(
    bias: npt.ArrayLike, multiplier: npt.ArrayLike, shift: npt.ArrayLike, any_scale: bool
) -> npt.NDArray[np.int64]:
    """[3 or 4, channels]: bias, multiplier, shift to the right, and the shift to the left."""
    shifts = np.asarray(shift, np.int64)
    rows = [np.asarray(bias, np.int64), np.asarray(multiplier, np.int64), np.minimum(shifts, 0)]
    return np.stack([*rows, np.maximum(shifts, 0)] if any_scale else rows)


def pack_conv2d(
    weights: npt.ArrayLike,
    bias: npt.ArrayLike,
    multiplier: npt.ArrayLike,
    shift: npt.ArrayLike,
    any_scale: bool = False,
) -> Bytes:
    """Packs the stream of `conv2d_tile_mve.h`: four channels at a time.

    Args:
        weights: int8 [out_channels, ...], the inputs in the order in which they are gathered.
        bias: folded, [out_channels].
        multiplier: Q31 [out_channels].
        shift: TFLite's [out_channels], none positive but for rows of any scale.
        any_scale: whether it is for one of these.
    """
    rows = np.asarray(weights, np.int64).reshape(len(np.asarray(weights)), -1)
    fill = -len(rows) % LANES
    rows = np.pad(rows, ((0, fill), (0, 0)))
    constants = np.pad(_constants(bias, multiplier, shift, any_scale), ((0, 0), (0, fill)))
    quads = (
        constants.reshape(len(constants), -1, LANES)
        .transpose(1, 0, 2)
        .reshape(len(rows) // LANES, -1)
    )
    bytes_of_rows = (rows & 0xFF).astype(np.uint8).reshape(len(quads), -1)
    stream = np.concatenate([_words(quads), bytes_of_rows], axis=1)
    return np.concatenate([stream.reshape(-1), np.zeros(VECTOR_BYTES, np.uint8)])


SHORT_INPUTS = VECTOR_BYTES
"""The most inputs of a pixel that `conv2d_s8_short_mve` and its 1 x 1 row take."""

TILE_PIXELS = 4
"""Pixels of a tile of these rows and of the `fours` rows."""


def half_scale_reason(multiplier: npt.ArrayLike, shift: npt.ArrayLike) -> str | None:
    """Says why a layer's scales exclude the rows of four pixels, or None where they do not.

    A channel whose multiplier is 0 may have any shift to the right.
    """
    if (np.asarray(multiplier, np.int64) < 0).any():
        return "a multiplier is negative; a sum and its product must have one sign"
    least = np.where(np.asarray(multiplier) == 0, -1, np.asarray(shift, np.int64))
    greatest = int(np.max(least, initial=-1))
    return None if greatest < 0 else f"a shift is {greatest}; all must be to the right"


def pack_conv2d_fours(
    weights: npt.ArrayLike,
    bias: npt.ArrayLike,
    multiplier: npt.ArrayLike,
    shift: npt.ArrayLike,
    short: bool = False,
) -> Bytes:
    """Packs the stream of `tile_fours.h`, or of `tile_short.h`.

    Args:
        weights: int8 [out_channels, ...], the inputs in the order in which they are gathered.
        bias: folded, [out_channels].
        multiplier: Q31 [out_channels].
        shift: TFLite's [out_channels], all negative but for channels of multiplier 0.
        short: rows of odd length end with a zero, where others begin with it.
    """
    rows = np.asarray(weights, np.int64).reshape(len(np.asarray(weights)), -1)
    fill, odd = -len(rows) % LANES, rows.shape[1] % 2
    rows = np.pad(rows, ((0, fill), (0, odd) if short else (odd, 0)))
    # What is multiplied by zero is rounded to zero by any shift but none.
    shifts = np.where(np.asarray(multiplier) == 0, -1, np.asarray(shift, np.int64))
    constants = np.pad(_constants(bias, multiplier, shifts, any_scale=False), ((0, 0), (0, fill)))
    # Channels 0 2 1 3 of every four.
    order = np.arange(len(rows)).reshape(-1, 2, 2).transpose(0, 2, 1).reshape(-1, 2)
    pairs = (rows[order] & 0xFF).astype(np.uint8)
    first = (rows.shape[1] - 1) % VECTOR_BYTES + 1
    blocks = pairs[:, :, first:].reshape(len(pairs), 2, -1, VECTOR_BYTES).transpose(0, 2, 1, 3)
    words = _words(constants.T[order].reshape(len(pairs), -1)).reshape(len(pairs), -1)
    parts = [pairs[:, :, :first], blocks, words]
    stream = np.concatenate([part.reshape(len(pairs), -1) for part in parts], axis=1).reshape(-1)
    return np.concatenate([np.zeros(0 if short else VECTOR_BYTES, np.uint8), stream])


def scratch_bytes_fours(inputs: int) -> int:
    """Scratch of the rows that copy four windows."""
    return _vectors(VECTOR_BYTES + TILE_PIXELS * inputs)


def scratch_bytes_columns(
    kernel: tuple[int, int], channels: int, stride: int, out_width: int
) -> int:
    """Scratch of `conv2d_s8_columns_mve`: all columns that four pixels see.

    Args:
        kernel: height and width.
        channels: of the input.
        stride: of columns.
        out_width: width of the output: tiles go on in the next row.
    """
    height, width = kernel
    if stride > width or out_width == 1:
        columns = TILE_PIXELS * width
    elif out_width % TILE_PIXELS == 0:
        columns = (TILE_PIXELS - 1) * stride + width
    else:  # two parts
        columns = (TILE_PIXELS - 2) * stride + 2 * width
    return _vectors(VECTOR_BYTES + columns * height * channels)


def pack_fully_connected(
    weights: npt.ArrayLike, bias: npt.ArrayLike, multiplier: npt.ArrayLike, shift: npt.ArrayLike
) -> tuple[Bytes, Bytes]:
    """Weights and channels of `fully_connected_s8_mve`: four outputs at a time.

    Args:
        weights: int8 [out_features, in_features].
        bias: folded, [out_features].
        multiplier: Q31 [out_features].
        shift: TFLite's [out_features].
    """
    fill = -len(np.asarray(weights)) % LANES
    rows = np.pad(np.asarray(weights, np.int64), ((0, fill), (0, 0)))
    constants = np.pad(np.stack([bias, multiplier, shift]).astype(np.int64), ((0, 0), (0, fill)))
    starts, factors, shifts = constants.reshape(3, -1, LANES)
    words = _words(np.concatenate([starts, factors], axis=1)).reshape(len(starts), -1)
    channels = np.concatenate([words, (shifts & 0xFF).astype(np.uint8)], axis=1)
    return (rows & 0xFF).astype(np.uint8).reshape(-1), channels.reshape(-1)


def scratch_bytes_conv2d_1x1(in_channels: int) -> int:
    """Scratch of `conv2d_s8_1x1_mve`: two pixels, in vectors."""
    return 2 * _vectors(in_channels)


def scratch_bytes_conv2d(kernel_height: int, kernel_width: int, in_channels: int) -> int:
    """Scratch of `conv2d_s8_mve`: two windows in vectors, and one as it is copied."""
    return 3 * _vectors(kernel_height * kernel_width * in_channels)


def _vectors(count: int) -> int:
    return -(-count // VECTOR_BYTES) * VECTOR_BYTES


_DEPTHWISE_CHANNELS = 8
_CHANNEL_GROUPS = np.array([[0, 2, 4, 6], [1, 3, 5, 7]])


def depthwise_reason(weights: npt.ArrayLike) -> str | None:
    """Says why the weights [height, width, channels] exclude the depthwise rows, or None.

    Two products are added in 16 bits: of neighbours in a row of the kernel, of all nine taps in
    their order where it is 3 x 3.
    """
    kernel = np.asarray(weights, np.int64)
    lines = kernel.reshape(1, 9, -1) if kernel.shape[:2] == (3, 3) else kernel
    pairs = lines.shape[1] // 2
    first, second = lines[:, 0 : 2 * pairs : 2], lines[:, 1 : 2 * pairs : 2]
    if kernel.shape[1] in (3, 5, 7) and ((first == -128) & (second == -128)).any():
        return "two neighbouring weights of -128"
    return None


def taps_reason(weights: npt.ArrayLike) -> str | None:
    """Says why weights [height, width, channels] exclude `depthwise_conv2d_s8_taps_mve`, or None.

    Every two taps, in their order, are added in 16 bits.
    """
    kernel = np.asarray(weights, np.int64)
    taps = kernel.reshape(-1, kernel.shape[-1])
    pairs = len(taps) // 2
    if ((taps[0 : 2 * pairs : 2] == -128) & (taps[1 : 2 * pairs : 2] == -128)).any():
        return "two neighbouring weights of -128"
    return None


def pack_depthwise(
    weights: npt.ArrayLike,
    bias: npt.ArrayLike,
    multiplier: npt.ArrayLike,
    shift: npt.ArrayLike,
    any_scale: bool = False,
) -> Bytes:
    """Packs the stream of `depthwise_conv2d_s8_mve`: 8 channels at a time.

    Args:
        weights: int8 [kernel_height, kernel_width, channels].
        bias: folded, [channels].
        multiplier: Q31 [channels].
        shift: TFLite's [channels], none positive but for the row of any scale.
        any_scale: whether it is for that one.
    """
    kernel = np.asarray(weights, np.int64)
    channels = kernel.shape[2]
    fill = -channels % _DEPTHWISE_CHANNELS
    padded = np.pad(kernel.reshape(-1, channels), ((0, 0), (0, fill)))
    taps = padded.reshape(len(padded), -1, _DEPTHWISE_CHANNELS).transpose(1, 0, 2)
    constants = np.pad(_constants(bias, multiplier, shift, any_scale), ((0, 0), (0, fill)))
    grouped = constants.reshape(len(constants), -1, _DEPTHWISE_CHANNELS)[:, :, _CHANNEL_GROUPS]
    groups = grouped.transpose(1, 2, 0, 3)
    words = _words(groups.reshape(len(taps), -1))
    tap_bytes = (taps & 0xFF).astype(np.uint8).reshape(len(taps), -1)
    stream: Bytes = np.concatenate([words, tap_bytes], axis=1).reshape(-1)
    return stream


def scratch_bytes_depthwise(
    kernel: tuple[int, int],
    strides: tuple[int, int],
    dilations: tuple[int, int],
    out_width: int,
    rows: int,
) -> int:
    """Scratch of `depthwise_conv2d_s8_mve` for calls of up to `rows` output rows.

    Args:
        kernel: height and width.
        strides: the strides of rows and columns.
        dilations: the dilations of rows and columns.
        out_width: width of the output.
        rows: output rows per call.
    """
    height = (rows - 1) * strides[0] + (kernel[0] - 1) * dilations[0] + 1
    width = (out_width - 1) * strides[1] + (kernel[1] - 1) * dilations[1] + 1
    return height * width * _DEPTHWISE_CHANNELS


PLANES_PADDING = 4
"""The most columns of padding on either side that `depthwise_conv2d_s8_planes_mve` takes."""


class Planes(NamedTuple):
    """How `depthwise_conv2d_s8_planes_mve` lays out windows of one size and stride.

    Attributes:
        column_bytes: of a column of a window.
        vectors: of 16 bytes, which hold the columns of a window.
        shared: output rows that share columns.
    """

    column_bytes: int
    vectors: int
    shared: int


def planes_of(kernel: tuple[int, int], strides: tuple[int, int]) -> Planes | None:
    """The layout for windows [height, width]; None where they are too large."""
    height, width = kernel
    column = 4 if height <= 4 else 8
    vectors = -(-width * column // VECTOR_BYTES)
    step = strides[1] * column
    if height > 8 or vectors > 4 or strides[1] > 2 or (vectors > 1 and column == 4) or step > 16:
        return None
    if vectors == 1 and step > 8:
        return None
    return Planes(column, 3 if vectors == 2 else vectors, 1 + (column - height) // strides[0])


_RECORD_BYTES = 10
_RECORD_ZERO = 9


def pack_planes(
    weights: npt.ArrayLike,
    bias: npt.ArrayLike,
    multiplier: npt.ArrayLike,
    shift: npt.ArrayLike,
    strides: tuple[int, int],
) -> Bytes:
    """Packs the stream of `depthwise_conv2d_s8_planes_mve`.

    Args:
        weights: int8 [kernel_height, kernel_width, channels].
        bias: folded, [channels].
        multiplier: Q31 [channels].
        shift: TFLite's [channels], none positive.
        strides: the strides of rows and columns.
    """
    kernel = np.asarray(weights, np.int8)
    height, width, channels = kernel.shape
    planes = planes_of((height, width), strides)
    assert planes is not None, "the kernel table rejects other windows"
    places = np.arange(planes.vectors * VECTOR_BYTES)
    column, row = np.divmod(places, planes.column_bytes)
    tables = []
    ahead = 2 if (height, width, *strides) == (3, 3, 1, 1) else 1
    for shared, further in np.ndindex(planes.shared, ahead):
        i, j = row - shared * strides[0], column - further
        tap = (i >= 0) & (i < height) & (j >= 0) & (j < width)
        tables.append(np.where(tap, _RECORD_BYTES + i * width + j, _RECORD_ZERO))
    words = _words(np.stack([bias, multiplier], axis=1)).reshape(channels, 8)
    narrow = np.stack([np.asarray(shift, np.int64), np.zeros(channels, np.int64)], axis=1)
    taps = kernel.reshape(height * width, channels).T
    rest = (np.concatenate([narrow, taps], axis=1) & 0xFF).astype(np.uint8)
    records = np.concatenate([words, rest], axis=1).reshape(-1)
    return np.concatenate([np.concatenate(tables).astype(np.uint8), records])


def scratch_bytes_planes(
    kernel: tuple[int, int], strides: tuple[int, int], out_width: int, rows: int
) -> int:
    """Scratch of `depthwise_conv2d_s8_planes_mve` for calls of up to `rows` output rows."""
    planes = planes_of(kernel, strides)
    if planes is None:  # the kernel table rejects it
        return 0
    fours = -(-out_width // LANES) * LANES
    step = strides[1] * planes.column_bytes
    group_bytes = (fours - 1) * step + VECTOR_BYTES * planes.vectors
    return -(-rows // planes.shared) * group_bytes + LANES * planes.column_bytes


def pack_3x3(
    weights: npt.ArrayLike,
    bias: npt.ArrayLike,
    multiplier: npt.ArrayLike,
    shift: npt.ArrayLike,
    strides: tuple[int, int],
) -> Bytes:
    """Packs the stream of `depthwise_conv2d_s8_3x3_mve`: that of `pack_planes`."""
    # What is multiplied by zero is rounded to zero by any shift but none.
    shifts = np.where(np.asarray(multiplier) == 0, -1, np.asarray(shift, np.int64))
    return pack_planes(weights, bias, multiplier, shifts, strides)


_COLUMN_BYTES_3X3 = 8
_EIGHT_3X3 = 8  # columns of a set, and outputs of a pass
_SEEN_AT_ONCE = 12

ROW_BYTES_3X3 = 65535
"""The longest row that `depthwise_conv2d_s8_3x3_mve` takes."""


class Groups3x3(NamedTuple):
    """How `depthwise_conv2d_s8_3x3_mve` lays out a width.

    Attributes:
        stride: of rows and columns, 1 or 2.
        spread: output rows of a group, which share columns.
        slots: of a group, at which windows may begin.
        inside: columns of a group that lie in the image.
        out_width: width of the output.
    """

    stride: int
    spread: int
    slots: int
    inside: int
    out_width: int

    @property
    def sets(self) -> int:
        """Sets of eight columns in which a group is gathered."""
        return -(-self.inside // _EIGHT_3X3)

    def chunk(self, rows: int) -> int:
        """Output rows of a call whose columns are held at once."""
        return rows if self.stride == 1 else min(max(_SEEN_AT_ONCE // self.out_width, 1), rows)

    def groups(self, rows: int) -> int:
        """Groups of so many output rows."""
        return -(-rows // self.spread)

    def passes(self, rows: int) -> int:
        """Passes, of eight outputs, for so many output rows of a channel."""
        used = (self.groups(rows) - 1) * self.slots + self.out_width
        return -(-used * self.spread // _EIGHT_3X3)


def groups_3x3(stride: int, pad_left: int, in_width: int, out_width: int) -> Groups3x3:
    """The layout for a stride, columns of padding on the left, and widths of input and output."""
    seen = (out_width - 1) * stride + 3
    inside = min(seen - pad_left, in_width)
    slots = -(-(seen - min(pad_left, seen - pad_left - inside)) // stride)
    # Greater strides are asked about, too, before the kernel table rejects them.
    return Groups3x3(stride, max(3 - stride, 1), slots, inside, out_width)


def scratch_bytes_3x3(layout: Groups3x3, pad_left: int, rows: int) -> int:
    """Scratch of `depthwise_conv2d_s8_3x3_mve` for calls of up to `rows` output rows."""
    held = layout.chunk(rows)
    passes, pitch = layout.passes(held), layout.slots * layout.stride
    before = (layout.groups(held) - 1) * pitch
    made = pad_left + before + layout.sets * _EIGHT_3X3
    # The last pass reads vectors of four columns, two columns apart; padding is written in pairs.
    read = passes * _EIGHT_3X3 // layout.spread * layout.stride + 4 - layout.stride
    columns = max(made, read, before + pitch + 2)
    return passes * VECTOR_BYTES + columns * _COLUMN_BYTES_3X3


def pack_lstm(*sides: npt.ArrayLike) -> Bytes:
    """The stream of `lstm_s8_mve` from W and R, int8 [units, gates, inputs]."""
    padded = [np.asarray(side, np.int8) for side in sides]
    fill = -len(padded[0]) % LANES
    blocks = []
    for side in padded:
        _, gates, inputs = side.shape
        lanes = np.pad(side, ((0, fill), (0, 0), (0, 0))).reshape(-1, LANES, gates, inputs)
        blocks.append(lanes.transpose(0, 2, 1, 3).reshape(len(lanes), gates, -1))
    stream: Bytes = np.concatenate(blocks, axis=2).reshape(-1).view(np.uint8)
    return stream


def lstm_biases(biases: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """[units, gates, sides] as [units / 4, gates, sides, 4], padded with zeros."""
    folded = np.asarray(biases, np.int64)
    filled = np.pad(folded, ((0, -len(folded) % LANES), (0, 0), (0, 0)))
    return filled.reshape(-1, LANES, *folded.shape[1:]).transpose(0, 2, 3, 1)
