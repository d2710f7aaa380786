# SPDX-License-Identifier: Apache-2.0
"""Weight streams and scratch sizes of the `_dsp` rows, and the proof that a layer may use them.

Layouts are stated at the top of the assembler files; this module is their twin. Biases have the
input zero point folded in (`bias - in_zero_point * sum(weights)`); shifts follow TFLite: negative
means right. Streams are uint8 arrays, little endian, to be placed at 4-byte aligned addresses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

MAX_RIGHT_SHIFT = 23
"""(2 out_zero_point + 1) << (n - 1) leaves room for the product within int32 up to here."""

SUM_LIMIT = 1 << 29
"""Of any accumulator in a fast row."""

NARROW_SUM_LIMIT = 1 << 22
"""Where two doubled sums share a register, or a bias lies above a shift: 24 bits."""

PIXELS_PER_TILE = 3
INPUTS_PER_WORD_PAIR = 4


def accumulator_bounds(weights: npt.ArrayLike, bias: npt.ArrayLike) -> tuple[Ints, Ints]:
    """Bounds every channel's accumulator exactly, for any int8 input.

    Args:
        weights: int8 [channels, taps].
        bias: folded, [channels].

    Returns:
        The least and the greatest accumulator of each channel; both are reached.
    """
    taps = np.asarray(weights)
    above = np.maximum(taps, 0).sum(axis=1, dtype=np.int64)
    below = np.minimum(taps, 0).sum(axis=1, dtype=np.int64)
    start = np.asarray(bias, np.int64)
    return start - 128 * above + 127 * below, start + 127 * above - 128 * below


def fast_requant_reason(
    weights: npt.ArrayLike,
    bias: npt.ArrayLike,
    multiplier: npt.ArrayLike,
    shift: npt.ArrayLike,
) -> str | None:
    """Says why the four-instruction requantisation may not serve a layer, or None where it may.

    Args:
        weights: int8 [channels, taps].
        bias: folded, [channels].
        multiplier: Q31 [channels]; negative ones are welcome.
        shift: TFLite's [channels].
    """
    factors = np.asarray(multiplier, np.int64)
    if (factors == -(1 << 31)).any():
        return "a multiplier is -2^31"
    if (np.asarray(weights, np.int64)[factors < 0] == -128).any():
        return "a weight of a channel with a negative scale is -128"
    rights = -np.asarray(shift, np.int64)
    if ((rights < 1) & (factors != 0)).any():
        channel = int(np.argmin(np.where(factors != 0, rights, 1)))
        return f"shift of channel {channel} is {-rights[channel]}; it must be a right shift"
    # a shift beyond the instructions' reach must take every sum to zero
    vanishing = np.int64(1) << np.clip(rights - 1, 0, 40)
    limit = np.where(rights > MAX_RIGHT_SHIFT, np.minimum(vanishing, SUM_LIMIT), SUM_LIMIT)
    return _sum_reason(weights, bias, limit)


def narrow_sum_reason(weights: npt.ArrayLike, bias: npt.ArrayLike) -> str | None:
    """Says why a layer's sums do not fit 24 bits when doubled, or None where they do.

    Wanted besides `fast_requant_reason` by the dense rows whose name says neither `wide` nor `any`.
    """
    if int(np.min(np.asarray(weights, np.int64), initial=0)) < -127:
        return "a weight is -128; weights must be in [-127, 127]"
    return _sum_reason(weights, bias, np.int64(NARROW_SUM_LIMIT))


def depthwise_reason(
    weights: npt.ArrayLike, bias: npt.ArrayLike, multiplier: npt.ArrayLike, shift: npt.ArrayLike
) -> str | None:
    """Says why a depthwise row without `any` may not serve a layer, or None where it may.

    Its streams hold biases in 24 bits. Arguments as for `fast_requant_reason`.
    """
    return fast_requant_reason(weights, bias, multiplier, shift) or _sum_reason(
        np.zeros_like(weights), bias, np.int64(NARROW_SUM_LIMIT)
    )


def _sum_reason(weights: npt.ArrayLike, bias: npt.ArrayLike, limit: Any) -> str | None:
    low, high = accumulator_bounds(weights, bias)
    greatest = np.maximum(np.abs(low), np.abs(high))
    limits = np.broadcast_to(limit, greatest.shape)
    if (greatest < limits).all():
        return None
    channel = int(np.argmax(greatest >= limits))
    return f"sum of channel {channel} reaches {greatest[channel]}, not below {limits[channel]}"


def _requant_constants(
    weights: npt.ArrayLike, bias: npt.ArrayLike, multiplier: npt.ArrayLike, shift: npt.ArrayLike
) -> tuple[Ints, Ints, Ints, Ints]:
    """Weights, bias, multiplier >= 0 and n - 1 of the fast requantisation, same results.

    A right shift beyond 23 gives zero for every sum that the proof admits: multiplier 0 says so.
    """
    sign = np.where(np.asarray(multiplier, np.int64) < 0, -1, 1)
    rights = -np.asarray(shift, np.int64)
    factors = np.abs(np.asarray(multiplier, np.int64))
    zero = (factors == 0) | (rights > MAX_RIGHT_SHIFT)
    signed = np.asarray(weights, np.int64) * sign[:, None]
    return (
        signed,
        np.asarray(bias, np.int64) * sign,
        np.where(zero, 0, factors),
        np.where(zero, 0, rights - 1),
    )


def word_bytes(values: npt.NDArray[Any]) -> Bytes:
    """The little-endian bytes of 32-bit words, given modulo 2^32."""
    wrapped = np.asarray(values, np.int64) & 0xFFFFFFFF
    return np.ascontiguousarray(wrapped.astype("<u4")).view(np.uint8).reshape(*wrapped.shape, 4)


def _pack_tiles(taps: Ints, start: Ints, factors: Ints, shifts: Ints, wide: bool) -> Bytes:
    """The stream of `conv2d_tile_dsp.inc`; taps [out_channels >= 2, K] in the row's input order.

    `shifts` are n - 1, or those of `requantize_any`.
    """
    channels, inputs = taps.shape
    quads = -(-inputs // INPUTS_PER_WORD_PAIR)
    taps = np.pad(taps, ((0, 0), (0, quads * INPUTS_PER_WORD_PAIR - inputs)))
    first = np.arange(0, channels - 1, 2)
    if channels % 2:
        first = np.append(first, channels - 2)
    a, b = first, first + 1
    low = taps[a] & 0xFF if wide else taps[a]
    halves = ((low + 256 * taps[b]) & 0xFFFF).reshape(len(a), quads, 4)
    even = halves[:, :, 0] | halves[:, :, 2] << 16
    odd = halves[:, :, 1] | halves[:, :, 3] << 16
    columns = [
        2 * start[a],
        2 * start[b] if wide else 2 * start[a] + 512 * start[b],
        *np.stack([even, odd], axis=2).reshape(len(a), 2 * quads).T,
        factors[a],
        factors[b],
        shifts[a] + 256 * shifts[b],
    ]
    return word_bytes(np.stack(columns, axis=1)).reshape(-1)


def pack_conv2d_1x1(
    weights: npt.ArrayLike, bias: npt.ArrayLike, multiplier: npt.ArrayLike, shift: npt.ArrayLike
) -> Bytes:
    """Packs the stream of `conv2d_s8_1x1_dsp`.

    Args:
        weights: int8 [out_channels >= 2, in_channels].
        bias: folded, [out_channels].
        multiplier: Q31 [out_channels].
        shift: TFLite's [out_channels].
    """
    return _pack_tiles(*_requant_constants(weights, bias, multiplier, shift), wide=False)


def pack_conv2d_1x1_wide(
    weights: npt.ArrayLike, bias: npt.ArrayLike, multiplier: npt.ArrayLike, shift: npt.ArrayLike
) -> Bytes:
    """Packs the stream of `conv2d_s8_1x1_wide_dsp`; arguments as for `pack_conv2d_1x1`."""
    return _pack_tiles(*_requant_constants(weights, bias, multiplier, shift), wide=True)


def pack_conv2d_1x1_any(
    weights: npt.ArrayLike, bias: npt.ArrayLike, multiplier: npt.ArrayLike, shift: npt.ArrayLike
) -> Bytes:
    """Packs the stream of `conv2d_s8_1x1_any_dsp`; arguments as for `pack_conv2d_1x1`."""
    return _pack_tiles(*any_constants(weights, bias, multiplier, shift, doubled=True), wide=True)


def scratch_bytes_conv2d_1x1(in_channels: int) -> int:
    """Scratch of `conv2d_s8_1x1_dsp` and `_wide_dsp`: one tile's inputs as 16-bit halves."""
    return PIXELS_PER_TILE * 8 * -(-in_channels // INPUTS_PER_WORD_PAIR)


def pack_conv2d(
    weights: npt.ArrayLike, bias: npt.ArrayLike, multiplier: npt.ArrayLike, shift: npt.ArrayLike
) -> Bytes:
    """Packs the stream of `conv2d_s8_dsp` from [out_channels >= 2, height, width, in_channels]."""
    kernel = np.asarray(weights, np.int64)
    return pack_conv2d_1x1(kernel.reshape(len(kernel), -1), bias, multiplier, shift)


def pack_conv2d_wide(
    weights: npt.ArrayLike, bias: npt.ArrayLike, multiplier: npt.ArrayLike, shift: npt.ArrayLike
) -> Bytes:
    """Packs the stream of `conv2d_s8_wide_dsp`; arguments as for `pack_conv2d`."""
    kernel = np.asarray(weights, np.int64)
    return pack_conv2d_1x1_wide(kernel.reshape(len(kernel), -1), bias, multiplier, shift)


def pack_conv2d_any(
    weights: npt.ArrayLike, bias: npt.ArrayLike, multiplier: npt.ArrayLike, shift: npt.ArrayLike
) -> Bytes:
    """Packs the stream of `conv2d_s8_any_dsp`; arguments as for `pack_conv2d`."""
    kernel = np.asarray(weights, np.int64)
    return pack_conv2d_1x1_any(kernel.reshape(len(kernel), -1), bias, multiplier, shift)


def conv2d_tile_pixels(out_width: int) -> int:
    """Pixels of the largest tile in a row of `conv2d_s8_dsp`."""
    return 2 if out_width in (1, 2, 4) else PIXELS_PER_TILE


def scratch_bytes_conv2d(
    kernel_height: int, kernel_width: int, in_channels: int, tile_pixels: int
) -> int:
    """Scratch of the convolutions with windows: a tile's windows as halves.

    Windows that are not made of whole words are first gathered as bytes.
    """
    taps = kernel_height * kernel_width * in_channels
    bytes_per_input = 2 if in_channels % INPUTS_PER_WORD_PAIR == 0 else 3
    quads = -(-taps // INPUTS_PER_WORD_PAIR)
    return tile_pixels * INPUTS_PER_WORD_PAIR * bytes_per_input * quads


def pack_fully_connected(
    weights: npt.ArrayLike, bias: npt.ArrayLike, multiplier: npt.ArrayLike, shift: npt.ArrayLike
) -> Bytes:
    """Packs the stream of `fully_connected_s8_dsp` from [out_features >= 2, in_features]."""
    return pack_conv2d_1x1(weights, bias, multiplier, shift)


def any_shift_reason(
    weights: npt.ArrayLike,
    bias: npt.ArrayLike,
    multiplier: npt.ArrayLike,
    shift: npt.ArrayLike,
) -> str | None:
    """Says why `requantize_any` may not serve a layer, or None where it may.

    What it cannot do no trained network asks for: sums from 2^29, and constants that int32 or int8
    cannot negate. Arguments as for `fast_requant_reason`.
    """
    lefts = np.maximum(np.asarray(shift, np.int64), 0)
    rights = np.minimum(np.asarray(shift, np.int64), -1)
    return fast_requant_reason(weights, bias, multiplier, rights) or _sum_reason(
        weights, bias, SUM_LIMIT >> lefts
    )


RIGHT = 1 << 23
"""In the shifts of `requantize_any`: to the right, so that ties of two roundings go away from 0."""


def any_constants(
    weights: npt.ArrayLike,
    bias: npt.ArrayLike,
    multiplier: npt.ArrayLike,
    shift: npt.ArrayLike,
    doubled: bool,
) -> tuple[Ints, Ints, Ints, Ints]:
    """Weights, bias, multiplier >= 0 and shifts of `requantize_any`, same results.

    Args:
        weights: int8 [channels, taps].
        bias: folded, [channels].
        multiplier: Q31 [channels].
        shift: TFLite's [channels].
        doubled: whether the kernel's accumulators are doubled before they are requantised.
    """
    lefts = np.maximum(np.asarray(shift, np.int64), 0)
    rights = np.minimum(np.asarray(shift, np.int64), -1)
    taps, start, factors, _ = _requant_constants(weights, bias, multiplier, rights)
    to_the_right = (np.asarray(shift, np.int64) < 0) & (factors != 0)
    n = np.where(to_the_right, -rights, 0)
    left = np.where(to_the_right, 0, lefts) + (0 if doubled else 1)
    left = np.where(factors == 0, 0, left)
    return taps, start, factors, n | left << 16 | np.where(to_the_right, RIGHT, 0)


def scratch_bytes_fully_connected(in_features: int) -> int:
    """Scratch of `fully_connected_s8_dsp`: one row's inputs as 16-bit halves."""
    return 8 * -(-in_features // INPUTS_PER_WORD_PAIR)


_TAP_ORDER = {
    (3, 1): (0, 3, 1, 4, 6, 5, 7, 2, 8),  # w00 w10 w01 w11, w20 w12 w21 w02, w22
    (3, 2): (0, 2, 1),
    (5, 1): (0, 1, 2, 3, 4),
    (5, 2): (0, 2, 1, 3, 4),
    (7, 1): (0, 1, 2, 3, 4, 5, 6),
    (7, 2): (0, 2, 1, 3, 4, 6, 5),
}
"""Order of the bytes of a kernel, or of each of its rows, by kernel size and stride."""

_STREAM_TAIL_BYTES = 3


def pack_depthwise(
    weights: npt.ArrayLike,
    bias: npt.ArrayLike,
    multiplier: npt.ArrayLike,
    shift: npt.ArrayLike,
    stride: int,
) -> Bytes:
    """Packs the stream of a `depthwise_conv2d_s8_*_dsp` row: 8 + k * k bytes per channel.

    Args:
        weights: int8 [k, k, channels], k = 3, 5 or 7.
        bias: folded, [channels].
        multiplier: Q31 [channels].
        shift: TFLite's [channels].
        stride: 1 or 2, of rows and columns.
    """
    taps, start, factors, shifts = _requant_constants(
        _taps_by_channel(weights), bias, multiplier, shift
    )
    constants = np.stack([512 * start + shifts, factors], axis=1)
    return _depthwise_stream(constants, taps, np.asarray(weights).shape[0], stride)


def pack_depthwise_sized_any(
    weights: npt.ArrayLike,
    bias: npt.ArrayLike,
    multiplier: npt.ArrayLike,
    shift: npt.ArrayLike,
    stride: int,
) -> Bytes:
    """Packs the stream of a `depthwise_conv2d_s8_*_any_dsp` row: 12 + k * k bytes per channel.

    Arguments as for `pack_depthwise`.
    """
    taps, start, factors, shifts = any_constants(
        _taps_by_channel(weights), bias, multiplier, shift, doubled=True
    )
    constants = np.stack([2 * start, factors, shifts], axis=1)
    return _depthwise_stream(constants, taps, np.asarray(weights).shape[0], stride)


def _taps_by_channel(weights: npt.ArrayLike) -> Ints:
    """[channels, taps] of [kernel_height, kernel_width, channels]."""
    kernel = np.asarray(weights, np.int64)
    return kernel.reshape(-1, kernel.shape[2]).T


def _depthwise_stream(constants: Ints, taps: Ints, size: int, stride: int) -> Bytes:
    """Words of constants and then the bytes of the taps, channel by channel."""
    channels, order = len(taps), _TAP_ORDER[size, stride]
    ordered = taps.reshape(channels, -1, len(order))[:, :, order].reshape(channels, -1)
    words = word_bytes(constants).reshape(channels, -1)
    stream = np.concatenate([words, (ordered & 0xFF).astype(np.uint8)], axis=1)
    return np.concatenate([stream.reshape(-1), np.zeros(_STREAM_TAIL_BYTES, np.uint8)])


def pack_depthwise_any(
    weights: npt.ArrayLike, bias: npt.ArrayLike, multiplier: npt.ArrayLike, shift: npt.ArrayLike
) -> Bytes:
    """Packs the stream of `depthwise_conv2d_s8_dsp`, four channels at a time.

    Args:
        weights: int8 [kernel_height, kernel_width, channels >= 4].
        bias: folded, [channels].
        multiplier: Q31 [channels].
        shift: TFLite's [channels].
    """
    taps, start, factors, shifts = any_constants(
        _taps_by_channel(weights), bias, multiplier, shift, doubled=False
    )
    channels = len(taps)
    pairs = -(-taps.shape[1] // 2)
    taps = np.pad(taps, ((0, 0), (0, 2 * pairs - taps.shape[1])))
    first = np.minimum(np.arange(0, channels, 4), channels - 4)
    fours = first[:, None] + np.arange(4)
    constants = word_bytes(np.stack([start, factors, shifts], axis=1))[fours]
    # [fours, pairs, halves of the four channels, taps, channels]
    ordered = taps[fours].reshape(-1, 2, 2, pairs, 2).transpose(0, 3, 1, 4, 2)
    stream = [constants.reshape(-1, 48), (ordered & 0xFF).astype(np.uint8).reshape(-1, 8 * pairs)]
    packed: Bytes = np.concatenate(stream, axis=1).reshape(-1)
    return packed


def scratch_bytes_depthwise_any(taps: int, channels: int) -> int:
    """Scratch of `depthwise_conv2d_s8_dsp`: an address for each tap, and a pixel of padding."""
    return 8 * -(-taps // 2) + 4 * -(-channels // 4)


def scratch_bytes_depthwise(kernel_size: int, stride: int, out_width: int, rows: int) -> int:
    """Scratch of a `depthwise_conv2d_s8_*_dsp` row for calls of up to `rows` output rows."""
    columns = (out_width - 1) * stride + kernel_size
    if (kernel_size, stride) == (3, 1):
        return 64 * -(-columns // 2) * -(-rows // 2)
    return 32 * -(-columns // 4) * ((rows - 1) * stride + kernel_size)


def lstm_reason(weights: npt.ArrayLike, bias: npt.ArrayLike, shift: npt.ArrayLike) -> str | None:
    """Says why `lstm_s8_dsp` may not compute the gates of one side, or None where it may.

    Args:
        weights: int8 [units, gates, inputs].
        bias: folded, [units, gates].
        shift: TFLite's [gates].
    """
    rows = np.asarray(weights).reshape(-1, np.asarray(weights).shape[-1])
    starts = np.asarray(bias, np.int64).reshape(-1)
    reason = narrow_sum_reason(rows, np.zeros_like(starts))
    if reason:
        return reason
    left = np.maximum(np.asarray(shift, np.int64), 0)
    return _sum_reason(rows, starts, np.tile(SUM_LIMIT >> left, len(starts) // len(left)))


def pack_lstm(scales: Sequence[tuple[int, int]], *sides: npt.ArrayLike) -> Bytes:
    """The stream of `lstm_s8_dsp`.

    Args:
        scales: multiplier and TFLite's shift of each gate's sides.
        sides: W and R, int8 [units, 4, inputs].
    """
    prepared = []
    for multiplier, shift in scales:
        right = max(-shift, 0)
        prepared += [multiplier, 1 + shift + right, right, (1 << right) >> 1, -(right > 0)]
    parts = []
    for side in sides:
        taps = np.asarray(side, np.int64)
        units, gates, inputs = taps.shape
        quads = -(-inputs // INPUTS_PER_WORD_PAIR)
        taps = np.pad(taps, ((0, 0), (0, 0), (0, quads * INPUTS_PER_WORD_PAIR - inputs)))
        halves = ((taps[:, 0::2] + 256 * taps[:, 1::2]) & 0xFFFF).reshape(
            units, gates // 2, quads, 4
        )
        even, odd = (halves[..., k] | halves[..., k + 2] << 16 for k in (0, 1))
        parts.append(np.stack([even[:, 0], even[:, 1], odd[:, 0], odd[:, 1]], 2).reshape(units, -1))
    stream = np.concatenate(parts, axis=1).reshape(-1)
    return word_bytes(np.concatenate([np.array(prepared, np.int64), stream]))
