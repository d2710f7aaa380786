# SPDX-License-Identifier: Apache-2.0
"""Stages of row-streamed operators, and the exact order in which rows are made.

A stage is a run of operators that are executed together: the last one pulls its rows, each
operator pulls the rows it needs from its producer. A stage of one operator is plain layer-by-layer
execution. The emitted C follows the same rule as `trace` below, statement for statement, so what
is proved about the trace holds for the C.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.kernels.table import Style
from mcunet_tf.tinyengine.plan.nodes import Node, tensor_rows


@dataclasses.dataclass(frozen=True)
class Event:
    """One kernel call: `node` makes output rows [first, end)."""

    node: Node
    first: int
    end: int


@dataclasses.dataclass(frozen=True, eq=False)
class Stage:
    """Operators that run together, in topological order; the last one drives the others.

    Attributes:
      nodes: the operators.
      bands: output rows per kernel call, for each node.
      ring_rows: rows kept of each tensor that lives only inside the stage.
      events: the kernel calls in order.
    """

    nodes: tuple[Node, ...]
    bands: tuple[int, ...]
    ring_rows: Mapping[int, int]
    events: tuple[Event, ...]

    @property
    def scratch_bytes(self) -> int:
        """Kernels of a stage never run inside each other, so they share one scratch."""
        return max(aligned(n.scratch_bytes) + n.pad_row_bytes for n in self.nodes)


def aligned(size_bytes: int, alignment: int = 4) -> int:
    return -(-size_bytes // alignment) * alignment


def make_stage(graph: Graph, nodes: Sequence[Node], internal: frozenset[int]) -> Stage:
    """Schedules a run of operators whose `internal` tensors are kept as rings of rows."""
    bands = tuple(_band(node, len(nodes) > 1) for node in nodes)
    events = trace(graph, nodes, bands, internal)
    rings = {t: _ring_rows(graph, nodes, bands, events, t) for t in sorted(internal)}
    return Stage(tuple(nodes), bands, rings, events)


def _band(node: Node, streamed: bool) -> int:
    if node.kernel.style is Style.WINDOW:
        return min(node.kernel.band_rows, node.height)
    # Pixel kernels take any number of contiguous pixels: two rows fill the tiles of narrow maps.
    return min(2, node.height) if streamed else node.height


def trace(
    graph: Graph, nodes: Sequence[Node], bands: Sequence[int], internal: frozenset[int]
) -> tuple[Event, ...]:
    """The kernel calls of a stage in the order of the emitted C."""
    makers = {node.output: i for i, node in enumerate(nodes)}
    done = [0] * len(nodes)
    events: list[Event] = []

    def run_until(i: int, end: int) -> None:
        node = nodes[i]
        while done[i] < end:
            first = done[i]
            last = min(first + bands[i], node.height)
            for source in dict.fromkeys(node.inputs):
                if source in makers:
                    height = tensor_rows(graph.tensors[source])[0]
                    streamed = source in node.streamed
                    wanted = node.needs(first, last, height)[1] if streamed else height
                    run_until(makers[source], min(wanted, nodes[makers[source]].height))
            events.append(Event(node, first, last))
            done[i] = last

    # Inner operators may owe rows that the last one never asked for, but others read later.
    order = [len(nodes) - 1] + [
        i for i, node in enumerate(nodes[:-1]) if node.output not in internal
    ]
    for i in order:
        run_until(i, nodes[i].height)
    return tuple(events)


def _ring_rows(
    graph: Graph,
    nodes: Sequence[Node],
    bands: Sequence[int],
    events: Sequence[Event],
    tensor: int,
) -> int:
    """Rows of a tensor that are alive at once, rounded up so that pixel bands do not wrap."""
    height = tensor_rows(graph.tensors[tensor])[0]
    maker = next(node for node in nodes if node.output == tensor)
    readers = [node for node in nodes if tensor in node.inputs]
    position = {id(node): 0 for node in readers}
    most = 1
    for event in events:
        if event.node is maker:
            oldest = min(
                r.needs(position[id(r)], min(position[id(r)] + 1, r.height), height)[0]
                if position[id(r)] < r.height
                else event.end
                for r in readers
            )
            most = max(most, event.end - min(oldest, event.first))
        elif id(event.node) in position:
            position[id(event.node)] = event.end
    step = max(
        bands[nodes.index(node)]
        for node in (maker, *readers)
        if node is maker or node.kernel.style is Style.PIXELS
    )
    return min(aligned(most, step), height) if step > 1 else min(most, height)


def safe_distance(
    graph: Graph, roots: Mapping[int, int], stage: Stage, source: int, result: int
) -> int | None:
    """Bytes by which `source` must lie above `result` so that writing never overtakes reading.

    Both are whole tensors; the stage reads `source` (or views of it) for the last time and writes
    `result`. None: they cannot share memory.
    """
    distance = 0
    live = graph.tensors[source].size_bytes  # first byte that is still read after the event
    for event in reversed(stage.events):
        views = [t for t in event.node.inputs if roots.get(t, t) == source]
        if event.node.output == result:
            distance = max(distance, _written_end(graph, event) - live)
            for tensor in views:
                distance = max(distance, _distance_within(graph, event, tensor))
        for tensor in views:
            live = min(live, _read_start(graph, event, tensor))
    return aligned(distance) if distance < graph.tensors[result].size_bytes else None


def _written_end(graph: Graph, event: Event) -> int:
    """The end of what an event writes, in bytes from the tensor's start."""
    tensor = graph.tensors[event.node.output]
    return tensor.size_bytes if event.node.height == 1 else event.end * tensor_rows(tensor)[1]


def _read_start(graph: Graph, event: Event, source: int) -> int:
    """The start of what an event reads, in bytes from the tensor's start."""
    if source not in event.node.streamed:
        return 0
    height, row_bytes = tensor_rows(graph.tensors[source])
    return event.node.needs(event.first, event.end, height)[0] * row_bytes


def _distance_within(graph: Graph, event: Event, source: int) -> int:
    """The distance that one kernel call needs between the bytes it reads and those it writes."""
    node = event.node
    in_bytes = tensor_rows(graph.tensors[source])[1]
    out_bytes = tensor_rows(graph.tensors[node.output])[1]
    style = node.kernel.style
    if style is Style.PIXELS and node.kernel.reads_ahead and source in node.streamed:
        if node.height == 1:
            grown = graph.tensors[node.output].size_bytes - graph.tensors[source].size_bytes
            return max(0, grown)
        growth = out_bytes - in_bytes
        return max(event.first * growth, event.end * growth)
    if style is Style.WINDOW and node.kernel.in_place_rows:
        if in_bytes == out_bytes and node.window.stride == 1:
            return node.window.pad_top * in_bytes
    return _written_end(graph, event) - _read_start(graph, event, source)
