# SPDX-License-Identifier: Apache-2.0
"""SUB: ADD of a second operand with the other sign."""

from __future__ import annotations

from collections.abc import Sequence

from mcunet_tf.tinyengine.fixed_point import requantize
from mcunet_tf.tinyengine.ops.add import add_left_shift, add_parameters, scaled_operands
from mcunet_tf.tinyengine.ops.broadcast import BROADCAST_CONSTRAINTS, finish_sum, read_activation
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View


def _evaluate_sub(view: View, values: Sequence[Array]) -> Array:
    parameters = add_parameters(view)
    first, second = scaled_operands(view, values, parameters, add_left_shift(view))
    return finish_sum(view, requantize(first - second, *parameters.output))


SUB = OpSpec("SUB", read_activation, _evaluate_sub, BROADCAST_CONSTRAINTS)
