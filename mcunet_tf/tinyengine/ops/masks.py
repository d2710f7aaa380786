# SPDX-License-Identifier: Apache-2.0
"""Comparisons, choices and logic on tensors: int8, int32, int64, float32 and bool in, bool out.

Where they are part of a function of one byte, `fuse_tables` makes them a table; elsewhere they run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from mcunet_tf.tinyengine.fixed_point import IntArray, quantize_multiplier, requantize
from mcunet_tf.tinyengine.ir import Tensor
from mcunet_tf.tinyengine.ops import broadcast, common
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, no_attributes

# Comparisons bring both operands to a scale of 2^-8.
_LEFT_SHIFT = 8
COMPARED_TYPES = ("int8", "bool", "int32", "int64", "float32")

COMPARISONS: Mapping[str, Callable[..., Array]] = {
    "EQUAL": np.equal,
    "NOT_EQUAL": np.not_equal,
    "GREATER": np.greater,
    "GREATER_EQUAL": np.greater_equal,
    "LESS": np.less,
    "LESS_EQUAL": np.less_equal,
}
CHOICES = ("SELECT", "SELECT_V2")


def is_comparable(tensor: Tensor | None) -> bool:
    """Whether an int8 tensor has a scale that the reference kernels can compare by."""
    return (
        tensor is not None
        and tensor.dtype == "int8"
        and common.per_tensor_problem(tensor) is None
        and tensor.scale < 1
    )


def comparison_parameters(tensor: Tensor) -> tuple[int, int]:
    """`(multiplier, shift)` of an int8 operand, shifted up by 8 bits."""
    return quantize_multiplier(tensor.scale)


def _comparable(view: View, values: Sequence[Array], position: int) -> IntArray | Array:
    tensor = view.input(position)
    if tensor.dtype != "int8":
        return values[position]
    centred = values[position].astype(np.int64) - tensor.zero_point
    return requantize(centred << _LEFT_SHIFT, *comparison_parameters(tensor))


def evaluate_comparison(view: View, values: Sequence[Array]) -> Array:
    """The relation of two tensors, value by value: bool."""
    operands = (_comparable(view, values, position) for position in (0, 1))
    return COMPARISONS[view.op.kind](*operands).reshape(view.output.shape)


def mask_shape(view: View) -> tuple[int, ...]:
    """The mask's shape as it repeats: one of SELECT with one axis holds a value for each row."""
    shape, made = view.input(0).shape, view.output.shape
    if view.op.kind == "SELECT" and len(shape) == 1 and shape != made:
        return (*shape, *(1,) * (len(made) - 1))
    return shape


def _evaluate_select(view: View, values: Sequence[Array]) -> Array:
    mask = values[0].reshape(mask_shape(view))
    return np.where(mask, values[1], values[2]).reshape(view.output.shape)


def _evaluate_logic(function: Callable[..., Array]) -> Callable[[View, Sequence[Array]], Array]:
    def evaluate(view: View, values: Sequence[Array]) -> Array:
        return np.asarray(function(*values)).reshape(view.output.shape)

    return evaluate


def constraint_compared(view: View) -> str | None:
    """Operands are both int8 of scales below 1, bool, int32, int64 or float32; the result bool."""
    first, second = view.input(0), view.input(1)
    if view.output.dtype != "bool" or first.dtype not in COMPARED_TYPES:
        return f"{first.dtype} to {view.output.dtype}"
    if second.dtype != first.dtype:
        return f"{first.dtype} and {second.dtype}"
    for tensor in (first, second):
        if tensor.dtype == "int8" and not is_comparable(tensor):
            return common.per_tensor_problem(tensor) or f"a scale of {tensor.scale}"
    return None


def constraint_masked(view: View) -> str | None:
    """The mask is bool; both choices and the result are of one type and scale."""
    if len(view.inputs) != 3 or view.input(0).dtype != "bool":
        return f"{len(view.inputs)} operands" if len(view.inputs) != 3 else view.input(0).dtype
    return common.one_type_problem((*view.inputs[1:], view.output))


def constraint_choices(view: View) -> str | None:
    """Mask and choices have the output's shape, or 1 along some of its axes."""
    shapes = [mask_shape(view), view.input(1).shape, view.input(2).shape]
    try:
        fits = np.broadcast_shapes(*shapes) == view.output.shape
    except ValueError:
        fits = False
    return None if fits else f"shapes {list(map(list, shapes))} for {list(view.output.shape)}"


def constraint_bool(view: View) -> str | None:
    """Operands and result are bool."""
    for tensor in (*view.inputs, view.output):
        if tensor is None or tensor.dtype != "bool":
            return "an operand is missing" if tensor is None else common.describe(tensor)
    return None


_COMPARED = (
    broadcast.constraint_two_operands,
    constraint_compared,
    broadcast.constraint_broadcast,
)
_LOGIC = (broadcast.constraint_two_operands, constraint_bool, broadcast.constraint_broadcast)
LOGICAL_NOT = OpSpec(
    "LOGICAL_NOT",
    no_attributes,
    _evaluate_logic(np.logical_not),
    (constraint_bool, common.constraint_same_shape),
    becomes=("TABLE",),
)
MASKS = (
    *(OpSpec(kind, no_attributes, evaluate_comparison, _COMPARED) for kind in COMPARISONS),
    *(
        OpSpec(kind, no_attributes, _evaluate_select, (constraint_masked, constraint_choices))
        for kind in CHOICES
    ),
    OpSpec(
        "LOGICAL_AND",
        no_attributes,
        _evaluate_logic(np.logical_and),
        _LOGIC,
        becomes=("MINIMUM",),
    ),
    OpSpec(
        "LOGICAL_OR", no_attributes, _evaluate_logic(np.logical_or), _LOGIC, becomes=("MAXIMUM",)
    ),
    LOGICAL_NOT,
)
