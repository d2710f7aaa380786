# SPDX-License-Identifier: Apache-2.0
"""MAXIMUM and MINIMUM of operands of one quantisation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.broadcast import constraint_broadcast, constraint_two_operands
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, no_attributes


def _evaluate_maximum(view: View, values: Sequence[Array]) -> Array:
    return np.maximum(*values).reshape(view.output.shape)


def _evaluate_minimum(view: View, values: Sequence[Array]) -> Array:
    return np.minimum(*values).reshape(view.output.shape)


def constraint_one_quantisation(view: View) -> str | None:
    """Operands and output have the same scale and zero point."""
    output = view.output
    for position in (0, 1):
        tensor = view.input(position)
        if (tensor.scale, tensor.zero_point) != (output.scale, output.zero_point):
            return f"'{tensor.name}' has scale {tensor.scale} and zero point {tensor.zero_point}"
    return None


_EXTREMA = (
    constraint_two_operands,
    common.constraint_all_activations,
    constraint_broadcast,
    constraint_one_quantisation,
)

MAXIMUM = OpSpec("MAXIMUM", no_attributes, _evaluate_maximum, _EXTREMA)

MINIMUM = OpSpec("MINIMUM", no_attributes, _evaluate_minimum, _EXTREMA)
