# SPDX-License-Identifier: Apache-2.0
"""Chooses which operators run together: the cuts between stages with the least peak of memory.

Dynamic programming over the cuts of the execution order, after the observation that only a few
operators set the peak: stages are proposed around those, until none of them brings the peak down.
A stage is costed by what it keeps alive: whole tensors that pass it by, its own input and output
(which may share memory by a safe distance), rings and scratch. Among the plans near the least peak
the one whose buffers can really be placed in the smallest arena is taken, then the one with the
fewest kernel calls.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence

from mcunet_tf.errors import UnsupportedError
from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.kernels.table import Style
from mcunet_tf.tinyengine.plan.effort import FALLBACK_CORE, Effort
from mcunet_tf.tinyengine.plan.estimate import GrowingStage
from mcunet_tf.tinyengine.plan.nodes import Node, is_row_source
from mcunet_tf.tinyengine.plan.plan import Group, Plan, plan_stages
from mcunet_tf.tinyengine.plan.schedule import Stage, aligned, make_stage, safe_overlap

MAX_STAGE_OPS = 24
BAND_LIMITS = (4, 2, 1)
# Of an operator on its own: more rows per call cost scratch and save set-up.
SINGLE_BAND_LIMITS = (1 << 15, 4, 2, 1)


# What the cuts minimise next to the peak: (per stage, per instruction, per byte of drift).
FAST = (0.0, 1.0, 0.0)
WEIGHTS = (FAST, (0.0, 1.0, 30.0), (0.0, 1e-3, 1.0), (1.0, 1e-9, 0.0))
# Instructions above the fastest plan's that are accepted for a smaller arena.
TOLERANCE = {"sram": float("inf"), "balanced": 0.04, "speed": 0.0}


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A stage that could be.

    Attributes:
      group: its operators.
      peak_bytes: alive while it runs.
      inner_bytes: of these, what a longer stage with the same start would keep alive too.
      instructions: predicted.
      drift_bytes: how far results lie below the inputs they share memory with. A chain of such
        stages needs the sum of it: its first tensor lies above all that follow.
    """

    group: Group
    peak_bytes: int
    inner_bytes: int
    instructions: float
    drift_bytes: int


def plan_model(
    graph: Graph,
    roots: Mapping[int, int],
    nodes: Sequence[Node],
    region_bytes: Sequence[int] = (),
    *,
    core: str = FALLBACK_CORE,
    optimize: str = "balanced",
    sram_budget_bytes: int | None = None,
) -> Plan:
    """Plans a model.

    Args:
      graph: after all passes.
      roots: see `nodes.storage_roots`.
      nodes: in execution order.
      region_bytes: of the memories that the arena is laid over; empty: one memory.
      core: whose instructions count, as in `Board.core`.
      optimize: "sram": the smallest arena; "balanced": the smallest whose instructions stay within
        3 % of the fastest plan's; "speed": the fastest, then the smallest.
      sram_budget_bytes: with a budget, the fastest plan that fits is taken instead.

    Returns:
      The plan; larger than the budget if none fits.
    """
    search = _Search(graph, roots, nodes, core)
    least = search.run()
    fastest = sum(
        search.found[g].instructions
        for g in _cheapest(search.found.values(), len(nodes), 1 << 62, FAST)
    )
    allowed = fastest * (1.0 + TOLERANCE[optimize]) + 1.0
    best: tuple[tuple[float, float], Plan] | None = None
    tried: set[tuple[Group, ...]] = set()
    for limit, weight in itertools.product(search.limits(least), WEIGHTS):
        groups = _cheapest(search.found.values(), len(nodes), limit, weight)
        effort = sum(search.found[group].instructions for group in groups)
        late = sram_budget_bytes is None and effort > allowed
        if tuple(groups) in tried or late:
            continue
        tried.add(tuple(groups))
        plan = plan_stages(graph, roots, nodes, groups, region_bytes)
        rank = (float(plan.arena_bytes), effort)
        if sram_budget_bytes is not None and plan.arena_bytes <= sram_budget_bytes:
            rank = (0.0, effort)
        if best is None or rank < best[0]:
            best = (rank, plan)
        if sram_budget_bytes is None and best[1].arena_bytes <= aligned(limit, 16):
            # Cuts with a higher peak cannot give a smaller arena any more.
            break
    assert best is not None
    return best[1]


