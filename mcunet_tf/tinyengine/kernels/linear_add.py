# SPDX-License-Identifier: Apache-2.0
"""ADD as one linear form of its two int8 operands, proved on all pairs of values."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

SHIFT = 22
_SUM_LIMIT = 1 << 31
_REACH = 3


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
    values = np.arange(-128, 128, dtype=np.int64)
    at_least = np.where(table > -128, table << SHIFT, np.iinfo(np.int64).min // 2)
    at_most = np.where(table < 127, ((table + 1) << SHIFT) - 1, np.iinfo(np.int64).max // 2)
    nearest = round(first_ratio * (1 << SHIFT)), round(second_ratio * (1 << SHIFT))
    steps = sorted(
        itertools.product(range(-_REACH, _REACH + 1), repeat=2), key=lambda s: abs(s[0]) + abs(s[1])
    )
    for step in steps:
        first, second = nearest[0] + step[0], nearest[1] + step[1]
        sums = first * values[:, None] + second * values[None, :]
        low, high = int((at_least - sums).max()), int((at_most - sums).min())
        if low > high:
            continue
        constant = (low + high) // 2
        if 128 * (abs(first) + abs(second)) + abs(constant) >= _SUM_LIMIT:
            return None
        return LinearAdd(first, second, constant)
    return None
