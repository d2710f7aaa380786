# SPDX-License-Identifier: Apache-2.0
"""SQUARED_DIFFERENCE."""

from __future__ import annotations

from collections.abc import Sequence

from mcunet_tf.tinyengine.fixed_point import quantize_multiplier, requantize
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.add import AddParameters, scaled_operands
from mcunet_tf.tinyengine.ops.broadcast import (
    constraint_broadcast,
    constraint_two_operands,
    finish_sum,
    read_no_activation,
)
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View

_LEFT_SHIFT = {"int8": 7, "int16": 0}


def square_left_shift(view: View) -> int:
    """Bits by which differences are finer than their operands' scales before they are squared."""
    return _LEFT_SHIFT[view.output.dtype]


def squared_difference_parameters(view: View) -> AddParameters:
    """Those of SQUARED_DIFFERENCE: the inputs' as for ADD, the output's of the square."""
    first, second = view.input(0).scale, view.input(1).scale
    twice_larger = 2.0 * max(first, second)
    unit = (1 << 2 * square_left_shift(view)) * view.output.scale
    return AddParameters(
        quantize_multiplier(first / twice_larger),
        quantize_multiplier(second / twice_larger),
        quantize_multiplier(twice_larger * twice_larger / unit),
    )


def _evaluate_squared_difference(view: View, values: Sequence[Array]) -> Array:
    parameters = squared_difference_parameters(view)
    first, second = scaled_operands(view, values, parameters, square_left_shift(view))
    return finish_sum(view, requantize((first - second) ** 2, *parameters.output))


SQUARED_DIFFERENCE = OpSpec(
    "SQUARED_DIFFERENCE",
    read_no_activation,
    _evaluate_squared_difference,
    (constraint_two_operands, common.constraint_all_activations, constraint_broadcast),
)
