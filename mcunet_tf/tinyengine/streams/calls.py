# SPDX-License-Identifier: Apache-2.0
"""Writes the network of one call: rings of rows as states, and every operator on its new rows."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.ir import Graph, Op, Tensor, constant_values
from mcunet_tf.tinyengine.ops.common import INTEGER_RANGES, Padding, activation_range
from mcunet_tf.tinyengine.ops.concatenation import ConcatenationAttributes
from mcunet_tf.tinyengine.ops.mean import mean_parameters
from mcunet_tf.tinyengine.ops.moving_sums import (
    MovingMeanAttributes,
    MovingSumsAttributes,
    RowSumsAttributes,
)
from mcunet_tf.tinyengine.ops.spec import view
from mcunet_tf.tinyengine.ops.strided_copy import SliceAttributes, StridedSliceAttributes
from mcunet_tf.tinyengine.passes.rewriter import Rewriter
from mcunet_tf.tinyengine.streams.rows import PAD_KINDS, WINDOW_KINDS, value_by_value, with_rows
from mcunet_tf.tinyengine.streams.steps import Course, Sources, Step, Take

_TURNED = (0, 2, 1, 3)


def write_call(graph: Graph, sources: Sources, course: Course, hop: int, form: str) -> Graph:
    """The network that takes `hop` new rows of its input and remembers what it needs of earlier
    ones.

    Inputs without time are states that stay as they are: the application sets them.

    Args:
      graph: the network of a whole window, behind all passes.
      sources: which inputs have rows of time.
      course: what each operator does.
      hop: new rows in a call.
      form: as in `course`.
    """
    return _Call(graph, sources, course, hop, form).result()


def write_steps(
    rewriter: Rewriter, op: Op, source: int, result: int, edges: Sequence[Sequence[int]]
) -> None:
    """Appends a STRIDED_SLICE that says all of its edges: (begin, end, steps) by axis."""
    numbers = tuple(
        rewriter.constant(op.inputs[1], np.array(values, np.int32), None) for values in edges
    )
    attributes = StridedSliceAttributes(0, 0, 0, 0, 0, False)
    rewriter.op("STRIDED_SLICE", op.name, (source, *numbers), result, attributes)


class _Call:
    """The graph under construction."""

    def __init__(self, graph: Graph, sources: Sources, course: Course, hop: int, form: str) -> None:
        self.graph, self.course, self.hop, self.form = graph, course, hop, form
        self.sources = sources
        self.rewriter = Rewriter(graph)
        self.fresh: dict[int, int] = {}
        self.held: dict[int, tuple[int, int]] = {}  # tensor -> (tensor that holds rows, how many)
        self.parts: dict[tuple[int, Take], int] = {}
        self.sums: dict[Op, int] = {}
        self.states: list[tuple[int, int, npt.NDArray[Any]]] = []

    def result(self) -> Graph:
        graph, rewriter = self.graph, self.rewriter
        kept = [index for index in graph.inputs if index not in self.sources.axes]
        self.states = [(index, index, self._zeros(index)) for index in kept]
        given = [self._given(source) for source in graph.inputs if source not in kept]
        for step in self.course.steps:
            self._step(step)
        outputs = [
            self._taken(index, self.course.takes[index]) if index in self.course.takes else index
            for index in graph.made
        ]
        entries, exits, first = zip(*self.states, strict=True) if self.states else ((), (), ())
        outputs = [self._copied(index) if index in exits else index for index in outputs]
        written = rewriter.result()
        return dataclasses.replace(
            written,
            inputs=(*given, *entries),
            outputs=(*outputs, *exits),
            states=tuple(first),
            kept=tuple(place for place, index in enumerate(graph.inputs) if index in kept),
        )

    def _given(self, source: int) -> int:
        """The new rows of an input; all of them, where they are a window."""
        if source not in self.course.rows:
            return source
        given = self._rows_of(source, self.course.rows[source].new(self.hop, self.form), "")
        self._hold(source, given)
        return given

    def _copied(self, index: int) -> int:
        """A ring that the application reads, in the arena."""
        shape = self.rewriter.tensor(index).shape
        copy = self.rewriter.like(index, shape, "/read")
        attributes = SliceAttributes((0,) * len(shape), shape)
        self.rewriter.op("SLICE", self.rewriter.tensor(copy).name, (index,), copy, attributes)
        return copy

    def _rows_of(self, index: int, count: int, suffix: str) -> int:
        """A tensor like a known one, of so many rows."""
        shape = with_rows(self.graph.tensors[index].shape, self.course.rows[index].axis, count)
        return self.rewriter.like(index, shape, suffix)

    def _hold(self, index: int, fresh: int) -> None:
        """Keeps rows of earlier calls before the new ones, as many as are read."""
        rows = self.course.rows[index]
        new, needed = rows.new(self.hop, self.form), self.course.needed(index)
        self.held[index] = fresh, new
        for step in self.course.steps:
            if step.positions and index in step.takes:
                self._sum_rows(step, fresh, new)
        if needed <= new:
            return
        # A ring with room for the new rows slides in its place. Where they are the most of it, a
        # copy in memory that all layers share takes less than room in every ring.
        in_place = new <= needed - new
        last = self._rows_of(index, needed if in_place else needed - new, "/last")
        joined = self._rows_of(index, needed, "/held")
        kept = joined
        name = self.graph.tensors[index].name
        if in_place:
            self._move_sums(index, last, fresh)
            self.rewriter.op("SLIDE", name, (last, fresh), joined)
        else:
            attributes = ConcatenationAttributes(rows.axis, "NONE")
            self.rewriter.op("CONCATENATION", name, (last, fresh), joined, attributes)
            kept = self._rows_of(index, needed - new, "/next")
            self._slice(index, joined, kept, new)
        self.states.append((last, kept, self._zeros(last)))
        self.held[index] = joined, needed

    def _sum_rows(self, step: Step, fresh: int, new: int) -> None:
        """Keeps rows as their own sums, as nothing else is read of the earlier ones."""
        name, (take,) = step.op.name, step.takes.values()
        made, last, held = (
            self.rewriter.add(Tensor(f"{name}{suffix}", (1, rows, 1, step.sums), "int16"))
            for suffix, rows in (("/rows", new), ("/lastrows", take.count), ("/held", take.count))
        )
        self.rewriter.op("ROW_SUMS", name, (fresh,), made, RowSumsAttributes(step.positions))
        self._move(step, last, made, 0)
        self.rewriter.op("SLIDE", name, (last, made), held)
        self.states.append((last, held, self._zeros(last)))

    def _move_sums(self, index: int, held: int, fresh: int) -> None:
        """Sums over rows of a ring, from what leaves before it slides."""
        new = self.course.rows[index].new(self.hop, self.form)
        values = self.rewriter.tensor(fresh).elements // new
        for step in self.course.steps:
            if step.sums and not step.positions and index in step.takes:
                leaving = self.course.needed(index) - step.takes[index].count
                self._move(step, held, fresh, leaving * values)

    def _move(self, step: Step, held: int, fresh: int, leaving: int) -> None:
        """Adds to sums what comes, and takes away what leaves, from a value of those held on."""
        name = step.op.name
        last, moved = (
            self.rewriter.add(Tensor(f"{name}{suffix}", (1, step.sums), "int32"))
            for suffix in ("/last", "/sums")
        )
        attributes = MovingSumsAttributes(leaving)
        self.rewriter.op("MOVING_SUMS", name, (last, held, fresh), moved, attributes)
        self.states.append((last, moved, self._zeros(last)))
        self.sums[step.op] = moved

    def _mean(self, step: Step, result: int) -> None:
        """What follows from sums."""
        seen = view(self.graph, step.op)
        source, output = seen.input(0), seen.output
        low, high = INTEGER_RANGES[output.dtype]
        if step.op.kind in ("MEAN", "SUM"):
            attributes = MovingMeanAttributes(0, 0, *mean_parameters(seen), low, high)
        else:
            (take,) = step.takes.values()
            axis = self.course.rows[step.op.inputs[0]].axis
            count = take.count * math.prod(source.shape[axis + 1 :]) // step.sums
            limits = activation_range(step.op.attributes.activation, output)
            attributes = MovingMeanAttributes(count, count * source.zero_point, 0, 0, *limits)
        self.rewriter.op("MOVING_MEAN", step.op.name, (self.sums[step.op],), result, attributes)

    def _zeros(self, index: int) -> npt.NDArray[Any]:
        """What stands for 0 everywhere."""
        tensor = self.rewriter.tensor(index)
        return np.full(tensor.shape, tensor.padding_value, tensor.dtype)

    def _slice(self, index: int, source: int, result: int, start: int) -> None:
        """Rows from `start` on, as many as the result has."""
        tensor = self.rewriter.tensor(result)
        begin = with_rows((0,) * len(tensor.shape), self.course.rows[index].axis, start)
        attributes = SliceAttributes(begin, tensor.shape)
        self.rewriter.op("SLICE", self.graph.tensors[index].name, (source,), result, attributes)

    def _taken(self, index: int, take: Take) -> int:
        """The tensor of some of the newest rows."""
        source, there = self.held[index]
        if take == Take(there, 0):
            return source
        if (index, take) not in self.parts:
            part = self._rows_of(index, take.count, f"/{take.late}")
            self._slice(index, source, part, there - take.rows)
            self.parts[index, take] = part
        return self.parts[index, take]

    def _step(self, step: Step) -> None:
        op, form = step.op, step.form
        if op in self.sums:
            output = op.outputs[0]
            fresh = self._rows_of(output, 1, "") if output in self.course.rows else output
            self._mean(step, fresh)
            if fresh != output:
                self._hold(output, fresh)
            return
        inputs = tuple(
            self._taken(index, step.takes[index]) if index in step.takes else index
            for index in op.inputs
        )
        if form is None:
            self.rewriter.ops.append(dataclasses.replace(op, inputs=inputs))
            return
        output = op.outputs[0]
        tensor = self.graph.tensors[output]
        if output in self.course.rows:
            fresh = self._rows_of(output, step.made, "")
            fresh = self._made(step, inputs, fresh)
            self._hold(output, fresh)
        else:
            assert tensor.shape[form.axis] == step.made
            fresh = self._made(step, inputs, output)
            if fresh != output:
                self.rewriter.op("RESHAPE", tensor.name, (fresh,), output)

    def _made(self, step: Step, inputs: tuple[int, ...], fresh: int) -> int:
        """Appends the operator on these rows; returns the tensor of the result."""
        op, form = step.op, step.form
        assert form is not None
        if op.kind in WINDOW_KINDS:
            self._window(op, form.axis, inputs, fresh)
            return fresh
        attributes = op.attributes
        if op.kind in PAD_KINDS:
            before = with_rows(attributes.before, form.axis, 0)
            after = with_rows(attributes.after, form.axis, 0)
            attributes = dataclasses.replace(attributes, before=before, after=after)
        if op.kind == "SLICE":
            begin = with_rows(attributes.begin, form.axis, 0)
            attributes = SliceAttributes(begin, with_rows(attributes.size, form.axis, step.made))
        if op.kind == "STRIDED_SLICE":
            self._steps(step, inputs[0], fresh)
            return fresh
        if op.kind == "RESIZE_NEAREST_NEIGHBOR":
            name, window = ("rows", "columns")[form.axis - 1], form.window
            rows = tuple(y * window.stride // window.grown for y in range(step.made))
            attributes = dataclasses.replace(attributes, **{name: rows})
        moves = op.kind in PAD_KINDS or op.kind == "SLICE"
        if moves and self.rewriter.tensor(inputs[0]).shape == self.rewriter.tensor(fresh).shape:
            return inputs[0]  # only rows along time were added or left out
        inputs = tuple(self._row_of(index, step) for index in inputs)
        self.rewriter.op(op.kind, op.name, inputs, fresh, attributes)
        return fresh

    def _row_of(self, index: int, step: Step) -> int:
        """An operand; of what has alike rows, always, as many as it takes."""
        tensor, form = self.rewriter.tensor(index), step.form
        rank = len(self.graph.tensors[step.op.outputs[0]].shape)
        assert form is not None
        place = form.axis - (rank - len(tensor.shape))
        if place < 0 or tensor.shape[place] == 1:
            return index
        if index in self.sources.steady.tensors:
            part = self.rewriter.like(index, with_rows(tensor.shape, place, step.made), "/alike")
            shape = self.rewriter.tensor(part).shape
            attributes = SliceAttributes((0,) * len(shape), shape)
            self.rewriter.op("SLICE", step.op.name, (index,), part, attributes)
            return part
        if tensor.data is None or not value_by_value(step.op.kind):
            return index
        data = tensor.data.take([0] * step.made, place)
        return self.rewriter.constant(index, data, tensor.quantization)

    def _steps(self, step: Step, source: int, fresh: int) -> None:
        """One of so many rows."""
        assert step.form is not None
        axis = step.form.axis
        operands = [self.graph.tensors[index] for index in step.op.inputs[1:]]
        begin, end, steps = (tuple(constant_values(operand)) for operand in operands)
        last = (step.made - 1) * steps[axis] + 1
        edges = with_rows(begin, axis, 0), with_rows(end, axis, last), steps
        write_steps(self.rewriter, step.op, source, fresh, edges)

    def _window(self, op: Op, axis: int, inputs: tuple[int, ...], fresh: int) -> None:
        """A convolution or pool without padding in time, of rows that are rows of an image."""
        attributes = op.attributes
        padding: Padding = attributes.padding
        if axis == 1:
            padding = dataclasses.replace(padding, top=0, bottom=0)
            attributes = dataclasses.replace(attributes, padding=padding)
            self.rewriter.op(op.kind, op.name, inputs, fresh, attributes)
            return
        made = self._turned_view(fresh)
        source = self._turned_view(inputs[0])
        self.rewriter.op("RESHAPE", op.name, (inputs[0],), source)
        if hasattr(attributes, "kernel_height"):
            sizes = {"kernel_height": attributes.kernel_width, "kernel_width": 1}
        else:
            sizes = {
                "dilation_height": attributes.dilation_width,
                "dilation_width": attributes.dilation_height,
            }
            inputs = (inputs[0], self._turned_weights(inputs[1]), *inputs[2:])
        attributes = dataclasses.replace(
            attributes,
            stride_height=attributes.stride_width,
            stride_width=1,
            padding=Padding(),
            **sizes,
        )
        self.rewriter.op(op.kind, op.name, (source, *inputs[1:]), made, attributes)
        self.rewriter.op("RESHAPE", op.name, (made,), fresh)

    def _turned_view(self, index: int) -> int:
        """A tensor for the same bytes with time along rows."""
        shape = self.rewriter.tensor(index).shape
        return self.rewriter.like(index, tuple(shape[axis] for axis in _TURNED), "/turned")

    def _turned_weights(self, index: int) -> int:
        tensor = self.graph.tensors[index]
        assert tensor.data is not None
        return self.rewriter.constant(index, tensor.data.transpose(_TURNED), tensor.quantization)
