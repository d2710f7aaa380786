# SPDX-License-Identifier: Apache-2.0
"""How far a stage's result may reach into the memory of a tensor that the stage reads last."""

from __future__ import annotations

from collections.abc import Mapping

from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.kernels.table import Style
from mcunet_tf.tinyengine.plan.offsets import Overlap
from mcunet_tf.tinyengine.plan.schedule import Event, Stage, aligned


def safe_overlap(
    graph: Graph, roots: Mapping[int, int], stage: Stage, source: int, result: int
) -> Overlap | None:
    """How far `source` must lie above `result` so that writing never overtakes reading.

    Both are whole tensors; the stage reads `source` (or views of it) for the last time and writes
    `result`. None: they cannot share memory.
    """
    least, free, step = 0, 0, 0
    live = graph.tensors[source].size_bytes  # first byte that is still read after the event
    for event in reversed(stage.events):
        views = [t for t in event.node.inputs if roots.get(t, t) == source]
        if event.node.output == result:
            least = max(least, _written_end(graph, event) - live)
            for tensor in views:
                within, clear = _distance_within(graph, event, tensor)
                least, free = max(least, within), max(free, clear)
                step = graph.tensors[tensor].rows[1] if within < clear else step
        for tensor in views:
            live = min(live, _read_start(graph, event, tensor))
    least = aligned(least)
    if step and (step % 4 or least % step):
        # Rows could not meet rows exactly at any aligned distance.
        least, step = aligned(max(least, free)), 0
    if least >= graph.tensors[result].size_bytes:
        return None
    return Overlap(least, step, aligned(max(least, free)))


def _written_end(graph: Graph, event: Event) -> int:
    """The end of what an event writes, in bytes from the tensor's start."""
    tensor = graph.tensors[event.node.output]
    if event.node.kernel.style is Style.REDUCE:
        return tensor.size_bytes if event.end == event.node.height else 0
    return tensor.size_bytes if event.node.height == 1 else event.end * tensor.rows[1]


def _read_start(graph: Graph, event: Event, source: int) -> int:
    """The start of what an event reads, in bytes from the tensor's start."""
    if source not in event.node.streamed:
        return 0
    height, row_bytes = graph.tensors[source].rows
    return event.node.needs(event.first, event.end, height)[0] * row_bytes


def _distance_within(graph: Graph, event: Event, source: int) -> tuple[int, int]:
    """Distances that one kernel call needs between the bytes it reads and those it writes.

    The first is the least; the second the one from which on nothing overlaps within the call.
    Where they differ, distances between them must be whole rows.
    """
    node = event.node
    in_bytes, out_bytes = graph.tensors[source].rows[1], graph.tensors[node.output].rows[1]
    style = node.kernel.style
    if style is Style.PIXELS and node.kernel.reads_ahead and source in node.streamed:
        if node.height == 1:
            grown = graph.tensors[node.output].size_bytes - graph.tensors[source].size_bytes
            least = max(0, grown)
        else:
            growth = out_bytes - in_bytes
            least = max(event.first * growth, event.end * growth)
        return least, least
    clear = _written_end(graph, event) - _read_start(graph, event, source)
    if style is Style.WINDOW and node.kernel.in_place_rows:
        if in_bytes == out_bytes and node.window.stride == 1:
            # All rows at once may replace their input one by one; else the oldest ones can. Chunks
            # keep one row of those that are read again.
            whole = event.end - event.first == node.height
            kept = 1 if node.kernel.chunk_rows else node.window.pad_top
            lag = max(node.window.pad_top - kept, 0) if whole else node.window.pad_top
            least = lag * in_bytes
            return min(least, clear), clear
    return clear, clear
