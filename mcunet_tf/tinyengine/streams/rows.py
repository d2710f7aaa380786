# SPDX-License-Identifier: Apache-2.0
"""Which rows of time an operator reads for each row that it makes, whatever it is."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Mapping

import numpy as np

from mcunet_tf.tinyengine.ir import Graph, Op, constant_values
from mcunet_tf.tinyengine.ops.spec import Array, View, view

WINDOW_KINDS = tuple(
    f"{kind}{suffix}"
    for kind in ("CONV_2D", "DEPTHWISE_CONV_2D", "AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D")
    for suffix in ("", "_F32")
)
PAD_KINDS = ("PAD", "PADV2")
_SUFFIXES = ("_F32", "_S32")
# Value by value, of one operand or of several.
_VALUES = (
    *("ABS", "ADD", "ADD_N", "CAST", "CEIL", "COS", "DEQUANTIZE", "DIV", "ELU", "EQUAL", "EXP"),
    *("FLOOR", "FLOOR_DIV", "FLOOR_MOD", "GELU", "GREATER", "GREATER_EQUAL", "HARD_SWISH"),
    *("LEAKY_RELU", "LESS", "LESS_EQUAL", "LOG", "LOGISTIC", "MAXIMUM", "MINIMUM", "MUL", "NEG"),
    *("NOT_EQUAL", "POW", "PRELU", "QUANTIZE", "RELU", "RELU6", "RELU_N1_TO_1", "ROUND", "RSQRT"),
    *("SELECT", "SELECT_V2", "SIN", "SQRT", "SQUARE", "SQUARED_DIFFERENCE", "SUB", "TABLE", "TANH"),
)
# Vectors of the last axis, each for itself.
_VECTORS = ("SOFTMAX", "LOG_SOFTMAX", "L2_NORMALIZATION", "FULLY_CONNECTED")
_SUMS = ("MEAN", "SUM")
# Of values along other axes, each row for itself.
_REDUCTIONS = (*_SUMS, "REDUCE_MAX", "REDUCE_MIN", "ARG_MAX", "ARG_MIN")
_WITHIN_ROWS = ("BROADCAST_TO", "CUMSUM", "REVERSE_V2", "TILE")
_JOINS = ("CONCATENATION", "INTERLEAVE")


@dataclasses.dataclass(frozen=True)
class TimeWindow:
    """Row y of a result is made from rows [y * stride - top, ... + extent) of the operand.

    `padded`: the operator itself fills up rows beyond the ends. `grown`: so many rows are made from
    each one, of a window of one row.
    """

    extent: int = 1
    stride: int = 1
    top: int = 0
    padded: bool = False
    grown: int = 1


@dataclasses.dataclass(frozen=True)
class Form:
    """An operator that makes rows from rows: its window, and the axis of time in the result."""

    axis: int
    window: TimeWindow = TimeWindow()


def time_axis(shape: tuple[int, ...]) -> int | None:
    """The first axis that has more than one position: in memory, its rows lie one after the other.

    None: there is none.
    """
    return next((axis for axis, size in enumerate(shape) if size > 1), None)


def with_rows(shape: tuple[int, ...], axis: int, rows: int) -> tuple[int, ...]:
    """The shape with so many rows."""
    return (*shape[:axis], rows, *shape[axis + 1 :])


def form_of(
    graph: Graph, op: Op, axes: Mapping[int, int], steady: Steady | None = None
) -> Form | None:
    """How an operator makes rows of its result from rows of its operands; None: it does not.

    Args:
      graph: holds the tensors.
      op: of one result.
      axes: the axis of time of those operands that have one.
      steady: what follows from kept inputs alone.
    """
    found = _form(view(graph, op), op, axes, steady or Steady(graph))
    if found is None:
        return None
    shape = graph.tensors[op.outputs[0]].shape
    # Rows must lie one after the other in the result too.
    return found if math.prod(shape[: found.axis]) == 1 else None


class Steady:
    """What follows from inputs that the application keeps as they are, and from nothing else.

    Attributes:
      tensors: their numbers.
    """

    def __init__(self, graph: Graph, kept: Collection[int] = ()) -> None:
        self._graph, self._makers = graph, graph.producers()
        self.tensors = set(kept)
        for op in graph.ops:
            computed = [i for i in op.inputs if i >= 0 and graph.tensors[i].data is None]
            if computed and self.tensors.issuperset(computed):
                self.tensors.update(op.outputs)

    def alike_along(self, index: int, axis: int) -> bool:
        """Whether all rows along an axis are the same; one below 0 is of no rows."""
        tensor = self._graph.tensors[index]
        if axis < 0 or tensor.shape[axis] == 1:
            return True
        if tensor.data is not None:
            return alike(tensor.data, axis)
        op = self._makers.get(index)
        if op is None:
            return False
        seen, kind = view(self._graph, op), _plain(op.kind)
        before = axis - (len(tensor.shape) - len(seen.input(0).shape))
        if kind in ("TILE", "BROADCAST_TO"):
            return self.alike_along(op.inputs[0], before)
        if kind == "RESIZE_NEAREST_NEIGHBOR" and axis in (1, 2):
            picked = (seen.attributes.rows, seen.attributes.columns)[axis - 1]
            return len(set(picked)) == 1 or self.alike_along(op.inputs[0], axis)
        if kind == "RESHAPE":
            found = _same_rows(tensor.shape, axis, seen.input(0).shape)
            return found is not None and self.alike_along(op.inputs[0], found)
        if kind not in _VALUES:
            return False
        ranks = ((i, len(self._graph.tensors[i].shape)) for i in op.inputs)
        return all(self.alike_along(i, axis - (len(tensor.shape) - n)) for i, n in ranks)


def _same_rows(shape: tuple[int, ...], axis: int, source: tuple[int, ...]) -> int | None:
    """The axis of another shape of the same values that goes through the same rows."""
    outer = math.prod(shape[:axis])
    for found, size in enumerate(source):
        if size == shape[axis] and math.prod(source[:found]) == outer:
            return found
    return None


def value_by_value(kind: str) -> bool:
    """Whether each value of the result is made from those at its place in the operands."""
    return _plain(kind) in _VALUES


def _plain(kind: str) -> str:
    """The operator without the type that it computes on."""
    for suffix in _SUFFIXES:
        kind = kind.removesuffix(suffix)
    return kind


def _form(seen: View, op: Op, axes: Mapping[int, int], steady: Steady) -> Form | None:
    axis, kind = axes.get(op.inputs[0]), _plain(op.kind)
    if kind in _VALUES or kind in _JOINS or kind == "PACK":
        return _in_step(seen, op, axes, steady)
    if axis is None or any(index in axes for index in op.inputs[1:]):
        return None
    if op.kind in WINDOW_KINDS:
        return _sliding(seen, axis)
    if kind in PAD_KINDS:
        before, after = seen.attributes.before[axis], seen.attributes.after[axis]
        return Form(axis, TimeWindow(top=before, padded=before > 0 or after > 0))
    if kind == "SLICE":
        return Form(axis, TimeWindow(top=-seen.attributes.begin[axis]))
    if kind == "STRIDED_SLICE":
        return _stepping(seen, axis)
    if kind == "TRANSPOSE":
        return Form(seen.attributes.permutation.index(axis))
    if kind == "RESHAPE":
        return _reshaped(seen, axis)
    if kind in ("SPACE_TO_DEPTH", "DEPTH_TO_SPACE") and axis == 1:
        block, deep = seen.attributes.block, kind == "SPACE_TO_DEPTH"
        return Form(axis, TimeWindow(block, block) if deep else TimeWindow(grown=block))
    if kind == "RESIZE_NEAREST_NEIGHBOR" and axis in (1, 2):
        rows = (seen.attributes.rows, seen.attributes.columns)[axis - 1]
        return _picked(rows, seen.input(0).shape[axis], axis)
    if kind in _WITHIN_ROWS:
        return _within_rows(seen, axis)
    if kind in _VECTORS:
        return _vectors(seen, axis)
    if kind in _REDUCTIONS and axis not in seen.attributes.axes:
        same = len(seen.output.shape) == len(seen.input(0).shape)
        return Form(axis if same else axis - sum(a < axis for a in seen.attributes.axes))
    return None


def _reshaped(seen: View, axis: int) -> Form | None:
    """The same rows, some of them put together to one, or each cut into several."""
    found, shape = time_axis(seen.output.shape), seen.output.shape
    if found is None:
        return None
    height, made = seen.input(0).shape[axis], shape[found]
    if height > 1 and height % made == 0:
        return Form(found, TimeWindow(height // made, height // made))
    # What is flattened has no rows.
    cut = height > 1 and made % height == 0 and found < len(shape) - 1
    return Form(found, TimeWindow(grown=made // height)) if cut else None


def _stepping(seen: View, axis: int) -> Form | None:
    """One of so many rows, of a STRIDED_SLICE that says all of its edges."""
    if any(dataclasses.astuple(seen.attributes)):
        return None
    begin, _, steps = (constant_values(operand) for operand in seen.inputs[1:] if operand)
    return Form(axis, TimeWindow(stride=int(steps[axis]), top=-int(begin[axis])))


def _picked(rows: tuple[int, ...], height: int, axis: int) -> Form | None:
    """Rows at equal distances, or each of them several times."""
    times = len(rows) // height
    if times > 1 and rows == tuple(y // times for y in range(height * times)):
        return Form(axis, TimeWindow(grown=times))
    step = rows[1] - rows[0] if len(rows) > 1 else 1
    even = step > 0 and rows == tuple(rows[0] + step * y for y in range(len(rows)))
    return Form(axis, TimeWindow(stride=step, top=-rows[0])) if even else None


def _within_rows(seen: View, axis: int) -> Form | None:
    """Values along other axes come again, in another order or as sums of them."""
    attributes, kind, shape = seen.attributes, _plain(seen.op.kind), seen.input(0).shape
    found = axis + len(seen.output.shape) - len(shape)
    along = (
        (kind == "CUMSUM" and attributes.axis == axis)
        or (kind == "REVERSE_V2" and axis in attributes.axes)
        or seen.output.shape[found] != shape[axis]
    )
    return None if along else Form(found)


def _sliding(seen: View, axis: int) -> Form | None:
    """Convolutions and pools, along rows or along columns of a single row."""
    attributes, shape = seen.attributes, seen.input(0).shape
    if len(shape) != 4 or axis not in (1, 2):
        return None
    padding = attributes.padding
    if hasattr(attributes, "kernel_height"):
        extents = (attributes.kernel_height, attributes.kernel_width)
    else:
        kernel = seen.input(1).shape
        extents = (
            (kernel[1] - 1) * attributes.dilation_height + 1,
            (kernel[2] - 1) * attributes.dilation_width + 1,
        )
    if axis == 2:
        if extents[0] != 1 or padding.top or padding.bottom:
            return None
        padded = padding.left > 0 or padding.right > 0
        return Form(2, TimeWindow(extents[1], attributes.stride_width, padding.left, padded))
    padded = padding.top > 0 or padding.bottom > 0
    return Form(1, TimeWindow(extents[0], attributes.stride_height, padding.top, padded))


def summed(seen: View, axis: int) -> int | None:
    """How many sums a MEAN, SUM or average pooling over all rows keeps; None: it is none.

    They must be of values that lie behind each other in every position that is summed up.
    """
    rest = seen.input(0).shape[axis + 1 :]
    attributes, kind = seen.attributes, seen.op.kind
    if kind in _SUMS:
        gone = [number + axis + 1 in attributes.axes for number in range(len(rest))]
        if axis not in attributes.axes:
            return None
    elif kind == "AVERAGE_POOL_2D" and axis == 1:
        if attributes.padding.left or attributes.padding.right:
            return None
        gone = [attributes.kernel_width == rest[0], False]
        if not gone[0] and (attributes.kernel_width, attributes.stride_width) != (1, 1):
            return None
    elif kind == "AVERAGE_POOL_2D":
        gone = [False] * len(rest)
    else:
        return None
    # Axes of one position may stand anywhere.
    flags = [left for size, left in zip(rest, gone, strict=True) if size > 1]
    if flags != sorted(flags, reverse=True):
        return None
    return math.prod(size for size, left in zip(rest, gone, strict=True) if not left)


def _vectors(seen: View, axis: int) -> Form | None:
    source, output = seen.input(0).shape, seen.output.shape
    if axis == len(source) - 1 or any(t is not None and t.data is None for t in seen.inputs[1:]):
        return None
    # A matrix product may leave out leading axes of length 1.
    found = axis - (len(source) - len(output))
    same = 0 <= found < len(output) - 1 and output[found:-1] == source[axis:-1]
    return Form(found) if same else None


def alike(values: Array, axis: int) -> bool:
    """Whether a constant has the same values in all rows."""
    return bool(np.all(values == values.take([0], axis)))


def _in_step(seen: View, op: Op, axes: Mapping[int, int], steady: Steady) -> Form | None:
    """Row y of the result from row y of each operand."""
    kind = _plain(op.kind)
    moving = {axes[index] for index in op.inputs if index in axes}
    if len(moving) != 1:
        return None
    (axis,) = moving
    rank = len(seen.output.shape)
    in_turns = kind == "INTERLEAVE" and seen.attributes.axis == axis
    grown = len(op.inputs) if in_turns else 1
    for index, operand in zip(op.inputs, seen.inputs, strict=True):
        if operand is None:
            return None
        if index in axes:
            same = kind == "PACK" or (len(operand.shape) == rank)
            if not same or operand.shape[axis] * grown != seen.output.shape[axis]:
                return None
        elif index in steady.tensors:
            place = axis - (rank - len(operand.shape))
            if not steady.alike_along(index, place):
                return None
        elif operand.data is None:
            return None  # made of all rows: what has been made of earlier rows is not true any more
        elif kind in _VALUES:
            place = axis - (rank - len(operand.shape))
            if place >= 0 and not alike(operand.data, place):
                return None
        else:
            return None
    if kind == "CONCATENATION" and seen.attributes.axis == axis:
        return None
    if kind == "PACK" and seen.attributes.axis <= axis:
        return None
    return Form(axis, TimeWindow(grown=grown))
