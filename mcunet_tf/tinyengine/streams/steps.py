# SPDX-License-Identifier: Apache-2.0
"""What each operator of a network does in a call that brings some new rows of time.

    as it is     no operand has rows of time
    by rows      it makes the new rows of its result from the newest rows of its operands
    once         it takes all rows of a window, and its result has no rows of time any more

Two forms. *Windows*: a tensor is what the network makes of the window that ends with the newest
row, so every tensor moves on by the same time, and nothing is late. *Endless*: a tensor is an
endless sequence of rows; row y is made from the rows that its operator reads around it, so a
window that looks ahead makes its result late, and operands that meet must be late alike.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from mcunet_tf.errors import UnsupportedError
from mcunet_tf.tinyengine.fixed_point import INT32_MAX
from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.ops.common import ACTIVATION_TYPES
from mcunet_tf.tinyengine.ops.moving_sums import MOST_POSITIONS
from mcunet_tf.tinyengine.ops.spec import view
from mcunet_tf.tinyengine.streams.rows import Form, Steady, TimeWindow, form_of, summed

WINDOWS, ENDLESS = "windows", "endless"
FEW_ROWS = 4
"""A mean over so many times the new rows is cheaper by sums."""
FEW_POSITIONS = 3
"""From so many on a row of int16 sums is smaller than the row."""
MAX_VALUE = 1 << 16
_NAME_CHARACTERS = 60


@dataclasses.dataclass(frozen=True)
class TimeRows:
    """A tensor as rows along time.

    Attributes:
      axis: of time.
      height: rows that the network has of a window.
      stride: input rows from one row to the next; a part of one behind what makes more of them.
      delay: rows that the newest one is late (endless); below 0, rows that it is early.
      before: input rows before the first one that row 0 is made from (endless).
    """

    axis: int
    height: int
    stride: Fraction
    delay: int = 0
    before: int = 0

    def new(self, hop: int, form: str) -> int:
        """Rows that a call brings; no more than a window has of them, where they are windows."""
        rows = hop // self.stride
        return min(rows, self.height) if form == WINDOWS else rows


@dataclasses.dataclass(frozen=True)
class Take:
    """The `count` newest rows but for the `late` newest ones."""

    count: int
    late: int

    @property
    def rows(self) -> int:
        """Rows that must be there."""
        return self.count + self.late


@dataclasses.dataclass(frozen=True, eq=False)
class Step:
    """An operator in a call.

    Attributes:
      op: the operator of the network.
      takes: what it reads of each operand that has rows of time.
      form: how it makes rows; None where it takes them all, or has none.
      made: rows of the result that a call makes, where it makes rows.
      ends: operands of which it sees a window, by the newest rows that are left out of it.
      sums: that it follows from, where it is a mean over all rows that it takes; else 0.
      positions: of each row that go into every one of them, where rows are kept as their own sums;
        0: they are kept as they are.
    """

    op: Op
    takes: Mapping[int, Take]
    form: Form | None = None
    made: int = 0
    ends: Mapping[int, int] = dataclasses.field(default_factory=dict)
    sums: int = 0
    positions: int = 0


@dataclasses.dataclass(frozen=True, eq=False)
class Course:
    """All steps of a call.

    Attributes:
      steps: in order.
      rows: of each tensor that has rows of time in a call.
      takes: what the application reads of outputs that have some.
      delay: of each output, in input rows.
      warm_up: calls whose results are made from rows that were never given.
    """

    steps: tuple[Step, ...]
    rows: Mapping[int, TimeRows]
    takes: Mapping[int, Take]
    delay: tuple[int, ...]
    warm_up: int

    def needed(self, tensor: int) -> int:
        """Rows of a tensor that must be there at once."""
        readers = (step for step in self.steps if tensor in step.takes and not step.positions)
        read = (step.takes[tensor].rows for step in readers)
        own = self.takes.get(tensor)
        return max([*read, own.rows if own else 0])


@dataclasses.dataclass(frozen=True, eq=False)
class Sources:
    """Where rows of time come in.

    Attributes:
      axes: the axis of time of each tensor that they come into, the first one's first.
      steady: what follows from inputs that are kept as they are.
      window: rows of the first one.
    """

    axes: Mapping[int, int]
    steady: Steady
    window: int

    def stride(self, graph: Graph, source: int) -> Fraction:
        """Rows of the first input for each row of another one."""
        return Fraction(self.window, graph.tensors[source].shape[self.axes[source]])


def padded_ops(graph: Graph, sources: Sources) -> Iterator[Op]:
    """Operators that fill up rows beyond the ends of time."""
    for op, form in _moving(graph, sources):
        if form is not None and form.window.padded:
            yield op


def smallest_hop(graph: Graph, sources: Sources) -> int:
    """The fewest input rows that every stride in time divides."""
    one = Fraction(1)
    strides = {source: sources.stride(graph, source) for source in sources.axes}
    for op, form in _moving(graph, sources):
        if form is not None:
            window = form.window
            own = one if _ends(graph, op, form) else Fraction(window.stride, window.grown)
            strides[op.outputs[0]] = own * max(strides[i] for i in op.inputs if i in strides)
    return math.lcm(*(stride.numerator for stride in strides.values()))


def _moving(graph: Graph, sources: Sources) -> Iterator[tuple[Op, Form | None]]:
    """Operators with operands that have rows of time."""
    axes = dict(sources.axes)
    for op in graph.ops:
        if not any(index in axes for index in op.inputs):
            continue
        form = form_of(graph, op, axes, sources.steady)
        yield op, form
        if form is not None and not _ends(graph, op, form):
            axes[op.outputs[0]] = form.axis


def _ends(graph: Graph, op: Op, form: Form) -> bool:
    """Whether the result is one row of the window, whatever its stride: time ends there."""
    return graph.tensors[op.outputs[0]].shape[form.axis] == 1 and not form.window.padded


def plan_course(graph: Graph, sources: Sources, hop: int, form: str) -> Course:
    """What happens in a call that brings `hop` rows, which all strides divide.

    Args:
      graph: behind all passes.
      sources: its inputs.
      hop: new rows of the first one in a call.
      form: WINDOWS or ENDLESS.

    Raises:
      UnsupportedError: rows of an endless signal meet what is made of a window.
    """
    return _Planner(graph, sources, hop, form).run()


class _Planner:
    """The state of walking through the operators."""

    def __init__(self, graph: Graph, sources: Sources, hop: int, form: str) -> None:
        self.graph, self.sources, self.hop, self.form = graph, sources, hop, form
        self.frame = sources.window
        self.rows: dict[int, TimeRows] = {}
        # Of tensors made of whole windows: (delay in input rows, calls before they are right).
        self.whole: dict[int, tuple[int, int]] = {}

    def run(self) -> Course:
        for source, axis in self.sources.axes.items():
            height = self.graph.tensors[source].shape[axis]
            self._put(source, TimeRows(axis, height, self.sources.stride(self.graph, source)))
        steps = tuple(self._step(op) for op in self.graph.ops)
        takes, ends = {}, []
        for index in self.graph.made:
            if index in self.rows:
                rows = self.rows[index]
                made = rows.height if self.form == WINDOWS else self._new(index)
                takes[index] = Take(made, 0)
                ends.append(self._told(rows, made))
            else:
                ends.append(self.whole.get(index, (0, 0)))
        warm_up = max((calls for _, calls in ends), default=0)
        return Course(steps, self.rows, takes, tuple(delay for delay, _ in ends), warm_up)

    def _new(self, index: int) -> int:
        return self.rows[index].new(self.hop, self.form)

    def _put(self, index: int, rows: TimeRows) -> None:
        """Notes a tensor; one that a call makes as a whole has no rows to keep."""
        if self.form == WINDOWS and rows.new(self.hop, self.form) == rows.height:
            self.whole[index] = self._told(rows, rows.height)
        else:
            self.rows[index] = rows

    def _told(self, rows: TimeRows, count: int) -> tuple[int, int]:
        """(delay, calls before the newest `count` rows are made from given ones alone)."""
        if self.form == WINDOWS:
            return 0, -(-self.frame // self.hop) - 1
        first = max(-(-rows.before // rows.stride), 0)
        calls = -(-(first + count + rows.delay) * rows.stride // self.hop)
        return math.ceil(max(rows.delay, 0) * rows.stride), max(calls - 1, 0)

    def _passed(self, rows: TimeRows, late: int) -> int:
        """Input rows behind the window of the network that a window of these rows stands for."""
        if self.form == WINDOWS:
            return 0
        return max(math.ceil((rows.delay + late + rows.height) * rows.stride) - self.frame, 0)

    def _put_whole(self, index: int, told: Sequence[tuple[int, int]]) -> None:
        """Notes what is made of whole windows; nothing is told of what is made of constants."""
        if told:
            self.whole[index] = max(late for late, _ in told), max(calls for _, calls in told)

    def _step(self, op: Op) -> Step:
        moving = {index: self.rows[index] for index in op.inputs if index in self.rows}
        if not moving:
            self._put_whole(op.outputs[0], [self.whole[i] for i in op.inputs if i in self.whole])
            return Step(op, {})
        axes = {index: rows.axis for index, rows in moving.items()}
        form = form_of(self.graph, op, axes, self.sources.steady)
        if form is None or len({rows.stride for rows in moving.values()}) > 1:
            return self._once(op, moving)
        if self.form == ENDLESS and _ends(self.graph, op, form):
            return self._last(op, form, moving)
        return self._by_rows(op, form, moving)

    def _once(self, op: Op, moving: Mapping[int, TimeRows]) -> Step:
        """All rows of the window."""
        mixed = [i for i in op.inputs if i in self.whole]
        if self.form == ENDLESS and mixed:
            name = op.name[:_NAME_CHARACTERS]
            raise UnsupportedError(
                f"{self.graph.name}: {op.kind} '{name}' joins rows with what is made of a whole "
                "window, which an endless signal does not have; remove that layer, or the padding "
                "in time, and use --stream=windows"
            )
        latest = max(rows.delay * rows.stride for rows in moving.values())
        takes, told, ends = {}, [self.whole[i] for i in mixed], {}
        for index, rows in moving.items():
            ends[index] = -(-latest // rows.stride) - rows.delay if self.form == ENDLESS else 0
            takes[index] = Take(rows.height, ends[index])
            told.append((self._passed(rows, ends[index]), self._told(rows, takes[index].rows)[1]))
        self._put_whole(op.outputs[0], told)
        return self._by_sums(Step(op, takes, ends=ends))

    def _last(self, op: Op, form: Form, moving: Mapping[int, TimeRows]) -> Step:
        """One row of the window of an endless signal: only it is made, and it has no rows."""
        takes, told, ends = {}, [], {}
        latest = max(rows.delay for rows in moving.values())
        for index, rows in moving.items():
            ends[index] = latest - rows.delay
            beyond = rows.height - (form.window.extent - form.window.top)
            takes[index] = Take(form.window.extent, ends[index] + beyond)
            told.append((self._passed(rows, ends[index]), self._told(rows, takes[index].rows)[1]))
        self._put_whole(op.outputs[0], told)
        return self._by_sums(Step(op, takes, form, 1, ends))

    def _by_rows(self, op: Op, form: Form, moving: Mapping[int, TimeRows]) -> Step:
        window, output = form.window, op.outputs[0]
        height = self.graph.tensors[output].shape[form.axis]
        first = next(iter(moving.values()))
        stride = first.stride * (1 if height == 1 and self.form == WINDOWS else window.stride)
        stride /= window.grown
        latest = max(rows.delay for rows in moving.values())
        delay, before = 0, 0
        if self.form == ENDLESS:
            ahead = latest + window.extent - window.top - window.stride
            delay = -(-ahead // window.stride) * window.grown
            before = max(rows.before for rows in moving.values())
            before += math.ceil(window.top * first.stride)
        result = TimeRows(form.axis, height, stride, delay, before)
        made = result.new(self.hop, self.form)
        count = (made // window.grown - 1) * window.stride + window.extent
        takes = {
            index: Take(count, self._late(window, rows, result, height))
            for index, rows in moving.items()
        }
        self._put(output, result)
        step = Step(op, takes, form, made)
        return self._by_sums(step) if made == 1 else step

    def _by_sums(self, step: Step) -> Step:
        """A mean over all rows that it takes follows from sums, unless these save too little."""
        if len(step.takes) != 1:
            return step
        ((index, take),) = step.takes.items()
        tensor, axis = self.graph.tensors[index], self.rows[index].axis
        found = summed(view(self.graph, step.op), axis)
        if found is None or tensor.dtype not in ACTIVATION_TYPES or take.late:
            return step
        positions = math.prod(tensor.shape[axis + 1 :]) // found
        fits = positions * take.count * MAX_VALUE < INT32_MAX
        if not fits or self._new(index) * FEW_ROWS > take.count:
            return step
        smaller = tensor.dtype == "int8" and FEW_POSITIONS <= positions <= MOST_POSITIONS
        return dataclasses.replace(step, sums=found, positions=positions if smaller else 0)

    def _late(self, window: TimeWindow, rows: TimeRows, result: TimeRows, height: int) -> int:
        """Newest rows of an operand that no new row of the result is made from."""
        if self.form == WINDOWS:
            last = (height // window.grown - 1) * window.stride
            return rows.height - (last + window.extent - window.top)
        end = (result.delay // window.grown + 1) * window.stride + window.top - window.extent
        return end - rows.delay
