# SPDX-License-Identifier: Apache-2.0
"""Shapes of a file whose batch is open: the batch is 1, and every other size is computed.

A converter that does not know the batch writes -1 wherever it enters, which may be any axis behind
a reshape, and leaves shapes to operators on integers: SHAPE, GATHER, REDUCE_PROD, PACK and others.
Here operators are followed in their order: integers that do not depend on the input's values become
constants, and results whose declared shape is open get the shape that the operands give.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.infer_shape import result_shapes
from mcunet_tf.tinyengine.ir import ITEM_BYTES, Op, Tensor
from mcunet_tf.tinyengine.known_values import known_results
from mcunet_tf.tinyengine.ops.spec import Impossible, View, view_of

MAX_RANK = 8
MAX_TENSOR_BYTES = 64 << 20
"""Tensors beyond it are not for microcontrollers; nothing of the kind is made."""

Options = Mapping[str, Any] | Impossible
"""Fields of an option table by name, or why they are not those of the operator."""
# What numpy and the rules raise where operands contradict each other.
_CONTRADICTIONS = (ValueError, IndexError, TypeError, KeyError, ArithmeticError, AssertionError)


def settle_shapes(
    tensors: Sequence[Tensor], ops: Sequence[tuple[Op, Options]], unsettled: Collection[int]
) -> tuple[tuple[Tensor, ...], tuple[tuple[Op, Options], ...]]:
    """Follows operators from the input on.

    Args:
      tensors: the tensors as declared, with 1 in the place of every open size.
      ops: operators with their options, in the order of execution.
      unsettled: tensors that were declared with an open size.

    Returns:
      The tensors with their shapes and with the values of those that are known, and the operators
      that are left. Where operands contradict each other, all stays as declared, for `verify`.
    """
    table = list(tensors)
    moved = set(unsettled)
    kept = []
    for op, options in ops:
        if isinstance(options, Impossible) or not op.outputs:
            kept.append((op, options))
            continue
        seen = view_of(table, op)
        values = known_constants(seen, options)
        if values is not None:
            for index, value in zip(op.outputs, values, strict=True):
                table[index] = dataclasses.replace(table[index], data=value, shape=value.shape)
            continue
        kept.append((op, options))
        if moved.intersection((*op.inputs, *op.outputs)):
            for index, shape in zip(op.outputs, _shapes(seen, options), strict=True):
                if shape != table[index].shape and table[index].data is None:
                    table[index] = dataclasses.replace(table[index], shape=shape)
                    moved.add(index)
    return tuple(table), tuple(kept)


def known_constants(seen: View, options: Mapping[str, Any]) -> list[np.ndarray[Any, Any]] | None:
    """The results of an operator whose operands are known, or of which only shapes matter."""
    if any(tensor.dtype not in ITEM_BYTES for tensor in seen.outputs):
        return None
    try:
        with np.errstate(all="ignore"):
            values = known_results(seen, options, MAX_TENSOR_BYTES)
    except _CONTRADICTIONS:
        return None
    if values is None or len(values) != len(seen.outputs):
        return None
    typed = [np.asarray(v, t.dtype) for v, t in zip(values, seen.outputs, strict=True)]
    fit = all(_is_possible(v.shape, t) for v, t in zip(typed, seen.outputs, strict=True))
    return typed if fit else None


def _shapes(seen: View, options: Mapping[str, Any]) -> list[tuple[int, ...]]:
    """The results' shapes, as declared where no rule gives others."""
    declared = [tensor.shape for tensor in seen.outputs]
    try:
        found = result_shapes(seen, options)
    except _CONTRADICTIONS:
        return declared
    if found is None or len(found) != len(declared):
        return declared
    possible = all(_is_possible(shape, t) for shape, t in zip(found, seen.outputs, strict=True))
    return found if possible else declared


def _is_possible(shape: tuple[int, ...], tensor: Tensor) -> bool:
    size_bytes = math.prod(shape) * ITEM_BYTES.get(tensor.dtype, 1)
    return len(shape) <= MAX_RANK and min(shape, default=1) >= 0 and size_bytes <= MAX_TENSOR_BYTES
