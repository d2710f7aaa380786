# SPDX-License-Identifier: Apache-2.0
"""How far the operators of a stage have got after each band of its last one.

That depends on windows, bands and heights only, not on channels: stages of one network, and of all
networks of a search space, share most of it. Equal progress is one object, and each step from an
operator to its producer is computed once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar, cast

import numpy as np

from mcunet_tf.tinyengine.schedule.calls import Calls
from mcunet_tf.tinyengine.schedule.reach import Ints, Reach

# Steps that are kept: more than the windows of many search spaces meet.
MAX_STEPS = 200_000

_T = TypeVar("_T")


class RowProgress:
    """Rows that are done after each band of the stage's last operator; compared by identity."""

    __slots__ = ("last", "rows")

    def __init__(self, rows: tuple[int, ...]) -> None:
        self.rows = rows
        self.last = rows[-1]


Reader = tuple[RowProgress, Reach]


class Progresses:
    """All progress that was ever asked for, and what follows from it."""

    def __init__(self) -> None:
        self._objects: dict[tuple[int, ...], RowProgress] = {}
        self._steps: dict[tuple[object, ...], object] = {}

    def of_last(self, height: int, band: int) -> RowProgress:
        """Of the stage's last operator: one band after the other."""
        return self._once(
            ("last", height, band),
            lambda: self._intern(min(y + band, height) for y in range(0, height, band)),
        )

    def of_maker(
        self, readers: Sequence[Reader], rows: int, calls: Calls, height: int, *, complete: bool
    ) -> RowProgress:
        """Of an operator that makes `rows` rows, the tensor's `height` or one, as its readers ask.

        `complete`: rows that nobody of the stage reads are made too.
        """

        def compute() -> RowProgress:
            wanted = np.zeros(len(readers[0][0].rows), np.int64)
            for progress, reach in readers:
                done = np.array(progress.rows)
                read = np.minimum(done, 1) if rows == 1 else reach.aheads(done, height)
                wanted = np.maximum(wanted, read)
            made = _made(wanted, calls, rows)
            if complete:
                made[-1] = rows
            return self._intern(made.tolist())

        return self._once(("maker", rows, calls, height, complete, *readers), compute)

    def alive_rows(self, maker: RowProgress, readers: Sequence[Reader], height: int) -> int:
        """Rows of a tensor that are made and will be read, at the most."""

        def compute() -> int:
            oldest = [height] * len(maker.rows)
            for progress, reach in readers:
                low = [reach.oldest(done, height) for done in (0, *progress.rows[:-1])]
                oldest = list(map(min, oldest, low))
            return max(map(int.__sub__, maker.rows, oldest))

        return self._once(("alive", maker, height, *readers), compute)

    def window_rows(
        self, reach: Reach, calls: Calls, maker_rows: int, maker: Calls, height: int
    ) -> int:
        """Slots of a ring that a window reads band by band, rows of padding included."""

        def compute() -> int:
            first = np.append(0, np.arange(calls.first, reach.height, calls.band))
            end = np.minimum(np.append(first[1:], calls.end(int(first[-1]))), reach.height)
            ahead = reach.high(end)
            made = np.clip(ahead, 0, height)
            if maker_rows > 1:
                made = _made(made, maker, height)
            return max(int((np.maximum(made, ahead) - reach.low(first)).max()), 1)

        return self._once(("window", reach, calls, maker_rows, maker, height), compute)

    def lags(
        self, writer: RowProgress, reader: RowProgress, reach: Reach, height: int
    ) -> tuple[tuple[int, int], ...]:
        """(rows written, rows that `reader` has done with), where writing comes closest."""

        def compute() -> tuple[tuple[int, int], ...]:
            low = (reach.oldest(done, height) for done in reader.rows)
            return _closest(zip(writer.rows, low, strict=True))

        return self._once(("lags", writer, reader, reach, height), compute)

    def lags_within(self, writer: RowProgress, reach: Reach) -> tuple[tuple[int, int], ...]:
        """The same within the calls of the last operator, which reads while it writes."""

        def compute() -> tuple[tuple[int, int], ...]:
            low = (max(reach.low(y), 0) for y in (0, *writer.rows[:-1]))
            return _closest(zip(writer.rows, low, strict=True))

        return self._once(("within", writer, reach), compute)

    def _intern(self, rows: Iterable[int]) -> RowProgress:
        key = tuple(rows)
        found = self._objects.get(key)
        if found is None:
            found = self._objects[key] = RowProgress(key)
        return found

    def _once(self, key: tuple[object, ...], compute: Callable[[], _T]) -> _T:
        found = self._steps.get(key)
        if found is None:
            if len(self._steps) >= MAX_STEPS:
                self._steps.clear()
                self._objects.clear()
            found = self._steps[key] = compute()
        return cast(_T, found)


def _made(wanted: Ints, calls: Calls, rows: int) -> Ints:
    """Rows that exist once `wanted` of them do."""
    more = np.maximum(wanted - calls.first, 0)
    made = np.minimum(calls.first - (-more // calls.band) * calls.band, rows)
    found: Ints = np.where(wanted > 0, made, 0)
    return found


def _closest(pairs: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Those of (written, done with) rows that can set a distance, whatever bytes a row has.

    They are the corners of the convex hull on the side of much written and little done with.
    """
    corners: list[tuple[int, int]] = []
    for low, written in sorted((low, -written) for written, low in pairs):
        w, u = -written, low
        if corners and w <= corners[-1][0]:
            continue
        while len(corners) > 1:
            (w1, u1), (w2, u2) = corners[-2:]
            if (w2 - w1) * (u - u1) > (w - w1) * (u2 - u1):
                break
            corners.pop()
        corners.append((w, u))
    return tuple(corners)
