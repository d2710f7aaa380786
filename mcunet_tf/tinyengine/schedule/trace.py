# SPDX-License-Identifier: Apache-2.0
"""The exact order in which the operators of a stage make their rows.

The emitted C has the same two loops: `trace` is its `..._until`, `trace_pushed` its `..._advance`.
Both ask the same `Pull` what a band needs, so that what is derived from the trace holds for the C.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mcunet_tf.tinyengine.schedule.calls import Calls
from mcunet_tf.tinyengine.schedule.nodes import Node
from mcunet_tf.tinyengine.schedule.reach import Pull, make_pull


class Event(NamedTuple):
    """One kernel call: `node` makes output rows [first, end)."""

    node: Node
    first: int
    end: int


def make_pulls(nodes: Sequence[Node]) -> tuple[tuple[Pull, ...], ...]:
    """What each operator of a stage pulls from the others before a call, in the order it does."""
    makers = {node.output: i for i, node in enumerate(nodes)}
    return tuple(
        tuple(
            make_pull(
                node.reach(source),
                makers[source],
                nodes[makers[source]].height,
                at_end=nodes[makers[source]].at_end,
            )
            for source in dict.fromkeys(node.inputs)
            if source in makers
        )
        for node in nodes
    )


def trace(
    nodes: Sequence[Node],
    calls: Sequence[Calls],
    pulls: Sequence[Sequence[Pull]],
    internal: frozenset[int],
) -> tuple[Event, ...]:
    """The kernel calls of a stage in the order of the emitted C."""
    done = [0] * len(nodes)
    events: list[Event] = []

    def run_until(i: int, end: int) -> None:
        node = nodes[i]
        while done[i] < end:
            first = done[i]
            last = min(calls[i].end(first), node.height)
            for pull in pulls[i]:
                run_until(pull.position, pull.rows(last))
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
    nodes: Sequence[Node],
    calls: Sequence[Calls],
    pulls: Sequence[Sequence[Pull]],
    internal: frozenset[int],
) -> tuple[Event, ...]:
    """The kernel calls of a stage whose first operator is the application that pushes rows.

    Each band that is made is offered to its readers at once, which run as far as they can.
    """
    readers = [
        [k for k, later in enumerate(nodes) if node.output in later.inputs] for node in nodes
    ]
    done = [0] * len(nodes)
    events: list[Event] = []

    def ready(i: int) -> bool:
        if done[i] >= nodes[i].height:
            return False
        last = min(calls[i].end(done[i]), nodes[i].height)
        return all(done[pull.position] >= pull.rows(last) for pull in pulls[i])

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
