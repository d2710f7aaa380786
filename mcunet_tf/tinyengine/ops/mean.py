# SPDX-License-Identifier: Apache-2.0
"""MEAN and SUM over any axes, with requantisation."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.fixed_point import quantize_multiplier, requantize
from mcunet_tf.tinyengine.ir import constant_values, is_constant
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, saturated


@dataclasses.dataclass(frozen=True)
class MeanAttributes:
    """The axes that one result is made of, ascending."""

    axes: tuple[int, ...]


def read_axes(_: Mapping[str, Any], view: View) -> MeanAttributes:
    """Takes the axes from the second operand; none if they are not constant."""
    if len(view.inputs) < 2 or not is_constant(view.inputs[1]):
        return MeanAttributes(())
    rank = len(view.input(0).shape)
    axes = {common.front_axis(axis, rank) for axis in constant_values(view.inputs[1])}
    return MeanAttributes(tuple(sorted(axes)))


def mean_parameters(view: View) -> tuple[int, int]:
    """`(multiplier, shift)` of in_scale / (out_scale * count), folded as TFLite folds it.

    The division by the number of elements is done on the Q31 multiplier, truncating; SUM has none.
    """
    multiplier, shift = quantize_multiplier(view.input(0).scale / view.output.scale)
    if view.op.kind == "SUM":
        return multiplier, shift
    count = reduced_count(view)
    extra = min(count.bit_length() - 1, 32, 31 + shift)
    return (multiplier << extra) // count, shift - extra


def reduced_count(view: View) -> int:
    """Values that go into one result."""
    return math.prod(view.input(0).shape[a] for a in view.attributes.axes)


def _evaluate(view: View, values: Sequence[Array]) -> Array:
    source = view.input(0)
    total = values[0].astype(np.int64).sum(axis=view.attributes.axes)
    centred = total - source.zero_point * reduced_count(view)
    result = requantize(centred, *mean_parameters(view)) + view.output.zero_point
    return saturated(result, view.output.dtype).reshape(view.output.shape)


def outer_inner(view: View) -> tuple[int, int, int] | None:
    """(outer, count, inner): the reduced axes as one block, or None if they are not adjacent."""
    shape, axes = view.input(0).shape, view.attributes.axes
    if not axes:
        return None
    first, last = axes[0], axes[-1]
    # Axes of length 1 between, before or after change nothing.
    if any(a not in axes and shape[a] != 1 for a in range(first, last + 1)):
        return None
    return (
        math.prod(shape[:first]),
        math.prod(shape[first : last + 1]),
        math.prod(shape[last + 1 :]),
    )


def constraint_axes(view: View) -> str | None:
    """The axes are constant."""
    if len(view.inputs) < 2 or not is_constant(view.inputs[1]):
        return "the axes are computed at run time"
    if view.attributes.axes[-1:] >= (len(view.input(0).shape),):
        return f"axes {list(view.attributes.axes)} of {list(view.input(0).shape)}"
    return None if view.attributes.axes else "no axis"


def constraint_output_elements(view: View) -> str | None:
    """The output holds one value for each position that is not reduced."""
    expected = view.input(0).elements // max(reduced_count(view), 1)
    return None if view.output.elements == expected else f"{view.output.elements}, not {expected}"


_CONSTRAINTS = (common.constraint_activations, constraint_axes, constraint_output_elements)

MEAN = OpSpec("MEAN", read_axes, _evaluate, _CONSTRAINTS)
SUM = OpSpec("SUM", read_axes, _evaluate, _CONSTRAINTS)
