# SPDX-License-Identifier: Apache-2.0
"""Chooses which operators run together: the cuts between stages with the least peak of memory.

Dynamic programming over the cuts of the execution order. Each candidate stage is costed by the
memory that it keeps alive: whole tensors that pass it by, its own input and output (which may share
memory by a safe distance), rings and scratch. First the least possible peak is found, then, among
all plans that keep to it, the one with the fewest extra kernel calls.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.kernels.table import Style
from mcunet_tf.tinyengine.plan.nodes import Node, tensor_rows
from mcunet_tf.tinyengine.plan.plan import Group, Plan, plan_stages
from mcunet_tf.tinyengine.plan.schedule import Stage, aligned, make_stage, safe_distance

MAX_STAGE_OPS = 32
BAND_LIMITS = (2, 1)


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A stage that could be: its memory, and the kernel calls it makes."""

    group: Group
    peak_bytes: int
    calls: int


def plan_model(graph: Graph, roots: Mapping[int, int], nodes: Sequence[Node]) -> Plan:
    """Plans the stages with the least peak, then the fewest kernel calls."""
    search = _Search(graph, roots, nodes)
    candidates = list(search.candidates())
    least = _least_peak(candidates, len(nodes))
    groups = _fewest_calls(candidates, len(nodes), least)
    return plan_stages(graph, roots, nodes, groups)


def _least_peak(candidates: Sequence[Candidate], count: int) -> int:
    """The smallest peak that any sequence of candidates reaches."""
    best = [0] + [1 << 62] * count
    for c in sorted(candidates, key=lambda c: c.group.end):
        peak = max(best[c.group.start], c.peak_bytes)
        best[c.group.end] = min(best[c.group.end], peak)
    return best[count]


def _fewest_calls(candidates: Sequence[Candidate], count: int, limit: int) -> list[Group]:
    """The cheapest sequence of candidates none of which exceeds the limit."""
    cost: list[float] = [0.0] + [float("inf")] * count
    chosen: list[Candidate | None] = [None] * (count + 1)
    for c in sorted(candidates, key=lambda c: (c.group.end, c.group.start)):
        if c.peak_bytes <= limit and cost[c.group.start] + c.calls < cost[c.group.end]:
            cost[c.group.end] = cost[c.group.start] + c.calls
            chosen[c.group.end] = c
    groups: list[Group] = []
    end = count
    while end > 0:
        candidate = chosen[end]
        assert candidate is not None
        groups.append(candidate.group)
        end = candidate.group.start
    return groups[::-1]


class _Search:
    """Enumerates stages and computes what each of them keeps alive."""

    def __init__(self, graph: Graph, roots: Mapping[int, int], nodes: Sequence[Node]) -> None:
        self.graph = graph
        self.roots = roots
        self.nodes = nodes
        self.inputs = {roots.get(i, i) for i in graph.inputs}
        self.outputs = {roots.get(i, i) for i in graph.outputs}
        self.viewed = set(roots.values())
        self.made = {node.output: i for i, node in enumerate(nodes)}
        self.last_read = dict.fromkeys(self.inputs, -1)
        for i, node in enumerate(nodes):
            for tensor in node.inputs:
                root = roots.get(tensor, tensor)
                if graph.tensors[root].data is None:
                    self.last_read[root] = i
        self.last_read.update(dict.fromkeys(self.outputs, len(nodes)))

    def size(self, tensor: int) -> int:
        return aligned(self.graph.tensors[tensor].size_bytes)

    def candidates(self) -> Iterator[Candidate]:
        """Single operators first: their peak bounds what longer stages may use."""
        singles = [self.candidate(Group(i, i + 1)) for i in range(len(self.nodes))]
        yield from singles
        bound = max(c.peak_bytes for c in singles)
        for start in range(len(self.nodes)):
            for end in range(start + 2, min(start + MAX_STAGE_OPS, len(self.nodes)) + 1):
                if not self.streams(start, end):
                    break
                found = [self.candidate(Group(start, end, limit)) for limit in BAND_LIMITS]
                kept = [c for c in found if c.peak_bytes < bound]
                yield from kept
                if not kept:
                    break

    def streams(self, start: int, end: int) -> bool:
        """Whether operator end - 1 can take rows of the operators before it as they come."""
        node, before = self.nodes[end - 1], self.nodes[end - 2]
        if before.kernel.style is Style.WHOLE or before.height == 1:
            return False
        readers = [n for n in self.nodes[start:end] if before.output in n.inputs]
        return bool(readers) and (
            node.kernel.style is not Style.WHOLE or before.output in node.inputs
        )

    def internal(self, group: Group) -> frozenset[int]:
        return frozenset(
            node.output
            for node in self.nodes[group.start : group.end - 1]
            if self.last_read.get(node.output, -1) < group.end
            and node.output not in self.outputs
            and node.output not in self.viewed
        )

    def candidate(self, group: Group) -> Candidate:
        run = self.nodes[group.start : group.end]
        stage = make_stage(self.graph, run, self.internal(group), group.band_limit)
        return Candidate(group, self.peak(group, stage), len(stage.events))

    def peak(self, group: Group, stage: Stage) -> int:
        """Bytes alive while the stage runs, with tensors that share memory counted once."""
        total = aligned(stage.scratch_bytes)
        for tensor, ring in stage.rings.items():
            if ring.tensor == tensor:
                total += aligned(ring.rows * tensor_rows(self.graph.tensors[tensor])[1])
        results = [n.output for n in stage.nodes if n.output not in stage.rings]
        total += sum(self.size(t) for t in results)
        dying = []
        for tensor, last in self.last_read.items():
            born = self.made.get(tensor, -1)
            if born < group.start and last >= group.start:
                total += self.size(tensor)
                if last < group.end:
                    dying.append(tensor)
        return total - self.savings(stage, dying, results)

    def savings(self, stage: Stage, dying: Sequence[int], results: Sequence[int]) -> int:
        """Bytes saved by laying each result over at most one tensor that dies."""
        saved = 0
        free = set(dying)
        for result in results:
            best, choice = 0, -1
            for source in sorted(free):
                distance = safe_distance(self.graph, self.roots, stage, source, result)
                if distance is None:
                    continue
                joint = max(self.size(result), distance + self.size(source))
                gain = self.size(result) + self.size(source) - joint
                if gain > best:
                    best, choice = gain, source
            saved += best
            free.discard(choice)
        return saved
