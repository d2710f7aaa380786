# SPDX-License-Identifier: Apache-2.0
"""Operators without kernels, which are compiled where they are part of a function of one byte.

Converters leave what has no int8 form as float32 between a DEQUANTIZE and a QUANTIZE, and spell
curves with comparisons and choices. The pass `fuse_tables` computes such a function as a table of
256 bytes, so no C computes in floating point and none branches on values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.fixed_point import INT32_MIN, wrap_int32
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.masks import (
    CHOICES,
    COMPARISONS,
    evaluate_comparison,
    is_comparable,
)
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, as_int8, no_attributes


def elu(x: Array) -> Array:
    """The exponential linear unit: x from zero up, e^x - 1 below."""
    return np.where(x < 0, np.expm1(np.minimum(x, 0)), x)


def _reciprocal_root(x: Array) -> Array:
    return 1 / np.sqrt(x).astype(np.float32).astype(np.float64)


# In float64: rounded to float32, the basic operations are exact and the others as good as exact.
FLOAT32_FUNCTIONS: Mapping[str, Callable[..., Array]] = {
    "ABS": np.abs,
    "ADD": np.add,
    "CEIL": np.ceil,
    "COS": np.cos,
    "DIV": np.divide,
    "ELU": elu,
    "EXP": np.exp,
    "FLOOR": np.floor,
    "LOG": np.log,
    "MAXIMUM": np.maximum,
    "MINIMUM": np.minimum,
    "MUL": np.multiply,
    "NEG": np.negative,
    "POW": np.power,
    "ROUND": np.rint,
    "RSQRT": _reciprocal_root,
    "SIN": np.sin,
    "SQRT": np.sqrt,
    "SQUARE": np.square,
    "SUB": np.subtract,
    "TANH": np.tanh,
}
_OF_TWO = frozenset(("ADD", "DIV", "MAXIMUM", "MINIMUM", "MUL", "POW", "SUB"))


def is_tabulated(view: View) -> bool:
    """Whether `evaluate_tabulated` knows an operator on operands of these types."""
    kind, types = view.op.kind, [tensor.dtype if tensor else "" for tensor in view.inputs]
    if kind == "QUANTIZE":
        to_int8 = view.output.dtype == "int8" and common.per_tensor_problem(view.output) is None
        return types == ["float32"] and to_int8
    if view.output.dtype == "float32":
        return kind in FLOAT32_FUNCTIONS and types == ["float32"] * (1 + (kind in _OF_TWO))
    if view.output.dtype == "bool":
        comparable = len(types) == 2 and all(is_comparable(tensor) for tensor in view.inputs)
        return kind in COMPARISONS and comparable
    if kind in CHOICES and types == ["bool", "int8", "int8"]:
        chosen = (view.input(1), view.input(2), view.output)
        return len({tensor.quantization for tensor in chosen}) == 1
    return False


def evaluate_tabulated(view: View, values: Sequence[Array]) -> Array:
    """The result of such an operator, by TFLite's reference kernels.

    Args:
      view: the operator; only types and scales matter.
      values: the operands, `[n]` or `[1]`.
    """
    kind = view.op.kind
    if kind in COMPARISONS:
        return evaluate_comparison(view, values)
    if kind == "QUANTIZE":
        return _quantised(view, values[0])
    if kind in CHOICES:
        return np.where(values[0], values[1], values[2])
    with np.errstate(all="ignore"):  # infinities and NaN are results like others
        real = FLOAT32_FUNCTIONS[kind](*(array.astype(np.float64) for array in values))
    activation = getattr(view.attributes, "activation", "NONE")
    if activation != "NONE":
        real = np.clip(real, *common.REAL_RANGE[activation])
    return real.astype(np.float32)


def _quantised(view: View, real: Array) -> Array:
    """QUANTIZE, also of what int32 does not hold: NaN and infinities.

    The reference converts these as its computer does, to the least int32 on those that we know.
    """
    with np.errstate(all="ignore"):
        steps = (real / np.float32(view.output.scale)).astype(np.float64)
    rounded = np.copysign(np.floor(np.abs(steps) + 0.5), steps)
    held = np.where(np.abs(rounded) < 1 << 31, rounded, INT32_MIN).astype(np.int64)
    return as_int8(wrap_int32(held + view.output.zero_point))


def constraint_part_of_a_table(view: View) -> str | None:
    """It is part of a function of one int8 tensor, value by value, whose result is int8."""
    return common.describe(view.output)


def _tabulated(kind: str, read: Callable[[Mapping[str, Any], View], Any] = no_attributes) -> OpSpec:
    """An operator that cannot be compiled where `fuse_tables` leaves it."""
    return OpSpec(kind, read, None, (constraint_part_of_a_table,), becomes=("TABLE",))


_FLOAT32_ONLY = ("CEIL", "COS", "FLOOR", "NEG", "POW", "ROUND", "SIN", "SQUARE")
TABULATED = tuple(map(_tabulated, _FLOAT32_ONLY))
