# SPDX-License-Identifier: Apache-2.0
"""Single faults, planted in the planner: what a slip of its programmer would do to plans."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from mcunet_tf.tinyengine import select
from mcunet_tf.tinyengine.kernel_tables.table import Style
from mcunet_tf.tinyengine.plan import grouping, plan, proposals
from mcunet_tf.tinyengine.schedule import nodes, rings, stage, trace
from mcunet_tf.tinyengine.schedule.calls import Calls
from mcunet_tf.tinyengine.schedule.nodes import Node
from mcunet_tf.tinyengine.schedule.reach import Pull, Reach
from mcunet_tf.tinyengine.schedule.rings import Ring, aligned
from mcunet_tf.tinyengine.schedule.stage import Stage

Plant = Callable[[], contextlib.AbstractContextManager[Any]]
HOST, DSP = "portable", "qemu-m4"


@dataclasses.dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        plant: a context in which the planner has it.
        board: whose kernels show it; in-place rows and chunks are the DSP extension's.
        input_mode: "rows" where only that way of running has what is spoiled.
        optimize: what plans are made for; the smallest ones hold the least to spare.
    """

    plant: Plant
    board: str = HOST
    input_mode: str = "frame"
    optimize: str = "sram"


def _wrapped(owner: Any, name: str, change: Callable[..., Any]) -> Plant:
    """Changes the result of a function: `change(result, *arguments)`."""
    original = getattr(owner, name)

    def replacement(*arguments: Any, **options: Any) -> Any:
        return change(original(*arguments, **options), *arguments)

    return lambda: mock.patch.object(owner, name, replacement)


def _together(*plants: Plant) -> Plant:
    @contextlib.contextmanager
    def planted() -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            for plant in plants:
                stack.enter_context(plant())
            yield

    return planted


def _pull_less(pull: Pull, reach: Reach, *_: Any) -> Pull:
    """Windows wait for one row less than they read."""
    return pull._replace(offset=pull.offset - 1) if pull.stride and reach.extent > 1 else pull


def _pull_more(made: Stage, *_: Any) -> Stage:
    """The C pulls a row more than the trace knows of."""
    pulls = tuple(
        tuple(p._replace(offset=p.offset + 1) if p.stride else p for p in own) for own in made.pulls
    )
    return dataclasses.replace(made, pulls=pulls)


def _one_slot_less(found: tuple[Ring, bool], graph: Any, maker: Node, *_: Any) -> Any:
    ring, fits = found
    if ring.rows < graph.tensors[maker.output].rows[0] and ring.rows > 1:
        ring = dataclasses.replace(ring, rows=ring.rows - 1, shift=0)
    return ring, fits


def _one_shared_slot_less(ring: Ring, graph: Any, *_: Any) -> Ring:
    if 1 < ring.rows < graph.tensors[ring.tensor].rows[0]:
        return dataclasses.replace(ring, rows=ring.rows - 1, shift=0)
    return ring


def _shifted_ring(alias: Ring | None, *_: Any) -> Ring | None:
    return alias and dataclasses.replace(alias, shift=(alias.shift + 1) % alias.rows)


def _row_too_far(overlap: Any, graph: Any, roots: Any, made: Any, source: int, _: int) -> Any:
    """Results may lie a row further over the input than is safe."""
    row_bytes = graph.tensors[source].rows[1]
    if overlap is None:
        return None
    # Pairs of rows that may meet do so at multiples of the row.
    less = aligned(row_bytes) if not overlap.step_bytes else row_bytes
    return dataclasses.replace(
        overlap,
        least_bytes=max(overlap.least_bytes - less, 0),
        free_bytes=max(overlap.free_bytes - less, 0),
    )


def _moved_down(placement: Any, buffers: Any, *_: Any) -> Any:
    """The buffer that lies highest starts 16 bytes too low."""
    offsets = list(placement.offsets)
    highest = max(range(len(offsets)), key=offsets.__getitem__)
    offsets[highest] = max(offsets[highest] - 16, 0)
    return dataclasses.replace(placement, offsets=tuple(offsets))


def _counters_over_rows(placement: Any, buffers: Any, *_: Any) -> Any:
    names = [buffer.name for buffer in buffers]
    if "row counters" not in names:
        return placement
    offsets = list(placement.offsets)
    offsets[names.index("row counters")] = offsets[0]
    return dataclasses.replace(placement, offsets=tuple(offsets))


