# SPDX-License-Identifier: Apache-2.0
"""The offset solver: valid, never below its bound, optimal where all orders can be tried."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from mcunet_tf.tinyengine.plan.offsets import (
    ALIGNMENT,
    Buffer,
    Overlap,
    _Solver,
    place_buffers,
)
from tests.plan.counted import counted_calls

TRIED = settings(max_examples=200, deadline=None, derandomize=True, database=None)
STAGES = 6


def aligned(size_bytes: int) -> int:
    return -(-size_bytes // ALIGNMENT) * ALIGNMENT


@st.composite
def buffers(draw, most: int) -> list[Buffer]:
    """Buffers with random lifetimes; sizes of a few words, some empty, some not whole words."""
    found = []
    for number in range(draw(st.integers(1, most))):
        start = draw(st.integers(0, STAGES - 1))
        end = draw(st.integers(start + 1, STAGES))
        found.append(Buffer(f"b{number}", draw(st.integers(0, 40)), start, end))
    return found


@st.composite
def instances(draw, most: int) -> tuple[list[Buffer], dict[tuple[int, int], Overlap]]:
    """Buffers, and pairs of which the upper one dies where the lower one is born."""
    found = draw(buffers(most))
    overlaps = {}
    for lower, upper in itertools.permutations(range(len(found)), 2):
        met = found[upper].end == found[lower].start + 1
        if not (met and found[upper].start < found[lower].start and draw(st.booleans())):
            continue
        size = aligned(found[lower].size_bytes)
        least = draw(st.integers(0, size // ALIGNMENT)) * ALIGNMENT
        step = draw(st.sampled_from([0, 4, 12]))
        overlaps[lower, upper] = Overlap(least, step, size)
    return found, overlaps


def lives_together(a: Buffer, b: Buffer) -> bool:
    return any(a.start <= s < a.end and b.start <= s < b.end for s in range(STAGES))


def may_lie_above(distance: int, overlap: Overlap) -> bool:
    """Whether the upper buffer may start `distance` bytes above the start of the lower one."""
    if distance >= overlap.free_bytes:
        return True
    if distance < overlap.least_bytes:
        return False
    return overlap.step_bytes == 0 or (distance - overlap.least_bytes) % overlap.step_bytes == 0


def compatible(
    i: int,
    j: int,
    offsets: Sequence[int],
    found: Sequence[Buffer],
    overlaps: Mapping[tuple[int, int], Overlap],
) -> bool:
    """Whether two buffers do each other no harm where they lie."""
    if not lives_together(found[i], found[j]):
        return True
    a, b = offsets[i], offsets[j]
    clear = a + aligned(found[i].size_bytes) <= b or b + aligned(found[j].size_bytes) <= a
    return (
        clear
        or ((i, j) in overlaps and may_lie_above(b - a, overlaps[i, j]))
        or ((j, i) in overlaps and may_lie_above(a - b, overlaps[j, i]))
    )


def assert_valid(found, overlaps, placement, borders=()) -> None:
    assert len(placement.offsets) == len(found)
    tops = [
        offset + aligned(b.size_bytes) for offset, b in zip(placement.offsets, found, strict=True)
    ]
    assert max(tops) == placement.arena_bytes
    assert all(offset >= 0 and offset % ALIGNMENT == 0 for offset in placement.offsets)
    for i, j in itertools.combinations(range(len(found)), 2):
        assert compatible(i, j, placement.offsets, found, overlaps), (i, j)
    for offset, buffer in zip(placement.offsets, found, strict=True):
        end = offset + aligned(buffer.size_bytes)
        assert not any(offset < border < end for border in borders)


def brute_force(found: Sequence[Buffer], overlaps: Mapping[tuple[int, int], Overlap]) -> int:
    """The smallest arena over all orders, each buffer at the lowest place that does no harm."""
    best = sum(aligned(b.size_bytes) for b in found)
    for order in itertools.permutations(range(len(found))):
        offsets = [-1] * len(found)
        for i in order:
            placed = [j for j in order if offsets[j] >= 0]
            offsets[i] = 0
            while not all(compatible(i, j, offsets, found, overlaps) for j in placed):
                offsets[i] += ALIGNMENT
        best = min(
            best, max(o + aligned(b.size_bytes) for o, b in zip(offsets, found, strict=True))
        )
    return best


@TRIED
@given(instances(most=14))
def test_placements_are_valid(instance):
    found, overlaps = instance
    assert_valid(found, overlaps, place_buffers(found, overlaps))


@TRIED
@given(buffers(most=14))
def test_no_arena_is_below_the_bound(found):
    """Without overlaps the bound is what lives at once, which nothing can beat."""
    placement = place_buffers(found, {})
    loads = [
        sum(aligned(b.size_bytes) for b in found if b.start <= stage < b.end)
        for stage in range(STAGES)
    ]
    assert placement.lower_bound_bytes == max(loads)
    assert placement.arena_bytes >= max(loads)


@settings(TRIED, max_examples=100)
@given(instances(most=5))
def test_small_instances_are_solved_optimally(instance):
    found, overlaps = instance
    assert place_buffers(found, overlaps).arena_bytes == brute_force(found, overlaps)


@TRIED
@given(buffers(most=10), st.lists(st.integers(10, 30), min_size=1, max_size=3))
def test_no_buffer_lies_in_two_memories(found, words):
    sizes = [4 * n for n in words]
    placement = place_buffers(found, {}, sizes)
    assert_valid(found, {}, placement, list(itertools.accumulate(sizes)))


def test_largest_first_is_not_good_enough():
    """An instance where the usual greedy order takes 84 bytes."""
    lives = [(16, 1, 3), (24, 4, 6), (28, 0, 2), (28, 1, 4), (8, 3, 6), (12, 2, 5)]
    found = [Buffer(f"b{i}", *life) for i, life in enumerate(lives)]
    offsets = [-1] * len(found)
    for i in sorted(range(len(found)), key=lambda k: -found[k].size_bytes):
        placed = [j for j in range(len(found)) if offsets[j] >= 0]
        offsets[i] = 0
        while not all(compatible(i, j, offsets, found, {}) for j in placed):
            offsets[i] += ALIGNMENT
    assert max(o + b.size_bytes for o, b in zip(offsets, found, strict=True)) == 84
    assert place_buffers(found, {}).arena_bytes == brute_force(found, {}) == 72


def test_an_in_place_pair_takes_the_place_of_one():
    found = [Buffer("out", 100, 1, 3), Buffer("in", 100, 0, 2)]
    assert place_buffers(found, {(0, 1): Overlap(0, 0, 100)}).arena_bytes == 100
    assert place_buffers(found, {(0, 1): Overlap(12, 0, 100)}).arena_bytes == 112
    assert place_buffers(found, {}).arena_bytes == 200


def test_nothing_to_place_takes_nothing():
    assert place_buffers([Buffer("empty", 0, 0, 1)], {}).arena_bytes == 0


@TRIED
@given(instances(8), st.randoms(use_true_random=False))
def test_a_buffer_that_moves_forward_leaves_others_where_all_are_placed_anew(instance, random):
    found, overlaps = instance
    solver = _Solver(found, overlaps, [])
    order = list(range(len(found)))
    random.shuffle(order)
    at = random.randrange(len(order))
    target = random.randint(0, at)
    arena_bytes, offsets, _ = solver.first_fit(order)
    other = order[:at] + order[at + 1 :]
    other.insert(target, order[at])
    anew = solver.first_fit(other)
    useful = anew if anew[0] <= arena_bytes else None
    assert solver.placed_earlier(other, target, offsets, arena_bytes) == useful


def chain(length: int) -> list[Buffer]:
    """Buffers of different sizes, of which three live at a time."""
    return [Buffer(f"b{i}", 4 * (1 + i * i % 17), i, i + 3) for i in range(length)]


def work(length: int) -> int:
    """Pairs that are looked at, and places that are looked for, to place a chain."""
    with counted_calls(_Solver, "_forbidden", "lowest") as calls:
        place_buffers(chain(length), {})
    return calls.total()


def test_work_grows_with_the_number_of_buffers_and_not_with_its_square():
    assert work(2000) < 2.5 * work(1000)


def test_a_buffer_that_moves_forward_disturbs_its_neighbours_only():
    solver = _Solver(chain(500), {}, [])
    order = list(range(500))
    arena_bytes, offsets, _ = solver.first_fit(order)
    moved = [*order[:250], order[260], *order[250:260], *order[261:]]
    with counted_calls(_Solver, "lowest") as calls:
        assert solver.placed_earlier(moved, 250, offsets, 2 * arena_bytes) is not None
    assert 0 < calls.total() < 100
