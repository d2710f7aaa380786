# SPDX-License-Identifier: Apache-2.0
"""Stages of row-streamed operators, and the exact order in which rows are made.

A stage is a run of operators that are executed together: the last one pulls its rows, each
operator pulls the rows it needs from its producer. A stage of one operator is plain layer-by-layer
execution. The emitted C follows the same rule as `trace` below, statement for statement, so what
is proved about the trace holds for the C.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.kernels.table import Style
from mcunet_tf.tinyengine.plan.nodes import Node, is_row_source

# A call of a pixel kernel on so many pixels has few that do not fill a tile.
FULL_PIXELS = 24


class Event(NamedTuple):
    """One kernel call: `node` makes output rows [first, end)."""

    node: Node
    first: int
    end: int


class Calls(NamedTuple):
    """Output rows of an operator's kernel calls: `first` of the first one, then `band` of each.

    A kernel that works in chunks makes `chunk` rows at a time; 0: all rows of a call at once.
    """

    band: int
    first: int
    chunk: int = 0

    def end(self, done: int) -> int:
        """Rows that are done after the call that follows `done` rows."""
        return done + (self.band if done else self.first)

    @property
    def held(self) -> int:
        """Rows that scratch must hold at once."""
        return min(self.chunk, self.band) or self.band

    def parts(self, rows: int) -> list[int]:
        """What the kernel makes of the rows of one call."""
        chunk = self.chunk or rows
        whole, rest = divmod(rows, chunk)
        return [chunk] * whole + [rest] * (rest > 0)


SINGLE_ROWS = Calls(1, 1)


@dataclasses.dataclass(frozen=True)
class Ring:
    """Rows kept of a tensor that lives only inside a stage.

    Attributes:
      tensor: whose ring it is, or lies in: an in-place result uses the slots of its input.
      rows: slots.
      shift: row y lies in slot (y + shift) % rows.
    """

    tensor: int
    rows: int
    shift: int = 0


@dataclasses.dataclass(frozen=True, eq=False)
class Stage:
    """Operators that run together, in topological order; the last one drives the others.

    Attributes:
      nodes: the operators.
      calls: of each node.
      rings: of each tensor that lives only inside the stage.
      padded_in_ring: for each node, whether rows of padding use free slots of its input's ring.
      events: the kernel calls in order.
    """

    nodes: tuple[Node, ...]
    calls: tuple[Calls, ...]
    rings: Mapping[int, Ring]
    padded_in_ring: tuple[bool, ...]
    events: tuple[Event, ...]

    @property
    def bands(self) -> tuple[int, ...]:
        """Output rows per kernel call, for each node."""
        return tuple(calls.band for calls in self.calls)

    @property
    def scratch_bytes(self) -> int:
        """Kernels of a stage never run inside each other, so they share one scratch.

        Sums that a reduction keeps from call to call lie behind it.
        """
        return self.shared_bytes + sum(
            self.call_scratch_bytes(i) for i, node in enumerate(self.nodes) if _keeps(node)
        )

    @property
    def shared_bytes(self) -> int:
        """The part of the scratch that every kernel call may overwrite."""
        most = max(
            (0 if _keeps(node) else self.call_scratch_bytes(i))
            + (0 if in_ring else node.pad_row_bytes)
            for i, (node, in_ring) in enumerate(zip(self.nodes, self.padded_in_ring, strict=True))
        )
        # Rows of padding have any length, and sums of 32 bits may follow.
        return aligned(most)

    def call_scratch_bytes(self, position: int) -> int:
        """What the kernel of one operator uses."""
        return self.nodes[position].scratch_bytes(self.calls[position].held)

    def scratch_position(self, node: Node) -> int:
        """Where a kernel's scratch starts within the stage's."""
        return self.shared_bytes if _keeps(node) else 0


def _keeps(node: Node) -> bool:
    return node.kernel.style is Style.REDUCE


def aligned(size_bytes: int, alignment: int = 4) -> int:
    """The next multiple of the alignment."""
    return -(-size_bytes // alignment) * alignment


def make_stage(
    graph: Graph, nodes: Sequence[Node], internal: frozenset[int], band_limit: int = 2
) -> Stage:
    """Schedules a run of operators whose `internal` tensors are kept as rings of rows.

    Args:
      graph: holds the tensors.
      nodes: in topological order.
      internal: tensors that nothing outside the run reads.
      band_limit: most rows a kernel makes at once.
    """
    calls = _calls(graph, nodes, band_limit)
    run = trace_pushed if is_row_source(nodes[0]) else trace
    events = run(graph, nodes, calls, internal)
    rings: dict[int, Ring] = {}
    padded = []
    for node in nodes:
        source = node.inputs[0] if node.inputs else -1
        alone = source in internal and sum(source in n.inputs for n in nodes) == 1
        if node.kernel.style is Style.WINDOW and alone:
            k = next(k for k, m in enumerate(nodes) if m.output == source)
            rings[source], fits = _window_ring(graph, nodes[k], calls[k], node, events)
            padded.append(fits)
        else:
            padded.append(False)
    for tensor in sorted(internal - set(rings)):
        rings[tensor] = _shared_ring(graph, nodes, calls, events, tensor)
    for i, node in enumerate(nodes):
        alias = _in_place(graph, nodes, calls, rings, i)
        if alias is not None:
            rings[node.output] = alias
    return Stage(tuple(nodes), tuple(calls), rings, tuple(padded), events)


def calls_alone(node: Node, limit: int) -> Calls:
    """Calls of an operator that is a stage by itself, windows of at most so many rows at once."""
    band = node.height
    if not is_window(node):
        return Calls(band, band)
    band = min(node.kernel.band_rows, node.height)
    if node.kernel.chunk_rows:
        # Chunks are of pairs of rows.
        return Calls(band, band, max(min(node.kernel.chunk_rows, limit) // 2, 1) * 2)
    band = min(band, limit)
    return Calls(band, band)


def band_of(node: Node, limit: int) -> int:
    """Output rows per kernel call under a limit, within a stage of several operators."""
    if is_row_source(node):
        return 1
    if node.window.growth > 1:
        return node.window.growth
    if node.kernel.style is Style.WINDOW:
        return min(node.kernel.band_rows, node.height, limit)
    if node.kernel.style is Style.PIXELS:
        limit = min(limit, _filling_rows(node))
    return min(limit, node.height)


def _filling_rows(node: Node) -> int:
    """Rows that fill most tiles of a pixel kernel; single rows of a ring never wrap around."""
    if len(node.streamed) > 1:
        return 1  # operands value by value: no tiles
    width = node.view.output.elements // node.height // node.kernel.pixel_values(node.view)
    return next((rows for rows in (1, 2) if rows * width >= FULL_PIXELS), 4)


def read_calls(reader: Node, calls: Calls) -> Calls:
    """The rows of its input that each call of an operator takes, where it is no window."""
    growth = reader.window.growth
    return calls if growth == 1 else Calls(calls.band // growth, calls.first // growth)


def calls_for(node: Node, band: int, readers: Sequence[tuple[Calls, bool, int]]) -> Calls:
    """Calls of an operator that end where its readers' do, so that rings hold no row too many.

    A window of 3 rows that makes rows 2 and 3 reads rows 1 to 4: bands of two must end at row 4.

    Args:
      node: the operator.
      band: rows of each call but the first.
      readers: for each their own calls, whether they take bands as they are made, and the rows that
        their first call reads.
    """
    if node.window.growth > 1:
        return Calls(band, band)
    readers = [reader for reader in readers if reader[0].band > 1]
    for calls, in_step, _ in readers:
        if in_step and calls.band == band:
            return calls
    wanted = readers[0][2] if readers else 0
    return Calls(band, wanted % band or band)


def _calls(graph: Graph, nodes: Sequence[Node], band_limit: int) -> list[Calls]:
    """The calls of each operator, from the last to the first."""
    if len(nodes) == 1 and not is_row_source(nodes[0]):
        return [calls_alone(nodes[0], band_limit)]
    found: list[Calls] = []
    for i in reversed(range(len(nodes))):
        node = nodes[i]
        band = band_of(node, band_limit)
        readers = [
            (
                read_calls(reader, calls),
                not is_window(reader),
                rows_wanted(graph, reader, node, calls.first),
            )
            for reader, calls in zip(nodes[i + 1 :], reversed(found), strict=True)
            if node.output in reader.inputs
        ]
        found.append(calls_for(node, band, readers))
    return found[::-1]


def trace(
    graph: Graph, nodes: Sequence[Node], calls: Sequence[Calls], internal: frozenset[int]
) -> tuple[Event, ...]:
    """The kernel calls of a stage in the order of the emitted C."""
    makers = {node.output: i for i, node in enumerate(nodes)}
    done = [0] * len(nodes)
    events: list[Event] = []

    def run_until(i: int, end: int) -> None:
        node = nodes[i]
        while done[i] < end:
            first = done[i]
            last = min(calls[i].end(first), node.height)
            for source in dict.fromkeys(node.inputs):
                if source in makers:
                    maker = nodes[makers[source]]
                    run_until(makers[source], rows_wanted(graph, node, maker, last))
            events.append(Event(node, first, last))
            done[i] = last

    # Inner operators may owe rows that the last one never asked for, but others read later.
    order = [len(nodes) - 1] + [
        i for i, node in enumerate(nodes[:-1]) if node.output not in internal
    ]
    for i in order:
        run_until(i, nodes[i].height)
    return tuple(events)


def trace_pushed(
    graph: Graph, nodes: Sequence[Node], calls: Sequence[Calls], internal: frozenset[int]
) -> tuple[Event, ...]:
    """The kernel calls of a stage whose first operator is the application that pushes rows.

    Each band that is made is offered to its readers at once, which run as far as they can.
    """
    makers = {node.output: i for i, node in enumerate(nodes)}
    readers = [
        [k for k, later in enumerate(nodes) if node.output in later.inputs] for node in nodes
    ]
    done = [0] * len(nodes)
    events: list[Event] = []

    def ready(i: int) -> bool:
        node = nodes[i]
        last = min(calls[i].end(done[i]), node.height)
        return done[i] < node.height and all(
            done[makers[source]] >= rows_wanted(graph, node, nodes[makers[source]], last)
            for source in node.inputs
            if source in makers
        )

    def make(i: int) -> None:
        first = done[i]
        done[i] = min(calls[i].end(first), nodes[i].height)
        events.append(Event(nodes[i], first, done[i]))
        for reader in readers[i]:
            while ready(reader):
                make(reader)

    for _ in range(nodes[0].height):
        make(0)
    return tuple(events)


def rows_wanted(graph: Graph, node: Node, maker: Node, end: int) -> int:
    """Rows of `maker` that `node` needs before it can make its rows up to `end`."""
    height = graph.tensors[maker.output].rows[0]
    if maker.height == 1:
        return 1
    whole = node.height == 1 and not is_window(node)
    if maker.output not in node.streamed or whole:
        return height
    return node.needs(end - 1, end, height)[1]


def is_window(node: Node) -> bool:
    """Whether the node's kernel takes rows by pointers."""
    return node.kernel.style is Style.WINDOW


