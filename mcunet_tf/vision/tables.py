# SPDX-License-Identifier: Apache-2.0
"""What values stand for: real functions, and their tables by the raw value of int8."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Function = Callable[[Array], Array]

REAL_BITS = 16
"""Fraction bits of middles and sizes."""
ONE = (1 << 15) - 1
"""A score of 1."""
_MAX_REAL = 1 << 26  # 1024: with sixteenths of pixels products stay far within int64


def sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x), without overflow."""
    share: Array = np.exp(-np.logaddexp(0, -x))
    return share


def _exponential(x: Array) -> Array:
    power: Array = np.exp(np.minimum(x, 20.0))
    return power


def middle_function(code: str, variance: float) -> Function:
    """From a value to where the middle lies, in cells or anchors."""
    if code == "yolo":
        return sigmoid
    if code == "yolov5":
        return lambda x: 2 * sigmoid(x) - 0.5
    if code == "ssd":
        return lambda x: x * variance
    return lambda x: x


def size_function(code: str, variance: float) -> Function:
    """From a value to a size, or a distance to a side, in anchors."""
    if code == "yolo":
        return _exponential
    if code == "yolov5":
        return lambda x: np.square(2 * sigmoid(x))
    if code == "ssd":
        return lambda x: _exponential(x * variance)
    return lambda x: np.maximum(x, 0)


def score_function(activation: str) -> Function:
    """From a value to a score."""
    return sigmoid if activation == "sigmoid" else lambda x: x


def reals(values: Array) -> Array:
    """Real numbers with 16 fraction bits, int64."""
    rounded = np.floor(values * (1 << REAL_BITS) + 0.5)
    limited: Array = np.clip(rounded, -_MAX_REAL, _MAX_REAL)
    return limited.astype(np.int64)


def shares(values: Array) -> Array:
    """Scores with 15 fraction bits, 0 to 32767, int64."""
    limited: Array = np.clip(np.floor(values * (1 << 15) + 0.5), 0, ONE)
    return limited.astype(np.int64)


def raw_values(scale: float, zero_point: int) -> Array:
    """What each raw value of int8 stands for, float64 [256], from -128 on."""
    known: Array = (np.arange(-128, 128) - zero_point) * np.float64(np.float32(scale))
    return known


def powers(values: Array) -> Array:
    """e^-x with 15 fraction bits, 32768 being 1, for distances x of at least 0; int64."""
    rounded: Array = np.floor(np.exp(-values) * (1 << 15) + 0.5)
    return rounded.astype(np.int64)
