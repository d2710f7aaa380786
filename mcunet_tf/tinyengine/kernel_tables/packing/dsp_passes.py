# SPDX-License-Identifier: Apache-2.0
"""Weight streams of `fully_connected_s8_any_dsp`, which makes six outputs in a pass."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.kernel_tables.packing import dsp

_PAIRS_PER_PASS = 3
_PLAIN = 1 << 22
"""In a pass's first shifts: all of its outputs shift right."""
_LONE = 1 << 29
"""In the shifts of a pair that is a pass of its own."""


def shared_halves_reason(weights: npt.ArrayLike) -> str | None:
    """Says why outputs cannot share halves of 16 bits in pairs, or None where they can.

    Args:
        weights: int8 [out_features, in_features], of which an odd first one is a pair of its own.
    """
    rows = np.asarray(weights, np.int64)
    pairs = rows[len(rows) % 2 :].reshape(-1, 2, rows.shape[1])
    if ((pairs[:, 1] == -128) & (pairs[:, 0] < 0)).any():
        return "a weight of -128 beside a negative one"
    return None


def pack_fully_connected_any(
    weights: npt.ArrayLike, bias: npt.ArrayLike, multiplier: npt.ArrayLike, shift: npt.ArrayLike
) -> tuple[dsp.Bytes, dsp.Bytes]:
    """Weights and channels of `fully_connected_s8_any_dsp`; arguments as for the narrow one."""
    taps, *constants = dsp.any_constants(weights, bias, multiplier, shift, doubled=True)
    outputs, inputs = taps.shape
    # An odd output comes first, with a neighbour of zeros; words that are not whole come first.
    lead = outputs % 2
    order = [0, outputs, *range(1, outputs)] if lead else list(range(outputs))
    taps = np.pad(taps, ((0, 1), (0, 0)))[order]
    starts, factors, shifts = (np.pad(values, (0, 1))[order] for values in constants)
    tail = inputs % dsp.INPUTS_PER_WORD_PAIR
    parts = [taps[:, inputs - tail :], taps[:, : inputs - tail]]
    parts[0] = np.pad(parts[0], ((0, 0), (0, -tail % dsp.INPUTS_PER_WORD_PAIR)))
    taps = np.concatenate(parts, axis=1)
    quads = taps.shape[1] // dsp.INPUTS_PER_WORD_PAIR
    halves = ((taps[0::2] + 256 * taps[1::2]) & 0xFFFF).reshape(-1, quads, 4)
    words = np.stack([halves[..., k] | halves[..., k + 2] << 16 for k in (0, 1)], axis=2)
    products, channels = [], []
    for first, count in _passes(len(words), lead):
        pairs, made = slice(first, first + count), slice(2 * first, 2 * (first + count))
        products.append(words[pairs].transpose(1, 0, 2).reshape(-1))
        ends = _pass_ends(factors[made], shifts[made])
        channels += [2 * starts[1::2][pairs], starts[0::2][pairs], ends.reshape(-1)]
    streams = [dsp.word_bytes(np.concatenate(parts)).reshape(-1) for parts in (products, channels)]
    return streams[0], streams[1]


def _pass_ends(factors: dsp.Ints, shifts: dsp.Ints) -> dsp.Ints:
    """Multipliers and shifts of a pass: n - 1 where all of three pairs shift right, as most do."""
    flag = _LONE
    if len(factors) == 2 * _PAIRS_PER_PASS:
        flag = 0
        if ((shifts & dsp.RIGHT > 0) | (factors == 0)).all():
            shifts, flag = np.maximum((shifts & 0xFF) - 1, 0), _PLAIN
    both = shifts[0::2] | shifts[1::2] << 8
    both[0] |= flag
    return np.stack([factors[0::2], factors[1::2], both], axis=1)


def _passes(pairs: int, lead: int) -> list[tuple[int, int]]:
    """(first pair, pairs) of each pass: an odd output's, then what is no multiple of three."""
    alone = lead + (pairs - lead) % _PAIRS_PER_PASS
    rest = range(alone, pairs, _PAIRS_PER_PASS)
    return [(i, 1) for i in range(alone)] + [(i, _PAIRS_PER_PASS) for i in rest]
