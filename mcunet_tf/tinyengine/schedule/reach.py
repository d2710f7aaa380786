# SPDX-License-Identifier: Apache-2.0
"""Which rows of its inputs an operator needs for its own rows: the only place that says so.

Example: a 3 x 3 convolution of stride 2 over 8 rows, padded by one row below (pad_top 0, extent 3),
makes its rows 2 and 3 from rows 4 to 8; row 8 is padding. Before that band its producer must have
made 8 rows (`ahead`), and rows 0 to 3 are not needed any more (`oldest`).
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
# A number of rows, or one for each of many calls.
_Rows = TypeVar("_Rows", int, Ints)


@dataclasses.dataclass(frozen=True)
class Window:
    """Input rows of an output row y: [y * stride // growth - pad_top, ... + extent).

    `growth`: output rows of each input row, where there are more of them; calls make whole groups.
    """

    extent: int = 1
    stride: int = 1
    pad_top: int = 0
    pad_bottom: int = 0
    growth: int = 1

    def count(self, rows: int) -> int:
        """Row pointers that a band of `rows` output rows needs."""
        return (rows - 1) * self.stride + self.extent


class Reach(NamedTuple):
    """Which rows of one of its operands an operator reads.

    Attributes:
      stride, pad_top, extent, growth: what `Window` says of them.
      whole: the operator reads all rows before it makes its first row.
      height: rows that the operator makes.
    """

    stride: int
    pad_top: int
    extent: int
    whole: bool
    height: int
    growth: int = 1

    def low(self, first: _Rows) -> _Rows:
        """The first row that output row `first` is made from; below 0 it is padding."""
        low: _Rows = first * self.stride // self.growth - self.pad_top
        return low

    def high(self, end: _Rows) -> _Rows:
        """The end of the rows that output rows up to `end` are made from; it may be padding."""
        high: _Rows = (end - 1) * self.stride // self.growth - self.pad_top + self.extent
        return high

    def reads(self, first: int, end: int, height: int) -> tuple[int, int]:
        """Rows [a, b) of an operand of `height` rows that output rows [first, end) read."""
        if self.whole:
            return 0, height
        return min(max(self.low(first), 0), height), max(min(self.high(end), height), 0)

    def starts(self, first: Ints, height: int) -> Ints:
        """The first row that each of many bands reads, which begin at the rows `first`."""
        if self.whole:
            return np.zeros_like(first)
        starts: Ints = np.clip(self.low(first), 0, height)
        return starts

    def ahead(self, done: int, height: int) -> int:
        """Rows of an operand of `height` rows that `done` output rows are made from."""
        if done <= 0:
            return 0
        if self.whole:
            return height
        return min(max(self.high(done), 0), height)

    def aheads(self, done: Ints, height: int) -> Ints:
        """`ahead` of many numbers of rows."""
        read = height if self.whole else np.clip(self.high(done), 0, height)
        aheads: Ints = np.where(done > 0, read, 0)
        return aheads

    def oldest(self, done: int, height: int) -> int:
        """The first row of the operand that is still read after `done` output rows."""
        if done >= self.height:
            return height
        if self.whole:
            return 0
        return min(max(self.low(done), 0), height)


class Pull(NamedTuple):
    """What must be made of one operand before a call; the emitted C computes it in these terms.

    A call that makes rows up to `end` needs (end * stride + offset) // growth rows of its producer,
    at least none and at most `height`. Where everything is needed at once, `stride` is 0.

    Attributes:
      position: the position of the producer in the stage.
      stride, offset, growth, height: the formula's terms.
    """

    position: int
    stride: int
    offset: int
    growth: int
    height: int

    def rows(self, end: int) -> int:
        """Rows that the producer must have made."""
        return min(max((end * self.stride + self.offset) // self.growth, 0), self.height)


def make_pull(reach: Reach, position: int, maker_height: int, *, at_end: bool) -> Pull:
    """How an operator pulls rows from the producer of an operand.

    Args:
      reach: the reach of the operand.
      position: the position of the producer in the stage.
      maker_height: rows that the producer counts.
      at_end: its result is there when it has made the last of them, and not before.
    """
    if reach.whole or at_end:
        return Pull(position, 0, maker_height, 1, maker_height)
    if reach.growth > 1:
        # Bands are whole groups, so that the last row of each ends one.
        return Pull(position, 1, 0, reach.growth, maker_height)
    offset = reach.extent - reach.pad_top - reach.stride
    return Pull(position, reach.stride, offset, 1, maker_height)
