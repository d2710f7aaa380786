# SPDX-License-Identifier: Apache-2.0
"""Places buffers in one arena: a search over placement orders, with a proof of how good it is.

Dynamic storage allocation: buffers with half-open lifetimes, where two that live at the same time
may not overlap, except by a distance that the schedule has proved safe. Every optimal placement can
be pushed down until each buffer rests on another one, so the search over orders of first-fit
placements holds an optimal solution. The search is bounded; a result that meets the lower bound is
proved optimal, any other reports its gap.

`README.md` beside this file draws an example.
"""

from __future__ import annotations

import dataclasses
import itertools
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence

ALIGNMENT = 4
MAX_STEPS = 4_000
NOWHERE = 1 << 60
"""Above all buffers."""


@dataclasses.dataclass(frozen=True)
class Buffer:
    """Bytes that are in use during stages [start, end); `kind`: "tensor", "ring" or "scratch"."""

    name: str
    size_bytes: int
    start: int
    end: int
    kind: str = "tensor"


@dataclasses.dataclass(frozen=True)
class Placement:
    """Offsets in the order of the buffers, the arena's size, and a bound no plan can beat."""

    offsets: tuple[int, ...]
    arena_bytes: int
    lower_bound_bytes: int


@dataclasses.dataclass(frozen=True)
class Overlap:
    """How a buffer may lie above the start of another one that lives at the same time.

    At `least_bytes`, or that plus a multiple of `step_bytes`; anywhere from `free_bytes` on.
    """

    least_bytes: int
    step_bytes: int
    free_bytes: int

    def gaps(self) -> list[tuple[int, int]]:
        """Open intervals of distances, from the least one on, that are not allowed."""
        if self.step_bytes == 0:
            return []
        starts = range(self.least_bytes, self.free_bytes, self.step_bytes)
        return [(low, min(low + self.step_bytes, self.free_bytes)) for low in starts]


# (lower, upper): where the upper buffer may lie before it is clear of the lower one.
Overlaps = Mapping[tuple[int, int], Overlap]

Found = tuple[int, list[int], list[int]]
"""(arena, offsets, the order in which buffers were placed) of a search's step."""


def place_buffers(
    buffers: Sequence[Buffer], overlaps: Overlaps, region_bytes: Sequence[int] = ()
) -> Placement:
    """Finds offsets for the smallest arena; optimal whenever it meets the lower bound.

    Args:
      buffers: what to place.
      overlaps: pairs that may share memory.
      region_bytes: sizes of separate memories that the arena is laid over one after the other; no
        buffer lies in two of them. None means one memory without end.
    """
    solver = _Solver(buffers, overlaps, list(itertools.accumulate(region_bytes)))
    bound = solver.lower_bound()
    best: Found | None = None
    for order in solver.orders():
        found = solver.first_fit(order)
        if best is None or found[0] < best[0]:
            best = found
        if best[0] <= bound:
            break
    assert best is not None
    if best[0] > bound:
        best = solver.improve(best, bound)
    return Placement(tuple(best[1]), best[0], bound)


