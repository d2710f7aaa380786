# SPDX-License-Identifier: Apache-2.0
"""The memory plan: what runs in which stage and where every byte lies.

`README.md` beside this file draws an example.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.plan.offsets import Buffer, Overlap, place_buffers
from mcunet_tf.tinyengine.plan.overlap import safe_overlap
from mcunet_tf.tinyengine.schedule.nodes import Node, is_row_source
from mcunet_tf.tinyengine.schedule.rings import aligned
from mcunet_tf.tinyengine.schedule.stage import Stage, make_stage


@dataclasses.dataclass(frozen=True)
class Storage:
    """Where a tensor lies: row y starts at offset + ((y + shift) % rows) * row_bytes."""

    offset: int
    rows: int
    row_bytes: int
    height: int
    shift: int = 0

    def row_offset(self, y: int) -> int:
        """Where row y starts; rows of padding, y < 0, have slots too."""
        return self.offset + (y + self.shift) % self.rows * self.row_bytes

    @property
    def size_bytes(self) -> int:
        """Bytes of all rows that are kept."""
        return self.rows * self.row_bytes


@dataclasses.dataclass(frozen=True, eq=False)
class Plan:
    """An execution plan.

    Attributes:
      stages: the stages in execution order.
      roots: the tensor whose memory each view uses.
      storage: where every tensor lies that is not constant and not a view.
      scratch_offsets: where the scratch of each stage lies.
      buffers, offsets: everything that was placed: tensors, rings, scratch.
      state_offset: where the first stage's row counters lie, where the application pushes rows;
        else -1.
      arena_bytes: the caller provides this much.
      lower_bound_bytes: no placement of these stages needs less.
      region_bytes: sizes of the memories that the arena is laid over; empty: one memory.
      state_bytes: what outlasts an inference, in a memory of its own that begins at `state_base`
        and counts as the last one.
    """

    stages: tuple[Stage, ...]
    roots: Mapping[int, int]
    storage: Mapping[int, Storage]
    scratch_offsets: tuple[int, ...]
    buffers: tuple[Buffer, ...]
    offsets: tuple[int, ...]
    state_offset: int
    arena_bytes: int
    lower_bound_bytes: int
    region_bytes: tuple[int, ...] = ()
    state_bytes: int = 0

    @property
    def state_base(self) -> int:
        """The offset at which the memory of states begins, behind all others."""
        return aligned(max(self.arena_bytes, sum(self.region_bytes)), 16)

    def locate(self, graph: Graph, tensor: int) -> Storage:
        """Where a tensor lies; a view has its root's place and rows of its own shape."""
        root = self.roots.get(tensor, tensor)
        if root == tensor:
            return self.storage[tensor]
        height, row_bytes = graph.tensors[tensor].rows
        return Storage(self.storage[root].offset, height, row_bytes, height)

    def region(self, offset: int) -> tuple[int, int]:
        """(number of the memory, offset within it) of an offset in the arena."""
        if self.state_bytes and offset >= self.state_base:
            return max(len(self.region_bytes), 1), offset - self.state_base
        start = 0
        for number, size in enumerate(self.region_bytes):
            if offset < start + size:
                return number, offset - start
            start += size
        return len(self.region_bytes), offset - start

    @property
    def used_bytes(self) -> tuple[int, ...]:
        """Bytes that are needed of each memory."""
        used = [0] * max(len(self.region_bytes), 1)
        for buffer, offset in zip(self.buffers, self.offsets, strict=True):
            number, local = self.region(offset)
            if buffer.size_bytes and number < len(used):
                used[number] = max(used[number], aligned(local + buffer.size_bytes, 16))
        return tuple(used)

    def in_arena(self, tensor: int) -> bool:
        """Whether the tensor has memory in the arena: it is no constant."""
        return self.roots.get(tensor, tensor) in self.storage


