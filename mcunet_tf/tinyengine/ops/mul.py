# SPDX-License-Identifier: Apache-2.0
"""MUL."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcunet_tf.tinyengine.fixed_point import quantize_multiplier, requantize
from mcunet_tf.tinyengine.ops.broadcast import BROADCAST_CONSTRAINTS, finish_sum, read_activation
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View


def mul_parameters(view: View) -> tuple[int, int]:
    """`(multiplier, shift)` of the product: first_scale * second_scale / out_scale."""
    return quantize_multiplier(view.input(0).scale * view.input(1).scale / view.output.scale)


def _evaluate_mul(view: View, values: Sequence[Array]) -> Array:
    first = values[0].astype(np.int64) - view.input(0).zero_point
    second = values[1].astype(np.int64) - view.input(1).zero_point
    return finish_sum(view, requantize(first * second, *mul_parameters(view)))


MUL = OpSpec("MUL", read_activation, _evaluate_mul, BROADCAST_CONSTRAINTS)
