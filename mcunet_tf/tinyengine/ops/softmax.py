# SPDX-License-Identifier: Apache-2.0
"""SOFTMAX over the last axis, in TFLite's fixed-point arithmetic."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine import fixed_point
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, as_int8

SCALED_DIFFERENCE_INTEGER_BITS = 5
ACCUMULATION_INTEGER_BITS = 12


@dataclasses.dataclass(frozen=True)
class SoftmaxAttributes:
    """The factor of the exponent."""

    beta: float


def _read(options: Mapping[str, Any], _: View) -> SoftmaxAttributes:
    return SoftmaxAttributes(float(options["Beta"]))


def exponentials(view: View) -> Array:
    """e^(beta * scale * -d) in Q0.31 for d = 0, 1, ...: every value of the input that counts.

    Differences beyond the table are so small that TFLite leaves them out.
    """
    bits = 31 - SCALED_DIFFERENCE_INTEGER_BITS
    real = min(view.attributes.beta * view.input(0).scale * (1 << bits), (1 << 31) - 1.0)
    multiplier, shift = fixed_point.quantize_multiplier(real)
    radius = fixed_point.input_radius(SCALED_DIFFERENCE_INTEGER_BITS, shift)
    differences = -np.arange(min(radius, 255) + 1, dtype=np.int64)
    scaled = fixed_point.saturating_rounding_doubling_high_mul(differences << shift, multiplier)
    return fixed_point.exp_on_negative_values(scaled, SCALED_DIFFERENCE_INTEGER_BITS)


def _evaluate(view: View, values: Sequence[Array]) -> Array:
    table = exponentials(view)
    depth = view.input(0).shape[-1]
    rows = values[0].reshape(-1, depth).astype(np.int64)
    difference = rows.max(axis=1, keepdims=True) - rows
    inside = difference < len(table)
    exps = np.where(inside, table[np.minimum(difference, len(table) - 1)], 0)
    narrow = fixed_point.rounding_divide_by_power_of_two(exps, ACCUMULATION_INTEGER_BITS)
    total = np.where(inside, narrow, 0).sum(axis=1, keepdims=True)
    headroom = np.array([[32 - int(t).bit_length()] for t in total[:, 0]], np.int64)
    reciprocal = fixed_point.one_over_one_plus_x((total << headroom) - (1 << 31))
    over_unit = ACCUMULATION_INTEGER_BITS - headroom
    product = fixed_point.saturating_rounding_doubling_high_mul(reciprocal, exps)
    scaled = fixed_point.rounding_divide_by_power_of_two(product, over_unit + 31 - 8)
    return as_int8(np.where(inside, scaled - 128, -128)).reshape(view.output.shape)


def constraint_depth(view: View) -> str | None:
    """The input has at most 4095 values along the last axis and beta * scale is at least 2^-26."""
    shape = view.input(0).shape
    if not shape or not 1 <= shape[-1] < 1 << ACCUMULATION_INTEGER_BITS:
        return f"an input of shape {list(shape)}"
    # TFLite's table arithmetic needs a left shift: beta * scale * 2^26 >= 1.
    real = view.attributes.beta * view.input(0).scale * (1 << 26)
    if not 1.0 <= real < float("inf"):
        scale = view.input(0).scale
        return f"beta {view.attributes.beta} with scale {scale}, as networks without training have"
    return None


def constraint_output_scale(view: View) -> str | None:
    """The output's scale is 1/256 and its zero point -128."""
    output = view.output
    if output.zero_point != -128 or abs(output.scale - 1 / 256) > 1e-6:
        return f"scale {output.scale} and zero point {output.zero_point}"
    return None


SOFTMAX = OpSpec(
    "SOFTMAX",
    _read,
    _evaluate,
    (
        common.constraint_int8_activations,
        common.constraint_same_shape,
        constraint_depth,
        constraint_output_scale,
    ),
)