class Group(NamedTuple):
    """Operators [start, end) that form one stage; windows make at most `band_limit` rows a call.

    `leaner` is for an operator alone: 0, or which of its leaner kernels it runs, from 1 on.
    """

    start: int
    end: int
    band_limit: int = 2
    leaner: int = 0

    def run(self, nodes: Sequence[Node]) -> Sequence[Node]:
        """The operators, with the kernels that they run."""
        if self.leaner:
            return (nodes[self.start].leaner[self.leaner - 1],)
        return nodes[self.start : self.end]


class StageCache:
    """Stages and overlaps of one model that several of its plans have in common."""

    def __init__(self) -> None:
        self.stages: dict[tuple[Group, frozenset[int]], Stage] = {}
        self.overlaps: dict[tuple[Stage, int, int], Overlap | None] = {}

    def stage(
        self, graph: Graph, nodes: Sequence[Node], group: Group, internal: frozenset[int]
    ) -> Stage:
        """See `make_stage`."""
        key = (group, internal)
        found = self.stages.get(key)
        if found is None:
            run = group.run(nodes)
            found = self.stages[key] = make_stage(graph, run, internal, group.band_limit)
        return found

    def overlap(
        self, graph: Graph, roots: Mapping[int, int], stage: Stage, source: int, result: int
    ) -> Overlap | None:
        """See `safe_overlap`."""
        key = (stage, source, result)
        if key not in self.overlaps:
            self.overlaps[key] = safe_overlap(graph, roots, stage, source, result)
        return self.overlaps[key]


def plan_stages(
    graph: Graph,
    roots: Mapping[int, int],
    nodes: Sequence[Node],
    groups: Sequence[Group],
    region_bytes: Sequence[int] = (),
    cache: StageCache | None = None,
) -> Plan:
    """Plans memory for operators that run in the given groups.

    Args:
      graph: the graph after all passes.
      roots: see `nodes.storage_roots`.
      nodes: the nodes in execution order.
      groups: consecutive and complete; one group is one stage.
      region_bytes: sizes of the memories that the arena is laid over; empty: one memory.
      cache: what is known of the same model, where it is planned more than once.
    """
    cache = cache or StageCache()
    made = {node.output for node in nodes}
    inputs = {roots.get(i, i) for i in graph.given} - made
    outputs = {roots.get(i, i) for i in graph.outputs}
    members = [tuple(group.run(nodes)) for group in groups]
    last_use = _last_uses(roots, members, outputs)
    viewed = set(roots.values())
    stages = []
    for number, (group, run) in enumerate(zip(groups, members, strict=True)):
        internal = frozenset(
            n.output
            for n in run[:-1]
            if last_use.get(n.output, number) == number
            and n.output not in outputs
            and n.output not in viewed
        )
        stages.append(cache.stage(graph, nodes, group, internal))
    return _place(graph, roots, stages, inputs, last_use, region_bytes, cache)


def _last_uses(
    roots: Mapping[int, int], members: Sequence[tuple[Node, ...]], outputs: set[int]
) -> dict[int, int]:
    """The last stage that reads each tensor; beyond the last one for the graph's outputs."""
    uses = {}
    for number, group in enumerate(members):
        for node in group:
            for tensor in node.inputs:
                uses[roots.get(tensor, tensor)] = number
    uses.update(dict.fromkeys(outputs, len(members)))
    return uses


