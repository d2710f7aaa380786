# SPDX-License-Identifier: Apache-2.0
"""Proves a plan, with nothing taken from the planner's reasoning.

The validator runs the control flow of the emitted C (`program.py`), derives from each operator's
attributes and shapes what its calls read and make (`accesses.py`), notes when each row is written
and read last (`memory.py`), and then looks for writes in between: of other rows, of scratch, of
rows of padding. From the plan it takes the order, the offsets, the rings and the calls; a plan that
would corrupt data never leaves the compiler.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.kernel_tables.table import Style
from mcunet_tf.tinyengine.validate.accesses import Access, access_of
from mcunet_tf.tinyengine.validate.errors import PlanError
from mcunet_tf.tinyengine.validate.in_place import may_replace
from mcunet_tf.tinyengine.validate.memory import (
    NEVER,
    WORD_BYTES,
    Area,
    Memories,
    Uses,
    Values,
    overwritten,
)
from mcunet_tf.tinyengine.validate.program import Ints, run_program

if TYPE_CHECKING:
    from mcunet_tf.tinyengine.plan.plan import Plan

__all__ = ["PlanError", "validate_plan"]


def validate_plan(graph: Graph, plan: Plan) -> None:
    """Proves that every byte that is read holds the right value, and that outputs are complete.

    Raises:
      PlanError: a row, a sum or a counter is read that is not there any more, a kernel is handed
        other rows than it needs, something lies outside the arena or in two memories, or words do
        not start at whole words.
    """
    _Proof(graph, plan).run()


class _Proof:
    """One plan of one graph."""

    def __init__(self, graph: Graph, plan: Plan) -> None:
        self.graph = graph
        self.plan = plan
        self.arena = Memories(plan)
        self.roots: dict[int, int] = {}
        for op in graph.ops:
            if op.kind == "RESHAPE":
                source = op.inputs[0]
                self.roots[op.outputs[0]] = self.roots.get(source, source)
        layers, self.spans = run_program(plan)
        self.accesses = [access_of(graph, layer) for layer in layers]
        self.values: dict[int, Values] = {}
        self.makers: dict[int, Access] = {}
        self.areas: list[tuple[Access | None, Area]] = []

    def run(self) -> None:
        """Every step of the proof."""
        self.place_values()
        self.write_values()
        self.read_values()
        self.place_areas()
        self.check_padding()
        self.check_rows()
        self.check_areas()

    def root(self, tensor: int) -> int:
        """The tensor whose bytes these are."""
        found = self.roots.get(tensor, tensor)
        if self.plan.roots.get(tensor, tensor) != found:
            raise PlanError(f"tensor {tensor} is a view of tensor {found}")
        return found

    def place_values(self) -> None:
        """Reads where each tensor lies, and how its views cut it into rows."""
        shown: dict[int, list[int]] = {tensor: [] for tensor in self.plan.storage}
        used = [read.tensor for access in self.accesses for read in access.reads]
        used += [access.output for access in self.accesses]
        for tensor in (*used, *self.graph.inputs, *self.graph.outputs):
            root = self.root(tensor)
            if root not in shown:
                raise PlanError(f"tensor {tensor} has no place in the arena")
            shown[root].append(tensor)
        made = {access.output for access in self.accesses}
        edges = {self.root(t) for t in (*self.graph.inputs, *self.graph.outputs) if t not in made}
        edges |= {self.root(t) for t in self.graph.outputs}
        states = {*self.graph.entries, *self.graph.exits}
        for entry, result in zip(self.graph.entries, self.graph.exits, strict=True):
            if self.plan.storage.get(entry) != self.plan.storage.get(result):
                raise PlanError(f"tensor {result} does not become tensor {entry} of the next run")
        for tensor, storage in self.plan.storage.items():
            value = Values(self.graph, tensor, storage, shown[tensor])
            item_bytes = value.row_bytes and self.graph.tensors[tensor].size_bytes
            item_bytes //= max(self.graph.tensors[tensor].elements, 1)
            alignment = max(min(item_bytes, WORD_BYTES), 1)
            if tensor in states:
                self.arena.claim_state(value.start, value.end, f"tensor {tensor}")
            else:
                self.arena.claim(value.start, value.end, f"tensor {tensor}", alignment)
            if not value.is_whole and (tensor in edges or set(shown[tensor]) - {tensor}):
                raise PlanError(f"tensor {tensor} is a ring, but others see all of it")
            self.values[tensor] = value

    def write_values(self) -> None:
        """Notes when each row is made: by the application, or by the one operator that makes it."""
        for access in self.accesses:
            value = self.values[self.root(access.output)]
            made = access.rows_made
            if value.tensor != access.output or value.tensor in self.makers:
                raise PlanError(f"{access.name} makes tensor {access.output}, which is there")
            most = int(np.diff(made, prepend=0).max(initial=0))
            if most > value.rows:
                raise PlanError(f"{access.name} makes {most} rows at once in {value.rows} slots")
            value.write_rows(made, access.layer.times)
            self.makers[value.tensor] = access
            before = np.append(0, made[:-1])
            many = made - before > access.scattered
            self.check_unbroken(access, value, before[many], made[many], "writes")
        inputs = {self.root(tensor) for tensor in self.graph.inputs} - set(self.makers)
        placed: list[Values] = []
        for tensor in sorted(inputs):
            value = self.values[tensor]
            for other in placed:
                if value.start < other.end and other.start < value.end:
                    raise PlanError(f"inputs {other.tensor} and {tensor} share memory")
            placed.append(value)
            value.written[:] = -1

    def read_values(self) -> None:
        """Notes when each row is read last, and that it has been made before."""
        for access in self.accesses:
            for read in access.reads:
                value = self.values[self.root(read.tensor)]
                row_bytes = self.graph.tensors[read.tensor].rows[1]
                late = value.read_rows(read.low, read.high, row_bytes, access.layer.times)
                if len(late):
                    row = int(read.high[late[0]]) - 1
                    raise PlanError(
                        f"{access.name} reads row {row} of tensor {read.tensor}, which is not there"
                    )
                if read.unbroken and not value.is_whole:
                    self.check_unbroken(access, value, read.low, read.high, "reads")
        for tensor in self.graph.outputs:
            value = self.values[self.root(tensor)]
            if np.any(value.written == NEVER):
                raise PlanError(f"the caller reads tensor {tensor}, which is not complete")
            value.read[:] = NEVER

    @staticmethod
    def check_unbroken(access: Access, value: Values, low: Ints, high: Ints, verb: str) -> None:
        """Kernels that take one pointer to a band find its rows behind each other."""
        wraps = (low + value.shift) % value.rows + high - low > value.rows
        if np.any(wraps & (high > low)):
            raise PlanError(f"{access.name} {verb} a band that wraps around its ring")

    def place_areas(self) -> None:
        """Reads where scratch, sums and row counters lie."""
        for access in self.accesses:
            layer = access.layer
            scratch = self.plan.stages[layer.number].scratch[layer.position]
            base = self.plan.scratch_offsets[layer.number]
            times = layer.times
            own = base + scratch.start
            pad = base + scratch.pad_start
            size, pad_size = access.scratch_bytes, access.pad_row_bytes
            if size and not scratch.size_bytes:
                raise PlanError(f"{access.name} gets no scratch")
            if size:
                lasting = access.kernel.style is Style.REDUCE
                what = f"{access.name}: words of scratch"
                self.arena.claim(own, own + size, what, WORD_BYTES)
                self.areas.append((access, Area(own, own + size, times, lasting, what)))
            if pad_size and not self.plan.stages[layer.number].padded_in_ring[layer.position]:
                what = f"{access.name}: values of a row of padding"
                self.arena.claim(pad, pad + pad_size, what)
                self.areas.append((access, Area(pad, pad + pad_size, times, False, what)))
        if self.plan.stages and self.plan.stages[0].nodes[0].op.kind == "ROWS":
            start, what = self.plan.state_offset, "the row counters"
            end = start + WORD_BYTES * len(self.plan.stages[0].nodes)
            self.arena.claim(start, end, what, WORD_BYTES)
            times = np.arange(*self.spans[0])
            self.areas.append((None, Area(start, end, times, True, what)))
        # What no call uses is in nobody's way.
        self.areas = [(owner, area) for owner, area in self.areas if len(area.times)]

    def check_padding(self) -> None:
        """Rows of padding that take free slots of the input's ring, a few at its ends."""
        for access in self.accesses:
            layer = access.layer
            stage = self.plan.stages[layer.number]
            if not (access.pad_row_bytes and stage.padded_in_ring[layer.position]):
                continue
            ring = self.values[self.root(access.reads[0].tensor)]
            for call, low, high, height in access.outside:
                if high - low > ring.rows:
                    raise PlanError(f"{access.name}: two rows of padding share a slot")
                pads = np.array([y for y in range(low, high) if not 0 <= y < height])
                self.check_pads(access, ring, call, pads)

    def check_pads(self, access: Access, ring: Values, call: int, pads: Ints) -> None:
        """Rows of padding of one call: nobody needs what lay there, and they last for the call."""
        time = access.layer.times[call]
        start = ring.slot_start(pads)
        end = start + ring.row_bytes
        layer = access.layer
        in_chunks = 0 < layer.chunk < layer.end[call] - layer.first[call]
        may_meet = access.kernel.in_place_rows and not in_chunks
        for value in self.values.values():
            if not value.cell_bytes:
                continue
            _, slots = value.slots_within(start, end)
            cells = value.latest(slots, np.full(len(slots), time))
            for cell in cells:
                if cell >= 0 and value.read[cell] >= time:
                    self.refuse(value, cell, f"{access.name} fills a row of padding")
            if value.tensor != access.output:
                continue
            for row in np.flatnonzero(value.written[:: value.parts] == time):
                place = int(value.slot_start(np.array([row]))[0])
                for pad, a, b in zip(pads, start, end, strict=True):
                    meets = place < b and a < place + value.row_bytes
                    exact = (place, value.row_bytes) == (a, b - a)
                    if meets and not (exact and may_meet):
                        raise PlanError(
                            f"{access.name} writes row {row} over row {pad} that it reads"
                        )
        for _, area in self.areas:
            used = area.times[0] <= time <= area.times[-1] if area.lasting else time in area.times
            if used and np.any((start < area.end) & (area.start < end)):
                raise PlanError(f"{area.what}: overwritten while they are needed")

    def check_rows(self) -> None:
        """No row is written over one that is still read."""
        values = [value for value in self.values.values() if value.cell_bytes]
        uses = Uses.of(
            (value.start, value.end, int(value.written[0]), int(value.read.max()))
            for value in values
        )
        for writer in values:
            access = self.makers.get(writer.tensor)
            if access is None or not len(access.layer.times):
                continue
            span = (access.layer.times[0], access.layer.times[-1])
            for number in uses.met(writer.start, writer.end, *span):
                value = values[number]
                if not (value is writer and value.is_whole):
                    self.check_pair(value, writer, access)

    def check_pair(self, value: Values, writer: Values, access: Access) -> None:
        """One tensor's rows against another's."""
        cells, rows, same = overwritten(value, writer)
        if np.any(~same):
            first = int(np.argmin(same))
            self.refuse(value, cells[first], f"{access.name} makes row {rows[first]}")
        if len(cells):
            meets = may_replace(self.graph, self.roots, access, value, writer, cells, rows)
            if not np.all(meets):
                first = int(np.argmin(meets))
                row = value.row_of(cells[first])
                raise PlanError(
                    f"{access.name} writes row {rows[first]} over row {row} that it reads"
                )

    def check_areas(self) -> None:
        """Scratch meets nothing that is alive, and what must last is left alone."""
        values = [value for value in self.values.values() if value.cell_bytes]
        uses = Uses.of((value.start, value.end, *value.lifetime) for value in values)
        found = [area for _, area in self.areas]
        areas = Uses.of((area.start, area.end, area.times[0], area.times[-1]) for area in found)
        for number, (owner, area) in enumerate(self.areas):
            place = (area.start, area.end, area.times[0], area.times[-1])
            for met in uses.met(*place):
                self.check_area(values[met], owner, area)
            for met in areas.met(*place):
                other_owner, other = self.areas[met]
                together = area.lasting or other.lasting or owner is other_owner
                if together and met < number:
                    raise PlanError(f"{other.what}: overwritten while they are needed")

    def check_area(self, value: Values, owner: Access | None, area: Area) -> None:
        """One piece of scratch against one tensor."""
        cells = value.cells_within(area.start, area.end)
        written, read = value.written[cells], value.read[cells]
        last = np.maximum(read, np.where(written < NEVER, written, -NEVER))
        if area.lasting:
            met = (written <= area.times[-1]) & (last >= area.times[0])
        else:
            after = np.searchsorted(area.times, written, "left")
            met = (written < NEVER) & (after < np.searchsorted(area.times, last, "right"))
        if np.any(met):
            row = value.row_of(cells[int(np.argmax(met))])
            if area.lasting and owner is None:
                raise PlanError(f"{area.what}: overwritten while they are needed")
            raise PlanError(f"{area.what}: over row {row} of tensor {value.tensor}, overwritten")

    def refuse(self, value: Values, cell: int, what: str) -> None:
        """Says who misses a row and why it is gone."""
        time = value.read[cell]
        reader = next((a.name for a in self.accesses if time in a.layer.times), "the caller")
        raise PlanError(
            f"{reader} reads row {value.row_of(cell)} of tensor {value.tensor}, which is not "
            f"there: {what} in its place"
        )
