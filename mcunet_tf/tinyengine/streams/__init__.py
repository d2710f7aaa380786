# SPDX-License-Identifier: Apache-2.0
"""Turns the network of a window into one that takes some new rows of time in each call.

`rows.py` says which rows an operator reads, `steps.py` what it does in a call, `calls.py` writes
the network of a call. Its states are rings of rows, so all that follows knows nothing of streams.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from mcunet_tf.errors import McunetError, UnsupportedError
from mcunet_tf.tinyengine.emit.names import edge_names, function_names
from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.legality import check_lowered, check_supported
from mcunet_tf.tinyengine.ops.spec import View, view
from mcunet_tf.tinyengine.ops.strided_copy import SliceAttributes, strided_slice_of
from mcunet_tf.tinyengine.passes import Pass, Watch, apply_passes, unwatched
from mcunet_tf.tinyengine.passes.copy_edges import copy_edges
from mcunet_tf.tinyengine.passes.drop_views import drop_views
from mcunet_tf.tinyengine.passes.lower_pixels import lower_pixels
from mcunet_tf.tinyengine.passes.rewriter import Rewriter, rewrite
from mcunet_tf.tinyengine.streams.calls import write_call, write_steps
from mcunet_tf.tinyengine.streams.rows import Steady, time_axis
from mcunet_tf.tinyengine.streams.steps import (
    ENDLESS,
    WINDOWS,
    Course,
    Sources,
    TimeRows,
    padded_ops,
    plan_course,
    smallest_hop,
)

FORMS = ("auto", WINDOWS, ENDLESS)
_NAME_CHARACTERS = 60


@dataclasses.dataclass(frozen=True)
class TimeEnd:
    """A tensor of the whole network behind which its rows are no rows any more.

    Attributes:
      tensor: the tensor.
      rows: what it is along time.
      late: newest rows that are not looked at; other operands have not got so far.
      output: whether the application is given its new rows.
    """

    tensor: int
    rows: TimeRows
    late: int = 0
    output: bool = False


@dataclasses.dataclass(frozen=True)
class Side:
    """An input of the file.

    Attributes:
      tensor: of the whole network: the input, or the rows that are made of it at once.
      axis: of time; None: it is kept from call to call, until the application sets it anew.
      edge: operators of the file's network between the input and the rows: RESHAPE and TRANSPOSE.
      hop, window: its own rows of a call and of a window.
    """

    tensor: int
    axis: int | None = None
    edge: tuple[View, ...] = ()
    hop: int = 0
    window: int = 0


@dataclasses.dataclass(frozen=True, eq=False)
class Stream:
    """A network that takes rows of time.

    Attributes:
      graph: of one call.
      form: WINDOWS or ENDLESS.
      hop: new rows in a call, of the first input that has time.
      window: rows of it that the network of the file takes.
      warm_up: calls after a reset whose results are made from rows that were never given.
      delay: of each output: input rows by which its newest result is late.
      sides: the inputs, in the file's order.
      ends: where time ends in it.
      whole: the network of a window.
    """

    graph: Graph
    whole: Graph
    form: str
    hop: int
    window: int
    warm_up: int
    delay: tuple[int, ...]
    sides: tuple[Side, ...]
    ends: tuple[TimeEnd, ...] = ()


def make_stream(
    graph: Graph,
    hop: int | None,
    form: str = "auto",
    watch: Watch = unwatched,
    timed: Sequence[str] = (),
) -> Stream:
    """The network that takes `hop` rows of time in each call and computes only what is new.

    Of several inputs those have time that have as many rows as the first one with rows of several
    values; the others are kept. Those of `timed` may differ: each brings rows in proportion.

    Args:
      graph: of a whole window, behind all passes.
      hop: new rows in a call.
      form: "windows" gives what the network gives for the window that ends with the newest row;
        "endless" what its layers give on an endless signal; "auto" takes the first unless the
        network pads in time.
      watch: is shown the graph after each step.
      timed: names of the inputs that have time.

    Raises:
      McunetError: the hop or the form is none, or no input has such a name.
      UnsupportedError: the network has no axis of time, or none that can be cut so.
    """
    if form not in FORMS:
        raise McunetError(f"stream '{form}' is unknown: use one of {', '.join(FORMS)}")
    if hop is None or hop < 1:
        given = "no hop" if hop is None else f"a hop of {hop}"
        raise McunetError(
            f"{graph.name}: {given}: say how many new rows a call brings (--hop=ROWS)"
        )
    if graph.states:
        raise UnsupportedError(
            f"{graph.name}: the model remembers by itself and takes new rows as it is: leave out "
            "--input=stream and --hop"
        )
    graph = rewrite(graph, ("STRIDED_SLICE",), _plain_slice)
    sides = _sides(graph, tuple(timed))
    sources = _sources(graph, sides)
    edges = [view.op for side in sides for view in side.edge]
    inputs = tuple(side.tensor for side in sides)
    graph = graph.replace(ops=[op for op in graph.ops if op not in edges], inputs=inputs)
    _check_outputs(graph, sources)
    form = _chosen_form(graph, sources, form)
    _check_hop(graph, sources, hop)
    course = plan_course(graph, sources, hop, form)
    written = write_call(graph, sources, course, hop, form)
    watch("stream", written)
    written = apply_passes(written, (Pass(drop_views), Pass(lower_pixels), Pass(copy_edges)), watch)
    check_supported(written)
    check_lowered(written)
    told = tuple(_with_rows(graph, sources, side, hop) for side in sides)
    calls = (course.warm_up, course.delay)
    return Stream(written, graph, form, hop, sources.window, *calls, told, tuple(_ends(course)))


def _with_rows(graph: Graph, sources: Sources, side: Side, hop: int) -> Side:
    """An input with its own hop and window."""
    if side.axis is None:
        return side
    height = graph.tensors[side.tensor].shape[side.axis]
    new = min(int(hop / sources.stride(graph, side.tensor)), height)
    return dataclasses.replace(side, hop=new, window=height)


def _ends(course: Course) -> Iterator[TimeEnd]:
    for tensor in course.takes:
        yield TimeEnd(tensor, course.rows[tensor], output=True)
    for step in course.steps:
        for tensor, late in step.ends.items():
            yield TimeEnd(tensor, course.rows[tensor], late)


def _sides(graph: Graph, timed: tuple[str, ...]) -> tuple[Side, ...]:
    """The inputs, each with its axis of time or kept."""
    found = [_edge(graph, index) for index in graph.given]
    heights = [_rows(graph, side) for side in found]
    names = edge_names(graph, "input")
    both = list(zip(names, function_names(names), strict=True))
    unknown = sorted(set(timed) - {name for pair in both for name in pair})
    if unknown:
        known = ", ".join(alias or name for name, alias in both)
        raise McunetError(f"{graph.name}: there is no input '{unknown[0]}': it has {known}")
    chosen = [n for n, pair in enumerate(both) if set(timed).intersection(pair)]
    if not timed:
        deep = [height for height, deep in heights if deep]
        rows = [*deep, *(height for height, _ in heights if height)][:1]
        chosen = [n for n, (height, _) in enumerate(heights) if rows == [height]]
    none = [graph.given[n] for n in chosen or range(len(found)) if not heights[n][0]]
    if none:
        shapes = ", ".join(str(list(graph.tensors[index].shape)) for index in none)
        raise UnsupportedError(
            f"{graph.name}: no axis of time: the input is {shapes}; streams need [1, t, f, c], "
            "[1, 1, t, c], [1, t, c] or [1, t]: leave out --input=stream"
        )
    return tuple(
        side if number in chosen else Side(graph.given[number]) for number, side in enumerate(found)
    )


def _rows(graph: Graph, side: Side) -> tuple[int, bool]:
    """How many rows an input has, 0 for none, and whether these are of several values."""
    shape = graph.tensors[side.tensor].shape
    if side.axis is None or shape[0] != 1:
        return 0, False
    return shape[side.axis], side.axis < len(shape) - 1


def _sources(graph: Graph, sides: Sequence[Side]) -> Sources:
    axes = {side.tensor: side.axis for side in sides if side.axis is not None}
    first, axis = next(iter(axes.items()))
    kept = [side.tensor for side in sides if side.axis is None]
    return Sources(axes, Steady(graph, kept), graph.tensors[first].shape[axis])


def _edge(graph: Graph, index: int) -> Side:
    """The tensor whose rows are new ones, and the operators before it, which move values only.

    It is the input, or what a RESHAPE or TRANSPOSE makes of it at once: spectrograms that come as
    one vector, or with time last.
    """
    readers = graph.consumers()
    chain: list[Op] = []
    found, length, at = index, 0, index
    while len(readers.get(at, [])) == 1 and at not in graph.outputs:
        (op,) = readers[at]
        if op.kind != "TRANSPOSE" and not _is_view_of_rows(graph, op):
            break
        chain.append(op)
        at = op.outputs[0]
        shape = graph.tensors[at].shape
        if len(shape) > 2 and shape[0] == 1 and at not in graph.outputs:
            found, length = at, len(chain)
    shape = graph.tensors[found].shape
    axis = time_axis(shape) if shape[0] == 1 else None
    return Side(found, axis, tuple(view(graph, op) for op in chain[:length]))


def _is_view_of_rows(graph: Graph, op: Op) -> bool:
    """Whether a RESHAPE shows the rows that there are, or cuts a vector into some."""
    if op.kind != "RESHAPE":
        return False
    shape, result = (graph.tensors[index].shape for index in (op.inputs[0], op.outputs[0]))
    axis, found = time_axis(shape), time_axis(result)
    vector = sum(size > 1 for size in shape) == 1
    same = axis is not None and found is not None and shape[axis] == result[found]
    return vector or same


def _check_outputs(graph: Graph, sources: Sources) -> None:
    if sources.steady.tensors.issuperset(graph.made):
        told = ", ".join(graph.tensors[index].name[:_NAME_CHARACTERS] for index in sources.axes)
        raise UnsupportedError(
            f"{graph.name}: no output is made of the rows of {told}: leave out --input=stream, or "
            "name the inputs that bring rows (--timed=NAME)"
        )


def _chosen_form(graph: Graph, sources: Sources, form: str) -> str:
    padded = next(padded_ops(graph, sources), None)
    if form == WINDOWS and padded is not None:
        name = padded.name[:_NAME_CHARACTERS]
        raise UnsupportedError(
            f"{graph.name}: {padded.kind} '{name}' pads in time, so what a window gives near its "
            "ends is not what is kept of earlier windows: use --stream=endless, or train without "
            "padding in time"
        )
    if form == "auto":
        return WINDOWS if padded is None else ENDLESS
    return form


def _check_hop(graph: Graph, sources: Sources, hop: int) -> None:
    smallest, window = smallest_hop(graph, sources), sources.window
    if hop % smallest:
        raise UnsupportedError(
            f"{graph.name}: a hop of {hop} rows is no multiple of the strides in time: the "
            f"smallest hop is {smallest}"
        )
    if hop > window:
        raise UnsupportedError(
            f"{graph.name}: a hop of {hop} rows passes over some, as a window has {window}: "
            f"use at most {window}"
        )


def _plain_slice(rewriter: Rewriter, op: Op) -> None:
    """A STRIDED_SLICE of steps of 1 is a SLICE, another one says all of its edges.

    A RESHAPE leaves out axes.
    """
    seen = view(rewriter.graph, op)
    shape = seen.input(0).shape
    places = np.arange(seen.input(0).elements).reshape(shape)
    taken = strided_slice_of(op.attributes, seen, places)
    along = [np.unique(numbers) for numbers in np.unravel_index(taken, shape)]
    steps = [int(numbers[1] - numbers[0]) if len(numbers) > 1 else 1 for numbers in along]
    begin, end = ([int(numbers[k]) for numbers in along] for k in (0, -1))
    size = tuple((b - a) // step + 1 for a, b, step in zip(begin, end, steps, strict=True))
    edges = zip(begin, end, steps, strict=True)
    part = places[tuple(slice(first, last + 1, step) for first, last, step in edges)]
    if not np.array_equal(part.reshape(-1), taken.reshape(-1)):
        rewriter.ops.append(op)  # backwards
        return
    sliced = rewriter.like(op.inputs[0], size, "/part")
    if max(steps) == 1:
        attributes = SliceAttributes(tuple(begin), size)
        rewriter.op("SLICE", op.name, op.inputs[:1], sliced, attributes)
    else:
        write_steps(rewriter, op, op.inputs[0], sliced, (begin, [n + 1 for n in end], steps))
    rewriter.op("RESHAPE", op.name, (sliced,), op.outputs[0])
