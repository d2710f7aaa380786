# SPDX-License-Identifier: Apache-2.0
"""Constants of the int16 kernels for the Armv7E-M DSP extension, and what they may be.

The twins in C: `kernels/conv2d/conv2d_tile_s16_dsp.h`, and the heads of the `s16` kernels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.fixed_point import reduce_multiplier, requantize_wide

IntArray = npt.NDArray[np.int64]

QUAD = 4  # weights of a word
_LARGEST_INPUT = 1 << 15
_SHIFTS = (16, 32)  # of a reduced multiplier, for which one multiplication rounds as TFLite does
_CONSTANT_FACTOR = 1 << 30  # takes a quarter of the sum
OUTPUTS = 4  # of a matrix product that share inputs
MOST_TAPS = 508  # of int8 by int16, whose sum 32 bits hold whatever the values are
# Within a word, SXTB16 gives bytes 0 and 2, and behind a rotation 1 and 3.
_ORDER = (0, 2, 1, 3)


def narrow_reason(
    weights: npt.NDArray[Any], bias: IntArray, multiplier: IntArray, shift: IntArray
) -> str | None:
    """Why sums of 32 bits and one multiplication do not give wide sums' results, or None.

    Args:
      weights: [channels, taps].
      bias: [channels].
      multiplier: TensorFlow Lite's, [channels].
      shift: TensorFlow Lite's, [channels].
    """
    living = np.any(weights != 0, axis=1)
    reach = np.abs(weights.astype(np.int64)).sum(axis=1) * _LARGEST_INPUT + np.abs(bias)
    if np.any(reach[living] >= 1 << 31):
        return f"a sum of up to {int(reach.max()):,}, beyond 32 bits"
    total = 15 - shift[living]
    if total.size and not _SHIFTS[0] <= total.min() <= total.max() <= _SHIFTS[1]:
        return f"a scale of 2^{int(shift.max())} or 2^{int(shift.min())}"
    return None


def factors(
    weights: npt.NDArray[Any],
    bias: IntArray,
    multiplier: IntArray,
    shift: IntArray,
    clamp: tuple[int, int],
) -> tuple[IntArray, IntArray]:
    """Bias and factor of each channel: (sum * factor + 2^31) >> 32 is its output.

    A channel without weights is its output four times, and a factor that takes a quarter.
    """
    constant = ~np.any(weights != 0, axis=1)
    outputs = requantize_wide(bias, multiplier, shift).clip(*clamp)
    left = np.where(constant, 0, 17 + shift)
    factor = reduce_multiplier(multiplier) << left.clip(0)
    return np.where(constant, 4 * outputs, bias), np.where(constant, _CONSTANT_FACTOR, factor)


def _quads(weights: npt.NDArray[Any]) -> npt.NDArray[np.int8]:
    """Weights [channels, words, 4 bytes], padded by zeros to whole words."""
    channels, taps = weights.shape
    words = -(-taps // QUAD)
    padded = np.zeros((channels, words * QUAD), np.int8)
    padded[:, :taps] = weights
    return np.ascontiguousarray(padded.reshape(channels, words, QUAD)[:, :, _ORDER])


def _words(values: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    return np.ascontiguousarray(values, "<i4").view(np.uint8).reshape(-1)


def pack_pairs(
    weights: npt.NDArray[Any], bias: IntArray, factor: IntArray
) -> npt.NDArray[np.uint8]:
    """The stream of conv2d_tile_s16_dsp.h: pairs of channels; the last two again if one is left."""
    quads = _quads(weights)
    parts = []
    for a in _pair_starts(len(weights)):
        both = quads[a : a + 2].transpose(1, 0, 2)
        parts += [_words(bias[a : a + 2]), np.ascontiguousarray(both).view(np.uint8).reshape(-1)]
        parts.append(_words(factor[a : a + 2]))
    return np.concatenate(parts)


def pack_groups(weights: npt.NDArray[Any], group: int) -> npt.NDArray[np.uint8]:
    """Words of `group` channels side by side, filled up by channels of zeros, and nothing else.

    For conv2d_tile_any_s16_dsp.h and fully_connected_s16_any_dsp.c.
    """
    quads = _quads(np.pad(weights, ((0, -len(weights) % group), (0, 0))))
    grouped = quads.reshape(-1, group, *quads.shape[1:]).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(grouped).view(np.uint8).reshape(-1)


def scratch_bytes_conv2d(taps: int) -> int:
    """Inputs of three pixels."""
    return 3 * 2 * QUAD * -(-taps // QUAD)


def _pair_starts(channels: int) -> list[int]:
    """The first of each two channels; an odd last one has the one before it again."""
    return [*range(0, channels - 1, 2), *([channels - 2] if channels % 2 else [])]


def _tap_words(weights: npt.NDArray[Any]) -> list[npt.NDArray[np.uint8]]:
    """For each two channels a and b of [channels, taps] a word of each two taps: a0 a1 b0 b1."""
    channels, taps = weights.shape
    padded = np.zeros((channels, taps + taps % 2), np.int8)
    padded[:, :taps] = weights
    return [
        np.ascontiguousarray(padded[a : a + 2].reshape(2, -1, 2).transpose(1, 0, 2))
        .view(np.uint8)
        .reshape(-1)
        for a in _pair_starts(channels)
    ]


def pack_depthwise(
    weights: npt.NDArray[Any], bias: IntArray, factor: IntArray
) -> npt.NDArray[np.uint8]:
    """The stream of depthwise_conv2d_s16_dsp.c from weights [channels, taps]."""
    parts = []
    for a, taps in zip(_pair_starts(len(weights)), _tap_words(weights), strict=True):
        parts += [_words(bias[a : a + 2]), taps, _words(factor[a : a + 2])]
    return np.concatenate(parts)


def pack_taps(weights: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """The words of depthwise_conv2d_s16_any_dsp.c from weights [channels, taps]."""
    return np.concatenate(_tap_words(weights))


def scratch_bytes_depthwise(taps: int, channels: int) -> int:
    """Addresses of three windows and a pixel of zeros."""
    return 3 * 4 * (taps + taps % 2) + -(-2 * channels // 4) * 4


def pack_fully_connected(
    weights: npt.NDArray[Any], bias: IntArray, factor: IntArray
) -> npt.NDArray[np.uint8]:
    """The stream of fully_connected_s16_dsp.c from weights [outputs, inputs]."""
    outputs = len(weights)
    fill = max(OUTPUTS - outputs, 0)
    quads = _quads(np.pad(weights, ((0, fill), (0, 0))))
    bias, factor = np.pad(bias, (0, fill)), np.pad(factor, (0, fill))
    rest = outputs % OUTPUTS and not fill
    first = [*range(0, len(quads) - OUTPUTS + 1, OUTPUTS), *([outputs - OUTPUTS] * bool(rest))]
    parts = []
    for a in first:
        own = slice(a, a + OUTPUTS)
        fours = np.ascontiguousarray(quads[own].transpose(1, 0, 2)).view(np.uint8)
        parts += [_words(bias[own]), fours.reshape(-1), _words(factor[own])]
    return np.concatenate(parts)


def scratch_bytes_fully_connected(inputs: int) -> int:
    """A row that ends within a word is copied."""
    return 2 * QUAD * -(-inputs // QUAD) if inputs % QUAD else 0


def pack_lstm(inputs: npt.NDArray[Any], recurrent: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """The words of lstm_s16_dsp.c from W and R [units, gates, values]: by unit and side."""
    sides = [
        np.stack([pack_groups(unit, OUTPUTS) for unit in weights])
        for weights in (inputs, recurrent)
    ]
    return np.concatenate(sides, axis=1).reshape(-1)


def scratch_bytes_lstm(inputs: int, units: int) -> int:
    """Hidden and cell states, and a row of inputs that do not fill words of four weights."""
    filled = [2 * QUAD * -(-values // QUAD) for values in (units, inputs)]
    return filled[0] + 2 * units + (filled[1] if inputs % QUAD else 0)
