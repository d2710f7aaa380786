# SPDX-License-Identifier: Apache-2.0
"""Loop counts of the kernels for Helium."""

from __future__ import annotations

from mcunet_tf.tinyengine.cost.counts import Calls, Counts, conv2d_columns, total
from mcunet_tf.tinyengine.cost.tiles import columns_inside, whole_windows
from mcunet_tf.tinyengine.ops.spec import View

_LANES = 16  # bytes of a vector


def _tile_counts_mve(tiles: int, inputs: int, channels: int) -> Counts:
    """The loops of conv2d_tile_mve.h: tiles of two pixels, four output channels at a time."""
    fours, blocks = -(-channels // 4), -(-inputs // _LANES)
    return {
        "tile": tiles,
        "tile_block": tiles * blocks,
        "four": tiles * fours,
        "block": tiles * fours * blocks,
    }


def conv2d_1x1_mve(view: View, calls: Calls) -> Counts:
    """Tiles of two pixels of a 1 x 1 convolution."""
    inputs = view.input(0).shape[-1]
    made, _ = total(calls)
    tiles = sum(-(-pixels // 2) * count for pixels, count, _ in calls)
    return {
        "call": made,
        "fill": made * -(-inputs // _LANES),
        **_tile_counts_mve(tiles, inputs, view.output.shape[-1]),
    }


def conv2d_mve(view: View, calls: Calls) -> Counts:
    """Tiles of two pixels of a row, their windows copied one by one."""
    _, height, width, inputs = view.input(1).shape
    columns = conv2d_columns(view)
    whole = whole_windows(columns)
    clipped = columns.out_width - whole
    outside = columns.out_width * width - columns_inside(columns)
    taps, run = height * width * inputs, width * inputs
    made, rows = total(calls)
    tiles = rows * -(-columns.out_width // 2)
    return {
        "call": made,
        "fill": made * -(-taps // _LANES),
        "row": rows,
        **_tile_counts_mve(tiles, taps, view.output.shape[3]),
        "odd_pixel": rows * (columns.out_width % 2),
        "pixel": rows * columns.out_width,
        "pixel_block": rows * columns.out_width * -(-taps // _LANES),
        "run": rows * whole * height,
        "run_block": rows * whole * height * -(-run // _LANES),
        "clipped_run": rows * clipped * height,
        "clipped_tap": rows * clipped * height * width,
        "clipped_block": rows * clipped * height * width * -(-inputs // _LANES),
        "outside_tap": rows * outside * height,
        "outside_block": rows * outside * height * -(-inputs // _LANES),
    }


def vector_depthwise(view: View, calls: Calls) -> Counts:
    """Vectors of 4, 8 or 16 channels, tap by tap."""
    _, height, width, channels = view.input(1).shape
    made, rows = total(calls)
    pixels = rows * view.output.shape[2]
    counts: Counts = {"call": made, "row": rows, "pixel": pixels}
    for lanes in (4, 8, 16):
        vectors = -(-channels // lanes)
        counts |= {
            f"vectors{lanes}": made * vectors,
            f"row_vectors{lanes}": rows * vectors,
            f"output_vectors{lanes}": pixels * vectors,
            f"tap_vectors{lanes}": pixels * vectors * height * width,
        }
    return counts