def _place(
    graph: Graph,
    roots: Mapping[int, int],
    stages: Sequence[Stage],
    inputs: set[int],
    last_use: Mapping[int, int],
    region_bytes: Sequence[int],
    cache: StageCache,
) -> Plan:
    buffers: list[Buffer] = []
    rows: dict[int, tuple[int, int]] = {}  # tensor -> (buffer, rows kept)

    def add(tensor: int, kept: int, start: int, end: int) -> None:
        rows[tensor] = (len(buffers), kept)
        size = kept * graph.tensors[tensor].rows[1]
        kind = "tensor" if kept == graph.tensors[tensor].rows[0] else "ring"
        buffers.append(Buffer(graph.tensors[tensor].name, size, start, end, kind))

    for tensor in sorted(inputs):
        height = graph.tensors[tensor].rows[0]
        add(tensor, height, 0, last_use.get(tensor, 0) + 1)
    scratch: list[int] = []
    for number, stage in enumerate(stages):
        for node in stage.nodes:
            ring = stage.rings.get(node.output)
            if ring is not None and ring.tensor == node.output:
                add(node.output, ring.rows, number, number + 1)
            elif ring is None and node.output not in rows and node.output not in graph.exits:
                height = graph.tensors[node.output].rows[0]
                add(node.output, height, number, last_use.get(node.output, number) + 1)
        scratch.append(len(buffers))
        name = f"scratch of stage {number}"
        buffers.append(Buffer(name, stage.scratch_bytes, number, number + 1, "scratch"))
    state = -1
    if stages and is_row_source(stages[0].nodes[0]):
        state = len(buffers)
        buffers.append(Buffer("row counters", 4 * len(stages[0].nodes), 0, 1, "scratch"))
    overlaps = _overlaps(graph, roots, stages, rows, last_use, cache)
    placement = place_buffers(buffers, overlaps, region_bytes)
    arena_bytes = aligned(placement.arena_bytes, 16)
    states, kept_bytes = _states(graph, aligned(max(arena_bytes, sum(region_bytes)), 16))
    return Plan(
        tuple(stages),
        roots,
        _storage(graph, stages, rows, placement.offsets) | states,
        tuple(placement.offsets[i] for i in scratch),
        tuple(buffers),
        placement.offsets,
        placement.offsets[state] if state >= 0 else -1,
        arena_bytes,
        placement.lower_bound_bytes,
        tuple(region_bytes),
        kept_bytes,
    )


def state_bytes(graph: Graph) -> int:
    """Bytes that outlast an inference."""
    return _states(graph, 0)[1]


def _states(graph: Graph, base: int) -> tuple[dict[int, Storage], int]:
    """Where states lie, at the end of an inference as at its start, and their bytes in all."""
    storage, end = {}, 0
    for entry, result in zip(graph.entries, graph.exits, strict=True):
        height, row_bytes = graph.tensors[entry].rows
        storage[entry] = storage[result] = Storage(base + end, height, row_bytes, height)
        end = aligned(end + graph.tensors[entry].size_bytes, 4)
    return storage, aligned(end, 16)


def _storage(
    graph: Graph,
    stages: Sequence[Stage],
    rows: Mapping[int, tuple[int, int]],
    offsets: Sequence[int],
) -> dict[int, Storage]:
    """Where tensors lie, from the offsets of their buffers."""
    storage = {
        tensor: Storage(offsets[buffer], kept, row_bytes, height)
        for tensor, (buffer, kept) in rows.items()
        for height, row_bytes in [graph.tensors[tensor].rows]
    }
    for stage in stages:
        for tensor, ring in stage.rings.items():
            # A result in place of its input's rows may have fewer of them.
            height = graph.tensors[tensor].rows[0]
            storage[tensor] = dataclasses.replace(
                storage[ring.tensor], height=height, shift=ring.shift
            )
    return storage


def _overlaps(
    graph: Graph,
    roots: Mapping[int, int],
    stages: Sequence[Stage],
    rows: Mapping[int, tuple[int, int]],
    last_use: Mapping[int, int],
    cache: StageCache,
) -> dict[tuple[int, int], Overlap]:
    """Pairs that may share memory: a tensor's last reader is the stage that writes the other."""
    found: dict[tuple[int, int], Overlap] = {}
    for number, stage in enumerate(stages):
        # States that are made have a memory of their own.
        made = [n.output for n in stage.nodes if n.output in rows and n.output not in stage.rings]
        read = {roots.get(t, t) for n in stage.nodes for t in n.inputs} & set(rows)
        for source in sorted(read - set(stage.rings) - set(made)):
            if last_use[source] != number:
                continue
            for result in made:
                overlap = cache.overlap(graph, roots, stage, source, result)
                if overlap is not None:
                    found[rows[result][0], rows[source][0]] = overlap
    return found
