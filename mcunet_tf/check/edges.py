# SPDX-License-Identifier: Apache-2.0
"""Float32 edges: the model file speaks float32 there, the compiled C may speak integers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

QUANTISED = ("int8", "int16")
"""Types that stand for float32 at an edge."""


def inputs_for(infos: Sequence[Any], arrays: Sequence[Array]) -> tuple[Array, ...]:
    """Converts inputs as the model file takes them to what the compiled model takes.

    Args:
        infos: the compiled model's inputs: dtype, scale and zero_point.
        arrays: the arrays in the model file's types.
    """
    return tuple(
        quantise(array, info.scale, info.zero_point, info.dtype)
        if array.dtype == np.float32 and info.dtype in QUANTISED
        else array
        for info, array in zip(infos, map(_in_order, infos, arrays), strict=True)
    )


def outputs_from(
    infos: Sequence[Any], arrays: Sequence[Array], wanted: Sequence[Array]
) -> tuple[Array, ...]:
    """Converts outputs of the compiled model to the types of `wanted`, the model file's."""
    return tuple(
        dequantise(array, info.scale, info.zero_point)
        if like.dtype == np.float32 and array.dtype.name in QUANTISED
        else array
        for info, array, like in zip(infos, map(_in_file_order, infos, arrays), wanted, strict=True)
    )


def _in_order(info: Any, array: Array) -> Array:
    """An array of the file in the order of axes that the compiled model has it in."""
    axes = getattr(info, "axes", ())
    return np.ascontiguousarray(array.transpose(axes)) if axes else array


def _in_file_order(info: Any, array: Array) -> Array:
    """The way back."""
    axes = getattr(info, "axes", ())
    return np.ascontiguousarray(array.transpose(np.argsort(axes))) if axes else array


def quantise(values: Array, scale: float, zero_point: int, dtype: str = "int8") -> Array:
    """round(value / scale) + zero_point, ties away from zero, as TFLite's QUANTIZE does."""
    limits = np.iinfo(dtype)
    real = (values.astype(np.float32) / np.float32(scale)).astype(np.float64)
    rounded = np.copysign(np.floor(np.abs(real) + 0.5), real) + zero_point
    saturated: Array = rounded.clip(limits.min, limits.max)
    return saturated.astype(dtype)


def dequantise(values: Array, scale: float, zero_point: int) -> Array:
    """float32 = scale * (value - zero_point), rounded once, as TFLite's DEQUANTIZE does."""
    return ((values.astype(np.float64) - zero_point) * np.float64(np.float32(scale))).astype(
        np.float32
    )
