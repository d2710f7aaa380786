# SPDX-License-Identifier: Apache-2.0
"""Two operands, one of which may repeat along the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.ir import Tensor
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.spec import Array, View


@dataclasses.dataclass(frozen=True)
class ElementwiseAttributes:
    """The fused activation."""

    activation: str


def read_activation(options: Mapping[str, Any], _: View) -> ElementwiseAttributes:
    """Attributes of an operator with a fused activation."""
    return ElementwiseAttributes(common.activation_name(options["FusedActivationFunction"]))


def read_no_activation(_: Mapping[str, Any], __: View) -> ElementwiseAttributes:
    """For operators whose options name no activation."""
    return ElementwiseAttributes("NONE")


def finish_sum(view: View, values: Array) -> Array:
    """Adds the output's zero point and clamps to what the activation leaves of its type."""
    low, high = common.activation_range(view.attributes.activation, view.output)
    clamped: Array = np.clip(values + view.output.zero_point, low, high)
    return clamped.astype(view.output.dtype).reshape(view.output.shape)


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


def constraint_two_operands(view: View) -> str | None:
    """There are two operands."""
    if len(view.inputs) != 2:
        return f"{len(view.inputs)} operands"
    return None


BROADCAST_CONSTRAINTS = (
    constraint_two_operands,
    common.constraint_all_activations,
    common.constraint_known_activation,
    constraint_broadcast,
)
