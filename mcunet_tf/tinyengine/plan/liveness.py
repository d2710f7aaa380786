# SPDX-License-Identifier: Apache-2.0
"""Which bytes of the arena nobody will read again, before every kernel call.

`README.md` beside this file draws an example.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.kernel_tables.table import Style
from mcunet_tf.tinyengine.plan.plan import Plan
from mcunet_tf.tinyengine.schedule.stage import Stage
from mcunet_tf.tinyengine.schedule.trace import Event

Mask = npt.NDArray[np.bool_]


def dead_ranges(graph: Graph, plan: Plan) -> list[list[tuple[int, int]]]:
    """Offsets [start, end) that are dead before each kernel call, in the order of the calls.

    The emitted code fills rows of padding before it announces the call: they count as read.
    """
    live = np.zeros(plan.arena_bytes, bool)
    for tensor in graph.outputs:
        for row in range(graph.tensors[tensor].rows[0]):
            _set(graph, plan, live, tensor, row, True)
    before: list[list[tuple[int, int]]] = []
    for stage, scratch in reversed(list(zip(plan.stages, plan.scratch_offsets, strict=True))):
        for event in stage.events.backwards():
            _step_back(graph, plan, live, stage, event, scratch)
            before.append(list(_ranges(~live)))
            _set_pads(graph, plan, live, stage, event, scratch, False)
    return before[::-1]


def _set(graph: Graph, plan: Plan, live: Mask, tensor: int, row: int, value: bool) -> None:
    storage = plan.locate(graph, tensor)
    start = storage.row_offset(row)
    live[start : start + storage.row_bytes] = value


def _step_back(
    graph: Graph, plan: Plan, live: Mask, stage: Stage, event: Event, scratch: int
) -> None:
    for tensor, row in _rows_written(graph, event):
        _set(graph, plan, live, tensor, row, False)
    for tensor, row in _rows_read(graph, plan, event):
        _set(graph, plan, live, tensor, row, True)
    _set_pads(graph, plan, live, stage, event, scratch, True)
    node = event.node
    if node.kernel.style is Style.REDUCE:
        own = stage.scratch[stage.nodes.index(node)]
        start = scratch + own.start
        # Sums start with the first band and are done with the last.
        live[start : start + own.size_bytes] = event.first > 0


def _set_pads(
    graph: Graph,
    plan: Plan,
    live: Mask,
    stage: Stage,
    event: Event,
    scratch: int,
    value: bool,
) -> None:
    """Rows of padding: slots of the input's ring, or one row in the scratch."""
    for tensor, row in _pad_rows(graph, stage, event):
        _set(graph, plan, live, tensor, row, value)
    own = stage.scratch[stage.nodes.index(event.node)]
    start = scratch + own.pad_start
    live[start : start + own.pad_bytes] = value


def _rows_read(graph: Graph, plan: Plan, event: Event) -> list[tuple[int, int]]:
    """(tensor, row) pairs that a kernel call reads."""
    node = event.node
    rows: list[tuple[int, int]] = []
    for tensor in dict.fromkeys(node.inputs):
        if not plan.in_arena(tensor):
            continue
        height = graph.tensors[tensor].rows[0]
        first, end = node.reach(tensor).reads(event.first, event.end, height)
        rows += [(tensor, row) for row in range(first, end)]
    return rows


def _pad_rows(graph: Graph, stage: Stage, event: Event) -> list[tuple[int, int]]:
    """Rows of padding that are made in the ring of the input."""
    node = event.node
    if not stage.padded_in_ring[stage.nodes.index(node)]:
        return []
    height = graph.tensors[node.inputs[0]].rows[0]
    reach = node.reach(node.inputs[0])
    rows = range(reach.low(event.first), reach.high(event.end))
    return [(node.inputs[0], row) for row in rows if not 0 <= row < height]


def _rows_written(graph: Graph, event: Event) -> list[tuple[int, int]]:
    """(tensor, row) pairs that a kernel call completes."""
    node = event.node
    if node.kernel.style is Style.REDUCE and event.end < node.height:
        return []
    if node.height == 1 or node.kernel.style is Style.REDUCE:
        height = graph.tensors[node.output].rows[0]
        return [(node.output, row) for row in range(height)]
    return [(node.output, row) for row in range(event.first, event.end)]


def _ranges(mask: Mask) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.view(np.int8), [0]])))
    for start, end in edges.reshape(-1, 2):
        yield int(start), int(end)
