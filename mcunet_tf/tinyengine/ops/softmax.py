# SPDX-License-Identifier: Apache-2.0
"""SOFTMAX over the last axis, in TFLite's fixed-point arithmetic."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine import fixed_point
from mcunet_tf.tinyengine.ops import common, tables_s16
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, saturated

SCALED_DIFFERENCE_INTEGER_BITS = 5
ACCUMULATION_INTEGER_BITS = 12
# Differences of int16 have 16 bits and stay within 32 behind this shift.
_MAX_SHIFT_S16 = 14


@dataclasses.dataclass(frozen=True)
class SoftmaxAttributes:
    """The factor of the exponent."""

    beta: float


def _read(options: Mapping[str, Any], _: View) -> SoftmaxAttributes:
    return SoftmaxAttributes(float(options["Beta"]))


def exponentials(view: View) -> Array:
    """e^(beta * scale * -d) in Q0.31 for d = 0, 1, ...: every value of an int8 input that counts.

    Differences beyond the table are so small that TFLite leaves them out.
    """
    bits = 31 - SCALED_DIFFERENCE_INTEGER_BITS
    real = min(view.attributes.beta * view.input(0).scale * (1 << bits), (1 << 31) - 1.0)
    if real < 1.0:
        # Of networks without training: the reference aborts, as it shifts to the left only. The
        # whole range of the input is less than one step of the exponent here.
        return fixed_point.exp_on_negative_values(np.zeros(256, np.int64), 31 - bits)
    multiplier, shift = fixed_point.quantize_multiplier(real)
    radius = fixed_point.input_radius(SCALED_DIFFERENCE_INTEGER_BITS, shift)
    differences = -np.arange(min(radius, 255) + 1, dtype=np.int64)
    scaled = fixed_point.saturating_rounding_doubling_high_mul(differences << shift, multiplier)
    return fixed_point.exp_on_negative_values(scaled, SCALED_DIFFERENCE_INTEGER_BITS)


def difference_scale(view: View) -> tuple[int, int]:
    """`(multiplier, shift)` that bring differences of int16 values to 65535 steps for 10."""
    real = float(view.input(0).scale) * float(np.float32(view.attributes.beta)) / (10.0 / 65535.0)
    return fixed_point.quantize_multiplier(real)


def _evaluate(view: View, values: Sequence[Array]) -> Array:
    depth = view.input(0).shape[-1]
    rows = values[0].reshape(-1, depth).astype(np.int64)
    difference = rows.max(axis=1, keepdims=True) - rows
    if view.input(0).dtype == "int16":
        result = _from_int16(view, difference)
    else:
        result = _from_int8(view, difference)
    return saturated(result, view.output.dtype).reshape(view.output.shape)


def _from_int8(view: View, difference: Array) -> Array:
    table = exponentials(view)
    bits, least = (8, -128) if view.output.dtype == "int8" else (16, -(1 << 15))
    inside = difference < len(table)
    exps = np.where(inside, table[np.minimum(difference, len(table) - 1)], 0)
    narrow = fixed_point.rounding_divide_by_power_of_two(exps, ACCUMULATION_INTEGER_BITS)
    total = np.where(inside, narrow, 0).sum(axis=1, keepdims=True)
    headroom = np.array([[32 - int(t).bit_length()] for t in total[:, 0]], np.int64)
    reciprocal = fixed_point.one_over_one_plus_x((total << headroom) - (1 << 31))
    over_unit = ACCUMULATION_INTEGER_BITS - headroom
    product = fixed_point.saturating_rounding_doubling_high_mul(reciprocal, exps)
    scaled = fixed_point.rounding_divide_by_power_of_two(product, over_unit + 31 - bits)
    return np.where(inside, scaled + least, least)


def _from_int16(view: View, difference: Array) -> Array:
    scaled = fixed_point.requantize(-difference, *difference_scale(view))
    points = tables_s16.exponential_points()
    exps = tables_s16.look_up((scaled + 32767).clip(-32768, 32767), points)
    total = exps.sum(axis=1, keepdims=True)
    headroom = np.array([[32 - int(t).bit_length()] for t in total[:, 0]], np.int64)
    excess = (((total << (headroom - 1)) + (1 << 13)) >> 14) - (1 << 15) - (1 << 16)
    reciprocal = tables_s16.look_up(excess.clip(-32768, 32767), tables_s16.reciprocal_points())
    right = 31 - headroom
    product = (exps * reciprocal + (np.int64(1) << (right - 1))) >> right
    clipped: Array = product.clip(0, 32767)
    return clipped


def constraint_types(view: View) -> str | None:
    """Input and output are int8 or int16, quantised per tensor; int16 is not made int8."""
    source, output = view.input(0), view.output
    if (source.dtype, output.dtype) == ("int8", "int16"):
        return common.per_tensor_problem(source) or common.per_tensor_problem(output)
    return common.constraint_activations(view)


def constraint_depth(view: View) -> str | None:
    """The input has at most 4095 values along the last axis and beta * scale is above 0."""
    shape = view.input(0).shape
    if not shape or not 1 <= shape[-1] < 1 << ACCUMULATION_INTEGER_BITS:
        return f"an input of shape {list(shape)}"
    if view.input(0).dtype == "int16":
        known = np.isfinite(view.attributes.beta) and difference_scale(view)[1] <= _MAX_SHIFT_S16
        return None if known else f"beta {view.attributes.beta}, scale {view.input(0).scale}"
    real = view.attributes.beta * view.input(0).scale
    if not 0.0 < real < float("inf"):
        return f"beta {view.attributes.beta} with scale {view.input(0).scale}"
    return None


def constraint_output_scale(view: View) -> str | None:
    """The output's values are 256 (int8), 32768 (int16) or 65536 (of int8) steps from 0 to 1."""
    output = view.output
    unit, zero_point = 1 / 256, -128
    if output.dtype == "int16":
        from_int8 = view.input(0).dtype == "int8"
        unit, zero_point = (1 / 65536, -(1 << 15)) if from_int8 else (1 / 32768, 0)
    near = abs(output.scale - unit) <= (1e-6 if output.dtype == "int8" else unit / 1000)
    if output.zero_point != zero_point or not near:
        return f"scale {output.scale} and zero point {output.zero_point}"
    return None


SOFTMAX = OpSpec(
    "SOFTMAX",
    _read,
    _evaluate,
    (constraint_types, common.constraint_same_shape, constraint_depth, constraint_output_scale),
)
