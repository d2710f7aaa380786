# SPDX-License-Identifier: Apache-2.0
"""ADD_N and CUMSUM on int8: sums of more than two values, rescaled as ADD rescales."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcunet_tf.tinyengine.fixed_point import (
    IntArray,
    quantize_multiplier,
    requantize,
    wrap_int32,
)
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.add import ADD_LEFT_SHIFT
from mcunet_tf.tinyengine.ops.float32_values import (
    constraint_cumsum_axis,
    read_cumsum,
    running_sums,
)
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, as_int8, no_attributes


def sum_parameters(view: View) -> tuple[tuple[int, int], tuple[int, int]]:
    """`(multiplier, shift)` of every value, half its scale, and of the sum."""
    twice = 2.0 * view.input(0).scale
    return (
        quantize_multiplier(view.input(0).scale / twice),
        quantize_multiplier(twice / ((1 << ADD_LEFT_SHIFT["int8"]) * view.output.scale)),
    )


def _rescaled(view: View, values: Array) -> IntArray:
    centred = values.astype(np.int64) - view.input(0).zero_point
    return requantize(centred << ADD_LEFT_SHIFT["int8"], *sum_parameters(view)[0])


def _finished(view: View, sums: Array) -> Array:
    scaled = requantize(wrap_int32(sums), *sum_parameters(view)[1])
    return as_int8(scaled + view.output.zero_point).reshape(view.output.shape)


def _start(view: View) -> IntArray:
    """What sums begin with: TFLite takes a stored 0 for the number 0, whatever the zero point."""
    return _rescaled(view, np.zeros((), np.int8))


def _evaluate_add_n(view: View, values: Sequence[Array]) -> Array:
    sums = np.sum([_rescaled(view, array) for array in values], axis=0)
    return _finished(view, _start(view) + sums)


def _evaluate_cumsum(view: View, values: Sequence[Array]) -> Array:
    sums = running_sums(view.attributes, _rescaled(view, values[0]))
    return _finished(view, _start(view) + sums)


def constraint_one_shape(view: View) -> str | None:
    """Operands are of one shape, scale and zero point, and the output is of that shape."""
    first = view.input(0)
    for position in range(len(view.inputs)):
        tensor = view.input(position)
        if tensor.shape != view.output.shape:
            return f"'{tensor.name}' is {list(tensor.shape)}"
        if tensor.dtype == "int8" and (tensor.scale, tensor.zero_point) != (
            first.scale,
            first.zero_point,
        ):
            return f"'{tensor.name}' has scale {tensor.scale} and zero point {tensor.zero_point}"
    return None


ADD_N = OpSpec(
    "ADD_N",
    no_attributes,
    _evaluate_add_n,
    (common.constraint_all_int8, constraint_one_shape),
)
CUMSUM = OpSpec(
    "CUMSUM",
    read_cumsum,
    _evaluate_cumsum,
    (
        common.constraint_int8_activations,
        common.constraint_same_shape,
        constraint_cumsum_axis,
    ),
)