def _cheapest(
    candidates: Iterable[Candidate], count: int, limit: int, weights: tuple[float, float, float]
) -> list[Group]:
    """The sequence of candidates of least weighted cost that keeps to the limit."""
    cost: list[float] = [0.0] + [float("inf")] * count
    chosen: list[Candidate | None] = [None] * (count + 1)
    for c in sorted(candidates, key=lambda c: (c.group.end, c.group.start)):
        step = weights[0] + weights[1] * c.instructions + weights[2] * c.drift_bytes
        if c.peak_bytes <= limit and cost[c.group.start] + step < cost[c.group.end]:
            cost[c.group.end] = cost[c.group.start] + step
            chosen[c.group.end] = c
    groups: list[Group] = []
    end = count
    while end > 0:
        candidate = chosen[end]
        assert candidate is not None
        groups.append(candidate.group)
        end = candidate.group.start
    return groups[::-1]


class ExactStage:
    """A scheduled stage with the interface of `GrowingStage`."""

    def __init__(
        self, graph: Graph, roots: Mapping[int, int], stage: Stage, effort: Effort
    ) -> None:
        self.graph = graph
        self.roots = roots
        self.stage = stage
        rings = sum(
            aligned(ring.rows * graph.tensors[tensor].rows[1])
            for tensor, ring in stage.rings.items()
            if ring.tensor == tensor
        )
        self.inner_bytes = aligned(stage.scratch_bytes) + rings
        self.instructions = sum(effort.call(e.node, e.end - e.first) for e in stage.events)

    def least_distance(self, source: int, result: int) -> int | None:
        """Bytes by which `source` must lie above `result`; None: they cannot share memory."""
        overlap = safe_overlap(self.graph, self.roots, self.stage, source, result)
        return overlap.least_bytes if overlap else None


