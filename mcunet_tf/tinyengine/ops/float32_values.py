# SPDX-License-Identifier: Apache-2.0
"""Operators on float32 that work value by value, or along rows: sums, curves, means, softmax.

The pass `name_types` gives operators on float32 these names, so that what passes and kernels know
of int8 is never applied to them. Sums are taken in float64 and rounded once: kernels, which sum
float32 in TFLite's order, differ from that in the last bits only.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.ops import broadcast, common, curves, mean, prelu
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, no_attributes
from mcunet_tf.tinyengine.ops.tabulated import FLOAT32_FUNCTIONS

SUFFIX = "_F32"
GREATEST = float(np.finfo(np.float32).max)


def clamp(activation: str) -> tuple[float, float]:
    """The interval that a fused activation clamps to: all finite values where there is none."""
    low, high = common.REAL_RANGE[activation]
    return (-GREATEST if low is None else low), (GREATEST if high is None else high)


def activation_of(view: View) -> str:
    """The fused activation, of operators that may have one."""
    return str(getattr(view.attributes, "activation", "NONE"))


def finish(view: View, values: Array) -> Array:
    """Applies the fused activation and rounds to float32."""
    with np.errstate(all="ignore"):
        clamped = np.clip(values, *clamp(activation_of(view)))
    return clamped.astype(np.float32).reshape(view.output.shape)


def _floor_mod(first: Array, second: Array) -> Array:
    return np.mod(first.astype(np.float32), second.astype(np.float32)).astype(np.float64)


PAIRS: Mapping[str, Callable[[Array, Array], Array]] = {
    "ADD": np.add,
    "SUB": np.subtract,
    "MUL": np.multiply,
    "DIV": np.divide,
    "MAXIMUM": np.maximum,
    "MINIMUM": np.minimum,
    "SQUARED_DIFFERENCE": lambda a, b: np.square(a - b),
    "FLOOR_DIV": lambda a, b: np.floor((a / b).astype(np.float32)),
    "FLOOR_MOD": _floor_mod,
}
"""Functions of two values."""


def _pair(function: Callable[[Array, Array], Array]) -> Callable[[View, Sequence[Array]], Array]:
    def evaluate(view: View, values: Sequence[Array]) -> Array:
        with np.errstate(all="ignore"):
            found = function(values[0].astype(np.float64), values[1].astype(np.float64))
            return finish(view, found.astype(np.float32))

    return evaluate


def _logistic(x: Array) -> Array:
    share: Array = 1 / (1 + np.exp(-x))
    return share


def _hard_swish(x: Array) -> Array:
    curved: Array = x * np.clip(x + 3, 0, 6) / 6
    return curved


MAPS: Mapping[str, Callable[[View, Array], Array]] = {
    **{
        kind: (lambda function: lambda _, x: function(x))(FLOAT32_FUNCTIONS[kind])
        for kind in (
            *("ABS", "CEIL", "COS", "ELU", "EXP", "FLOOR", "LOG", "NEG", "ROUND", "RSQRT"),
            *("SIN", "SQRT", "SQUARE", "TANH"),
        )
    },
    "GELU": lambda view, x: curves.gelu(x, view.attributes.approximate),
    "HARD_SWISH": lambda _, x: _hard_swish(x),
    "LEAKY_RELU": lambda view, x: np.where(x > 0, x, x * np.float32(view.attributes.alpha)),
    "LOGISTIC": lambda _, x: _logistic(x),
    "RELU": lambda _, x: np.clip(x, 0, GREATEST),
    "RELU6": lambda _, x: np.clip(x, 0, 6),
    "RELU_N1_TO_1": lambda _, x: np.clip(x, -1, 1),
}
"""Functions of one value."""


def _map(function: Callable[[View, Array], Array]) -> Callable[[View, Sequence[Array]], Array]:
    def evaluate(view: View, values: Sequence[Array]) -> Array:
        with np.errstate(all="ignore"):
            found = function(view, values[0].astype(np.float64))
            return found.astype(np.float32).reshape(view.output.shape)

    return evaluate


def _evaluate_add_n(view: View, values: Sequence[Array]) -> Array:
    return functools.reduce(np.add, values).reshape(view.output.shape)


def _evaluate_prelu(view: View, values: Sequence[Array]) -> Array:
    scaled = values[0] * values[1]
    return np.where(values[0] >= 0, values[0], scaled).reshape(view.output.shape)


_REDUCTIONS: Mapping[str, Callable[..., Array]] = {
    "MEAN": np.mean,
    "SUM": np.sum,
    "REDUCE_MAX": np.max,
    "REDUCE_MIN": np.min,
}


def _reduction(kind: str) -> Callable[[View, Sequence[Array]], Array]:
    def evaluate(view: View, values: Sequence[Array]) -> Array:
        found = _REDUCTIONS[kind](values[0].astype(np.float64), axis=view.attributes.axes)
        return np.asarray(found, np.float32).reshape(view.output.shape)

    return evaluate


def _as_float32(view: View, values: Array) -> Array:
    rounded: Array = values.astype(np.float32)
    return rounded.reshape(view.output.shape)


def _evaluate_softmax(view: View, values: Sequence[Array]) -> Array:
    real = values[0].astype(np.float64)
    exponent = (real - real.max(axis=-1, keepdims=True)) * view.attributes.beta
    exponentials = np.exp(exponent)
    shares = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return _as_float32(view, shares)


def _evaluate_log_softmax(view: View, values: Sequence[Array]) -> Array:
    real = values[0].astype(np.float64)
    below = real - real.max(axis=-1, keepdims=True)
    found = below - np.log(np.exp(below).sum(axis=-1, keepdims=True))
    return _as_float32(view, found)


def _evaluate_l2_normalization(view: View, values: Sequence[Array]) -> Array:
    real = values[0].astype(np.float64)
    norm = np.sqrt(np.square(real).sum(axis=-1, keepdims=True))
    return _as_float32(view, real / np.maximum(norm, 1e-6))


@dataclasses.dataclass(frozen=True)
class CumsumAttributes:
    """The axis, counted from the front; whether a value's own is left out; from the end on."""

    axis: int
    exclusive: bool
    reverse: bool


