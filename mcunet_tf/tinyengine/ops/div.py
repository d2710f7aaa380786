# SPDX-License-Identifier: Apache-2.0
"""DIV on int8: a quotient by TensorFlow Lite's fixed-point reciprocals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcunet_tf.tinyengine.fixed_point import (
    one_over_one_plus_x,
    quantize_multiplier,
    rounding_divide_by_power_of_two,
    saturating_rounding_doubling_high_mul,
)
from mcunet_tf.tinyengine.ops import broadcast, common
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View

# TFLite's last step shifts right by the dividend's headroom of 23 bits at least.
_GREATEST_SHIFT = 22


def div_parameters(view: View) -> tuple[int, int]:
    """`(multiplier, shift)` of the quotient, from scales multiplied and divided in float32."""
    first, second, output = (
        np.float32(tensor.scale) for tensor in (view.input(0), view.input(1), view.output)
    )
    return quantize_multiplier(float(first / (second * output)))


def reciprocals(view: View) -> tuple[Array, Array]:
    """(Q0.31 reciprocals, exponents) of all 256 divisors, by their bit patterns; 0 for zero."""
    divisors = np.arange(256, dtype=np.uint8).view(np.int8).astype(np.int64)
    sizes = np.abs(divisors - view.input(1).zero_point)
    bits = np.array([int(size).bit_length() for size in sizes])
    shifted = (np.maximum(sizes, 1) << (32 - np.maximum(bits, 1))) - (1 << 31)
    found = np.where(sizes > 0, one_over_one_plus_x(shifted), 0)
    return found, np.maximum(bits - 1, 0)


def _evaluate(view: View, values: Sequence[Array]) -> Array:
    table, exponents = reciprocals(view)
    multiplier, shift = div_parameters(view)
    first, second = np.broadcast_arrays(values[0], values[1])
    divisor = second.astype(np.int64) - view.input(1).zero_point
    dividend = (first.astype(np.int64) - view.input(0).zero_point) * np.where(divisor < 0, -1, 1)
    bits = np.array([int(v if v >= 0 else ~v).bit_length() for v in dividend.reshape(-1)])
    headroom = 31 - bits.reshape(dividend.shape)
    patterns = np.ascontiguousarray(second).view(np.uint8)
    scaled = saturating_rounding_doubling_high_mul(dividend << headroom, table[patterns])
    product = saturating_rounding_doubling_high_mul(scaled, multiplier)
    right = headroom + exponents[patterns] - shift
    rounded = rounding_divide_by_power_of_two(product, np.clip(right, 0, 31))
    result = np.where(right > 31, 0, rounded) + view.output.zero_point
    low, high = common.activation_range(view.attributes.activation, view.output)
    # A divisor of zero gives the end of the range on the dividend's side.
    ends = np.where(dividend < 0, low, high)
    held = np.where(divisor == 0, ends, np.clip(result, low, high))
    return held.astype(np.int8).reshape(view.output.shape)


def constraint_quotient_scale(view: View) -> str | None:
    """The first scale is at most 2^22 times the product of the others."""
    shift = div_parameters(view)[1]
    return None if shift <= _GREATEST_SHIFT else f"a shift of {shift}"


DIV = OpSpec(
    "DIV",
    broadcast.read_activation,
    _evaluate,
    (
        broadcast.constraint_two_operands,
        common.constraint_all_int8,
        common.constraint_known_activation,
        broadcast.constraint_broadcast,
        constraint_quotient_scale,
    ),
)
