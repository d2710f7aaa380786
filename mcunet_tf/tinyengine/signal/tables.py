# SPDX-License-Identifier: Apache-2.0
"""Constants of transforms and logarithms, which depend on nothing but a number of points.

Functions are evaluated in float64 and rounded, so that they are the same on every computer.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.signal.arithmetic import Q15, Arithmetic

Integers = npt.NDArray[Any]

WINDOW_BITS = 12


def to_int16(values: Integers, one: Any) -> Integers:
    """Rounds to fixed point in the precision of the values; ties go up."""
    rounded: Integers = np.floor(values * one + values.dtype.type(0.5)).astype(np.int16)
    return rounded


@functools.cache
def twiddles(points: int, arithmetic: Arithmetic = Q15) -> Integers:
    """Factors of a complex transform of so many points; [points, 2], real and imaginary."""
    return arithmetic.factors(-2 * math.pi * np.arange(points) / points)


@functools.cache
def split_twiddles(points: int, arithmetic: Arithmetic = Q15) -> Integers:
    """Factors that turn a complex transform of `points` into a real one of twice as many points.

    [points // 2, 2]; row k - 1 belongs to bins k and points - k.
    """
    steps = np.arange(1, points // 2 + 1) / points
    return arithmetic.factors(-math.pi * (steps + 0.5))


def radices(points: int) -> tuple[int, ...]:
    """Radices of a transform's stages in the order of computation: a 2 where needed, then fours."""
    twos = points.bit_length() - 1
    return (2,) * (twos % 2) + (4,) * (twos // 2)


@functools.cache
def input_order(points: int) -> Integers:
    """Which input each place of the first stage takes; int32 [points]."""

    def order(indices: Integers, left: tuple[int, ...]) -> Integers:
        if not left:
            return indices
        parts = [order(indices[k :: left[0]], left[1:]) for k in range(left[0])]
        return np.concatenate(parts)

    return order(np.arange(points, dtype=np.int32), radices(points)[::-1])


@functools.cache
def input_places(points: int) -> Integers:
    """Where the first stage has each input: the inverse of `input_order`; uint16 [points]."""
    places = np.empty(points, np.uint16)
    places[input_order(points)] = np.arange(points)
    return places


def complex_words(pairs: Integers) -> Integers:
    """Complex int16 values as words, real parts below."""
    real, imaginary = (pairs[:, part].astype(np.uint16).astype(np.uint32) for part in range(2))
    return real | imaginary << 16


@functools.cache
def stage_steps(points: int) -> Integers:
    """Which of `points` factors all stages but the first take: those of each input in turn."""
    stages = radices(points)
    parts, span = [np.zeros(0, np.int64)], stages[0]
    for radix in stages[1:]:
        step = points // (span * radix)
        parts.append(np.outer(np.arange(1, radix), np.arange(span)).reshape(-1) * step)
        span *= radix
    return np.concatenate(parts)


def stage_factors(points: int, arithmetic: Arithmetic = Q15) -> Integers:
    """The factors of all stages but the first, by stage, input and place; [n, 2]."""
    chosen: Integers = twiddles(points, arithmetic)[stage_steps(points)]
    return chosen


LOG_SEGMENT_BITS = 7


@functools.cache
def log_table() -> Integers:
    """How far log2(1 + x) lies above x, at x = 0, 1/128 ... 1; uint16 [129], 65536 is one."""
    x = np.arange((1 << LOG_SEGMENT_BITS) + 1) / (1 << LOG_SEGMENT_BITS)
    rounded: Integers = np.floor(65536 * (np.log2(1 + x) - x) + 0.5).astype(np.uint16)
    return rounded