def ring_shift(rows: int, accesses: Iterable[Calls]) -> int | None:
    """The slot of row 0 in a ring where none of these calls wraps around; None: there is none."""
    accesses = sorted(accesses, reverse=True)
    shift = -accesses[0].first % accesses[0].band if accesses else 0
    fits = all(rows % c.band == 0 and (c.first + shift) % c.band == 0 for c in accesses)
    return shift if fits else None


def _window_ring(
    graph: Graph, maker: Node, calls: Calls, reader: Node, events: Sequence[Event]
) -> tuple[Ring, bool]:
    """The ring of a tensor that one window reads; and whether rows of padding have slots in it.

    Padding counts as rows before the first and behind the last, so that it never needs memory of
    its own: their slots are free when they are read.
    """
    height = graph.tensors[maker.output].rows[0]
    window = reader.window
    produced, oldest, most = 0, -window.pad_top, 1
    for event in events:
        if event.node is reader:
            oldest = event.first * window.stride - window.pad_top
            ahead = (event.end - 1) * window.stride - window.pad_top + window.extent
            most = max(most, max(produced, ahead) - oldest)
            oldest = event.end * window.stride - window.pad_top
        elif event.node is maker:
            produced = event.end if maker.height > 1 else height
            most = max(most, produced - min(oldest, event.first))
    unbroken = unbroken_calls(maker, calls)
    most = aligned(most, unbroken[0].band if unbroken else 1)
    shift = ring_shift(most, unbroken)
    if most < height and shift is not None:
        return Ring(maker.output, most, shift), True
    # The whole tensor is kept: padding gets a row of its own.
    return Ring(maker.output, height), False


