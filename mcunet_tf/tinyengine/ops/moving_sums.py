# SPDX-License-Identifier: Apache-2.0
"""ROW_SUMS, MOVING_SUMS and MOVING_MEAN, which only passes make: means of rows that come and go."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from mcunet_tf.tinyengine.fixed_point import divide_rounded, requantize
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, no_attributes

MOST_POSITIONS = 128
"""As many values of int8, less their zero point, add up to int16."""


@dataclasses.dataclass(frozen=True)
class MovingSumsAttributes:
    """The value among those held with which the rows that leave begin."""

    leaving: int


@dataclasses.dataclass(frozen=True)
class MovingMeanAttributes:
    """How a mean follows from sums of values less their zero point.

    Attributes:
      count: values of a sum that is divided by it, ties away from zero; 0: it is requantised by
        `multiplier` and `shift`, which hold the division.
      offset: what is added before a division: `count` zero points.
      multiplier, shift: of the requantisation.
      low, high: what the result is clamped to.
    """

    count: int
    offset: int
    multiplier: int
    shift: int
    low: int
    high: int


@dataclasses.dataclass(frozen=True)
class RowSumsAttributes:
    """Positions of a row that are added up."""

    positions: int


def _evaluate_rows(view: View, values: Sequence[Array]) -> Array:
    output, positions = view.output, view.attributes.positions
    sums = output.shape[-1]
    rows = values[0].astype(np.int64).reshape(-1, positions, sums) - view.input(0).zero_point
    result: Array = rows.sum(axis=1).astype(np.int16).reshape(output.shape)
    return result


def _evaluate_sums(view: View, values: Sequence[Array]) -> Array:
    sums, held, new = (array.reshape(-1).astype(np.int64) for array in values)
    start = view.attributes.leaving
    moved = new - held[start : start + new.size]
    total = sums + moved.reshape(-1, sums.size).sum(axis=0)
    result: Array = total.astype(np.int32).reshape(view.output.shape)
    return result


def _evaluate_mean(view: View, values: Sequence[Array]) -> Array:
    attributes: MovingMeanAttributes = view.attributes
    sums = values[0].astype(np.int64)
    if attributes.count:
        mean = divide_rounded(sums + attributes.offset, attributes.count)
    else:
        mean = requantize(sums, attributes.multiplier, attributes.shift) + view.output.zero_point
    clamped = np.clip(mean, attributes.low, attributes.high)
    result: Array = clamped.astype(view.output.dtype).reshape(view.output.shape)
    return result


def constraint_sums(view: View) -> str | None:
    """Sums are int32, and rows that come and leave are whole sets of values of them."""
    sums, held, new = view.input(0), view.input(1), view.input(2)
    if sums.dtype != "int32" or view.output.dtype != "int32" or held.dtype != new.dtype:
        return f"{sums.dtype} sums of {held.dtype} and {new.dtype}"
    end = view.attributes.leaving + new.elements
    if new.elements % sums.elements or end > held.elements or sums.shape != view.output.shape:
        return f"{list(new.shape)} of {list(held.shape)} into {list(sums.shape)}"
    return None


def constraint_row_sums(view: View) -> str | None:
    """Sums of int8 rows are int16, and hold all of their values."""
    source, output, positions = view.input(0), view.output, view.attributes.positions
    if source.dtype != "int8" or output.dtype != "int16":
        return f"{source.dtype} to {output.dtype}"
    if positions > MOST_POSITIONS or output.elements * positions != source.elements:
        return f"{positions} positions of {list(source.shape)} to {list(output.shape)}"
    return None


def constraint_mean(view: View) -> str | None:
    """Sums are int32, and there is a result for each."""
    sums, output = view.input(0), view.output
    if sums.dtype != "int32" or output.dtype not in common.ACTIVATION_TYPES:
        return f"{sums.dtype} to {output.dtype}"
    return None if sums.elements == output.elements else f"an output of {list(output.shape)}"


ROW_SUMS = OpSpec("ROW_SUMS", no_attributes, _evaluate_rows, (constraint_row_sums,))
MOVING_SUMS = OpSpec(
    "MOVING_SUMS", no_attributes, _evaluate_sums, (constraint_sums,), required=(0, 1, 2)
)
MOVING_MEAN = OpSpec("MOVING_MEAN", no_attributes, _evaluate_mean, (constraint_mean,))