def _without_padding(node: Node, *_: Any) -> Node:
    return dataclasses.replace(node, pad_row_bytes=0)


def _all_padding_in_rings(made: Any, graph: Any, members: Any, *_: Any) -> Any:
    return made[0], tuple(node.pad_row_bytes > 0 for node in members)


def _no_room_for_padding(laid_out: Any, members: Any, calls: Any, padded: Any) -> Any:
    """The shared scratch is as large as kernels need it, without their rows of padding."""
    places, shared = laid_out
    own = [p.size_bytes for p, n in zip(places, members, strict=True) if not _keeps(n)]
    smaller = aligned(max(own, default=0))
    moved = [p._replace(start=p.start - shared + smaller) if p.start else p for p in places]
    return tuple(moved), smaller


def _keeps(node: Node) -> bool:
    return node.kernel.style is Style.REDUCE


def _sums_in_shared_scratch(laid_out: Any, *_: Any) -> Any:
    places, shared = laid_out
    return tuple(place._replace(start=0) for place in places), shared


def _half(size_bytes: int, *_: Any) -> int:
    return size_bytes // 8 * 4


def _shorter_lives(uses: dict[int, int], roots: Any, members: Any, *_: Any) -> dict[int, int]:
    """Tensors that are read some stages later die one stage too early."""
    made = {node.output: number for number, run in enumerate(members) for node in run}
    return {t: use - (use > made.get(t, 0) + 1) for t, use in uses.items()}


def _stages_swapped(found: Any, *_: Any) -> Any:
    """The last two stages run the other way round."""
    if len(found.stages) < 2:
        return found
    *first, a, b = zip(found.stages, found.scratch_offsets, strict=True)
    stages, scratch = zip(*first, b, a, strict=True)
    return dataclasses.replace(found, stages=stages, scratch_offsets=scratch)


def _nothing_outside(make: Callable[..., Stage]) -> Callable[..., Stage]:
    """Stages take all that they make for their own, though later stages read some of it."""

    def made(self: Any, graph: Any, every: Any, group: Any, internal: frozenset[int]) -> Stage:
        inner = frozenset(node.output for node in every[group.start : group.end - 1])
        return make(self, graph, every, group, internal | inner)

    return made


def _window(**changes: int) -> Plant:
    def change(window: Any, *_: Any) -> Any:
        if window.extent == 1:
            return window
        moved = {name: getattr(window, name) + step for name, step in changes.items()}
        return dataclasses.replace(window, **moved)

    return _wrapped(nodes, "_window", change)


def _exchanged(found: Any, *_: Any) -> Any:
    """Operands in the order of the file's last to first."""
    inputs, streamed = found
    return inputs[::-1], streamed[::-1]


def _overlap_too_early() -> contextlib.AbstractContextManager[Any]:
    """A result may lie over a tensor that later stages read again."""
    original = plan._overlaps

    def overlaps(graph: Any, roots: Any, stages: Any, rows: Any, last_use: Any, cache: Any) -> Any:
        first_use: dict[int, int] = {}
        for number, made in enumerate(stages):
            for node in made.nodes:
                for tensor in node.inputs:
                    first_use.setdefault(roots.get(tensor, tensor), number)
        return original(graph, roots, stages, rows, {**last_use, **first_use}, cache)

    return mock.patch.object(plan, "_overlaps", overlaps)


def _first_bands_full(made: Stage, *_: Any) -> Stage:
    """The C's first band is as long as the others, whatever the trace has."""
    calls = tuple(c._replace(first=c.band) for c in made.calls)
    return dataclasses.replace(made, calls=calls)


def _longer_bands(made: Stage, *_: Any) -> Stage:
    """The C makes a row more in each call than the trace."""
    calls = tuple(c._replace(band=c.band + 1, first=c.first + 1) for c in made.calls)
    return dataclasses.replace(made, calls=calls)