def read_cumsum(options: Mapping[str, Any], view: View) -> CumsumAttributes:
    """Takes the axis from the second operand; -1 if it is not constant."""
    axes = common.constant_integers(view, 1)
    axis = common.front_axis(axes[0], len(view.input(0).shape)) if len(axes) == 1 else -1
    return CumsumAttributes(axis, bool(options["Exclusive"]), bool(options["Reverse"]))


def running_sums(attributes: CumsumAttributes, values: Array) -> Array:
    """Sums of all values up to each, along the axis."""
    axis = attributes.axis
    ordered = np.flip(values, axis) if attributes.reverse else values
    sums = np.cumsum(ordered, axis=axis)
    if attributes.exclusive:
        sums = sums - ordered
    return np.flip(sums, axis) if attributes.reverse else sums


def _evaluate_cumsum(view: View, values: Sequence[Array]) -> Array:
    found = running_sums(view.attributes, values[0].astype(np.float64))
    return found.astype(np.float32).reshape(view.output.shape)


def constraint_cumsum_axis(view: View) -> str | None:
    """The axis is constant."""
    return None if view.attributes.axis >= 0 else "an axis that is computed"


def constraint_a_row(view: View) -> str | None:
    """The last axis has a value at least."""
    shape = view.input(0).shape
    return None if shape and shape[-1] else f"an input of {list(shape)}"


def constraint_no_activation(view: View) -> str | None:
    """There is no fused activation."""
    activation = activation_of(view)
    return None if activation == "NONE" else activation


def axis_blocks(view: View) -> tuple[int, int, int]:
    """(outer, count, inner) of the axis that a CUMSUM runs along."""
    shape, axis = view.input(0).shape, view.attributes.axis
    return math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])


_ALL = common.constraint_float32
_VALUES = common.constraint_float32_values
_PAIR_CONSTRAINTS = (broadcast.constraint_two_operands, _ALL, broadcast.constraint_broadcast)
_REDUCED = (_VALUES, mean.constraint_axes, mean.constraint_output_elements)
_SAME = (_ALL, common.constraint_same_shape)


def _own(
    kind: str,
    evaluate: Callable[[View, Sequence[Array]], Array],
    constraints: tuple[Callable[[View], str | None], ...],
) -> OpSpec:
    return OpSpec(kind + SUFFIX, no_attributes, evaluate, constraints)


FLOAT32_VALUES = (
    *(
        _own(kind, _pair(function), (*_PAIR_CONSTRAINTS, common.constraint_optional_activation))
        for kind, function in PAIRS.items()
    ),
    *(_own(kind, _map(function), _SAME) for kind, function in MAPS.items()),
    *(_own(kind, _reduction(kind), _REDUCED) for kind in _REDUCTIONS),
    dataclasses.replace(_own("ADD_N", _evaluate_add_n, (_ALL,)), becomes=("ADD_F32",)),
    _own("PRELU", _evaluate_prelu, (*_PAIR_CONSTRAINTS, prelu.constraint_alpha)),
    _own("SOFTMAX", _evaluate_softmax, (*_SAME, constraint_a_row)),
    _own("LOG_SOFTMAX", _evaluate_log_softmax, (*_SAME, constraint_a_row)),
    _own(
        "L2_NORMALIZATION",
        _evaluate_l2_normalization,
        (*_SAME, constraint_a_row, constraint_no_activation),
    ),
    _own(
        "CUMSUM",
        _evaluate_cumsum,
        (_VALUES, common.constraint_same_shape, constraint_cumsum_axis),
    ),
)
"""Their tensors but for indices are float32."""
