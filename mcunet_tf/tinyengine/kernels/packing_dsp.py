# SPDX-License-Identifier: Apache-2.0
"""Weight streams and scratch sizes of the `_dsp` rows, and the proof that a layer may use them.

Layouts are stated at the top of the assembler files; this module is their twin. Biases have the
input zero point folded in (`bias - in_zero_point * sum(weights)`); shifts follow TFLite: negative
means right. Streams are uint8 arrays, little endian, to be placed at 4-byte aligned addresses.
"""

from __future__ import annotations

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
    taps = np.asarray(weights, np.int64)
    low = np.where(taps > 0, -128 * taps, 127 * taps).sum(axis=1)
    high = np.where(taps > 0, 127 * taps, -128 * taps).sum(axis=1)
    start = np.asarray(bias, np.int64)
    return start + low, start + high


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

    Wanted besides `fast_requant_reason` by all rows whose name does not say `wide`.
    """
    if int(np.min(np.asarray(weights, np.int64), initial=0)) < -127:
        return "a weight is -128; weights must be in [-127, 127]"
    return _sum_reason(weights, bias, np.int64(NARROW_SUM_LIMIT))


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


def _words(values: npt.NDArray[Any]) -> Bytes:
    """The little-endian bytes of 32-bit words, given modulo 2^32."""
    wrapped = np.asarray(values, np.int64) & 0xFFFFFFFF
    return np.ascontiguousarray(wrapped.astype("<u4")).view(np.uint8).reshape(*wrapped.shape, 4)


def _pack_tiles(taps: Ints, start: Ints, factors: Ints, shifts: Ints, wide: bool) -> Bytes:
    """The stream of `conv2d_tile_dsp.inc`; taps [out_channels >= 2, K] in the row's input order."""
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
    return _words(np.stack(columns, axis=1)).reshape(-1)


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


def scratch_bytes_conv2d(kernel_height: int, kernel_width: int, in_channels: int) -> int:
    """Scratch of `conv2d_s8_dsp` and `_wide_dsp`: a tile's windows as halves.

    Windows that are not made of whole words are first gathered as bytes.
    """
    taps = kernel_height * kernel_width * in_channels
    bytes_per_input = 2 if in_channels % INPUTS_PER_WORD_PAIR == 0 else 3
    quads = -(-taps // INPUTS_PER_WORD_PAIR)
    return PIXELS_PER_TILE * INPUTS_PER_WORD_PAIR * bytes_per_input * quads


def pack_fully_connected(
    weights: npt.ArrayLike, bias: npt.ArrayLike, multiplier: npt.ArrayLike, shift: npt.ArrayLike
) -> Bytes:
    """Packs the stream of `fully_connected_s8_dsp` from [out_features >= 2, in_features]."""
    return pack_conv2d_1x1(weights, bias, multiplier, shift)


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
    kernel = np.asarray(weights, np.int64)
    size, channels = kernel.shape[0], kernel.shape[2]
    taps, start, factors, shifts = _requant_constants(
        kernel.reshape(size * size, channels).T, bias, multiplier, shift
    )
    order = _TAP_ORDER[size, stride]
    ordered = taps.reshape(channels, -1, len(order))[:, :, order].reshape(channels, -1)
    constants = _words(np.stack([512 * start + shifts, factors], axis=1)).reshape(channels, 8)
    stream = np.concatenate([constants, (ordered & 0xFF).astype(np.uint8)], axis=1)
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
    kernel = np.asarray(weights, np.int64)
    channels = kernel.shape[2]
    taps, start, factors, shifts = _requant_constants(
        kernel.reshape(-1, channels).T, bias, multiplier, shift
    )
    pairs = -(-taps.shape[1] // 2)
    taps = np.pad(taps, ((0, 0), (0, 2 * pairs - taps.shape[1])))
    first = np.minimum(np.arange(0, channels, 4), channels - 4)
    fours = first[:, None] + np.arange(4)
    constants = _words(np.stack([512 * start + shifts, factors], axis=1))[fours]
    # [fours, pairs, halves of the four channels, taps, channels]
    ordered = taps[fours].reshape(-1, 2, 2, pairs, 2).transpose(0, 3, 1, 4, 2)
    stream = [constants.reshape(-1, 32), (ordered & 0xFF).astype(np.uint8).reshape(-1, 8 * pairs)]
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


def pack_lstm(*sides: npt.ArrayLike) -> Bytes:
    """The stream of `lstm_s8_dsp` from W and R, int8 [units, 4, inputs]."""
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
    return _words(np.concatenate(parts, axis=1)).reshape(-1)
