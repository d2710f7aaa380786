# SPDX-License-Identifier: Apache-2.0
"""The exact order in which the operators of a stage make their rows.

The emitted C has the same two loops: `trace` is its `..._until`, `trace_pushed` its `..._advance`.
Both ask the same `Pull` what a band needs, so that what is derived from the trace holds for the C.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from mcunet_tf.tinyengine.schedule.calls import Calls
from mcunet_tf.tinyengine.schedule.nodes import Node
from mcunet_tf.tinyengine.schedule.reach import Ints, Pull, make_pull


class Event(NamedTuple):
    """One kernel call: `node` makes output rows [first, end)."""

    node: Node
    first: int
    end: int


@dataclasses.dataclass(frozen=True, eq=False)
class Events:
    """The kernel calls of a stage in order, as columns; iterated over, they are `Event`s.

    Attributes:
      nodes: the operators of the stage.
      position: of each call, the position of its operator.
      first, end: of each call, the rows [first, end) that it makes.
    """

    nodes: tuple[Node, ...]
    position: Ints
    first: Ints
    end: Ints

    def __len__(self) -> int:
        """How many calls there are."""
        return len(self.position)

    def __iter__(self) -> Iterator[Event]:
        """The calls in order."""
        for i, first, end in self.calls():
            yield Event(self.nodes[i], first, end)

    def calls(self) -> Iterator[tuple[int, int, int]]:
        """(position, first, end) of each call."""
        return zip(self.position.tolist(), self.first.tolist(), self.end.tolist(), strict=True)

    def backwards(self) -> Iterator[Event]:
        """The calls from the last to the first."""
        flipped = (column[::-1] for column in (self.position, self.first, self.end))
        return iter(Events(self.nodes, *flipped))


def _events(nodes: Sequence[Node], calls: Sequence[tuple[int, int, int]]) -> Events:
    columns = np.array(calls, np.int64).reshape(-1, 3).T
    return Events(tuple(nodes), *columns)


def trace_alone(node: Node, calls: Calls) -> Events:
    """What `trace` gives for an operator that is a stage by itself: bands, one behind the other."""
    end = np.arange(calls.first, node.height + calls.band, calls.band, dtype=np.int64)
    end[-1] = node.height
    first = np.zeros_like(end)
    first[1:] = end[:-1]
    return Events((node,), np.zeros_like(end), first, end)


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
) -> Events:
    """The kernel calls of a stage in the order of the emitted C."""
    if len(nodes) == 1:
        return trace_alone(nodes[0], calls[0])
    done = [0] * len(nodes)
    heights = [node.height for node in nodes]
    events: list[tuple[int, int, int]] = []

    def run_until(i: int, end: int) -> None:
        while done[i] < end:
            first = done[i]
            last = min(calls[i].end(first), heights[i])
            for pull in pulls[i]:
                run_until(pull.position, pull.rows(last))
            events.append((i, first, last))
            done[i] = last

    # Inner operators may owe rows that the last one never asked for, but others read later.
    order = [len(nodes) - 1] + [
        i for i, node in enumerate(nodes[:-1]) if node.output not in internal
    ]
    for i in order:
        run_until(i, nodes[i].height)
    return _events(nodes, events)


def trace_pushed(
    nodes: Sequence[Node],
    calls: Sequence[Calls],
    pulls: Sequence[Sequence[Pull]],
    internal: frozenset[int],
) -> Events:
    """The kernel calls of a stage whose first operator is the application that pushes rows.

    Each band that is made is offered to its readers at once, which run as far as they can.
    """
    readers = [
        [k for k, later in enumerate(nodes) if node.output in later.inputs] for node in nodes
    ]
    done = [0] * len(nodes)
    events: list[tuple[int, int, int]] = []

    def ready(i: int) -> bool:
        if done[i] >= nodes[i].height:
            return False
        last = min(calls[i].end(done[i]), nodes[i].height)
        return all(done[pull.position] >= pull.rows(last) for pull in pulls[i])

    def make(i: int) -> None:
        first = done[i]
        done[i] = min(calls[i].end(first), nodes[i].height)
        events.append((i, first, done[i]))
        for reader in readers[i]:
            while ready(reader):
                make(reader)

    for _ in range(nodes[0].height):
        make(0)
    return _events(nodes, events)
