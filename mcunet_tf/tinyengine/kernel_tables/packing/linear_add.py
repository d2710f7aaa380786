# SPDX-License-Identifier: Apache-2.0
"""ADD as one linear form of its two int8 operands, proved on all pairs of values."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

SHIFT = 22
# Less a step, so that a kernel may add the halves of what it rounds.
_SUM_LIMIT = (1 << 31) - (1 << SHIFT)
_REACH = 3
_FAR_REACH = 24
"""One ADD in a few hundred has its only forms so far away."""


class LinearAdd(NamedTuple):
    """out = saturate((constant + first_factor * first + second_factor * second) >> SHIFT)."""

    first_factor: int
    second_factor: int
    constant: int


def linear_add(
    table: npt.NDArray[np.int64], first_ratio: float, second_ratio: float
) -> LinearAdd | None:
    """Finds a linear form that equals a table of sums, or None where there seems to be none.

    Saturated entries bound the constant on one side only. Factors near the real ratios are tried,
    the nearest first; a slightly greater one also rounds ties away from zero on both sides.

    Args:
        table: int8 results [256, 256] for operands -128..127.
        first_ratio: real scale of the first operand over the output's.
        second_ratio: the second's.
    """
    ratios = first_ratio, second_ratio
    found = _nearest(table, ratios, _REACH) or _nearest(table, ratios, _FAR_REACH)
    if found is None:
        return None
    first, second, constant = found
    if 128 * (abs(first) + abs(second)) + abs(constant) >= _SUM_LIMIT:
        return None
    return found


def _nearest(
    table: npt.NDArray[np.int64], ratios: tuple[float, float], reach: int
) -> LinearAdd | None:
    """The form whose factors are nearest to the ratios, up to `reach` steps away."""
    values = np.arange(-128, 128, dtype=np.int64)
    at_least = np.where(table > -128, table << SHIFT, np.iinfo(np.int64).min // 2)
    at_most = np.where(table < 127, ((table + 1) << SHIFT) - 1, np.iinfo(np.int64).max // 2)
    steps = np.arange(-reach, reach + 1)
    firsts, seconds = (round(ratio * (1 << SHIFT)) + steps for ratio in ratios)
    # The constant's bounds for every pair of factors: over the second operand, then over the first.
    low = np.stack([(at_least - second * values).max(axis=1) for second in seconds])
    high = np.stack([(at_most - second * values).min(axis=1) for second in seconds])
    sums = firsts[:, None, None] * values
    low, high = (low - sums).max(axis=2), (high - sums).min(axis=2)
    distance = np.abs(steps[:, None]) + np.abs(steps)
    distance[low > high] = 4 * reach
    place = np.unravel_index(distance.argmin(), distance.shape)
    if low[place] > high[place]:
        return None
    constant = (int(low[place]) + int(high[place])) // 2
    return LinearAdd(int(firsts[place[0]]), int(seconds[place[1]]), constant)
