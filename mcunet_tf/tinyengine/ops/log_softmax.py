# SPDX-License-Identifier: Apache-2.0
"""LOG_SOFTMAX over the last axis, in TFLite's fixed-point arithmetic."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from mcunet_tf.tinyengine import fixed_point
from mcunet_tf.tinyengine.fixed_point import IntArray, log_of_sums, requantize
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.softmax import (
    ACCUMULATION_INTEGER_BITS,
    SCALED_DIFFERENCE_INTEGER_BITS,
    SoftmaxAttributes,
    constraint_depth,
    exponentials,
)
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, as_int8

_OUTPUT_INTEGER_BITS = 4


@dataclasses.dataclass(frozen=True)
class LogSoftmaxParameters:
    """`(multiplier, shift)` of differences in Q5.26 and back, and how many differences count."""

    forward: tuple[int, int]
    back: tuple[int, int]
    radius: int


def log_softmax_parameters(view: View) -> LogSoftmaxParameters:
    """The constants of the rescaling, by the input's scale."""
    bits = 31 - SCALED_DIFFERENCE_INTEGER_BITS
    real = min(view.input(0).scale * (1 << bits), (1 << 31) - 1.0)
    multiplier, shift = fixed_point.quantize_multiplier(real)
    back = fixed_point.quantize_multiplier((1 << (31 - shift)) / multiplier)
    radius = fixed_point.input_radius(SCALED_DIFFERENCE_INTEGER_BITS, shift)
    return LogSoftmaxParameters((multiplier, shift), back, radius)


def narrow_exponentials(view: View) -> IntArray:
    """e^(-scale d) in Q12.19 for each difference d that counts."""
    wide = exponentials(view)
    return fixed_point.rounding_divide_by_power_of_two(wide, ACCUMULATION_INTEGER_BITS)


def _evaluate(view: View, values: Sequence[Array]) -> Array:
    parameters, table = log_softmax_parameters(view), narrow_exponentials(view)
    rows = values[0].reshape(-1, view.input(0).shape[-1]).astype(np.int64)
    difference = rows - rows.max(axis=1, keepdims=True)
    inside = -difference < len(table)
    total = np.where(inside, table[np.minimum(-difference, len(table) - 1)], 0).sum(axis=1)
    logs = log_of_sums(total)[:, None]
    least = requantize(logs - (1 << 31), *parameters.back)
    bound = np.maximum(-parameters.radius - 1, least)
    scaled = requantize(difference, *parameters.forward)
    shift = 31 - SCALED_DIFFERENCE_INTEGER_BITS - _OUTPUT_INTEGER_BITS
    result = fixed_point.rounding_divide_by_power_of_two(scaled - logs, shift) + 127
    held = np.where(difference > bound, np.clip(result, -128, 127), -128)
    return as_int8(held).reshape(view.output.shape)


def constraint_output_scale(view: View) -> str | None:
    """The output's scale is 1/16 and its zero point 127."""
    output = view.output
    if output.zero_point != 127 or output.scale != 16 / 256:
        return f"scale {output.scale} and zero point {output.zero_point}"
    return None


def _read(_: object, __: View) -> SoftmaxAttributes:
    return SoftmaxAttributes(1.0)


LOG_SOFTMAX = OpSpec(
    "LOG_SOFTMAX",
    _read,
    _evaluate,
    (
        common.constraint_int8_activations,
        common.constraint_same_shape,
        constraint_depth,
        constraint_output_scale,
    ),
)