def _held(calls: Calls) -> int:
    """Scratch for half of the rows that a chunk has."""
    return max((min(calls.chunk, calls.band) or calls.band) // 2, 1)


def _longer_chunks(made: Stage, *_: Any) -> Stage:
    """Chunks of twice as many rows, in the scratch of the right ones."""
    calls = tuple(c._replace(chunk=2 * c.chunk) for c in made.calls)
    return dataclasses.replace(made, calls=calls)


def _reach_less(change: str, step: int) -> Plant:
    original = getattr(Reach, change)

    def moved(self: Reach, rows: Any) -> Any:
        return original(self, rows) + (step if self.extent > 1 else 0)

    return lambda: mock.patch.object(Reach, change, moved)


def _both_makers(change: Callable[..., Any]) -> Plant:
    return _together(
        _wrapped(plan, "make_stage", change), _wrapped(proposals, "make_stage", change)
    )


_LESS_AHEAD = _wrapped(trace, "make_pull", _pull_less)
_NEEDS_LESS = _together(_reach_less("high", -1), _LESS_AHEAD)
_OVERLAPS = _together(
    _wrapped(plan, "safe_overlap", _row_too_far), _wrapped(proposals, "safe_overlap", _row_too_far)
)
_MADE_NODES = _wrapped(select, "make_node", _without_padding)

FAULTS: dict[str, Fault] = {
    "a band needs a row less": Fault(_NEEDS_LESS),
    "a band waits for a row less": Fault(_LESS_AHEAD),
    "a pushed band needs a row less": Fault(_NEEDS_LESS, input_mode="rows"),
    "a pushed band waits for a row less": Fault(_LESS_AHEAD, input_mode="rows"),
    "the C pulls a row more than the trace": Fault(_both_makers(_pull_more)),
    "rows are given up one too early": Fault(_reach_less("low", 1)),
    "rows in place are given up one too early": Fault(_reach_less("low", 1), DSP),
    "a window's ring has a slot less": Fault(_wrapped(rings, "_window_ring", _one_slot_less)),
    "a shared ring has a slot less": Fault(_wrapped(rings, "_shared_ring", _one_shared_slot_less)),
    "a ring in place lags by a row": Fault(_wrapped(rings, "_in_place", _shifted_ring), DSP),
    "rows in place of rows that do not fit": Fault(
        _wrapped(rings, "can_replace_rows", lambda *_: True), DSP
    ),
    "bands may wrap around their ring": Fault(
        _wrapped(rings, "ring_shift", lambda *_: 0), DSP, optimize="balanced"
    ),
    "a result reaches a row too far": Fault(_OVERLAPS),
    "a result in place reaches a row too far": Fault(_OVERLAPS, DSP),
    "a result lies over what is read again": Fault(_overlap_too_early),
    "a buffer starts 16 bytes too low": Fault(_wrapped(plan, "place_buffers", _moved_down)),
    "row counters lie over rows": Fault(
        _wrapped(plan, "place_buffers", _counters_over_rows), input_mode="rows"
    ),
    "padding is lost": Fault(_MADE_NODES),
    "padding in the slots of rows that are kept": Fault(
        _wrapped(stage, "make_rings", _all_padding_in_rings)
    ),
    "no room for a row of padding": Fault(_wrapped(stage, "lay_out_scratch", _no_room_for_padding)),
    "sums lie in the scratch of all": Fault(
        _wrapped(stage, "lay_out_scratch", _sums_in_shared_scratch)
    ),
    "scratch of half the size": Fault(_wrapped(Node, "scratch_bytes", _half)),
    "chunks of twice the rows": Fault(_both_makers(_longer_chunks), DSP),
    "scratch for half a chunk": Fault(
        lambda: mock.patch.object(Calls, "held", property(_held)), DSP
    ),
    "lives end a stage too early": Fault(_wrapped(plan, "_last_uses", _shorter_lives)),
    "two stages in the wrong order": Fault(_wrapped(grouping, "plan_stages", _stages_swapped)),
    "rows that are owed are forgotten": Fault(
        lambda: mock.patch.object(plan.StageCache, "stage", _nothing_outside(plan.StageCache.stage))
    ),
    "the first band ends like the others": Fault(
        _both_makers(_first_bands_full), DSP, optimize="balanced"
    ),
    "bands are a row longer than in the trace": Fault(_both_makers(_longer_bands)),
    "windows start a row too late": Fault(_window(pad_top=-1, pad_bottom=1)),
    "windows are a row too short": Fault(_window(extent=-1)),
    "windows step a row too far": Fault(_window(stride=1)),
    "images grow by another factor": Fault(
        _wrapped(nodes, "_growth", lambda growth, *_: 1 if growth > 1 else growth)
    ),
    "operands change places": Fault(_wrapped(nodes, "_operands", _exchanged)),
}