def _shared_ring(
    graph: Graph,
    nodes: Sequence[Node],
    calls: Sequence[Calls],
    events: Sequence[Event],
    tensor: int,
) -> Ring:
    """A ring of the rows that are alive at once, rounded up so that bands do not wrap."""
    height = graph.tensors[tensor].rows[0]
    k = next(k for k, node in enumerate(nodes) if node.output == tensor)
    maker, readers = nodes[k], [i for i, node in enumerate(nodes) if tensor in node.inputs]
    if maker.height == 1 or any(
        tensor not in nodes[i].streamed or nodes[i].height == 1 for i in readers
    ):
        return Ring(tensor, height)
    accesses = unbroken_calls(maker, calls[k])
    taken = [read_calls(nodes[i], calls[i]) for i in readers if not is_window(nodes[i])]
    accesses += [c for c in taken if c.band > 1]
    step = max((c.band for c in accesses), default=1)
    position = dict.fromkeys(readers, 0)
    most = 1
    for event in events:
        if event.node is maker:
            oldest = min(
                _oldest_needed(nodes[i], done, event.end, height) for i, done in position.items()
            )
            most = max(most, event.end - min(oldest, event.first))
        else:
            i = nodes.index(event.node)
            if i in position:
                position[i] = event.end
    rows = aligned(most, step)
    shift = ring_shift(rows, accesses)
    if rows < height and shift is not None:
        return Ring(tensor, rows, shift)
    return Ring(tensor, height)


