# SPDX-License-Identifier: Apache-2.0
"""How kernels cut rows of outputs into tiles, and columns into words."""

from __future__ import annotations

import functools
from typing import NamedTuple


class Columns(NamedTuple):
    """The columns of a window op. Output x reads from x * stride - pad_left on."""

    in_width: int
    out_width: int
    kernel_width: int
    stride: int
    dilation: int
    pad_left: int

    @property
    def reach(self) -> int:
        """Columns that a row of outputs spans, padding included."""
        return (self.out_width - 1) * self.stride + (self.kernel_width - 1) * self.dilation + 1


class Gathered(NamedTuple):
    """How the tiles of a row get their windows.

    Attributes:
        direct3: tiles of 3 pixels that are widened from the image.
        direct2: of 2 pixels.
        staged3: tiles that are copied first.
        staged2: of 2 pixels.
        copied: pixels whose windows are copied run by run.
        clipped: pixels whose windows are copied tap by tap.
        outside: taps of a kernel row outside the image, over all clipped pixels.
    """

    direct3: int
    direct2: int
    staged3: int
    staged2: int
    copied: int
    clipped: int
    outside: int


class Words(NamedTuple):
    """How a row of columns is gathered as pairs, for four channels.

    Attributes:
        pairs: words of two image columns.
        head: 1 if padding and the first column share a word.
        first: 1 if a pair lies before whole blocks of two pairs.
        blocks: blocks of two pairs.
        second: 1 if a pair lies behind them.
        last: 1 if the last column shares a word with padding.
    """

    pairs: int
    head: int
    first: int
    blocks: int
    second: int
    last: int


def pixel_tiles(pixels: int, largest: int = 3) -> tuple[int, int]:
    """(tiles of 3 pixels, tiles of 2): a rest of 1 makes two twos of the last four pixels.

    Where tiles have 2 pixels at most, the last one begins a pixel earlier.
    """
    if largest == 2:
        return 0, -(-pixels // 2)
    if pixels == 1:
        return 0, 1
    threes, rest = divmod(pixels, 3)
    return (threes - 1, 2) if rest == 1 else (threes, rest // 2)


@functools.lru_cache(maxsize=4096)
def direct_and_staged(columns: Columns, whole_words: bool, largest: int = 3) -> Gathered:
    """Walks the tiles of a row.

    Args:
        columns: the window's columns.
        whole_words: whether kernel rows are runs of 4 n bytes.
        largest: pixels of the largest tile, 3 or 2.
    """
    runs = columns.kernel_width == 1 or columns.dilation == 1
    last_run = columns.in_width - columns.kernel_width if runs else -1
    last_direct = last_run if whole_words else -1
    threes, twos = pixel_tiles(columns.out_width, largest)
    direct, staged = {3: 0, 2: 0}, {3: 0, 2: 0}
    copied = clipped = outside = 0
    start = -columns.pad_left
    for number in range(threes + twos):
        size = 3 if number < threes else 2
        # A single pixel is done twice, in place.
        stride = columns.stride if columns.out_width > 1 else 0
        if largest == 2 and stride and 2 * number + 1 == columns.out_width:
            start -= stride
        end = start + (size - 1) * stride
        if 0 <= start and end <= last_direct:
            direct[size] += 1
        else:
            staged[size] += 1
            for column in range(start, end + 1, stride) if stride else (start,) * size:
                if 0 <= column <= last_run:
                    copied += 1
                else:
                    clipped += 1
                    outside += _outside(columns, column)
        start = end + stride
    return Gathered(direct[3], direct[2], staged[3], staged[2], copied, clipped, outside)


@functools.lru_cache(maxsize=4096)
def columns_inside(columns: Columns) -> int:
    """Taps of a kernel row that lie in the image, over all outputs of a row."""
    starts = (x * columns.stride - columns.pad_left for x in range(columns.out_width))
    return columns.out_width * columns.kernel_width - sum(_outside(columns, x) for x in starts)


@functools.lru_cache(maxsize=4096)
def whole_windows(columns: Columns) -> int:
    """Outputs of a row whose windows lie within the image, without dilation."""
    if columns.dilation > 1:
        return 0
    starts = (x * columns.stride - columns.pad_left for x in range(columns.out_width))
    return sum(0 <= x <= columns.in_width - columns.kernel_width for x in starts)


def _outside(columns: Columns, first: int) -> int:
    taps = (first + i * columns.dilation for i in range(columns.kernel_width))
    return sum(not 0 <= tap < columns.in_width for tap in taps)


@functools.lru_cache(maxsize=4096)
def column_words(columns: Columns) -> Words:
    """Splits a row's image columns into words of two and blocks of four."""
    pad = columns.pad_left
    left = max(min(columns.in_width + pad, columns.reach) - pad, 0)
    word, head, first = pad // 2, 0, 0
    if left and pad % 2:
        head, word, left = 1, word + 1, left - 1
    pairs = left // 2
    if left >= 2 and word % 2:
        first, left = 1, left - 2
    return Words(pairs, head, first, left // 4, left % 4 // 2, left % 2)
