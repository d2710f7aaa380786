# SPDX-License-Identifier: Apache-2.0
"""Chooses which operators run together: the cuts between stages with the least peak of memory.

Dynamic programming over the cuts of the execution order, with the stages that `proposals.py` has
found worth weighing. A stage is costed by what it keeps alive: whole tensors that pass it by, its
own input and output (which may share memory by a safe distance), rings and scratch. Among the plans
near the least peak the one whose buffers can really be placed in the smallest arena is taken, then
the one with the fewest instructions.

`README.md` beside this file draws an example.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Mapping, Sequence

from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.plan.plan import Group, Plan, StageCache, plan_stages
from mcunet_tf.tinyengine.plan.profiles import Profiles
from mcunet_tf.tinyengine.plan.proposals import NO_LIMIT, CutProposal, Proposals
from mcunet_tf.tinyengine.schedule.nodes import Node
from mcunet_tf.tinyengine.schedule.rings import aligned

# What the cuts minimise next to the peak: (per stage, per instruction, per byte of drift).
Weights = tuple[float, float, float]
FAST: Weights = (0.0, 1.0, 0.0)
# Of equally fast plans, the one with short stages is the easier one to place.
WEIGHTS = (FAST, (-1e-3, 1.0, 0.0), (0.0, 1.0, 30.0), (0.0, 1e-3, 1.0), (1.0, 1e-9, 0.0))
# Instructions above the fastest plan's that are accepted for a smaller arena.
TOLERANCE = {"sram": float("inf"), "balanced": 0.03, "speed": 0.0}
# Plans up to so much beyond "balanced" are tried in steps; each must make the arena smaller by so
# many times the share of instructions that it adds.
BEYOND, STEPS, EXCHANGE = 0.05, 5, 3.0
# What the loop over a stage's calls takes of stack: less than that is nothing saved.
LOOP_STACK_BYTES = 48


def plan_model(
    graph: Graph,
    roots: Mapping[int, int],
    nodes: Sequence[Node],
    region_bytes: Sequence[int] = (),
    *,
    weighed_as: str,
    optimize: str = "balanced",
    sram_budget_bytes: int | None = None,
    effort: Profiles | None = None,
) -> Plan:
    """Plans a model.

    Args:
      graph: after all passes.
      roots: see `nodes.storage_roots`.
      nodes: the nodes in execution order.
      region_bytes: sizes of the memories that the arena is laid over; empty: one memory.
      weighed_as: the core whose instructions count, as `Core.schedules_weighed_as` names it.
      optimize: "sram": the smallest arena; "balanced": the smallest whose instructions stay within
        3 % of the fastest plan's, or up to 5 % beyond where each step saves three times its share;
        "speed": the fastest, then the smallest.
      sram_budget_bytes: a budget: the fastest plan that fits is taken instead.
      effort: what is known of operators already, for callers that plan many models for one core.

    Returns:
      The plan; larger than the budget if none fits.
    """
    effort = effort or Profiles(weighed_as)
    cuts = _Cuts(graph, roots, nodes, effort, region_bytes)
    if sram_budget_bytes is None:
        return cuts.smallest(optimize)
    return (
        cuts.fastest_within(sram_budget_bytes)
        or _Cuts(graph, roots, nodes, effort, region_bytes, sram_budget_bytes).within_limit()
        or cuts.smallest("sram")
    )


def fit_model(
    graph: Graph, nodes: Sequence[Node], sram_budget_bytes: int, effort: Profiles
) -> Plan | None:
    """The plan that `plan_model` makes of a graph without views under a budget; None: none fits."""
    fastest = _Cuts(graph, {}, nodes, effort, ()).fastest_within(sram_budget_bytes)
    return fastest or _Cuts(graph, {}, nodes, effort, (), sram_budget_bytes).within_limit()


def can_fit_model(
    graph: Graph, nodes: Sequence[Node], sram_budget_bytes: int, effort: Profiles
) -> bool:
    """Whether `fit_model` finds a plan, in less time."""
    return _Cuts(graph, {}, nodes, effort, (), sram_budget_bytes).within_limit() is not None


class _Cuts:
    """Sequences of stages that make up the whole model."""

    def __init__(
        self,
        graph: Graph,
        roots: Mapping[int, int],
        nodes: Sequence[Node],
        effort: Profiles,
        region_bytes: Sequence[int],
        limit_bytes: int = NO_LIMIT,
    ) -> None:
        self.graph = graph
        self.roots = roots
        self.nodes = nodes
        self.region_bytes = region_bytes
        self.stages = StageCache()
        self.limit_bytes = limit_bytes
        self.proposals = Proposals(graph, roots, nodes, effort, limit_bytes)
        self.least = NO_LIMIT
        self.candidates: list[CutProposal] = []
        self.plans: dict[tuple[Group, ...], Plan] = {}

    def propose(self, enough_bytes: int = 0) -> None:
        """Looks for stages until a peak is low enough, or the least one is known."""
        self.least = self.proposals.run(enough_bytes)
        self.candidates = list(self.proposals.in_order())

    def smallest(self, optimize: str) -> Plan:
        """The plan of the smallest arena whose instructions are tolerated."""
        self.propose()
        fastest = self.instructions(self.cheapest(NO_LIMIT, FAST))
        allowed = fastest * (1 + TOLERANCE[optimize]) + 1
        (arena_bytes, instructions), plan = self._smallest_within(allowed)
        if optimize != "balanced":
            return plan
        if self.least_limit(fastest + 1) - arena_bytes <= LOOP_STACK_BYTES:
            (own_bytes, own), quickest = self._smallest_within(fastest + 1)
            if own_bytes - arena_bytes <= LOOP_STACK_BYTES:
                (arena_bytes, instructions), plan = (own_bytes, own), quickest
        known = self.least_limit(allowed)
        for step in range(1, STEPS + 1):
            beyond = allowed + BEYOND * fastest * step / STEPS
            limit = self.least_limit(beyond)
            if limit >= min(known, arena_bytes - LOOP_STACK_BYTES):
                continue
            known = limit
            (smaller_bytes, more), other = self._smallest_within(beyond)
            saved = 1 - smaller_bytes / max(arena_bytes, 1)
            paid = more / max(instructions, 1.0) - 1
            enough = arena_bytes - smaller_bytes > LOOP_STACK_BYTES
            if enough and saved > EXCHANGE * max(paid, 0.0):
                (arena_bytes, instructions), plan = (smaller_bytes, more), other
        return plan

    def _smallest_within(self, allowed: float) -> tuple[tuple[int, float], Plan]:
        """The smallest arena of so many instructions: (its bytes, instructions), and the plan."""
        best: tuple[tuple[int, float], Plan] | None = None
        tried: set[tuple[Group, ...]] = set()
        start = self.least_limit(allowed)
        for limit in self.limits(start):
            for weights in WEIGHTS:
                groups = self.cheapest(limit, weights)
                instructions = self.instructions(groups)
                if groups in tried or instructions > allowed:
                    continue
                tried.add(groups)
                plan = self.plan(groups)
                rank = (plan.arena_bytes, instructions)
                if best is None or rank < best[0]:
                    best = (rank, plan)
                if plan.arena_bytes <= aligned(start, 16):
                    return rank, plan
            if best is not None and best[1].arena_bytes <= aligned(limit, 16):
                # Cuts with a higher peak cannot give a smaller arena any more.
                break
        assert best is not None
        return best

    def fastest_within(self, budget_bytes: int) -> Plan | None:
        """The plan of the fewest instructions that fits; None if none does."""
        self.propose()
        return next(self.plans_within(budget_bytes), None)

    def within_limit(self) -> Plan | None:
        """A plan that keeps the limit; there may be faster ones.

        Its stages differ from those that lead to the least peak, and may fit where those do not.
        """
        for enough_bytes in (self.limit_bytes, 0):
            known = len(self.candidates)
            self.propose(enough_bytes)
            if len(self.candidates) == known:
                break
            plan = next(self.plans_within(self.limit_bytes), None)
            if plan is not None:
                return plan
        return None

    def plans_within(self, budget_bytes: int) -> Iterator[Plan]:
        """Plans that fit, the fastest first."""
        found: dict[tuple[Group, ...], tuple[float, int]] = {}
        for weights in WEIGHTS:
            for groups, peak in self.by_falling_peak(weights):
                found[groups] = (self.instructions(groups), peak)
        for groups in sorted(found, key=lambda groups: found[groups]):
            if self.surely_needs(groups) <= budget_bytes:
                plan = self.plan(groups)
                if plan.arena_bytes <= budget_bytes:
                    yield plan

    def by_falling_peak(self, weights: Weights) -> Iterator[tuple[tuple[Group, ...], int]]:
        """The cheapest sequences for all limits, with their peaks."""
        peak = NO_LIMIT
        for limit in reversed(list(self.limits(self.least))):
            # A sequence stays the cheapest one until the limit falls below its own peak.
            if limit < peak:
                groups = self.cheapest(limit, weights)
                peak = max((self.proposals.of(g).peak_bytes for g in groups), default=0)
                yield groups, peak

    def least_limit(self, allowed: float) -> int:
        """The least peak that a sequence of so many instructions keeps to."""
        peaks = sorted({max(c.peak_bytes, self.least) for c in self.candidates})

        def allows(peak: int) -> bool:
            return self.instructions(self.cheapest(peak, FAST)) <= allowed

        return peaks[bisect.bisect_left(peaks, True, key=allows)]

    def limits(self, limit: int) -> Iterator[int]:
        """Peaks to try, from one on: steps of a few per cent, then none."""
        highest = max(c.peak_bytes for c in self.candidates)
        yield limit
        while limit < highest:
            limit = int(limit * 1.05) + 16
            yield limit

    def cheapest(self, limit: int, weights: Weights) -> tuple[Group, ...]:
        """The sequence of least weighted cost that keeps to the limit."""
        count = len(self.nodes)
        per_stage, per_instruction, per_byte = weights
        cost = [0.0] + [float("inf")] * count
        chosen: list[CutProposal | None] = [None] * (count + 1)
        for c in self.candidates:
            if c.peak_bytes <= limit:
                start, end, *_ = c.group
                step = per_stage + per_instruction * c.instructions + per_byte * c.drift_bytes
                if cost[start] + step < cost[end]:
                    cost[end] = cost[start] + step
                    chosen[end] = c
        groups: list[Group] = []
        end = count
        while end > 0:
            candidate = chosen[end]
            assert candidate is not None
            groups.append(candidate.group)
            end = candidate.group.start
        return tuple(groups[::-1])

    def instructions(self, groups: Sequence[Group]) -> float:
        """Predicted instructions of a sequence."""
        return sum(self.proposals.of(group).instructions for group in groups)

    def surely_needs(self, groups: Sequence[Group]) -> int:
        """Bytes that no arena of a sequence is below."""
        found = [self.proposals.of(group) for group in groups]
        return max(c.peak_bytes - c.surplus_bytes for c in found)

    def plan(self, groups: tuple[Group, ...]) -> Plan:
        """Schedules and places a sequence of stages, each once."""
        if groups not in self.plans:
            self.plans[groups] = plan_stages(
                self.graph, self.roots, self.nodes, groups, self.region_bytes, self.stages
            )
        return self.plans[groups]
