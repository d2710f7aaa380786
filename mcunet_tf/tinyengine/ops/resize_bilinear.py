# SPDX-License-Identifier: Apache-2.0
"""RESIZE_BILINEAR in TensorFlow Lite's integer form: positions and weights in 1024ths."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.pool2d import constraint_same_quantisation
from mcunet_tf.tinyengine.ops.resize_nearest_neighbor import constraint_resize
from mcunet_tf.tinyengine.ops.spec import Array, ImpossibleError, OpSpec, View

_ONE = 1 << 10

Steps = tuple[tuple[int, int, int], ...]


@dataclasses.dataclass(frozen=True)
class BilinearAttributes:
    """(index, next index, 1024ths of the next) of the input for every output row and column."""

    rows: Steps
    columns: Steps


@dataclasses.dataclass(frozen=True)
class RealBilinearAttributes:
    """(index, next index) of the input for every output row and column; the next one's share."""

    rows: tuple[tuple[int, int], ...]
    columns: tuple[tuple[int, int], ...]
    row_shares: tuple[float, ...]
    column_shares: tuple[float, ...]


def real_steps(
    size: int, out_size: int, align_corners: bool, half_pixel: bool
) -> tuple[tuple[tuple[int, int], ...], tuple[float, ...]]:
    """Where the float32 values of one axis come from, and shares, in float32 as TFLite has them."""
    scale = np.float32(size) / np.float32(out_size)
    if align_corners and out_size > 1:
        scale = np.float32(size - 1) / np.float32(out_size - 1)
    places = np.arange(out_size, dtype=np.float32)
    half = np.float32(0.5)
    positions = (places + half) * scale - half if half_pixel else places * scale
    low = np.maximum(np.floor(positions), 0).astype(int)
    high = np.minimum(np.ceil(positions), size - 1).astype(int)
    shares = (positions - low.astype(np.float32)).astype(np.float32)
    pairs = tuple((int(a), int(b)) for a, b in zip(low, high, strict=True))
    return pairs, tuple(map(float, shares))


def _truncated(number: int) -> int:
    """Divides by 1024, towards zero."""
    return number // _ONE if number >= 0 else -(-number // _ONE)


def bilinear_steps(size: int, out_size: int, align_corners: bool, half_pixel: bool) -> Steps:
    """Where the values of one axis come from; halves of positions below zero as TFLite has them."""
    scale = (_ONE * size + out_size // 2) // out_size
    if align_corners and out_size > 1:
        scale = (_ONE * (size - 1) + (out_size - 1) // 2) // (out_size - 1)
    found = []
    for place in range(out_size):
        position = place * scale + (scale // 2 - _ONE // 2 if half_pixel else 0)
        low = max(_truncated(position), 0)
        high = min(_truncated(position + _ONE - 1), size - 1)
        found.append((low, high, position - _ONE * low))
    return tuple(found)


def _read(options: Mapping[str, Any], view: View) -> BilinearAttributes | RealBilinearAttributes:
    source, output = view.input(0).shape, view.output.shape
    if len(source) != 4 or len(output) != 4 or 0 in output:
        return BilinearAttributes((), ())
    flags = (bool(options["AlignCorners"]), bool(options["HalfPixelCenters"]))
    if all(flags):
        raise ImpossibleError("both align_corners and half_pixel_centers")
    if view.input(0).dtype == "float32":
        rows, row_shares = real_steps(source[1], output[1], *flags)
        columns, column_shares = real_steps(source[2], output[2], *flags)
        return RealBilinearAttributes(rows, columns, row_shares, column_shares)
    return BilinearAttributes(
        bilinear_steps(source[1], output[1], *flags), bilinear_steps(source[2], output[2], *flags)
    )


def _evaluate(view: View, values: Sequence[Array]) -> Array:
    image = values[0][0].astype(np.int64)
    rows, columns = (np.array(steps).T for steps in (view.attributes.rows, view.attributes.columns))
    below = rows[2][:, None, None]
    blended = image[rows[0]] * (_ONE - below) + image[rows[1]] * below
    right = columns[2][:, None]
    total = blended[:, columns[0]] * (_ONE - right) + blended[:, columns[1]] * right
    half = 1 << 19
    rounded: Array = np.where(total > 0, (total + half) >> 20, -((half - total) >> 20))
    return rounded.astype(np.int8)[np.newaxis]


def constraint_corners(view: View) -> str | None:
    """Positions lie within the image: corners and half pixels are not both aligned."""
    attributes: BilinearAttributes | RealBilinearAttributes = view.attributes
    for size, steps in zip(
        view.input(0).shape[1:3], (attributes.rows, attributes.columns), strict=True
    ):
        for low, high, *_ in steps:
            if not 0 <= low < size or not 0 <= high < size:
                return f"rows or columns {low} and {high} of {size}"
    return None


RESIZE_BILINEAR = OpSpec(
    "RESIZE_BILINEAR",
    _read,
    _evaluate,
    (
        common.constraint_int8_activations,
        common.constraint_batch_one,
        constraint_resize,
        constraint_corners,
        constraint_same_quantisation,
    ),
)
