# SPDX-License-Identifier: Apache-2.0
"""L2_NORMALIZATION: vectors along the last axis brought to length one, as embeddings have it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcunet_tf.tinyengine.fixed_point import inverse_sqrt_multiplier, requantize
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.broadcast import read_activation
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, as_int8

_OUTPUT_SHIFT = 7  # the output's scale is 2^-7
_MAX_DEPTH = 1 << 15  # squares of 255 add up to less than 2^31


def _evaluate(view: View, values: Sequence[Array]) -> Array:
    source = view.input(0)
    rows = values[0].astype(np.int64).reshape(-1, source.shape[-1]) - source.zero_point
    results = np.empty_like(rows)
    for number, row in enumerate(rows):
        multiplier, shift = inverse_sqrt_multiplier(int(np.sum(row * row)))
        results[number] = requantize(row, multiplier, shift + _OUTPUT_SHIFT)
    return as_int8(results).reshape(view.output.shape)


def constraint_depth(view: View) -> str | None:
    """The last axis has 1 to 32767 values."""
    shape = view.input(0).shape
    return None if shape and 1 <= shape[-1] < _MAX_DEPTH else f"an input of shape {list(shape)}"


def constraint_no_activation(view: View) -> str | None:
    """There is no fused activation."""
    return None if view.attributes.activation == "NONE" else str(view.attributes.activation)


def constraint_output(view: View) -> str | None:
    """The output's scale is 1/128 and its zero point 0."""
    scale, zero_point = view.output.scale, view.output.zero_point
    if (scale, zero_point) != (1 / 128, 0):
        return f"scale {scale} and zero point {zero_point}"
    return None


L2_NORMALIZATION = OpSpec(
    "L2_NORMALIZATION",
    read_activation,
    _evaluate,
    (
        common.constraint_int8_activations,
        common.constraint_same_shape,
        constraint_depth,
        constraint_no_activation,
        constraint_output,
    ),
)