def _follows(reader: Node, nodes: Sequence[Node]) -> bool:
    """Whether a pixel kernel takes each band of its input before the next one is made."""
    made = {node.output for node in nodes}
    # A second input may be late: then bands of the first one wait.
    return reader.kernel.style is Style.PIXELS and len(made.intersection(reader.inputs)) == 1


def unbroken_calls(maker: Node, calls: Calls) -> list[Calls]:
    """The calls whose rows must lie behind each other: none, or those of the maker.

    Pixel kernels write one run of bytes; window kernels take a pointer for each of two rows.
    """
    unbroken = maker.kernel.style is Style.PIXELS or calls.band > 2
    return [calls] if unbroken and calls.band > 1 else []


def _oldest_needed(reader: Node, position: int, end: int, height: int) -> int:
    if position >= reader.height:
        return end
    return reader.needs(position, position + 1, height)[0]


def _in_place(
    graph: Graph,
    nodes: Sequence[Node],
    calls: Sequence[Calls],
    rings: Mapping[int, Ring],
    i: int,
) -> Ring | None:
    """The ring of a window's input, if its output rows can take the slots of the dying rows.

    They can where the kernel allows it, nobody else reads the input, rows are of one size and step,
    and the next operator reads each band before the following one is made.
    """
    node = nodes[i]
    ring = rings.get(node.inputs[0]) if node.inputs else None
    readers = [k for k, n in enumerate(nodes) if node.output in n.inputs]
    if ring is None or ring.tensor != node.inputs[0] or node.output not in rings:
        return None
    if any(ring.tensor in other.inputs for other in nodes if other is not node):
        return None
    if len(readers) != 1 or ring.rows >= graph.tensors[ring.tensor].rows[0]:
        return None
    reader = nodes[readers[0]]
    taken = read_calls(reader, calls[readers[0]])
    in_step = _follows(reader, nodes) and taken in (calls[i], SINGLE_ROWS)
    if not in_step or node.output not in reader.streamed:
        return None
    if not can_replace_rows(graph, node, calls[i], taken, ring.rows, ring.shift):
        return None
    return Ring(ring.tensor, ring.rows, (ring.shift - node.window.pad_top) % ring.rows)


def can_replace_rows(
    graph: Graph, node: Node, calls: Calls, reader: Calls, rows: int, shift: int
) -> bool:
    """Whether a window's output rows can take the slots of its input's oldest rows.

    `reader` takes them from there.
    """
    if node.kernel.style is not Style.WINDOW or not node.kernel.in_place_rows:
        return False
    same_size = graph.tensors[node.inputs[0]].rows[1] == graph.tensors[node.output].rows[1]
    if not same_size or node.window.stride != 1:
        return False
    # Else a band of the window or of its reader would wrap around the end of the ring.
    start = calls.first - node.window.pad_top + shift
    single = reader == SINGLE_ROWS and calls.band <= 2
    return single or (rows % calls.band == 0 and start % calls.band == 0)
