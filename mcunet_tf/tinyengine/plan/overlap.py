# SPDX-License-Identifier: Apache-2.0
"""How far a stage's result may reach into the memory of a tensor that the stage reads last.

`README.md` beside this file draws an example.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.kernel_tables.table import Style
from mcunet_tf.tinyengine.plan.offsets import Overlap
from mcunet_tf.tinyengine.schedule.nodes import Node
from mcunet_tf.tinyengine.schedule.reach import Ints
from mcunet_tf.tinyengine.schedule.rings import aligned
from mcunet_tf.tinyengine.schedule.stage import NodeCalls, Stage


def safe_overlap(
    graph: Graph, roots: Mapping[int, int], stage: Stage, source: int, result: int
) -> Overlap | None:
    """How far `source` must lie above `result` so that writing never overtakes reading.

    Both are whole tensors; the stage reads `source` (or views of it) for the last time and writes
    `result`. None: they cannot share memory.
    """
    size_bytes = graph.tensors[source].size_bytes
    # Of each call, the first byte that it or a later one reads; behind the last one nothing is.
    live = np.full(len(stage.events) + 1, size_bytes)
    makers: list[tuple[Node, NodeCalls, list[int]]] = []
    for node, calls in stage.node_calls.items():
        views = [t for t in node.inputs if roots.get(t, t) == source]
        for tensor in views:
            starts = _read_starts(graph, node, calls, tensor)
            live[calls.times] = np.minimum(live[calls.times], starts)
        if node.output == result:
            makers.append((node, calls, views))
    live = np.minimum.accumulate(live[::-1])[::-1]
    least, free, step = 0, 0, 0
    for node, calls, views in makers:
        ends = _written_ends(graph, node, calls)
        least = max(least, int((ends - live[calls.times + 1]).max(initial=0)))
        for tensor in views:
            within, clear = _distances_within(graph, node, calls, tensor)
            least, free = (
                max(least, int(within.max(initial=0))),
                max(free, int(clear.max(initial=0))),
            )
            step = graph.tensors[tensor].rows[1] if np.any(within < clear) else step
    least = aligned(least)
    if step and (step % 4 or least % step):
        # Rows could not meet rows exactly at any aligned distance.
        least, step = aligned(max(least, free)), 0
    if least >= graph.tensors[result].size_bytes:
        return None
    return Overlap(least, step, aligned(max(least, free)))


def _written_ends(graph: Graph, node: Node, calls: NodeCalls) -> Ints:
    """The end of what each call writes, in bytes from the tensor's start."""
    tensor = graph.tensors[node.output]
    if node.at_end:
        return np.where(calls.end == node.height, tensor.size_bytes, 0)
    return calls.end * tensor.rows[1]


def _read_starts(graph: Graph, node: Node, calls: NodeCalls, source: int) -> Ints:
    """The start of what each call reads, in bytes from the tensor's start."""
    height, row_bytes = graph.tensors[source].rows
    return node.reach(source).starts(calls.first, height) * row_bytes


def _distances_within(graph: Graph, node: Node, calls: NodeCalls, source: int) -> tuple[Ints, Ints]:
    """Distances that each kernel call needs between the bytes it reads and those it writes.

    The first is the least; the second the one from which on nothing overlaps within the call.
    Where they differ, distances between them must be whole rows.
    """
    in_bytes, out_bytes = graph.tensors[source].rows[1], graph.tensors[node.output].rows[1]
    style = node.kernel.style
    if style is Style.PIXELS and node.kernel.reads_ahead and source in node.streamed:
        if node.height == 1:
            grown = graph.tensors[node.output].size_bytes - graph.tensors[source].size_bytes
            least = np.full(len(calls.end), max(0, grown))
        else:
            growth = out_bytes - in_bytes
            least = np.maximum(calls.first * growth, calls.end * growth)
        return least, least
    clear = _written_ends(graph, node, calls) - _read_starts(graph, node, calls, source)
    if style is Style.WINDOW and node.kernel.in_place_rows:
        if in_bytes == out_bytes and node.window.stride == 1:
            # All rows at once may replace their input one by one; else the oldest ones can. Chunks
            # keep one row of those that are read again.
            whole = calls.end - calls.first == node.height
            kept = 1 if node.kernel.chunk_rows else node.window.pad_top
            lags = np.where(whole, max(node.window.pad_top - kept, 0), node.window.pad_top)
            return np.minimum(lags * in_bytes, clear), clear
    return clear, clear
