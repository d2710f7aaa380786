# SPDX-License-Identifier: Apache-2.0
"""Rows that are kept of tensors which live only inside a stage."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.kernel_tables.table import Style
from mcunet_tf.tinyengine.schedule.calls import SINGLE_ROWS, Calls, read_calls, unbroken_calls
from mcunet_tf.tinyengine.schedule.nodes import Node, is_window
from mcunet_tf.tinyengine.schedule.trace import Events


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


def aligned(size_bytes: int, alignment: int = 4) -> int:
    """The next multiple of the alignment."""
    return -(-size_bytes // alignment) * alignment


def make_rings(
    graph: Graph,
    nodes: Sequence[Node],
    calls: Sequence[Calls],
    internal: frozenset[int],
    events: Events,
) -> tuple[dict[int, Ring], tuple[bool, ...]]:
    """The ring of each internal tensor; for each operator, whether padding has slots in a ring."""
    rings: dict[int, Ring] = {}
    padded = []
    for node in nodes:
        source = node.inputs[0] if node.inputs else -1
        alone = source in internal and sum(source in n.inputs for n in nodes) == 1
        fits = False
        if is_window(node) and alone:
            k = next(k for k, m in enumerate(nodes) if m.output == source)
            rings[source], fits = _window_ring(graph, nodes[k], calls[k], node, events)
        padded.append(fits)
    for tensor in sorted(internal - set(rings)):
        rings[tensor] = _shared_ring(graph, nodes, calls, events, tensor)
    for i, node in enumerate(nodes):
        alias = _in_place(graph, nodes, calls, rings, i)
        if alias is not None:
            rings[node.output] = alias
    return rings, tuple(padded)


def ring_shift(rows: int, accesses: Iterable[Calls]) -> int | None:
    """The slot of row 0 in a ring where none of these calls wraps around; None: there is none."""
    accesses = sorted(accesses, reverse=True)
    shift = -accesses[0].first % accesses[0].band if accesses else 0
    fits = all(rows % c.band == 0 and (c.first + shift) % c.band == 0 for c in accesses)
    return shift if fits else None


def _window_ring(
    graph: Graph, maker: Node, calls: Calls, reader: Node, events: Events
) -> tuple[Ring, bool]:
    """The ring of a tensor that one window reads; and whether rows of padding have slots in it.

    Padding counts as rows before the first and behind the last, so that it never needs memory of
    its own: their slots are free when they are read.
    """
    height = graph.tensors[maker.output].rows[0]
    reach = reader.reach(maker.output)
    produced, oldest, most = 0, reach.low(0), 1
    for event in events:
        if event.node is reader:
            oldest, ahead = reach.low(event.first), reach.high(event.end)
            most = max(most, max(produced, ahead) - oldest)
            oldest = reach.low(event.end)
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
    events: Events,
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
    oldest = {nodes[i]: nodes[i].reach(tensor).oldest(0, height) for i in readers}
    most = 1
    for event in events:
        if event.node is maker:
            most = max(most, event.end - min(event.first, *oldest.values()))
        elif event.node in oldest:
            oldest[event.node] = event.node.reach(tensor).oldest(event.end, height)
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
