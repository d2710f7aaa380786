# SPDX-License-Identifier: Apache-2.0
"""What lies where and when: the values of a plan, and whether anything is written over them.

Every tensor in the arena is an array of cells: rows, or parts of rows where a RESHAPE shows the
same bytes as rows of another size. Of each cell it is known when it is written and when it is read
last, in calls counted from the start of the inference. A plan is right if between these two nothing
else is written there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.validate.errors import PlanError
from mcunet_tf.tinyengine.validate.program import Ints

if TYPE_CHECKING:
    from mcunet_tf.tinyengine.plan.plan import Plan, Storage

NEVER = 1 << 60
WORD_BYTES = 4
ARENA_ALIGNMENT_BYTES = 16


class Area(NamedTuple):
    """Bytes [start, end) that are no tensor, in use by the calls at `times`.

    `lasting`: what they hold must last from the first of these calls to the last.
    """

    start: int
    end: int
    times: Ints
    lasting: bool
    what: str


class Values:
    """One tensor in the arena and all views of it.

    Attributes:
      tensor: the root, which is no view.
      start, end: the bytes [start, end) of its rows or ring.
      row_bytes, height, rows, shift: as the plan has them: row y lies in slot (y + shift) % rows.
      parts: cells of a row.
      cell_bytes: bytes of a cell.
      slots: cells that are there at once.
      written, read: times of each cell; NEVER where it is not written, -NEVER where it is not read.
    """

    def __init__(self, graph: Graph, tensor: int, storage: Storage, shown: Iterable[int]) -> None:
        self.tensor = tensor
        self.height, self.row_bytes = graph.tensors[tensor].rows
        self.rows, self.shift = storage.rows, storage.shift
        planned = (storage.height, storage.row_bytes)
        if planned != (self.height, self.row_bytes) or not 0 <= self.shift < self.rows:
            raise PlanError(f"tensor {tensor} of {self.height} rows is kept as {storage}")
        self.start = storage.offset
        self.end = self.start + self.rows * self.row_bytes
        self.cell_bytes = math.gcd(self.row_bytes, *(graph.tensors[t].rows[1] for t in shown))
        # A tensor of no bytes has no cells.
        self.parts = self.row_bytes // self.cell_bytes if self.cell_bytes else 0
        self.slots = self.rows * self.parts
        count = self.height * self.parts
        self.written = np.full(count, NEVER, np.int64)
        self.read = np.full(count, -NEVER, np.int64)

    @property
    def is_whole(self) -> bool:
        """Whether all rows are kept, in their order."""
        return self.rows == self.height and self.shift == 0

    @property
    def lifetime(self) -> tuple[int, int]:
        """The first call that writes a cell, and the last one that writes or reads one."""
        made = self.written[self.written < NEVER]
        last = max(int(self.read.max()), int(made.max(initial=-NEVER)))
        return int(self.written.min()), last

    def slot_start(self, rows: Ints) -> Ints:
        """Where rows start."""
        start: Ints = self.start + (rows + self.shift) % self.rows * self.row_bytes
        return start

    def write_rows(self, made: Ints, times: Ints) -> None:
        """Notes calls after which so many rows are made."""
        cells = np.repeat(times, np.diff(made, prepend=0) * self.parts)
        self.written[: len(cells)] = cells

    def read_rows(self, low: Ints, high: Ints, row_bytes: int, times: Ints) -> Ints:
        """Notes calls that read rows [low, high) of so many bytes; returns which find them made.

        Bounds only rise from call to call.
        """
        step = row_bytes // self.cell_bytes if self.cell_bytes else 0
        used = np.flatnonzero(high > low)
        low, high, times = low[used] * step, high[used] * step, times[used]
        if not len(used) or not step:
            return used[:0]
        cells = np.arange(len(self.read))
        last = np.searchsorted(low, cells, "right") - 1
        seen = (last >= 0) & (cells < high[last])
        self.read[seen] = np.maximum(self.read[seen], times[last[seen]])
        late = self.written[high - 1] >= times
        found: Ints = used[late]
        return found

    def latest(self, slots: Ints, before: Ints) -> Ints:
        """The newest cell in each slot before a time; below 0 there is none."""
        made = np.searchsorted(self.written, before, "left")
        cells: Ints = made - 1 - (made - 1 + self.shift * self.parts - slots) % self.slots
        return cells

    def slots_within(self, start: Ints, end: Ints) -> tuple[Ints, Ints]:
        """(number of the range, slot) of all slots that lie in ranges of bytes [start, end)."""
        low = ((start - self.start) // self.cell_bytes).clip(0, self.slots)
        high = (-((self.start - end) // self.cell_bytes)).clip(0, self.slots)
        counts = (high - low).clip(0)
        number = np.repeat(np.arange(len(counts)), counts)
        before = np.cumsum(counts) - counts
        return number, low[number] + np.arange(len(number)) - before[number]

    def cells_within(self, start: int, end: int) -> Ints:
        """All cells that ever lie in the bytes [start, end)."""
        _, slots = self.slots_within(np.array([start]), np.array([end]))
        if not len(slots):
            return slots
        cells = np.arange(len(self.written))
        places = (cells + self.shift * self.parts) % self.slots
        return np.flatnonzero((places >= slots[0]) & (places <= slots[-1]))

    def row_of(self, cell: int) -> int:
        """The row that a cell is in."""
        return int(cell) // self.parts


class Uses:
    """Many pieces of memory, to be asked which of them are in use somewhere at some time.

    A plan has as many pairs as the square of its operators; all but a few are told apart here.
    """

    def __init__(self, rows: npt.NDArray[np.int64]) -> None:
        self.start, self.end, self.first, self.last = rows

    @classmethod
    def of(cls, pieces: Iterable[tuple[int, int, int, int]]) -> Uses:
        """Bytes [start, end) of each, and the first and the last call that they are in use."""
        rows = list(pieces)
        return cls(np.array(rows, np.int64).reshape(len(rows), 4).T)

    def met(self, start: int, end: int, first: int, last: int) -> list[int]:
        """Numbers of the pieces that share bytes and calls with one piece, in their order."""
        place = (self.start < end) & (start < self.end)
        time = (self.first <= last) & (first <= self.last)
        found: list[int] = np.flatnonzero(place & time).tolist()
        return found


class Memories:
    """The memories that the caller provides."""

    def __init__(self, plan: Plan) -> None:
        self.size_bytes = plan.arena_bytes
        self.regions = plan.region_bytes
        self.used = plan.used_bytes
        # States lie behind everything else, at the next offset that is aligned as arenas are.
        apart = max(self.size_bytes, sum(self.regions))
        self.state_base = -(-apart // ARENA_ALIGNMENT_BYTES) * ARENA_ALIGNMENT_BYTES
        self.state_bytes = plan.state_bytes

    def place(self, offset: int) -> tuple[int, int]:
        """(number of the memory, offset in it)."""
        start = 0
        for number, size in enumerate(self.regions):
            if offset < start + size:
                return number, offset - start
            start += size
        return len(self.regions), offset - start

    def claim_state(self, start: int, end: int, what: str) -> None:
        """Checks that bytes lie in the memory of states, and start at whole words."""
        first, last = start - self.state_base, end - self.state_base
        if not 0 <= first <= last <= self.state_bytes or self.state_base < self.size_bytes:
            raise PlanError(f"{what} lies outside the memory of states")
        if first % WORD_BYTES:
            raise PlanError(f"{what} starts at {first} of the states: no multiple of {WORD_BYTES}")

    def claim(self, start: int, end: int, what: str, alignment: int = 1) -> None:
        """Checks that bytes lie in the arena, in one memory of it, and start at whole words."""
        if not 0 <= start <= end <= self.size_bytes:
            raise PlanError(f"{what} lies outside the arena")
        if start == end:
            return
        number, local = self.place(start)
        if number != self.place(end - 1)[0]:
            raise PlanError(f"{what} lies in two memories")
        if local % alignment:
            raise PlanError(f"{what} starts at {start}: no multiple of {alignment}")
        if number >= len(self.used) or local + end - start > self.used[number]:
            raise PlanError(f"{what} lies outside the arena")


def overwritten(value: Values, writer: Values) -> tuple[Ints, Ints, Ints]:
    """Cells that a tensor's rows are written over while they are still read.

    Returns:
      (cell, row of the writer, whether that call is the last one that reads the cell) of each.
    """
    rows = np.flatnonzero(writer.written[:: max(writer.parts, 1)] < NEVER)
    times = writer.written[rows * writer.parts]
    start = writer.slot_start(rows)
    number, slots = value.slots_within(start, start + writer.row_bytes)
    when = times[number]
    cells = value.latest(slots, when)
    found = np.flatnonzero(cells >= 0)
    cells, when, number = cells[found], when[found], number[found]
    bad = value.read[cells] >= when
    return cells[bad], rows[number[bad]], value.read[cells[bad]] == when[bad]
