# SPDX-License-Identifier: Apache-2.0
"""What a kernel may write over rows that the same call reads: its contract, see `Kernel`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.kernel_tables.table import Style
from mcunet_tf.tinyengine.validate.accesses import Access, Read
from mcunet_tf.tinyengine.validate.memory import Values
from mcunet_tf.tinyengine.validate.program import Ints

_Bools = npt.NDArray[np.bool_]


def may_replace(
    graph: Graph,
    roots: Mapping[int, int],
    access: Access,
    value: Values,
    writer: Values,
    cells: Ints,
    rows: Ints,
) -> _Bools:
    """Whether rows of the result may be written over cells that their own call reads.

    Args:
      graph: holds the tensors.
      roots: the tensor whose bytes each view shows.
      access: what makes the result.
      value: what is read.
      writer: the result.
      cells: cells of `value` that are read last by calls that write there.
      rows: the row of `writer` that takes the place of each.
    """
    allowed = np.ones(len(cells), bool)
    for read in access.reads:
        if roots.get(read.tensor, read.tensor) == value.tensor:
            row_bytes = graph.tensors[read.tensor].rows[1]
            if access.kernel.style is Style.WHOLE:
                allowed &= _over_first(access, read, value, writer)
            elif access.kernel.style is Style.WINDOW:
                allowed &= _row_by_row(access, value, writer, cells, rows, row_bytes)
            else:
                size = graph.tensors[read.tensor].size_bytes
                in_order = _pixel_by_pixel(access, read, value, writer, row_bytes, size)
                call = np.searchsorted(access.layer.times, value.read[cells])
                allowed &= in_order[call]
    return allowed


def _over_first(access: Access, read: Read, value: Values, writer: Values) -> bool:
    """Whole tensors: the result may lie exactly over the first operand, if the kernel says so."""
    first = read.tensor == access.layer.node.op.inputs[0]
    same = (value.start, value.end) == (writer.start, writer.end)
    return access.kernel.replaces_first and first and same and value.is_whole and writer.is_whole


def _row_by_row(
    access: Access, value: Values, writer: Values, cells: Ints, rows: Ints, row_bytes: int
) -> _Bools:
    """Windows: a row of the result may be exactly a row of the input, if the kernel says so.

    A kernel that works in chunks keeps only the first one of the rows that the next chunk reads
    again.
    """
    if not access.kernel.in_place_rows or row_bytes != writer.row_bytes:
        return np.zeros(len(cells), bool)
    slots = (cells + value.shift * value.parts) % value.slots
    start = slots * value.cell_bytes // row_bytes * row_bytes + value.start
    layer = access.layer
    call = np.searchsorted(layer.times, value.read[cells])
    in_chunks = (layer.chunk > 0) & (layer.end[call] - layer.first[call] > layer.chunk)
    row = cells * value.cell_bytes // row_bytes
    late = in_chunks & (row + access.pad_top > rows + 1)
    same: _Bools = (start == writer.slot_start(rows)) & ~late
    return same


def _pixel_by_pixel(
    access: Access, read: Read, value: Values, writer: Values, row_bytes: int, size_bytes: int
) -> _Bools:
    """Pixels, for each call: the end of what is written never passes what is still to be read."""
    layer = access.layer
    if not (access.kernel.reads_ahead and read.streamed):
        return np.zeros(len(layer.times), bool)
    if layer.node.height == 1:
        source, result = np.array([value.start]), np.array([writer.start])
        taken: Any = size_bytes
        made: Any = writer.height * writer.row_bytes
    else:
        source = value.start + (read.low + value.shift) % value.rows * row_bytes
        if value.is_whole:
            source = value.start + read.low * row_bytes
        result = writer.slot_start(layer.first)
        taken = (read.high - read.low) * row_bytes
        made = (layer.end - layer.first) * writer.row_bytes
    ordered: _Bools = (result <= source) & (result + made <= source + taken)
    return ordered
