# SPDX-License-Identifier: Apache-2.0
"""Places buffers in one arena: a search over placement orders, with a proof of how good it is.

Dynamic storage allocation: buffers with half-open lifetimes, where two that live at the same time
may not overlap, except by a distance that the schedule has proved safe. Every optimal placement can
be pushed down until each buffer rests on another one, so the search over orders of first-fit
placements holds an optimal solution. The search is bounded; a result that meets the lower bound is
proved optimal, any other reports its gap.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

ALIGNMENT = 4
MAX_STEPS = 4_000


@dataclasses.dataclass(frozen=True)
class Buffer:
    """Bytes that are in use during stages [start, end)."""

    name: str
    size_bytes: int
    start: int
    end: int


@dataclasses.dataclass(frozen=True)
class Placement:
    """Offsets in the order of the buffers, the arena's size, and a bound no plan can beat."""

    offsets: tuple[int, ...]
    arena_bytes: int
    lower_bound_bytes: int


# (lower, upper) -> bytes that `upper` must lie above the start of `lower`, if less than its size.
Distances = Mapping[tuple[int, int], int]


def place_buffers(buffers: Sequence[Buffer], distances: Distances) -> Placement:
    """Finds offsets for the smallest arena; optimal whenever it meets the lower bound."""
    solver = _Solver(buffers, distances)
    best = min((solver.first_fit(order) for order in solver.orders()), key=lambda p: p[0])
    bound = solver.lower_bound()
    if best[0] > bound:
        best = solver.improve(best, bound)
    return Placement(tuple(best[1]), best[0], bound)


class _Solver:
    def __init__(self, buffers: Sequence[Buffer], distances: Distances) -> None:
        self.buffers = buffers
        self.sizes = [_aligned(b.size_bytes) for b in buffers]
        count = len(buffers)
        self.conflicts: list[list[tuple[int, int, int]]] = [[] for _ in range(count)]
        for i in range(count):
            for j in range(count):
                if i != j and _overlap(buffers[i], buffers[j]):
                    above = distances.get((j, i), self.sizes[j])  # i over j
                    below = distances.get((i, j), self.sizes[i])  # i under j
                    self.conflicts[i].append((j, _aligned(above), _aligned(below)))
        self.distances = distances

    def lower_bound(self) -> int:
        """The most bytes alive in one stage, counting buffers that may overlap once."""
        return max([*self.loads(), *self.sizes], default=0)

    def _saving(self, lower: int, upper: int) -> int:
        distance = _aligned(self.distances[lower, upper])
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
        for lower, upper in self.distances:
            a, b = self.buffers[lower], self.buffers[upper]
            for stage in range(max(a.start, b.start), min(a.end, b.end)):
                loads[stage] -= self._saving(lower, upper)
        return loads

    def first_fit(self, order: Sequence[int]) -> tuple[int, list[int], list[int]]:
        """(arena, offsets, order) when each buffer takes the lowest place still free."""
        offsets = [-1] * len(self.buffers)
        top = 0
        for i in order:
            offsets[i] = self.lowest(i, offsets)
            top = max(top, offsets[i] + self.sizes[i])
        return top, offsets, list(order)

    def lowest(self, i: int, offsets: Sequence[int]) -> int:
        """The lowest offset of buffer i beside those already placed."""
        forbidden = sorted(
            (offsets[j] - below, offsets[j] + above)
            for j, above, below in self.conflicts[i]
            if offsets[j] >= 0
        )
        offset = 0
        for low, high in forbidden:
            # Sorted by `low`: once the offset is not above it, it is below all that follow.
            if low < offset < high:
                offset = high
        return offset

    def improve(
        self, best: tuple[int, list[int], list[int]], bound: int
    ) -> tuple[int, list[int], list[int]]:
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
                    found = self.first_fit(candidate)
                    if found[0] <= top:
                        queue.append(found)
                    if found[0] < best[0]:
                        best = found
                        queue = [found]
        return best


def _aligned(size_bytes: int) -> int:
    return -(-size_bytes // ALIGNMENT) * ALIGNMENT


def _overlap(a: Buffer, b: Buffer) -> bool:
    return a.start < b.end and b.start < a.end
