# SPDX-License-Identifier: Apache-2.0
"""Operators on int32 without a scale: what indices and counts are computed with. They wrap around.

The pass `name_forms` gives them these names, as operators on int8 have the plain ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from mcunet_tf.tinyengine.fixed_point import INT32_MAX, INT32_MIN, wrap_int32
from mcunet_tf.tinyengine.ops import broadcast, common
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, no_attributes

SUFFIX = "_S32"


def _truncated(first: Array, second: Array) -> Array:
    """As C divides; a quotient by zero is 0."""
    quotient = np.abs(first) // np.maximum(np.abs(second), 1)
    signed = np.where((first < 0) == (second < 0), quotient, -quotient)
    return np.where(second == 0, 0, signed)


def _floored(first: Array, second: Array) -> Array:
    return np.where(second == 0, 0, first // np.where(second == 0, 1, second))


def _rest(first: Array, second: Array) -> Array:
    return np.where(second == 0, 0, np.mod(first, np.where(second == 0, 1, second)))


PAIRS: Mapping[str, Callable[[Array, Array], Array]] = {
    "ADD": np.add,
    "SUB": np.subtract,
    "MUL": np.multiply,
    "DIV": _truncated,
    "FLOOR_DIV": _floored,
    "FLOOR_MOD": _rest,
    "MAXIMUM": np.maximum,
    "MINIMUM": np.minimum,
    "SQUARED_DIFFERENCE": lambda a, b: wrap_int32(a - b) ** 2,
}
"""In the order of the kernel's `kind`."""


def clamp(view: View) -> tuple[int, int]:
    """The interval that a fused activation clamps to."""
    low, high = common.REAL_RANGE[getattr(view.attributes, "activation", "NONE")]
    return (INT32_MIN if low is None else int(low)), (INT32_MAX if high is None else int(high))


def _pair(function: Callable[[Array, Array], Array]) -> Callable[[View, Sequence[Array]], Array]:
    def evaluate(view: View, values: Sequence[Array]) -> Array:
        found = wrap_int32(function(*(array.astype(np.int64) for array in values)))
        return np.clip(found, *clamp(view)).astype(np.int32).reshape(view.output.shape)

    return evaluate


def constraint_int32(view: View) -> str | None:
    """Operands and results are int32 without a scale."""
    for tensor in (*view.inputs, *view.outputs):
        if tensor is None or tensor.dtype != "int32":
            return "an operand is missing" if tensor is None else common.describe(tensor)
        if tensor.quantization is not None:
            return f"'{tensor.name}' has a scale"
    return None


_CONSTRAINTS = (
    broadcast.constraint_two_operands,
    constraint_int32,
    common.constraint_optional_activation,
    broadcast.constraint_broadcast,
)
INTEGERS = tuple(
    OpSpec(kind + SUFFIX, no_attributes, _pair(function), _CONSTRAINTS)
    for kind, function in PAIRS.items()
)
"""Their tensors are int32."""
