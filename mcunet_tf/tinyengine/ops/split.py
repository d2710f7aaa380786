# SPDX-License-Identifier: Apache-2.0
"""SPLIT, SPLIT_V and UNPACK: one tensor in parts along an axis.

The pass `lower_splits` rewrites them as SLICE, one for every part that is read.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from mcunet_tf.tinyengine.ir import Tensor
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.spec import OpSpec, View


@dataclasses.dataclass(frozen=True)
class SplitAttributes:
    """Position of the operand that is split, the axis, and the lengths of the parts along it."""

    operand: int
    axis: int
    lengths: tuple[int, ...]


def _axis(tensor: Tensor | None, numbers: Sequence[int]) -> int:
    """An axis counted from the front; -1 where it is not known."""
    if tensor is None or len(numbers) != 1:
        return -1
    return common.front_axis(numbers[0], len(tensor.shape))


def _read_split(_: Mapping[str, Any], view: View) -> SplitAttributes:
    source, parts = view.optional(1), len(view.outputs)
    axis = _axis(source, common.constant_integers(view, 0))
    whole = source.shape[axis] if source and axis >= 0 else 0
    return SplitAttributes(1, axis, (whole // parts,) * parts)


def _read_split_v(_: Mapping[str, Any], view: View) -> SplitAttributes:
    axis = _axis(view.input(0), common.constant_integers(view, 2))
    lengths = common.constant_integers(view, 1)
    if lengths.count(-1) == 1 and axis >= 0:
        rest = view.input(0).shape[axis] - sum(lengths) - 1
        lengths = tuple(rest if length == -1 else length for length in lengths)
    return SplitAttributes(0, axis, lengths)


def _read_unpack(options: Mapping[str, Any], view: View) -> SplitAttributes:
    axis = _axis(view.input(0), (options["Axis"],))
    return SplitAttributes(0, axis, (1,) * len(view.outputs))


def constraint_parts(view: View) -> str | None:
    """Axis and lengths are constant, and the parts make up the whole of the input."""
    attributes: SplitAttributes = view.attributes
    source = view.optional(attributes.operand)
    if source is None or attributes.axis < 0 or not attributes.lengths:
        return "an axis or lengths that are not constant"
    whole = source.shape[attributes.axis]
    if len(attributes.lengths) != len(view.outputs) or sum(attributes.lengths) != whole:
        return f"{len(view.outputs)} parts of {list(attributes.lengths)} of {whole}"
    for output, length in zip(view.outputs, attributes.lengths, strict=True):
        if output.elements * whole != source.elements * length:
            return f"an output of {list(output.shape)}"
    return None


def constraint_parts_of_one_type(view: View) -> str | None:
    """Input and parts are of one type (int8, uint8, bool, int32, int64 or float32) and scale."""
    return common.one_type_problem((view.optional(view.attributes.operand), *view.outputs))


_CONSTRAINTS = (constraint_parts_of_one_type, constraint_parts)

SPLIT = OpSpec("SPLIT", _read_split, None, _CONSTRAINTS, becomes=("SLICE",), required=(0, 1))
SPLIT_V = OpSpec("SPLIT_V", _read_split_v, None, _CONSTRAINTS, becomes=("SLICE",))
UNPACK = OpSpec("UNPACK", _read_unpack, None, _CONSTRAINTS, becomes=("SLICE",))