class _Search:
    """Proposes stages and computes what each of them keeps alive."""

    def __init__(
        self, graph: Graph, roots: Mapping[int, int], nodes: Sequence[Node], core: str
    ) -> None:
        self.effort = Effort(core)
        self.graph = graph
        self.roots = roots
        self.nodes = nodes
        self.found: dict[Group, Candidate] = {}
        self.explored: set[int] = set()
        self.pushed = bool(nodes) and is_row_source(nodes[0])
        made = {node.output for node in nodes}
        inputs = {roots.get(i, i) for i in graph.inputs} - made
        self.outputs = {roots.get(i, i) for i in graph.outputs}
        self.viewed = set(roots.values())
        self.made = {node.output: i for i, node in enumerate(nodes)}
        self.last_read = dict.fromkeys(inputs, -1)
        for i, node in enumerate(nodes):
            for tensor in node.inputs:
                root = roots.get(tensor, tensor)
                if graph.tensors[root].data is None:
                    self.last_read[root] = i
        self.last_read.update(dict.fromkeys(self.outputs, len(nodes)))

    def run(self) -> int:
        """Proposes stages until the least peak is known; returns it."""
        if self.pushed:
            self.explored.add(0)
            self.explore_pushed()
        for i, node in enumerate(self.nodes):
            if self.pushed and i == 0:
                continue
            windowed = node.kernel.style is Style.WINDOW and node.kernel.band_rows > 1
            for limit in SINGLE_BAND_LIMITS if windowed else SINGLE_BAND_LIMITS[:1]:
                self.propose(Group(i, i + 1, limit))
        while True:
            peak, critical = self.bottleneck()
            fresh = [i for i in critical if i not in self.explored]
            if not fresh:
                return peak
            for i in fresh:
                self.explored.add(i)
                self.explore(i, peak)

    def limits(self, least: int) -> list[int]:
        """Peaks to try, from the least on: steps of a few per cent, then none."""
        highest = max(c.peak_bytes for c in self.found.values())
        limits = [least]
        while limits[-1] < highest:
            limits.append(int(limits[-1] * 1.05) + 16)
        return limits

    def bottleneck(self) -> tuple[int, list[int]]:
        """The least peak of all plans so far, and the operators of the stages that set it."""
        count = len(self.nodes)
        best = [0] + [1 << 62] * count
        chosen: list[Candidate | None] = [None] * (count + 1)
        for c in sorted(self.found.values(), key=lambda c: (c.group.end, c.group.start)):
            peak = max(best[c.group.start], c.peak_bytes)
            if peak < best[c.group.end]:
                best[c.group.end] = peak
                chosen[c.group.end] = c
        critical: list[int] = []
        end = count
        while end > 0:
            candidate = chosen[end]
            if candidate is None:
                raise UnsupportedError(
                    f"{self.graph.name}: its input is read again by a later layer, so its rows "
                    "cannot be pushed one by one: leave out --input=rows"
                )
            if candidate.peak_bytes == best[count]:
                critical += range(candidate.group.start, candidate.group.end)
            end = candidate.group.start
        return best[count], critical

    def explore(self, op: int, bound: int) -> None:
        """Proposes all stages that run operator `op` together with others."""
        for end in range(op + 1, min(op + MAX_STAGE_OPS, len(self.nodes)) + 1):
            if end > op + 1 and not self.makes_rows(end - 2):
                break
            for limit in BAND_LIMITS:
                self.grow(end, op, limit, bound)

    def explore_pushed(self) -> None:
        """Proposes the stages that the application's rows run through."""
        for end in range(2, min(MAX_STAGE_OPS, len(self.nodes)) + 1):
            if not self.makes_rows(end - 2):
                break
            if self.connected(0, end):
                for limit in BAND_LIMITS:
                    self.propose(Group(0, end, limit))

    def grow(self, end: int, op: int, limit: int, bound: int) -> None:
        """Proposes the stages that end before `end` and hold `op`, longer and longer."""
        stage = GrowingStage(self.graph, self.roots, limit, self.effort)
        first = 1 if self.pushed else 0
        for start in range(end - 1, max(end - MAX_STAGE_OPS, first) - 1, -1):
            if start < end - 1 and not self.makes_rows(start):
                break
            stage.add(self.nodes[start], self.is_internal(start, end))
            if stage.inner_bytes - stage.slack_bytes >= bound:
                break
            if start <= op and start < end - 1 and self.connected(start, end):
                group = Group(start, end, limit)
                if group in self.found:
                    continue
                candidate = self.weigh(group, stage)
                if stage.slack_bytes and candidate.peak_bytes - stage.slack_bytes < bound:
                    self.propose(group)
                else:
                    self.found[group] = candidate

    def makes_rows(self, i: int) -> bool:
        """Whether others can take this operator's rows as they come."""
        node = self.nodes[i]
        return node.kernel.style in (Style.WINDOW, Style.PIXELS) and node.height > 1

    def connected(self, start: int, end: int) -> bool:
        """Whether each operator but the last is read by a later one of the run.

        Rows that the application pushes can be read in the first stage only.
        """
        run = self.nodes[start:end]
        if self.pushed and start == 0 and self.last_read[run[0].output] >= end:
            return False
        return all(
            any(node.output in later.inputs for later in run[i + 1 :])
            for i, node in enumerate(run[:-1])
        )

    def is_internal(self, i: int, end: int) -> bool:
        """Whether nothing outside a stage that ends before `end` reads operator i's output."""
        output = self.nodes[i].output
        return (
            i < end - 1
            and self.last_read.get(output, -1) < end
            and output not in self.outputs
            and output not in self.viewed
        )

    def propose(self, group: Group) -> None:
        """Schedules a stage in every detail and weighs it."""
        run = self.nodes[group.start : group.end]
        internal = frozenset(
            node.output for i, node in enumerate(run, group.start) if self.is_internal(i, group.end)
        )
        stage = make_stage(self.graph, run, internal, group.band_limit)
        self.found[group] = self.weigh(
            group, ExactStage(self.graph, self.roots, stage, self.effort)
        )

    def weigh(self, group: Group, stage: GrowingStage | ExactStage) -> Candidate:
        """What the stage keeps alive and how far it moves down."""
        results = [
            self.nodes[i].output
            for i in range(group.start, group.end)
            if not self.is_internal(i, group.end)
        ]
        outer = sum(self.size(t) for t in results)
        dying = []
        for tensor, last in self.last_read.items():
            if self.made.get(tensor, -1) < group.start <= last:
                outer += self.size(tensor)
                if last < group.end:
                    dying.append(tensor)
        saved, drift = self.savings(stage, dying, results)
        inner = stage.inner_bytes
        return Candidate(group, inner + outer - saved, inner, stage.instructions, drift)

    def size(self, tensor: int) -> int:
        return aligned(self.graph.tensors[tensor].size_bytes)

    def savings(
        self, stage: GrowingStage | ExactStage, dying: Sequence[int], results: Sequence[int]
    ) -> tuple[int, int]:
        """(bytes saved, drift) by laying each result over at most one tensor that dies."""
        pairs = []
        for result in results:
            for source in dying:
                distance = stage.least_distance(source, result)
                if distance is not None:
                    joint = max(self.size(result), distance + self.size(source))
                    gain = self.size(result) + self.size(source) - joint
                    pairs.append((gain, -distance, result, source))
        saved, drift = 0, 0
        taken: set[int] = set()
        for gain, negative, result, source in sorted(pairs, reverse=True):
            if gain > 0 and not taken.intersection((result, source)):
                taken.update((result, source))
                saved += gain
                drift = max(drift, -negative)
        return saved, drift
