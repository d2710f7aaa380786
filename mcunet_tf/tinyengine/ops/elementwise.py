# SPDX-License-Identifier: Apache-2.0
"""Operators on two int8 tensors, value by value: sums, differences, products, extrema.

Kernels take an operand that repeats over the leading dimensions, a value for each channel for
instance; the pass `lower_broadcasts` spreads out what repeats in another way.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.fixed_point import quantize_multiplier, requantize
from mcunet_tf.tinyengine.ir import Tensor
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, as_int8, no_attributes

# TFLite scales both operands up by so many bits before it brings them to a common scale.
ADD_LEFT_SHIFT = 20
SQUARED_DIFFERENCE_LEFT_SHIFT = 7


@dataclasses.dataclass(frozen=True)
class ElementwiseAttributes:
    """The fused activation."""

    activation: str


@dataclasses.dataclass(frozen=True)
class AddParameters:
    """Fixed-point constants of sums: `(multiplier, shift)` of both inputs and the result."""

    first: tuple[int, int]
    second: tuple[int, int]
    output: tuple[int, int]


def read_activation(options: Mapping[str, Any], _: View) -> ElementwiseAttributes:
    """Attributes of an operator with a fused activation."""
    return ElementwiseAttributes(common.activation_name(options["FusedActivationFunction"]))


def _read_no_activation(_: Mapping[str, Any], __: View) -> ElementwiseAttributes:
    return ElementwiseAttributes("NONE")


def add_parameters(view: View) -> AddParameters:
    """Scales both inputs to twice the larger of their scales, as TFLite does."""
    first, second = view.input(0).scale, view.input(1).scale
    twice_larger = 2.0 * max(first, second)
    return AddParameters(
        quantize_multiplier(first / twice_larger),
        quantize_multiplier(second / twice_larger),
        quantize_multiplier(twice_larger / ((1 << ADD_LEFT_SHIFT) * view.output.scale)),
    )


def squared_difference_parameters(view: View) -> AddParameters:
    """Those of SQUARED_DIFFERENCE: the inputs' as for ADD, the output's of the square."""
    first, second = view.input(0).scale, view.input(1).scale
    twice_larger = 2.0 * max(first, second)
    unit = (1 << 2 * SQUARED_DIFFERENCE_LEFT_SHIFT) * view.output.scale
    return AddParameters(
        quantize_multiplier(first / twice_larger),
        quantize_multiplier(second / twice_larger),
        quantize_multiplier(twice_larger * twice_larger / unit),
    )


def mul_parameters(view: View) -> tuple[int, int]:
    """`(multiplier, shift)` of the product: first_scale * second_scale / out_scale."""
    return quantize_multiplier(view.input(0).scale * view.input(1).scale / view.output.scale)


def prelu_parameters(view: View) -> tuple[tuple[int, int], tuple[int, int]]:
    """`(multiplier, shift)` of values from zero up, and of the products of those below by alpha."""
    ratio = view.input(0).scale / view.output.scale
    return quantize_multiplier(ratio), quantize_multiplier(
        view.input(0).scale * view.input(1).scale / view.output.scale
    )


def _finish(view: View, values: Array) -> Array:
    low, high = common.activation_range(view.attributes.activation, view.output)
    clamped: Array = np.clip(values + view.output.zero_point, low, high)
    return clamped.astype(np.int8).reshape(view.output.shape)


def _scaled_operands(
    view: View, values: Sequence[Array], parameters: AddParameters, left_shift: int
) -> tuple[Any, Any]:
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
    first, second = _scaled_operands(view, values, parameters, ADD_LEFT_SHIFT)
    return _finish(view, requantize(first + second, *parameters.output))


def _evaluate_sub(view: View, values: Sequence[Array]) -> Array:
    parameters = add_parameters(view)
    first, second = _scaled_operands(view, values, parameters, ADD_LEFT_SHIFT)
    return _finish(view, requantize(first - second, *parameters.output))


def _evaluate_squared_difference(view: View, values: Sequence[Array]) -> Array:
    parameters = squared_difference_parameters(view)
    first, second = _scaled_operands(view, values, parameters, SQUARED_DIFFERENCE_LEFT_SHIFT)
    return _finish(view, requantize((first - second) ** 2, *parameters.output))


def _evaluate_mul(view: View, values: Sequence[Array]) -> Array:
    first = values[0].astype(np.int64) - view.input(0).zero_point
    second = values[1].astype(np.int64) - view.input(1).zero_point
    return _finish(view, requantize(first * second, *mul_parameters(view)))


def _evaluate_maximum(view: View, values: Sequence[Array]) -> Array:
    return np.maximum(*values).reshape(view.output.shape)


def _evaluate_minimum(view: View, values: Sequence[Array]) -> Array:
    return np.minimum(*values).reshape(view.output.shape)


def _evaluate_prelu(view: View, values: Sequence[Array]) -> Array:
    above, below = prelu_parameters(view)
    first = values[0].astype(np.int64) - view.input(0).zero_point
    second = values[1].astype(np.int64) - view.input(1).zero_point
    scaled = np.where(first >= 0, requantize(first, *above), requantize(first * second, *below))
    return as_int8(scaled + view.output.zero_point).reshape(view.output.shape)


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
    """Operands have the output's shape, or 1 along some of its axes."""
    shapes = [tensor.shape for tensor in (view.input(0), view.input(1), view.output)]
    try:
        fits = np.broadcast_shapes(*shapes[:2]) == shapes[2]
    except ValueError:
        fits = False
    first, second, output = map(list, shapes)
    return None if fits else f"shapes {first} and {second} for an output of {output}"


def constraint_alpha(view: View) -> str | None:
    """Alpha has a value for each channel, or for each value of the input."""
    full = broadcast_period(view)[0]
    shapes = [list(tensor.shape) for tensor in (view.input(0), view.input(1), view.output)]
    if full != 0 or shapes[0] != shapes[2]:
        return f"alpha of {shapes[1]} for {shapes[0]}"
    return None


def constraint_one_quantisation(view: View) -> str | None:
    """Operands and output have the same scale and zero point."""
    output = view.output
    for position in (0, 1):
        tensor = view.input(position)
        if (tensor.scale, tensor.zero_point) != (output.scale, output.zero_point):
            return f"'{tensor.name}' has scale {tensor.scale} and zero point {tensor.zero_point}"
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

ADD = OpSpec("ADD", read_activation, _evaluate_add, _CONSTRAINTS)
SUB = OpSpec("SUB", read_activation, _evaluate_sub, _CONSTRAINTS)
MUL = OpSpec("MUL", read_activation, _evaluate_mul, _CONSTRAINTS)
SQUARED_DIFFERENCE = OpSpec(
    "SQUARED_DIFFERENCE",
    _read_no_activation,
    _evaluate_squared_difference,
    (constraint_two_operands, common.constraint_all_int8, constraint_broadcast),
)

_EXTREMA = (
    constraint_two_operands,
    common.constraint_all_int8,
    constraint_broadcast,
    constraint_one_quantisation,
)
MAXIMUM = OpSpec("MAXIMUM", no_attributes, _evaluate_maximum, _EXTREMA)
MINIMUM = OpSpec("MINIMUM", no_attributes, _evaluate_minimum, _EXTREMA)
PRELU = OpSpec(
    "PRELU",
    no_attributes,
    _evaluate_prelu,
    (constraint_two_operands, common.constraint_all_int8, constraint_alpha),
)
