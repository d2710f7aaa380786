# SPDX-License-Identifier: Apache-2.0
"""Values that are known before any input is: integers made of shapes, and constants moved about.

Integers and masks are computed as TFLite's kernels do. Bytes of any type are only moved: weights
that a file keeps transposed, the zeros that a recurrent layer begins with.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.infer_shape import (
    gathered,
    integers,
    part_lengths,
    permutation,
    reduced_axes,
    solved,
    squeezed,
    taken,
    wanted_shape,
)
from mcunet_tf.tinyengine.ir import ITEM_BYTES, is_constant
from mcunet_tf.tinyengine.ops.spec import Array, View

_INTEGERS = ("int32", "int64", "bool")

_Options = Mapping[str, Any]
_Rule = Callable[[View, Sequence[Array], _Options], Sequence[Array]]


def _truncated(first: Array, second: Array) -> Array:
    """Integer division as C has it."""
    quotient = np.abs(first) // np.abs(second)
    return np.asarray(np.where((first < 0) == (second < 0), quotient, -quotient))


_PAIRS: dict[str, Callable[[Array, Array], Array]] = {
    "ADD": np.add,
    "SUB": np.subtract,
    "MUL": np.multiply,
    "DIV": _truncated,
    "FLOOR_DIV": np.floor_divide,
    "FLOOR_MOD": np.mod,
    "MAXIMUM": np.maximum,
    "MINIMUM": np.minimum,
    "EQUAL": np.equal,
    "NOT_EQUAL": np.not_equal,
    "GREATER": np.greater,
    "GREATER_EQUAL": np.greater_equal,
    "LESS": np.less,
    "LESS_EQUAL": np.less_equal,
    "LOGICAL_AND": np.logical_and,
    "LOGICAL_OR": np.logical_or,
}
_UNARY: dict[str, Callable[[Array], Array]] = {
    "CAST": np.asarray,
    "ABS": np.abs,
    "NEG": np.negative,
    "LOGICAL_NOT": np.logical_not,
}
_REDUCTIONS: dict[str, Callable[..., Array]] = {
    "REDUCE_PROD": np.prod,
    "REDUCE_MAX": np.max,
    "REDUCE_MIN": np.min,
    "SUM": np.sum,
    "REDUCE_ANY": np.any,
    "REDUCE_ALL": np.all,
}


def known_results(seen: View, options: _Options, limit_bytes: int) -> Sequence[Array] | None:
    """What an operator gives, or None where its operands are not known or it computes no integers.

    Args:
      seen: the operator.
      options: fields of its option table.
      limit_bytes: larger results are not made.
    """
    kind = seen.op.kind
    if kind == "SHAPE":
        return [np.array(seen.input(0).shape)]
    if kind == "RANK":
        return [np.array(len(seen.input(0).shape))]
    if kind == "ZEROS_LIKE":
        return [np.zeros(seen.input(0).shape)]
    if not all(tensor is None or is_constant(tensor) for tensor in seen.inputs):
        return None
    if _made_elements(seen) * max(ITEM_BYTES[t.dtype] for t in seen.outputs) > limit_bytes:
        return None
    values = [np.asarray(t.data) for t in seen.inputs if t is not None]
    if kind in _MOVES:
        return _MOVES[kind](seen, values, options)
    if any(tensor.dtype not in _INTEGERS for tensor in seen.outputs):
        return None
    if any(value.dtype.name not in _INTEGERS for value in values):
        return None
    if options.get("FusedActivationFunction"):
        return None
    return _integers(seen, values, options)


def _made_elements(seen: View) -> int:
    """How many values an operator makes whose operands may ask for any number of them."""
    kind = seen.op.kind
    if kind in ("FILL", "BROADCAST_TO"):
        return math.prod(integers(seen, 0 if kind == "FILL" else 1))
    if kind == "TILE":
        return math.prod(integers(seen, 1)) * seen.input(0).elements
    if kind == "RANGE":
        first, last, step = (integers(seen, position)[0] for position in range(3))
        return max(0, -(-(last - first) // step))
    return sum(tensor.elements for tensor in seen.inputs if tensor is not None)


def _integers(seen: View, values: Sequence[Array], options: _Options) -> Sequence[Array] | None:
    kind = seen.op.kind
    if kind in _PAIRS:
        return [_PAIRS[kind](values[0], values[1])]
    if kind in _UNARY:
        return [_UNARY[kind](values[0])]
    if kind in _REDUCTIONS:
        axes = reduced_axes(seen)
        kept = bool(options.get("KeepDims"))
        return [_REDUCTIONS[kind](values[0], axis=axes, keepdims=kept, dtype=None)]
    if kind == "CONCATENATION":
        return [np.concatenate(values, axis=options["Axis"])]
    if kind == "PACK":
        return [np.stack(values, axis=options["Axis"])]
    if kind == "RANGE":
        return [np.arange(*(int(value.reshape(-1)[0]) for value in values))]
    if kind in ("SELECT", "SELECT_V2"):
        return [np.where(values[0], values[1], values[2])]
    if kind == "BROADCAST_ARGS":
        return [np.array(np.broadcast_shapes(*(tuple(map(int, value)) for value in values)))]
    return None


def _parts(seen: View, values: Sequence[Array], options: _Options) -> Sequence[Array]:
    position, axis, lengths = part_lengths(seen, options)
    parts = np.split(values[position], np.cumsum(lengths)[:-1], axis)
    return [part.squeeze(axis) for part in parts] if seen.op.kind == "UNPACK" else parts


_MOVES: dict[str, _Rule] = {
    "RESHAPE": lambda seen, v, o: [v[0].reshape(solved(wanted_shape(seen, o), v[0].size))],
    "SQUEEZE": lambda seen, v, o: [v[0].reshape(squeezed(seen, o))],
    "EXPAND_DIMS": lambda seen, v, _: [np.expand_dims(v[0], integers(seen, 1)[0])],
    "TRANSPOSE": lambda seen, v, _: [v[0].transpose(permutation(seen))],
    "FILL": lambda seen, v, _: [np.full(integers(seen, 0), v[1].reshape(-1)[0])],
    "TILE": lambda seen, v, _: [np.tile(v[0], integers(seen, 1))],
    "BROADCAST_TO": lambda seen, v, _: [np.broadcast_to(v[0], integers(seen, 1))],
    "SLICE": lambda seen, v, o: [taken(seen, v[0], o)],
    "STRIDED_SLICE": lambda seen, v, o: [taken(seen, v[0], o)],
    "GATHER": lambda seen, v, o: [gathered(seen, v[0], v[1], o)],
    "SPLIT": _parts,
    "SPLIT_V": _parts,
    "UNPACK": _parts,
}
