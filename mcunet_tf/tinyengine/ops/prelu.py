# SPDX-License-Identifier: Apache-2.0
"""PRELU."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcunet_tf.tinyengine.fixed_point import quantize_multiplier, requantize
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.broadcast import broadcast_period, constraint_two_operands
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, no_attributes, saturated


def prelu_parameters(view: View) -> tuple[tuple[int, int], tuple[int, int]]:
    """`(multiplier, shift)` of values from zero up, and of the products of those below by alpha."""
    ratio = view.input(0).scale / view.output.scale
    return quantize_multiplier(ratio), quantize_multiplier(
        view.input(0).scale * view.input(1).scale / view.output.scale
    )


def _evaluate_prelu(view: View, values: Sequence[Array]) -> Array:
    above, below = prelu_parameters(view)
    first = values[0].astype(np.int64) - view.input(0).zero_point
    second = values[1].astype(np.int64) - view.input(1).zero_point
    scaled = np.where(first >= 0, requantize(first, *above), requantize(first * second, *below))
    return saturated(scaled + view.output.zero_point, view.output.dtype).reshape(view.output.shape)


def constraint_alpha_type(view: View) -> str | None:
    """Alpha is int8, quantised per tensor."""
    alpha = view.optional(1)
    if alpha is None:
        return "an operand is missing"
    return common.describe(alpha) if alpha.dtype != "int8" else common.per_tensor_problem(alpha)


def constraint_alpha(view: View) -> str | None:
    """Alpha has a value for each channel, or for each value of the input."""
    full = broadcast_period(view)[0]
    shapes = [list(tensor.shape) for tensor in (view.input(0), view.input(1), view.output)]
    if full != 0 or shapes[0] != shapes[2]:
        return f"alpha of {shapes[1]} for {shapes[0]}"
    return None


PRELU = OpSpec(
    "PRELU",
    no_attributes,
    _evaluate_prelu,
    (
        constraint_two_operands,
        common.constraint_activations,
        constraint_alpha_type,
        constraint_alpha,
    ),
)
