# SPDX-License-Identifier: Apache-2.0
"""Stages of row-streamed operators, and the exact order in which rows are made.

A stage is a run of operators that are executed together: the last one pulls its rows, each
operator pulls the rows it needs from its producer. A stage of one operator is plain layer-by-layer
execution. The emitted C follows the same rule as `trace` below, statement for statement, so what
is proved about the trace holds for the C.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.kernel_tables.table import Style
from mcunet_tf.tinyengine.schedule.calls import Calls, band_of, calls_alone, calls_for, read_calls
from mcunet_tf.tinyengine.schedule.nodes import Node, is_row_source, is_window
from mcunet_tf.tinyengine.schedule.reach import Ints, Pull
from mcunet_tf.tinyengine.schedule.rings import Ring, aligned, make_rings
from mcunet_tf.tinyengine.schedule.trace import Events, make_pulls, trace, trace_pushed


class NodeCalls(NamedTuple):
    """When an operator is called, in calls of its stage, and the rows [first, end) it makes."""

    times: Ints
    first: Ints
    end: Ints


class Scratch(NamedTuple):
    """What an operator's calls use of their stage's scratch, in bytes from its start.

    `pad_bytes`: one row of zero points; 0 where there is none, or rows of padding have slots in the
    ring of the input.
    """

    start: int
    size_bytes: int
    pad_start: int
    pad_bytes: int


@dataclasses.dataclass(frozen=True, eq=False)
class Stage:
    """Operators that run together, in topological order; the last one drives the others.

    Attributes:
      nodes: the operators.
      calls: the calls of each node.
      pulls: what must be made before a call of each node.
      rings: the rings of each tensor that lives only inside the stage.
      padded_in_ring: for each node, whether rows of padding use free slots of its input's ring.
      scratch: the scratch of each node.
      shared_bytes: the part of the scratch that every kernel call may overwrite.
      events: the kernel calls in order.
    """

    nodes: tuple[Node, ...]
    calls: tuple[Calls, ...]
    pulls: tuple[tuple[Pull, ...], ...]
    rings: Mapping[int, Ring]
    padded_in_ring: tuple[bool, ...]
    scratch: tuple[Scratch, ...]
    shared_bytes: int
    events: Events

    @functools.cached_property
    def node_calls(self) -> dict[Node, NodeCalls]:
        """The events of each operator."""
        if len(self.nodes) == 1:
            first, end = self.events.first, self.events.end
            return {self.nodes[0]: NodeCalls(np.arange(len(first)), first, end)}
        found = {}
        for i, node in enumerate(self.nodes):
            times = np.flatnonzero(self.events.position == i)
            found[node] = NodeCalls(times, self.events.first[times], self.events.end[times])
        return found

    @property
    def bands(self) -> tuple[int, ...]:
        """Output rows per kernel call, for each node."""
        return tuple(calls.band for calls in self.calls)

    @property
    def is_direct(self) -> bool:
        """Whether it is one call, whose places are known: the emitted C makes it without rows."""
        (node, *others) = self.nodes
        rows = is_row_source(node) or node.kernel.style is Style.WINDOW
        return not others and not rows and len(self.events) == 1

    @property
    def scratch_bytes(self) -> int:
        """All scratch of the stage: what calls share, and sums that last from call to call."""
        kept = (s.size_bytes for s, n in zip(self.scratch, self.nodes, strict=True) if _keeps(n))
        return self.shared_bytes + sum(kept)


def _keeps(node: Node) -> bool:
    return node.kernel.style is Style.REDUCE


def make_stage(
    graph: Graph, nodes: Sequence[Node], internal: frozenset[int], band_limit: int = 2
) -> Stage:
    """Schedules a run of operators whose `internal` tensors are kept as rings of rows.

    Args:
      graph: holds the tensors.
      nodes: the nodes in topological order.
      internal: tensors that nothing outside the run reads.
      band_limit: most rows a kernel makes at once.
    """
    pulls = make_pulls(nodes)
    calls = _calls(nodes, pulls, band_limit)
    run = trace_pushed if is_row_source(nodes[0]) else trace
    events = run(nodes, calls, pulls, internal)
    rings, padded = make_rings(graph, nodes, calls, internal, events)
    scratch, shared_bytes = lay_out_scratch(nodes, calls, padded)
    return Stage(tuple(nodes), tuple(calls), pulls, rings, padded, scratch, shared_bytes, events)


def lay_out_scratch(
    nodes: Sequence[Node], calls: Sequence[Calls], padded: Sequence[bool]
) -> tuple[tuple[Scratch, ...], int]:
    """Where each operator's scratch starts, and the size of the part that all share.

    Kernels of a stage never run inside each other, so they share one scratch. Sums that a reduction
    keeps from call to call lie behind it.
    """
    own = [node.scratch_bytes(c.held) for node, c in zip(nodes, calls, strict=True)]
    pads = [
        0 if in_ring else node.pad_row_bytes for node, in_ring in zip(nodes, padded, strict=True)
    ]
    most = max(
        (0 if _keeps(node) else size) + pad
        for node, size, pad in zip(nodes, own, pads, strict=True)
    )
    # Rows of padding have any length, and sums of 32 bits may follow.
    shared = aligned(most)
    places, kept = [], shared
    for node, size, pad in zip(nodes, own, pads, strict=True):
        places.append(Scratch(kept if _keeps(node) else 0, size, size, pad))
        kept += size if _keeps(node) else 0
    return tuple(places), shared


def _calls(nodes: Sequence[Node], pulls: Sequence[Sequence[Pull]], band_limit: int) -> list[Calls]:
    """The calls of each operator, from the last to the first."""
    if len(nodes) == 1 and not is_row_source(nodes[0]):
        return [calls_alone(nodes[0], band_limit)]
    found: list[Calls] = []
    for i in reversed(range(len(nodes))):
        node = nodes[i]
        band = band_of(node, band_limit)
        readers = []
        for k, calls in zip(range(i + 1, len(nodes)), reversed(found), strict=True):
            wanted = [pull.rows(calls.first) for pull in pulls[k] if pull.position == i]
            if wanted:
                reader = nodes[k]
                readers.append((read_calls(reader, calls), not is_window(reader), wanted[0]))
        found.append(calls_for(node, band, readers))
    return found[::-1]
