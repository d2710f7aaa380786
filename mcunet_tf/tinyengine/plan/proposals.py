# SPDX-License-Identifier: Apache-2.0
"""Stages that a plan could be made of, and what each of them keeps alive.

Only a few operators set the peak of a plan: stages are proposed around those, until none of them
brings the peak down. Stages of several operators are weighed in closed form (`estimate.py`); those
that end at the same operator are one stage that grows, so each operator is added once.

`README.md` beside this file draws an example.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from mcunet_tf.errors import UnsupportedError
from mcunet_tf.tinyengine.cost.call_counts import offers
from mcunet_tf.tinyengine.cost.model import weigh
from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.kernel_tables.table import Style
from mcunet_tf.tinyengine.plan.estimate import GrowingStage, Member
from mcunet_tf.tinyengine.plan.overlap import safe_overlap
from mcunet_tf.tinyengine.plan.plan import Group
from mcunet_tf.tinyengine.plan.profiles import Alone, Profiles
from mcunet_tf.tinyengine.schedule.calls import calls_alone
from mcunet_tf.tinyengine.schedule.nodes import Node, is_row_source
from mcunet_tf.tinyengine.schedule.rings import aligned
from mcunet_tf.tinyengine.schedule.stage import Stage, make_stage

NO_LIMIT = 1 << 62
MAX_STAGE_OPS = 24
BAND_LIMITS = (4, 2, 1)
# Of an operator on its own: more rows per call cost scratch and save set-up.
SINGLE_BAND_LIMITS = (1 << 15, 4, 2, 1)

# (source, result) -> bytes by which the source must lie above; None: they cannot share memory.
Distance = Callable[[int, int], int | None]


class CutProposal(NamedTuple):
    """A stage that could be.

    Attributes:
      group: its operators.
      peak_bytes: alive while it runs.
      surplus_bytes: by how much that may be too high.
      instructions: predicted.
      drift_bytes: how far results lie below the inputs they share memory with. A chain of such
        stages needs the sum of it: its first tensor lies above all that follow.
    """

    group: Group
    peak_bytes: int
    surplus_bytes: int
    instructions: float
    drift_bytes: int


class _Step(NamedTuple):
    """A stage that has grown to some length.

    Attributes:
      inner_bytes, slack_bytes, instructions: what `GrowingStage` says of them.
      least_bytes: neither this stage nor a longer one keeps less alive.
    """

    inner_bytes: int
    slack_bytes: int
    instructions: float
    least_bytes: int


class _Chain:
    """The stages that end at one operator, longer and longer.

    Attributes:
      steps: proposals by the number of operators in front of the last one.
      proposed: how many operators in front the shortest proposed stage has.
    """

    def __init__(self, proposals: Proposals, end: int, limit: int) -> None:
        self.proposals = proposals
        self.end = end
        self.limit = limit
        self.stage = GrowingStage(proposals.graph, limit, proposals.effort)
        self.steps: list[_Step] = []
        self.proposed = MAX_STAGE_OPS
        self._complete = False

    def step(self, length: int, bound: int) -> _Step | None:
        """The stage with so many operators in front of its last one, if it can be below a bound."""
        steps = self.steps
        while len(steps) <= length and not self._complete:
            if steps and steps[-1].least_bytes >= bound:
                return None
            self._grow(self.end - 1 - len(steps))
        if length >= len(steps) or steps[length].least_bytes >= bound:
            return None
        return steps[length]

    def member(self, position: int) -> Member:
        """The stage's member by its position in the execution order."""
        return self.stage.members[self.end - 1 - position]

    def _grow(self, start: int) -> None:
        owner, stage = self.proposals, self.stage
        readers: list[Member] = []
        first = max(self.end - MAX_STAGE_OPS, owner.first_free)
        if self.steps:
            if start >= first and owner.makes_rows(start):
                readers = [self.member(r) for r in owner.readers[start] if r < self.end]
            if not readers:
                self._complete = True
                return
        internal = owner.is_internal(start, self.end)
        stage.add(owner.nodes[start], owner.profiles[start], internal, readers)
        # Longer stages keep what lives inside this one, and some tensor in front of them.
        least = stage.inner_bytes - stage.slack_bytes + owner.least_alive(first, start)
        if self.steps:
            least = max(least, self.steps[-1].least_bytes)
        self.steps.append(_Step(stage.inner_bytes, stage.slack_bytes, stage.instructions, least))


