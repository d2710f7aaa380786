# SPDX-License-Identifier: Apache-2.0
"""Proves a plan by running it on poisoned memory, with nothing taken from the planner's reasoning.

Every byte of the arena carries a tag: which tensor's which row was last written there. Each kernel
call of the trace checks that every row it reads is still there, whole, and overwrites the tags
where it writes and where its scratch lies, at the addresses that the emitted C names. What calls
hand on to each other, sums and row counters, is tagged too. It is naive on purpose.
"""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.kernels.table import Style
from mcunet_tf.tinyengine.plan.nodes import Node, is_row_source
from mcunet_tf.tinyengine.plan.plan import Plan
from mcunet_tf.tinyengine.plan.schedule import Event, Stage

_POISON = -1
_COUNTERS = -2
_SCRATCH = -3
_SUMS = -1_000
_PADDING = -1_000_000
_WORD_BYTES = 4


class PlanError(AssertionError):
    """The planner made a plan that would corrupt data: a bug of ours, never the user's."""


def validate_plan(graph: Graph, plan: Plan) -> None:
    """Simulates the whole inference on tags.

    Raises:
      PlanError: a row, a sum or a counter is read that is not there any more, something lies
        outside the arena or in two memories, or words do not start at whole words.
    """
    memory = _Memory(graph, plan)
    for storage in plan.storage.values():
        memory.claim(storage.offset, storage.size_bytes, "a tensor")
    made = {node.output for stage in plan.stages for node in stage.nodes}
    for tensor in set(graph.inputs) - made:
        for row in range(graph.tensors[tensor].rows[0]):
            memory.write(tensor, row)
    for stage, scratch in zip(plan.stages, plan.scratch_offsets, strict=True):
        counters = _counters(plan, stage)
        for part in counters:
            memory.fill(part)
        for event in stage.events:
            _run(graph, plan, memory, stage, event, scratch)
            for part in counters:
                memory.check_part(part)
    for tensor in graph.outputs:
        for row in range(graph.tensors[tensor].rows[0]):
            memory.check(tensor, row, "the caller")


@dataclasses.dataclass(frozen=True)
class _Part:
    """Bytes of the arena that are no tensor."""

    start: int
    size_bytes: int
    tag: int
    what: str
    alignment: int = _WORD_BYTES


class _Memory:
    """The arena, every byte tagged with the tensor and the position in it that it holds."""

    def __init__(self, graph: Graph, plan: Plan) -> None:
        self.graph = graph
        self.plan = plan
        self.tags = np.full(plan.arena_bytes, _POISON, np.int64)

    def span(self, tensor: int, row: int) -> tuple[int, int]:
        storage = self.plan.locate(self.graph, tensor)
        start = storage.row_offset(row)
        return start, start + storage.row_bytes

    def expected(self, tensor: int, row: int) -> npt.NDArray[np.int64]:
        root = self.plan.roots.get(tensor, tensor)
        row_bytes = self.graph.tensors[tensor].rows[1]
        return (root << 32) + row * row_bytes + np.arange(row_bytes, dtype=np.int64)

    def claim(self, start: int, size_bytes: int, what: str) -> None:
        """Checks that bytes lie in the arena, and in one memory of it."""
        end = start + size_bytes
        if not 0 <= start <= end <= len(self.tags):
            raise PlanError(f"{what} lies outside the arena")
        if size_bytes and self.plan.region(start)[0] != self.plan.region(end - 1)[0]:
            raise PlanError(f"{what} lies in two memories")

    def fill(self, part: _Part) -> None:
        self.claim(part.start, part.size_bytes, part.what)
        if self.plan.region(part.start)[1] % part.alignment:
            raise PlanError(f"{part.what} starts at {part.start}: no multiple of {part.alignment}")
        self.tags[part.start : part.start + part.size_bytes] = part.tag

    def check_part(self, part: _Part) -> None:
        if not np.all(self.tags[part.start : part.start + part.size_bytes] == part.tag):
            raise PlanError(f"{part.what}: overwritten while they are needed")

    def write(self, tensor: int, row: int) -> None:
        start, end = self.span(tensor, row)
        self.tags[start:end] = self.expected(tensor, row)

    def check(self, tensor: int, row: int, reader: str) -> None:
        start, end = self.span(tensor, row)
        if not np.array_equal(self.tags[start:end], self.expected(tensor, row)):
            raise PlanError(f"{reader} reads row {row} of tensor {tensor}, which is not there")


def rows_read(graph: Graph, plan: Plan, event: Event) -> list[tuple[int, int]]:
    """(tensor, row) pairs that a kernel call reads."""
    node = event.node
    rows: list[tuple[int, int]] = []
    for tensor in dict.fromkeys(node.inputs):
        if not plan.in_arena(tensor):
            continue
        height = graph.tensors[tensor].rows[0]
        first, end = 0, height
        if tensor in node.streamed:
            first, end = node.needs(event.first, event.end, height)
        rows += [(tensor, row) for row in range(first, end)]
    return rows


def pad_rows(graph: Graph, stage: Stage, event: Event) -> list[tuple[int, int]]:
    """Rows of padding that are made in the ring of the input."""
    node = event.node
    if not stage.padded_in_ring[stage.nodes.index(node)]:
        return []
    height = graph.tensors[node.inputs[0]].rows[0]
    first = event.first * node.window.stride - node.window.pad_top
    rows = range(first, first + node.window.count(event.end - event.first))
    return [(node.inputs[0], row) for row in rows if not 0 <= row < height]


