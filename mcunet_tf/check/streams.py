# SPDX-License-Identifier: Apache-2.0
"""Models that take rows of time, held against the reference: a recording, call by call."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from mcunet_tf.check.edges import inputs_for
from mcunet_tf.check.lengthen import TimeFile
from mcunet_tf.check.reference import Reference, random_inputs
from mcunet_tf.check.tensors import Array
from mcunet_tf.errors import ModelError
from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.streams.rows import time_axis


@dataclasses.dataclass(frozen=True)
class _Spec:
    """What `random_inputs` draws."""

    shape: tuple[int, ...]
    dtype: str


@dataclasses.dataclass(frozen=True)
class _Inputs:
    inputs: Sequence[_Spec]


@dataclasses.dataclass(frozen=True, eq=False)
class Recording:
    """Rows of time, in the model file's type and in the stream's shape.

    Attributes:
        rows: of each input [1, ..., rows, ...]; of one that is kept what it holds.
        stream: the `Stream` of a compiled model.
    """

    rows: tuple[Array, ...]
    stream: Any

    def calls(self, compiled: Any) -> list[tuple[Array, ...]]:
        """What the compiled model is given, call by call."""
        parts = (
            tuple(_part(side, rows, k * side.hop, side.hop) for side, rows in self._sides())
            for k in range(self.calls_count)
        )
        return [inputs_for(compiled.inputs, part) for part in parts]

    @property
    def calls_count(self) -> int:
        """Calls that it lasts for."""
        side, rows = next((side, rows) for side, rows in self._sides() if side.axis is not None)
        return int(rows.shape[side.axis]) // int(side.hop)

    def _sides(self) -> Iterator[tuple[Any, Array]]:
        return zip(self.stream.sides, self.rows, strict=True)

    def windows(self) -> list[tuple[Array, ...]]:
        """The window that ends with each call behind the warm-up, as the model file takes it."""
        hop = self.stream.hop
        ends = [(k + 1) * hop for k in range(self.stream.warm_up, self.calls_count)]
        return [self.window_before(end) for end in ends]

    def window_before(self, end: int) -> tuple[Array, ...]:
        """The window that ends before a row of the first input, as the model file takes it."""
        ends = (end * side.window // self.stream.window for side in self.stream.sides)
        return tuple(
            _as_in_file(side, _part(side, rows, last - side.window, side.window))
            for last, (side, rows) in zip(ends, self._sides(), strict=True)
        )

    def in_file(self) -> tuple[Array, ...]:
        """All of it at once, as a longer version of the model file takes it."""
        return tuple(_as_in_file(side, rows) for side, rows in self._sides())

    def shapes_in_file(self) -> dict[str, tuple[int, ...]]:
        """What a longer version of the file makes of its inputs on the way to rows, by name."""
        shapes: dict[str, tuple[int, ...]] = {}
        for side, rows in self._sides():
            _as_in_file(side, rows, shapes)
        return shapes


def _part(side: Any, rows: Array, start: int, count: int) -> Array:
    """Some rows of an input; all of it, where it has none."""
    if side.axis is None:
        return rows
    part: Array = np.take(rows, np.arange(start, start + count), side.axis)
    return part


def _as_in_file(side: Any, rows: Array, shapes: dict[str, tuple[int, ...]] | None = None) -> Array:
    for view in reversed(side.edge):
        if shapes is not None:
            shapes[view.output.name] = rows.shape
        if view.op.kind == "TRANSPOSE":
            rows = rows.transpose(np.argsort(view.attributes.permutation))
            continue
        shape = list(view.input(0).shape)
        axis = time_axis(tuple(shape))
        if axis is not None:
            shape[axis] = -1
        rows = rows.reshape(shape)
    return np.ascontiguousarray(rows)


class EndlessReference:
    """What the reference makes of a recording that is as long as it is.

    The part of the file that has rows of time runs on all of the recording; the part behind it on
    every window of those rows that a call has got to.

    Args:
        model: the `.tflite` file.
        recording: whose stream is endless.

    Raises:
        ModelError: the file has no tensor where time ends, or no reference accepts its parts.
    """

    def __init__(self, model: bytes, recording: Recording) -> None:
        file, stream = TimeFile(model), recording.stream
        self._recording, self._ends = recording, stream.ends
        self._tensors = [_find(file, stream.whole, end.tensor) for end in stream.ends]
        self._shapes = [file.shape(tensor) for tensor in self._tensors]
        shapes = [array.shape for array in recording.in_file()]
        self._given = [file.outputs().index(t) if e.output else -1 for t, e in self._pairs()]
        self._made = [n for n in range(len(file.outputs())) if n not in self._given]
        tensors = list(dict.fromkeys(self._tensors))
        self._order = [tensors.index(tensor) for tensor in self._tensors]
        trunk = file.trunk(tensors, shapes, recording.shapes_in_file())
        self._starts = self._distinct_starts()
        self._trunk: Any = Reference(trunk)
        self._head: Any = None
        if self._made:
            starts = [self._tensors[n] for n in self._starts]
            head = file.head(starts, [file.outputs()[n] for n in self._made])
            self._head = Reference(head)

    def _distinct_starts(self) -> list[int]:
        """Ends behind which the rest of the file begins: of those of one tensor the first."""
        found: dict[int, int] = {}
        for number, (tensor, end) in enumerate(self._pairs()):
            first = self._ends[found.setdefault(tensor, number)] if not end.output else end
            if first.late != end.late:
                raise ModelError("two layers look at windows of the same rows that end elsewhere")
        return list(found.values())

    def _pairs(self) -> Iterator[tuple[int, Any]]:
        return zip(self._tensors, self._ends, strict=True)

    @property
    def version(self) -> str:
        """Name and version of the package that runs it."""
        return f"{self._trunk.version} on all of a recording"

    def other(self) -> EndlessReference | None:
        """The same by another package."""
        trunk, head = self._trunk.other(), self._head and self._head.other()
        if trunk is None or (self._head is not None and head is None):
            return None
        found = copy.copy(self)
        found._trunk, found._head = trunk, head
        return found

    def run(self, _: Sequence[tuple[Array, ...]]) -> list[tuple[Array, ...]]:
        """The outputs of every call behind the warm-up."""
        stream = self._recording.stream
        (made,) = self._trunk.run([self._recording.in_file()])
        calls = range(stream.warm_up + 1, self._recording.calls_count + 1)
        parts = [self._parts(made, call) for call in calls]
        if self._head is None:
            return [self._outputs(part, ()) for part in parts]
        heads = self._head.run([tuple(part[n] for n in self._starts) for part in parts])
        return [self._outputs(part, head) for part, head in zip(parts, heads, strict=True)]

    def _parts(self, made: Sequence[Array], call: int) -> list[Array]:
        """Of every end what a call sees of it, or gives."""
        found = []
        for end, order, shape in zip(self._ends, self._order, self._shapes, strict=True):
            new = self._recording.stream.hop // end.rows.stride
            last = call * new - end.rows.delay - end.late
            count = new if end.output else end.rows.height
            # A view of another rank has time along its first axis of several positions.
            same = len(shape) == len(self._recording.stream.whole.tensors[end.tensor].shape)
            axis = end.rows.axis if same else time_axis(shape)
            # Of a window that begins before the recording only what is in it may be looked at.
            rows = np.arange(last - count, last).clip(0)
            found.append(np.take(made[order], rows, axis))
        return found

    def _outputs(self, parts: Sequence[Array], head: Sequence[Array]) -> tuple[Array, ...]:
        table = {n: part for n, part in zip(self._given, parts, strict=True) if n >= 0}
        table |= dict(zip(self._made, head, strict=True))
        return tuple(table[n] for n in sorted(table))


def _dilations(graph: Graph) -> list[int]:
    """Those of all convolutions, along either axis."""
    attributes = [op.attributes for op in graph.ops if hasattr(op.attributes, "dilation_height")]
    return [d for it in attributes for d in (it.dilation_height, it.dilation_width)]


def _find(file: TimeFile, graph: Graph, tensor: int) -> int:
    """The file's tensor of the compiler's, or the one that it is a view of."""
    makers, names, at = graph.producers(), [graph.tensors[tensor].name], tensor
    while at in makers and makers[at].kind == "RESHAPE":
        at = makers[at].inputs[0]
        names.append(graph.tensors[at].name)
    return file.find(names, graph.tensors[tensor].dtype, graph.tensors[tensor].elements)


def random_recording(stream: Any, dtypes: Sequence[str], results: int, seed: int) -> Recording:
    """A recording of random rows that is long enough for so many results behind the warm-up.

    Args:
        stream: of a compiled model.
        dtypes: of the model file's inputs.
        results: how many.
        seed: equal seeds give equal rows.
    """
    # As much longer than a window as strides and dilations want it, so that paddings are those of
    # the file.
    unit = math.lcm(*_dilations(stream.whole))
    more = (stream.warm_up + results) * stream.hop - stream.window
    units = -(-more // (stream.hop * unit))
    specs = []
    for side, dtype in zip(stream.sides, dtypes, strict=True):
        shape = list(stream.whole.tensors[side.tensor].shape)
        if side.axis is not None:
            shape[side.axis] = side.window + units * unit * side.hop
        specs.append(_Spec(tuple(shape), dtype))
    (rows,) = random_inputs(_Inputs(specs), 1, seed)
    return Recording(rows, stream)