class Proposals:
    """Proposes stages and computes what each of them keeps alive.

    Attributes:
      found: the stages so far, by the operator they end before.
    """

    def __init__(
        self,
        graph: Graph,
        roots: Mapping[int, int],
        nodes: Sequence[Node],
        effort: Profiles,
        limit_bytes: int = NO_LIMIT,
    ) -> None:
        """Prepares proposals.

        Args:
          graph: after all passes.
          roots: see `nodes.storage_roots`.
          nodes: the nodes in execution order.
          effort: what is known of operators already.
          limit_bytes: stages that keep more alive are of no use.
        """
        self.graph = graph
        self.limit_bytes = limit_bytes
        self.roots = roots
        self.nodes = nodes
        self.effort = effort
        self.profiles = [effort.profile(node) for node in nodes]
        self.count = len(nodes)
        self.found: list[dict[Group, CutProposal]] = [{} for _ in range(self.count + 1)]
        self.pushed = bool(nodes) and is_row_source(nodes[0])
        # Stages that the application's rows run through are proposed by themselves.
        self.first_free = 1 if self.pushed else 0
        self._alone = False
        self._explored: set[int] = set()
        self._chains: dict[tuple[int, int], _Chain] = {}
        self._read_tensors()

    def _read_tensors(self) -> None:
        """Collects who makes and reads what."""
        graph, roots, nodes = self.graph, self.roots, self.nodes
        made = {node.output: i for i, node in enumerate(nodes)}
        inputs = {roots.get(i, i) for i in graph.given} - set(made)
        self.readers: list[list[int]] = [[] for _ in nodes]
        # Of each root: (operator, operand it is to that operator).
        self.views: dict[int, list[tuple[int, int]]] = {}
        last_read = dict.fromkeys(inputs, -1)
        for i, node in enumerate(nodes):
            for tensor in dict.fromkeys(node.inputs):
                root = roots.get(tensor, tensor)
                if graph.tensors[root].data is None:
                    last_read[root] = i
                    self.views.setdefault(root, []).append((i, tensor))
                if tensor in made:
                    self.readers[made[tensor]].append(i)
        last_read.update((roots.get(i, i), self.count) for i in graph.outputs)
        # A tensor that is viewed by others always is a whole.
        viewed = dict.fromkeys(roots.values(), self.count)
        self._last_reader = [(last_read | viewed).get(node.output, -1) for node in nodes]
        # States have a memory of their own.
        apart = {*graph.entries, *graph.exits}
        spans = [
            (tensor, made.get(tensor, -1), last)
            for tensor, last in last_read.items()
            if tensor not in apart
        ]
        # Tensors that are alive when an operator starts, and the last operators that read them.
        self._alive = [
            [(tensor, last) for tensor, first, last in spans if first < start <= last]
            for start in range(self.count)
        ]
        self._alive_bytes = [sum(self.size(t) for t, _ in alive) for alive in self._alive]

    def run(self, enough_bytes: int = 0) -> int:
        """Proposes stages until a peak is low enough, or the least one is known; returns it."""
        if not self._alone:
            self._alone = True
            self._propose_singles()
        while True:
            peak, critical = self._bottleneck()
            fresh = [i for i in critical if i not in self._explored]
            if peak <= enough_bytes or not fresh:
                return peak
            for i in fresh:
                self._explored.add(i)
                self._explore(i, min(peak, self.limit_bytes + 1))

    def _propose_singles(self) -> None:
        """Proposes every operator by itself, and the stages that pushed rows run through."""
        if self.pushed:
            self._explored.add(0)
            self._explore_pushed()
        for i in range(self.first_free, self.count):
            kernel = self.nodes[i].kernel
            windowed = kernel.style is Style.WINDOW and kernel.band_rows > 1
            for limit in SINGLE_BAND_LIMITS if windowed else SINGLE_BAND_LIMITS[:1]:
                for leaner in range(1 + len(self.nodes[i].leaner)):
                    self._propose_alone(Group(i, i + 1, limit, leaner))

    def in_order(self) -> Iterator[CutProposal]:
        """All candidates by their ends, then their starts."""
        for found in self.found:
            yield from sorted(found.values(), key=lambda c: c.group.start)

    def of(self, group: Group) -> CutProposal:
        """What is known of a group."""
        return self.found[group.end][group]

    def _bottleneck(self) -> tuple[int, list[int]]:
        """The least peak of all plans so far, and the operators of the stages that set it."""
        best = [0] + [NO_LIMIT] * self.count
        chosen: list[CutProposal | None] = [None] * (self.count + 1)
        for c in self.in_order():
            start, end, *_ = c.group
            peak = max(best[start], c.peak_bytes)
            if peak < best[end]:
                best[end] = peak
                chosen[end] = c
        critical: list[int] = []
        end = self.count
        while end > 0:
            candidate = chosen[end]
            if candidate is None:
                raise UnsupportedError(
                    f"{self.graph.name}: its input is read again by a later layer, so its rows "
                    "cannot be pushed one by one: leave out --input=rows"
                )
            if candidate.peak_bytes == best[self.count]:
                critical += range(candidate.group.start, candidate.group.end)
            end = candidate.group.start
        return best[self.count], critical

    def _explore(self, op: int, bound: int) -> None:
        """Proposes all stages that run operator `op` together with others."""
        for end in range(op + 1, min(op + MAX_STAGE_OPS, self.count) + 1):
            if end > op + 1 and not self.makes_rows(end - 2):
                break
            for limit in BAND_LIMITS:
                chain = self._chains.get((end, limit))
                if chain is None:
                    chain = self._chains[end, limit] = _Chain(self, end, limit)
                shortest = max(end - 1 - op, 1)
                if shortest < chain.proposed:
                    self._propose_grown(chain, shortest, bound)

    def _propose_grown(self, chain: _Chain, shortest: int, bound: int) -> None:
        """Proposes the stages of a chain from some length on, as long as they are below a bound.

        Bounds only sink, so what has been proposed before needs no second look.
        """
        for length in range(shortest, chain.proposed):
            step = chain.step(length, bound)
            if step is None:
                break
            group = Group(chain.end - 1 - length, chain.end, chain.limit)
            candidate = self._weigh_step(group, chain, step)
            if step.slack_bytes and candidate.peak_bytes - step.slack_bytes < bound:
                self._propose(group)
            else:
                self.found[group.end][group] = candidate
        chain.proposed = min(chain.proposed, shortest)

    def _explore_pushed(self) -> None:
        """Proposes the stages that the application's rows run through."""
        for end in range(2, min(MAX_STAGE_OPS, self.count) + 1):
            if not self.makes_rows(end - 2):
                break
            # Pushed rows can be read in the first stage only.
            inside = self._last_reader[0] < end
            if inside and all(self.readers[i] and self.readers[i][0] < end for i in range(end - 1)):
                for limit in BAND_LIMITS:
                    self._propose(Group(0, end, limit))

    def makes_rows(self, i: int) -> bool:
        """Whether others can take this operator's rows as they come."""
        profile = self.profiles[i]
        return (profile.window or profile.pixels) and self.nodes[i].height > 1

    def is_internal(self, i: int, end: int) -> bool:
        """Whether nothing outside a stage that ends before `end` reads operator i's output."""
        return i < end - 1 and self._last_reader[i] < end

    def _propose_alone(self, group: Group) -> None:
        """Weighs an operator on its own; all that depends on its shape only is known already."""
        (node,), limit = group.run(self.nodes), group.band_limit
        profile = self.effort.profile(node) if group.leaner else self.profiles[group.start]
        calls = calls_alone(node, limit)
        stage: Stage | None = None

        def scheduled() -> Stage:
            nonlocal stage
            stage = stage or make_stage(self.graph, [node], frozenset(), limit)
            return stage

        alone = profile.alone.get(calls)
        if alone is None:
            alone = Alone(aligned(scheduled().scratch_bytes), profile.rows(node.height, calls))
            profile.alone[calls] = alone
        known = alone.distances

        def distance(source: int, result: int) -> int | None:
            key = tuple(k for k, t in enumerate(node.inputs) if self.roots.get(t, t) == source)
            if key not in known:
                overlap = safe_overlap(self.graph, self.roots, scheduled(), source, result)
                known[key] = overlap.least_bytes if overlap else None
            return known[key]

        self.found[group.end][group] = self._weigh(
            group, alone.inner_bytes, 0, alone.instructions, [node.output], distance
        )

    def _propose(self, group: Group) -> None:
        """Schedules a stage in every detail and weighs it."""
        run = self.nodes[group.start : group.end]
        results = self._results(group)
        internal = frozenset(node.output for node in run) - set(results)
        stage = make_stage(self.graph, run, internal, group.band_limit)
        rings = sum(
            aligned(ring.rows * self.graph.tensors[tensor].rows[1])
            for tensor, ring in stage.rings.items()
            if ring.tensor == tensor
        )
        calls = dict(zip(stage.nodes, stage.calls, strict=True))
        instructions = sum(
            self.effort.call(e.node, e.end - e.first, calls[e.node]) for e in stage.events
        )
        if is_row_source(run[0]):
            told = sum(offers(stage, node) for node in run[1:])
            instructions += weigh(self.effort.model.feed, {"offer": told}).instructions

        def distance(source: int, result: int) -> int | None:
            overlap = safe_overlap(self.graph, self.roots, stage, source, result)
            return overlap.least_bytes if overlap else None

        inner = aligned(stage.scratch_bytes) + rings
        self.found[group.end][group] = self._weigh(group, inner, 0, instructions, results, distance)

    def _weigh_step(self, group: Group, chain: _Chain, step: _Step) -> CutProposal:
        """What a grown stage keeps alive and how far it moves down."""
        results = self._results(group)

        def distance(source: int, result: int) -> int | None:
            if result != self.nodes[group.end - 1].output:
                # Written on the way, when the last operator asks for it: not followed here.
                return None
            readers = [
                (chain.member(i), view) for i, view in self.views[source] if i >= group.start
            ]
            return chain.stage.least_distance(readers)

        surplus = step.slack_bytes + sum(self.size(t) for t in results[:-1])
        return self._weigh(group, step.inner_bytes, surplus, step.instructions, results, distance)

    def _results(self, group: Group) -> list[int]:
        """Whole tensors that a stage makes."""
        return [
            self.nodes[i].output
            for i in range(group.start, group.end)
            if not self.is_internal(i, group.end)
        ]

    def _weigh(
        self,
        group: Group,
        inner_bytes: int,
        surplus_bytes: int,
        instructions: float,
        results: Sequence[int],
        distance: Distance,
    ) -> CutProposal:
        """Adds what lives around a stage to what lives inside it."""
        outer = sum(self.size(t) for t in results) + self._alive_bytes[group.start]
        dying = [tensor for tensor, last in self._alive[group.start] if last < group.end]
        saved, drift = self._savings(distance, dying, results)
        peak = inner_bytes + outer - saved
        return CutProposal(group, peak, surplus_bytes, instructions, drift)

    def least_alive(self, first: int, last: int) -> int:
        """Bytes of whole tensors that are alive where one of these operators starts."""
        return min(self._alive_bytes[first : last + 1])

    def size(self, tensor: int) -> int:
        """Bytes of a whole tensor in the arena."""
        return aligned(self.graph.tensors[tensor].size_bytes)

    def _savings(
        self, distance: Distance, dying: Sequence[int], results: Sequence[int]
    ) -> tuple[int, int]:
        """(bytes saved, drift) by laying each result over at most one tensor that dies."""
        pairs = []
        for result in results:
            for source in dying:
                least = distance(source, result)
                if least is not None:
                    joint = max(self.size(result), least + self.size(source))
                    gain = self.size(result) + self.size(source) - joint
                    pairs.append((gain, -least, result, source))
        saved, drift = 0, 0
        taken: set[int] = set()
        for gain, negative, result, source in sorted(pairs, reverse=True):
            if gain > 0 and not taken.intersection((result, source)):
                taken.update((result, source))
                saved += gain
                drift = max(drift, -negative)
        return saved, drift
