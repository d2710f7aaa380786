# SPDX-License-Identifier: Apache-2.0
"""Tables of int16 curves, as TF-Lite Micro fills them: each curve is a line between two points.

LOGISTIC and TANH share 256 points of the logistic curve, SOFTMAX has 513 points of the exponential
and as many of 1 / (1 + x).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

from mcunet_tf.tinyengine.fixed_point import IntArray, round_half_away, wrap_int32
from mcunet_tf.tinyengine.ops.spec import Array

_POINTS = 512
_LOW, _HIGH = -(1 << 15), (1 << 15) - 1
_RANGE = _HIGH - _LOW
_NEAR = 1e-3  # to a whole logarithm
# sigma(i / 24) rounded to 16 bits is TensorFlow Lite's point i but for these, which are one higher.
_RAISED = (
    *(4, 8, 12, 14, 15, 16, 17, 19, 20, 21, 22, 25, 27, 28, 29, 30, 31, 33, 34, 35, 37, 39, 40),
    *(41, 43, 44, 45, 46, 49, 50, 54, 62, 63, 64, 66, 82, 86, 93, 100, 103, 112, 116, 135, 255),
)

Float32 = Array


@functools.cache
def sigmoid_points() -> IntArray:
    """sigma(i / 24) in Q0.16 for i = 0 .. 255, as TensorFlow Lite has them."""
    points = [math.floor((1 << 16) / (1 + math.exp(-i / 24)) + 0.5) for i in range(256)]
    for raised in _RAISED:
        points[raised] += 1
    return np.array(points, np.int64)


def curve_scale(scale: float, exact_shifts: int) -> tuple[int, int]:
    """`(multiplier, shift)` with which (x * multiplier + half) >> shift is x / (3 * 4096).

    Args:
        scale: of the input.
        exact_shifts: scales of 2^-12, 2^-11, ..., as many of them, are taken as they are.
    """
    logarithm = _logarithm(scale)
    exponent = 12 + round_half_away(logarithm)
    if abs(logarithm + 12 - exponent) < _NEAR and 0 <= exponent < exact_shifts:
        return 3 << exponent, 0
    multiplier, shift = float(np.float32(scale)) * 4096.0 * 3.0, 0
    while multiplier <= 32767.0 / 2.0 and shift <= 30:
        shift += 1
        multiplier *= 2.0
    return int(multiplier), shift


def curve_input(values: Array, multiplier: int, shift: int) -> IntArray:
    """int16 values in the steps of the curve; what 32 bits do not hold wraps around, as there."""
    return wrap_int32(values.astype(np.int64) * multiplier + (1 << shift >> 1)) >> shift


def is_unit_scale(scale: float) -> bool:
    """Whether a scale is 2^-15, as near as TensorFlow Lite wants it."""
    return abs(_logarithm(scale) + 15) < _NEAR


def _logarithm(scale: float) -> float:
    """To base 2, in float32."""
    per_bit = np.float32(1) / np.float32(np.log(np.float32(2)))
    return float(np.float32(np.log(np.float32(scale))) * per_bit)


@functools.cache
def exponential_points() -> IntArray:
    """e^x in Q0.15 at 513 points of [-10, 0]."""
    return _populate(
        np.float32(10) / np.float32(_RANGE),
        _HIGH,
        lambda x: np.exp(x.astype(np.float64)).astype(np.float32),
    )


@functools.cache
def reciprocal_points() -> IntArray:
    """1 / (1 + x) in Q0.15 at 513 points of [0, 1]."""
    one = np.float32(1)
    return _populate(one / np.float32(_RANGE), _LOW, lambda x: one / (one + x))


def look_up(values: IntArray, points: IntArray) -> IntArray:
    """The value between two of 513 points, for int16 values."""
    index = 256 + (values >> 7)
    base = points[index]
    slope = _wrap(points[index + 1] - base)
    return _wrap(base + ((slope * (values & 0x7F) + 64) >> 7))


def _wrap(values: IntArray) -> IntArray:
    wrapped: IntArray = values.astype(np.int16).astype(np.int64)
    return wrapped


def _populate(in_scale: np.float32, in_zero: int, curve: Callable[[Float32], Float32]) -> IntArray:
    """Points of a curve in Q0.15, moved by half of what the line misses between them."""
    out_scale = np.float32(2) / np.float32(_RANGE)
    least, greatest = (in_scale * np.float32(end - in_zero) for end in (_LOW, _HIGH))
    out_least, out_greatest = (out_scale * np.float32(end) for end in (_LOW, _HIGH))
    step = (greatest - least) / np.float32(_POINTS)
    per_unit = np.float32(_RANGE + 1) / (out_greatest - out_least)
    number = np.arange(_POINTS + 1, dtype=np.float32)
    at = least + number[:-1] * step
    value, following = curve(at) * per_unit, curve(least + number[1:] * step) * per_unit
    between = _round(curve(at + step / np.float32(2)) * per_unit)
    sample = _round(value)
    missed = _round((following + sample) / np.float32(2)) - between
    last = _round(curve(np.array([greatest], np.float32)) * per_unit)
    points = np.concatenate([sample - _round(missed / np.float32(2)), last])
    clipped: IntArray = points.clip(_LOW, _HIGH).astype(np.int64)
    return clipped


def _round(values: Float32) -> Float32:
    """To the nearest whole number, ties away from zero."""
    rounded: Float32 = np.copysign(np.floor(np.abs(values) + np.float32(0.5)), values)
    return rounded
