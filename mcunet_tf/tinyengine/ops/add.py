# SPDX-License-Identifier: Apache-2.0
"""ADD: both operands brought to one scale, in units of 2^-20 of it, of int16 of 2^-15."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.fixed_point import quantize_multiplier, requantize
from mcunet_tf.tinyengine.ops.broadcast import BROADCAST_CONSTRAINTS, finish_sum, read_activation
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View

# TFLite scales both operands up by so many bits before it brings them to a common scale.
ADD_LEFT_SHIFT = {"int8": 20, "int16": 15}


@dataclasses.dataclass(frozen=True)
class AddParameters:
    """Fixed-point constants of sums: `(multiplier, shift)` of both inputs and the result."""

    first: tuple[int, int]
    second: tuple[int, int]
    output: tuple[int, int]


def add_left_shift(view: View) -> int:
    """Bits by which sums and differences are finer than their operands' scales."""
    return ADD_LEFT_SHIFT[view.output.dtype]


def add_parameters(view: View) -> AddParameters:
    """Scales both inputs to twice the larger of their scales, as TFLite does."""
    first, second = view.input(0).scale, view.input(1).scale
    twice_larger = 2.0 * max(first, second)
    return AddParameters(
        quantize_multiplier(first / twice_larger),
        quantize_multiplier(second / twice_larger),
        quantize_multiplier(twice_larger / ((1 << add_left_shift(view)) * view.output.scale)),
    )


def scaled_operands(
    view: View, values: Sequence[Array], parameters: AddParameters, left_shift: int
) -> tuple[Any, Any]:
    """Both operands, int64, in the scale of the sum.

    Args:
      view: an operator on two tensors.
      values: their values.
      parameters: multiplier and shift of each.
      left_shift: bits that both are shifted by first, which rounding then keeps.
    """
    first, second = (
        requantize(
            (values[position].astype(np.int64) - view.input(position).zero_point) << left_shift,
            *scale,
        )
        for position, scale in enumerate((parameters.first, parameters.second))
    )
    return first, second


def _evaluate_add(view: View, values: Sequence[Array]) -> Array:
    parameters = add_parameters(view)
    first, second = scaled_operands(view, values, parameters, add_left_shift(view))
    return finish_sum(view, requantize(first + second, *parameters.output))


ADD = OpSpec("ADD", read_activation, _evaluate_add, BROADCAST_CONSTRAINTS)
