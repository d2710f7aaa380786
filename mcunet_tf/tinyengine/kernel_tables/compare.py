# SPDX-License-Identifier: Apache-2.0
"""Kernel tables of comparisons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcunet_tf.tinyengine.kernel_tables.broadcast import operand_order
from mcunet_tf.tinyengine.kernel_tables.steps import is_swapped, step_fields, stepping_kernels
from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct
from mcunet_tf.tinyengine.ops.masks import comparison_parameters
from mcunet_tf.tinyengine.ops.spec import View

# As in kernels/compare/compare.h.
_LESS, _EQUAL, _GREATER, _UNORDERED = 1, 2, 4, 8
_RELATIONS = {
    "EQUAL": _EQUAL,
    "NOT_EQUAL": _LESS | _GREATER | _UNORDERED,
    "GREATER": _GREATER,
    "GREATER_EQUAL": _GREATER | _EQUAL,
    "LESS": _LESS,
    "LESS_EQUAL": _LESS | _EQUAL,
}
_MIRRORED = {_LESS: _GREATER, _EQUAL: _EQUAL, _GREATER: _LESS, _UNORDERED: _UNORDERED}
_SUFFIXES = {"int8": "s8", "bool": "x8", "int32": "s32", "int64": "s64", "float32": "f32"}


def _operand(view: View, position: int) -> tuple[Any, ...]:
    tensor = view.input(position)
    if tensor.dtype != "int8":
        return (0, 0, 0)
    return (*comparison_parameters(tensor), tensor.zero_point)


def _arguments(view: View) -> Struct:
    relations = _RELATIONS[view.op.kind]
    if is_swapped(view):
        relations = sum(other for own, other in _MIRRORED.items() if relations & own)
    first, second = operand_order(view)
    fields = {
        "relations": relations,
        **step_fields(view),
        "first": _operand(view, first),
        "second": _operand(view, second),
    }
    return Struct("struct compare", fields)


def _rejects_unless(dtype: str) -> Callable[[View], str | None]:
    def rejects(view: View) -> str | None:
        own = view.input(0).dtype
        return None if own == dtype else f"operands of {own}"

    return rejects


def _kernels() -> tuple[Kernel, ...]:
    return tuple(
        kernel
        for dtype, suffix in _SUFFIXES.items()
        for kernel in stepping_kernels(
            f"compare_{suffix}_portable",
            "compare",
            _arguments,
            in_place=suffix.endswith("8"),
            takes=_rejects_unless(dtype),
        )
    )


_ALL = _kernels()
KERNELS = dict.fromkeys(_RELATIONS, _ALL)
