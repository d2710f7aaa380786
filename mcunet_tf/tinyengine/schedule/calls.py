# SPDX-License-Identifier: Apache-2.0
"""How many rows each call of an operator makes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mcunet_tf.tinyengine.kernel_tables.table import Style
from mcunet_tf.tinyengine.schedule.nodes import Node, is_row_source, is_window

# A call of a pixel kernel on so many pixels has few that do not fill a tile.
FULL_PIXELS = 24


class Calls(NamedTuple):
    """Output rows of an operator's kernel calls: `first` of the first one, then `band` of each.

    A kernel that works in chunks makes `chunk` rows at a time; 0: all rows of a call at once.
    """

    band: int
    first: int
    chunk: int = 0

    def end(self, done: int) -> int:
        """Rows that are done after the call that follows `done` rows."""
        return done + (self.band if done else self.first)

    @property
    def held(self) -> int:
        """Rows that scratch must hold at once."""
        return min(self.chunk, self.band) or self.band

    def parts(self, rows: int) -> list[int]:
        """What the kernel makes of the rows of one call."""
        chunk = self.chunk or rows
        whole, rest = divmod(rows, chunk)
        return [chunk] * whole + [rest] * (rest > 0)


SINGLE_ROWS = Calls(1, 1)


def calls_alone(node: Node, limit: int) -> Calls:
    """Calls of an operator that is a stage by itself, windows of at most so many rows at once."""
    band = node.height
    if not is_window(node):
        return Calls(band, band)
    band = min(node.kernel.band_rows, node.height)
    if node.kernel.chunk_rows:
        # Chunks are of pairs of rows.
        return Calls(band, band, max(min(node.kernel.chunk_rows, limit) // 2, 1) * 2)
    band = min(band, limit)
    return Calls(band, band)


def band_of(node: Node, limit: int) -> int:
    """Output rows per kernel call under a limit, within a stage of several operators."""
    if is_row_source(node):
        return 1
    if node.window.growth > 1:
        return node.window.growth
    if node.kernel.style is Style.WINDOW:
        return min(node.kernel.band_rows, node.height, limit)
    if node.kernel.style is Style.PIXELS:
        limit = min(limit, _filling_rows(node))
    return min(limit, node.height)


def _filling_rows(node: Node) -> int:
    """Rows that fill most tiles of a pixel kernel; single rows of a ring never wrap around."""
    if len(node.streamed) > 1:
        return 1  # operands value by value: no tiles
    width = node.view.output.elements // node.height // node.kernel.pixel_values(node.view)
    return next((rows for rows in (1, 2) if rows * width >= FULL_PIXELS), 4)


def read_calls(reader: Node, calls: Calls) -> Calls:
    """The rows of its input that each call of an operator takes, where it is no window."""
    growth = reader.window.growth
    return calls if growth == 1 else Calls(calls.band // growth, calls.first // growth)


def calls_for(node: Node, band: int, readers: Sequence[tuple[Calls, bool, int]]) -> Calls:
    """Calls of an operator that end where its readers' do, so that rings hold no row too many.

    A window of 3 rows that makes rows 2 and 3 reads rows 1 to 4: bands of two must end at row 4.

    Args:
      node: the operator.
      band: rows of each call but the first.
      readers: for each their own calls, whether they take bands as they are made, and the rows that
        their first call reads.
    """
    if node.window.growth > 1:
        return Calls(band, band)
    readers = [reader for reader in readers if reader[0].band > 1]
    for calls, in_step, _ in readers:
        if in_step and calls.band == band:
            return calls
    wanted = readers[0][2] if readers else 0
    return Calls(band, wanted % band or band)


def unbroken_calls(maker: Node, calls: Calls) -> list[Calls]:
    """The calls whose rows must lie behind each other: none, or those of the maker.

    Pixel kernels write one run of bytes; window kernels take a pointer for each of two rows.
    """
    unbroken = maker.kernel.style is Style.PIXELS or calls.band > 2
    return [calls] if unbroken and calls.band > 1 else []
