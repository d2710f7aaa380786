# SPDX-License-Identifier: Apache-2.0
"""What a band needs, in every form that is asked for, against counting rows one by one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from mcunet_tf.tinyengine.schedule.reach import Reach, make_pull

WINDOWS = [
    (stride, pad_top, extent)
    for stride, pad_top, extent in itertools.product((1, 2, 3), (0, 1, 2), (1, 2, 3, 5))
    if pad_top < extent
]
GROWN = [2, 3]


def reaches() -> list[Reach]:
    windows = [Reach(s, p, e, False, 7) for s, p, e in WINDOWS]
    return windows + [Reach(1, 0, 1, False, 6 * g, g) for g in GROWN] + [Reach(1, 0, 1, True, 1)]


def rows_of(reach: Reach, y: int, height: int) -> set[int]:
    """Rows of the operand that row y is made from, counted one by one."""
    if reach.whole:
        return set(range(height))
    first = y // reach.growth if reach.growth > 1 else y * reach.stride - reach.pad_top
    return {row for row in range(first, first + reach.extent) if 0 <= row < height}


@pytest.mark.parametrize("reach", reaches(), ids=str)
@pytest.mark.parametrize("height", [6, 9, 15])
def test_every_form_counts_the_same_rows(reach, height):
    for first, end in itertools.combinations(range(0, reach.height + 1, reach.growth), 2):
        rows = set().union(*(rows_of(reach, y, height) for y in range(first, end)))
        if rows and reach.stride <= reach.extent:
            assert reach.reads(first, end, height) == (min(rows), max(rows) + 1)
            assert reach.starts(np.array([first]), height)[0] == min(rows)
        earlier = set().union(*(rows_of(reach, y, height) for y in range(end)))
        assert reach.ahead(end, height) >= max(earlier, default=-1) + 1
        assert reach.aheads(np.array([0, end]), height).tolist() == [0, reach.ahead(end, height)]
        later = set().union(*(rows_of(reach, y, height) for y in range(end, reach.height)))
        assert reach.oldest(end, height) <= min(later, default=height)
        if not reach.whole:
            assert reach.high(end) - reach.low(first) == (
                (end - 1) // reach.growth * reach.stride
                + reach.extent
                - first // reach.growth * reach.stride
            )


@pytest.mark.parametrize("reach", reaches(), ids=str)
@pytest.mark.parametrize("height", [6, 9, 15])
def test_the_c_pulls_what_the_trace_wants(reach, height):
    pull = make_pull(reach, 0, height, at_end=False)
    for end in range(reach.growth, reach.height + 1, reach.growth):
        assert pull.rows(end) == reach.ahead(end, height)


def test_results_that_come_at_the_end_are_pulled_as_a_whole():
    reach = Reach(1, 0, 1, False, 4)
    assert make_pull(reach, 2, 9, at_end=True).rows(1) == 9