def rows_written(graph: Graph, event: Event) -> list[tuple[int, int]]:
    """(tensor, row) pairs that a kernel call completes."""
    node = event.node
    if node.kernel.style is Style.REDUCE and event.end < node.height:
        return []
    if node.height == 1 or node.kernel.style is Style.REDUCE:
        height = graph.tensors[node.output].rows[0]
        return [(node.output, row) for row in range(height)]
    return [(node.output, row) for row in range(event.first, event.end)]


def _run(
    graph: Graph,
    plan: Plan,
    memory: _Memory,
    stage: Stage,
    event: Event,
    scratch: int,
) -> None:
    reads, writes = rows_read(graph, plan, event), rows_written(graph, event)
    parts = _scratch_parts(stage, event, scratch)
    for part in parts:
        if event.node.kernel.style is Style.REDUCE and event.first > 0:
            memory.check_part(part)  # sums pass from band to band
        memory.fill(part)
    pads = pad_rows(graph, stage, event)
    for tensor, row in pads:
        # Filled with zero points before the call: whatever lay there is gone.
        start, end = memory.span(tensor, row)
        memory.tags[start:end] = _PADDING - row
    for tensor, row in pads:
        start, end = memory.span(tensor, row)
        if not np.all(memory.tags[start:end] == _PADDING - row):
            raise PlanError(f"'{event.node.op.name}': two rows of padding share a slot")
    for tensor, row in reads:
        memory.check(tensor, row, f"'{event.node.op.name}'")
    _check_in_place(memory, stage, event, reads + pads, writes)
    for tensor, row in writes:
        memory.write(tensor, row)
    for part in parts:
        memory.check_part(part)
    if event.node.kernel.style is not Style.WINDOW:
        _check_unbroken(memory, event, "reads", reads)
        _check_unbroken(memory, event, "writes", writes)


def _check_unbroken(memory: _Memory, event: Event, verb: str, rows: list[tuple[int, int]]) -> None:
    """Kernels that take one pointer to a band find its rows behind each other."""
    for (tensor, row), (next_tensor, next_row) in itertools.pairwise(rows):
        joined = memory.span(tensor, row)[1] == memory.span(next_tensor, next_row)[0]
        if tensor == next_tensor and not joined:
            raise PlanError(f"'{event.node.op.name}' {verb} a band that wraps around its ring")


def _counters(plan: Plan, stage: Stage) -> list[_Part]:
    """The row counters that last from one pushed row to the next."""
    if not is_row_source(stage.nodes[0]):
        return []
    size_bytes = _WORD_BYTES * len(stage.nodes)
    return [_Part(plan.state_offset, size_bytes, _COUNTERS, "the row counters")]


def _scratch_parts(stage: Stage, event: Event, scratch: int) -> list[_Part]:
    """What a call uses of its stage's scratch, at the addresses that the emitted C names."""
    node = event.node
    position = stage.nodes.index(node)
    size_bytes = stage.call_scratch_bytes(position)
    parts = []
    if size_bytes:
        tag = _SUMS - position if node.kernel.style is Style.REDUCE else _SCRATCH
        what = f"'{node.op.name}': words of scratch"
        parts.append(_Part(scratch + stage.scratch_position(node), size_bytes, tag, what))
    if node.pad_row_bytes and not stage.padded_in_ring[position]:
        what = f"'{node.op.name}': values of a row of padding"
        parts.append(_Part(scratch + size_bytes, node.pad_row_bytes, _SCRATCH, what, 1))
    return parts


def _check_in_place(
    memory: _Memory,
    stage: Stage,
    event: Event,
    reads: list[tuple[int, int]],
    writes: list[tuple[int, int]],
) -> None:
    """Within one call, reads and writes may meet only as the kernel allows."""
    chunk = stage.calls[stage.nodes.index(event.node)].chunk
    in_chunks = 0 < chunk < event.end - event.first
    for source, row in reads:
        a, b = memory.span(source, row)
        for result, made in writes:
            c, d = memory.span(result, made)
            if not (a < d and c < b):
                continue
            # Of the rows that the next chunk reads again only the first one is kept.
            late = in_chunks and row + event.node.window.pad_top > made + 1
            if late or not _allowed(memory, event, (source, row), (result, made)):
                raise PlanError(
                    f"'{event.node.op.name}' writes row {made} over row {row} that it reads"
                )


def _allowed(memory: _Memory, event: Event, read: tuple[int, int], write: tuple[int, int]) -> bool:
    node: Node = event.node
    kernel, streamed = node.kernel, read[0] in node.streamed
    if kernel.style is Style.WINDOW:
        # An output row may be exactly an input row.
        return kernel.in_place_rows and memory.span(*read) == memory.span(*write)
    if not (kernel.reads_ahead and streamed):
        return False
    # Pixel by pixel: the end of what is written never passes the start of what is still to be read.
    first_read, first_write = (event.first, event.first) if node.height > 1 else (0, 0)
    base_in = memory.span(read[0], first_read)[0]
    base_out = memory.span(write[0], first_write)[0]
    if node.height > 1:
        rows = event.end - event.first
        sizes = [memory.plan.locate(memory.graph, t).row_bytes * rows for t in (write[0], read[0])]
    else:
        sizes = [memory.graph.tensors[t].size_bytes for t in (write[0], read[0])]
    return base_out <= base_in and base_out + sizes[0] <= base_in + sizes[1]