class _Solver:
    def __init__(
        self, buffers: Sequence[Buffer], overlaps: Overlaps, borders: Sequence[int]
    ) -> None:
        self.buffers = buffers
        self.overlaps = overlaps
        self.borders = borders
        self.sizes = [_aligned(b.size_bytes) for b in buffers]
        # For each buffer: another one, and an open interval of offsets relative to that one's that
        # is forbidden. What has no bytes is in nobody's way.
        filled = [i for i, size in enumerate(self.sizes) if size]
        self.conflicts: list[list[tuple[int, int, int]]] = [[] for _ in buffers]
        for i, j in self._alive_together(filled):
            for lower, upper in ((i, j), (j, i)):
                self.conflicts[lower] += [
                    (upper, low, high) for low, high in self._forbidden(lower, upper)
                ]
        for conflicts in self.conflicts:
            conflicts.sort(key=lambda conflict: conflict[0])

    def _alive_together(self, filled: Iterable[int]) -> Iterator[tuple[int, int]]:
        """Pairs of buffers that live at the same time; looks at little else."""
        buffers = self.buffers
        alive: list[int] = []
        for i in sorted(filled, key=lambda i: buffers[i].start):
            alive = [j for j in alive if buffers[j].end > buffers[i].start]
            yield from ((i, j) for j in alive if buffers[j].start < buffers[i].end)
            alive.append(i)

    def _forbidden(self, i: int, j: int) -> list[tuple[int, int]]:
        above, below = self.overlaps.get((j, i)), self.overlaps.get((i, j))
        if above is None and below is None:
            return [(-self.sizes[i], self.sizes[j])]
        intervals = [
            (
                -self.sizes[i] if below is None else -below.least_bytes,
                self.sizes[j] if above is None else above.least_bytes,
            )
        ]
        if above is not None:
            intervals += above.gaps()
        if below is not None:
            intervals += [(-high, -low) for low, high in below.gaps()]
        return intervals

    def lower_bound(self) -> int:
        """The most bytes alive in one stage, counting buffers that may overlap once."""
        return max([*self.loads(), *self.sizes], default=0)

    def _saving(self, lower: int, upper: int) -> int:
        distance = self.overlaps[lower, upper].least_bytes
        joint = max(self.sizes[lower], distance + self.sizes[upper])
        return self.sizes[lower] + self.sizes[upper] - joint

    def orders(self) -> list[list[int]]:
        """Placement orders that are good to start from.

        A result that may lie below its dying input must be placed first: hence latest first.
        """
        indices = range(len(self.buffers))
        loads = self.loads()
        worst = [max(loads[s] for s in range(b.start, b.end)) for b in self.buffers]
        keys = (
            lambda i: (-worst[i], -self.buffers[i].start, -self.sizes[i]),
            lambda i: (-worst[i], -self.sizes[i], -self.buffers[i].start),
            lambda i: (-self.buffers[i].start, -self.sizes[i]),
            lambda i: (-self.sizes[i], -self.buffers[i].start),
            lambda i: (-self.sizes[i], self.buffers[i].start),
            lambda i: (self.buffers[i].start, -self.sizes[i]),
        )
        return [sorted(indices, key=key) for key in keys]

    def loads(self) -> list[int]:
        """Bytes alive in each stage, each safe overlap taken off."""
        loads = [0] * max((b.end for b in self.buffers), default=0)
        for i, buffer in enumerate(self.buffers):
            for stage in range(buffer.start, buffer.end):
                loads[stage] += self.sizes[i]
        for lower, upper in self.overlaps:
            a, b = self.buffers[lower], self.buffers[upper]
            for stage in range(max(a.start, b.start), min(a.end, b.end)):
                loads[stage] -= self._saving(lower, upper)
        return loads

    def first_fit(self, order: Sequence[int]) -> Found:
        """Each buffer takes the lowest place still free.

        Args:
          order: all buffers.
        """
        offsets = [-1] * len(self.buffers)
        for i in order:
            offsets[i] = self.lowest(i, offsets)
        return self.top(offsets), offsets, list(order)

    def top(self, offsets: Sequence[int]) -> int:
        """The end of the highest buffer."""
        return max(map(operator.add, offsets, self.sizes), default=0)

    def placed_earlier(
        self, order: Sequence[int], target: int, offsets: Sequence[int], most: int
    ) -> Found | None:
        """`first_fit` of an order that has one buffer earlier than an order whose places are known.

        A buffer's place follows from those of its neighbours before it. Only those are placed anew
        that the moved buffer, or one that got another place, may have disturbed.

        Args:
          order: all buffers, one of them moved forward to the position `target`.
          target: a position.
          offsets: the places before the move.
          most: bytes, no less than the arena before the move; None is returned for more.
        """
        found = [-1] * len(self.buffers)
        for i in order[:target]:
            found[i] = offsets[i]
        moved = order[target]
        anew = {moved}
        for i in order[target:]:
            if i not in anew:
                found[i] = offsets[i]
                continue
            found[i] = self.lowest(i, found)
            if found[i] + self.sizes[i] > most:
                return None
            if i == moved or found[i] != offsets[i]:
                anew.update(self._disturbed(i, found[i], offsets))
        return self.top(found), found, list(order)

    def _disturbed(self, i: int, place: int, offsets: Sequence[int]) -> list[int]:
        """Buffers whose lowest place may be another one now that buffer i lies elsewhere.

        Others keep theirs: buffer i does not lie there, and has left nothing below it.
        """
        before = offsets[i] if offsets[i] != place else NOWHERE
        return [
            j
            for j, low, high in self.conflicts[i]
            if place - high < offsets[j] < place - low or before - high < offsets[j]
        ]

    def lowest(self, i: int, offsets: Sequence[int]) -> int:
        """The lowest offset of buffer i beside those already placed."""
        forbidden = [
            (place + low, place + high)
            for j, low, high in self.conflicts[i]
            if (place := offsets[j]) >= 0
        ]
        # Nothing lies across the border of two memories.
        forbidden += [(border - self.sizes[i], border) for border in self.borders]
        forbidden.sort()
        offset = 0
        for low, high in forbidden:
            # Sorted by `low`: once the offset is not above it, it is below all that follow.
            if low < offset < high:
                offset = high
        return offset

    def improve(self, best: Found, bound: int) -> Found:
        """Moves the buffers that set the arena's size to the front, until nothing helps."""
        steps = 0
        tried = {tuple(best[2])}
        queue = [best]
        while queue and steps < MAX_STEPS and best[0] > bound:
            top, offsets, order = queue.pop(0)
            peaks = [i for i in order if offsets[i] + self.sizes[i] == top]
            blockers = {j for i in peaks for j, _, _ in self.conflicts[i]} | set(peaks)
            for i in sorted(blockers, key=lambda b: -self.sizes[b]):
                at = order.index(i)
                for target in {0, at // 2, at - 1}:
                    if not 0 <= target < at:
                        continue
                    candidate = order[:at] + order[at + 1 :]
                    candidate.insert(target, i)
                    key = tuple(candidate)
                    if key in tried:
                        continue
                    tried.add(key)
                    steps += len(order)
                    found = self.placed_earlier(candidate, target, offsets, top)
                    if found is None:
                        continue
                    queue.append(found)
                    if found[0] < best[0]:
                        best = found
                        queue = [found]
        return best


def _aligned(size_bytes: int) -> int:
    return -(-size_bytes // ALIGNMENT) * ALIGNMENT
