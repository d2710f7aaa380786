# SPDX-License-Identifier: Apache-2.0
"""ADD and MUL of two int8 tensors, with a per-channel or scalar second operand if need be."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.fixed_point import quantize_multiplier, requantize
from mcunet_tf.tinyengine.ir import Tensor
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View

# TFLite's ADD scales both operands up by 2^20 before it brings them to a common scale.
ADD_LEFT_SHIFT = 20


@dataclasses.dataclass(frozen=True)
class ElementwiseAttributes:
    """The fused activation."""

    activation: str


@dataclasses.dataclass(frozen=True)
class AddParameters:
    """Fixed-point constants of ADD: `(multiplier, shift)` of both inputs and of the sum."""

    first: tuple[int, int]
    second: tuple[int, int]
    output: tuple[int, int]


def _read(options: Mapping[str, Any], _: View) -> ElementwiseAttributes:
    return ElementwiseAttributes(common.activation_name(options["FusedActivationFunction"]))


def add_parameters(view: View) -> AddParameters:
    """Scales both inputs to twice the larger of their scales, as TFLite does."""
    first, second = view.input(0).scale, view.input(1).scale
    twice_larger = 2.0 * max(first, second)
    return AddParameters(
        quantize_multiplier(first / twice_larger),
        quantize_multiplier(second / twice_larger),
        quantize_multiplier(twice_larger / ((1 << ADD_LEFT_SHIFT) * view.output.scale)),
    )


def mul_parameters(view: View) -> tuple[int, int]:
    """`(multiplier, shift)` of the product: first_scale * second_scale / out_scale."""
    return quantize_multiplier(view.input(0).scale * view.input(1).scale / view.output.scale)


def _finish(view: View, values: Array) -> Array:
    low, high = common.activation_range(view.attributes.activation, view.output)
    clamped = np.clip(values + view.output.zero_point, low, high)
    return clamped.astype(np.int8).reshape(view.output.shape)


def _evaluate_add(view: View, values: Sequence[Array]) -> Array:
    parameters = add_parameters(view)
    total: Any = 0
    for position, scale in enumerate((parameters.first, parameters.second)):
        shifted = values[position].astype(np.int64) - view.input(position).zero_point
        total = total + requantize(shifted << ADD_LEFT_SHIFT, *scale)
    return _finish(view, requantize(total, *parameters.output))


def _evaluate_mul(view: View, values: Sequence[Array]) -> Array:
    first = values[0].astype(np.int64) - view.input(0).zero_point
    second = values[1].astype(np.int64) - view.input(1).zero_point
    return _finish(view, requantize(first * second, *mul_parameters(view)))


def _without_leading_ones(tensor: Tensor) -> tuple[int, ...]:
    shape = tensor.shape
    while shape and shape[0] == 1:
        shape = shape[1:]
    return shape


def broadcast_period(view: View) -> tuple[int, int]:
    """Position of the full-size operand and the number of values after which the other repeats.

    The other operand has the output's trailing dimensions, 1 elsewhere: a period of the whole
    tensor (same shape), of the channels ([1, 1, 1, c]) or of 1 (a scalar). (-1, 0): neither.
    """
    output = view.output.shape
    for full in (0, 1):
        if view.input(full).elements != view.output.elements:
            continue
        trimmed = _without_leading_ones(view.input(1 - full))
        period = int(np.prod(trimmed, dtype=np.int64))
        if period == 1 or trimmed == output[len(output) - len(trimmed) :]:
            return full, period
    return -1, 0


def constraint_broadcast(view: View) -> str | None:
    """Operands have the output's shape, or one of them repeats over the leading dimensions."""
    full = broadcast_period(view)[0]
    if full < 0 or _without_leading_ones(view.input(full)) != _without_leading_ones(view.output):
        shapes = [list(tensor.shape) for tensor in (view.input(0), view.input(1), view.output)]
        return f"shapes {shapes[0]} and {shapes[1]} for an output of {shapes[2]}"
    return None


def constraint_two_operands(view: View) -> str | None:
    """There are two operands."""
    if len(view.inputs) != 2:
        return f"{len(view.inputs)} operands"
    return None


_CONSTRAINTS = (
    constraint_two_operands,
    common.constraint_all_int8,
    common.constraint_known_activation,
    constraint_broadcast,
)

ADD = OpSpec("ADD", _read, _evaluate_add, _CONSTRAINTS)
MUL = OpSpec("MUL", _read, _evaluate_mul, _CONSTRAINTS)
