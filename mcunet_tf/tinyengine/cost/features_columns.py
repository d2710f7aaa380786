# SPDX-License-Identifier: Apache-2.0
"""Counts of `conv2d_s8_columns_dsp`, whose windows share columns."""

from __future__ import annotations

from mcunet_tf.tinyengine.cost.counts import Counts, Runs, conv2d_columns, total
from mcunet_tf.tinyengine.cost.tiles import Columns, pixel_tiles
from mcunet_tf.tinyengine.kernel_tables.packing.dsp_columns import tile_columns
from mcunet_tf.tinyengine.ops.spec import View


def conv2d_columns_dsp(view: View, calls: Runs) -> Counts:
    """Columns widened for a tile, then all channels of a tile."""
    _, height, width, inputs = view.input(1).shape
    stride, channels = view.attributes.stride_width, view.output.shape[3]
    columns = conv2d_columns(view)
    threes, twos = pixel_tiles(columns.out_width)
    inside = _tiles_inside(columns, threes, inputs)
    three, two = (tile_columns(pixels, width, stride) for pixels in (3, 2))
    widened = (threes - inside) * three + twos * two
    made, rows = total(calls)
    quads, pairs = -(-inputs // 4), -(-channels // 2)
    counts = {
        "row": 1.0,
        "phase": (threes > 0) + (twos > 0),
        "tile": threes + twos,
        "inside_row": inside * height,
        "inside_word": inside * height * quads,
        "widened_row": (threes - inside + twos) * height,
        "widened_column": widened * height,
        "widened_word": widened * height * quads,
        "pair3": threes * pairs,
        "pair2": twos * pairs,
        "block3": threes * pairs * quads * height,
        "block2": twos * pairs * quads * height,
        "turn3": threes * pairs * -(-quads * height // 2),
        "odd_channel": (threes + twos) * (channels % 2),
        "few_inputs": widened * height * (inputs < 4),
    }
    form = "_alone" if width == 1 else "_apart" if stride == 2 else ""
    loops = ("pair3", "pair2", "block3", "block2", "turn3")
    counts |= {f"{name}{form}": counts.pop(name) for name in loops}
    whole = {name: rows * count for name, count in counts.items()}
    return {"call": made, "filled_word": made * quads * (width > 1), **whole}


def _tiles_inside(columns: Columns, threes: int, inputs: int) -> int:
    """Tiles of three that are widened five columns at a time."""
    if columns.stride > 1 or columns.kernel_width == 1:
        return 0
    ends = columns.in_width - tile_columns(3, columns.kernel_width, 1) - max(4 - inputs, 0)
    return sum(0 <= 3 * number - columns.pad_left <= ends for number in range(threes))
