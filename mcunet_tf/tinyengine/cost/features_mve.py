# SPDX-License-Identifier: Apache-2.0
"""Loop counts of the kernels for Helium."""

from __future__ import annotations

from mcunet_tf.tinyengine.cost.counts import Counts, Features, Runs, conv2d_columns, total
from mcunet_tf.tinyengine.cost.tiles import columns_inside, whole_windows
from mcunet_tf.tinyengine.kernel_tables.packing.mve import (
    ROW_BYTES_3X3,
    TILE_PIXELS,
    groups_3x3,
    planes_of,
)
from mcunet_tf.tinyengine.ops.spec import View

_LANES = 16  # bytes of a vector
_DEPTHWISE_LANES = 8  # channels that depthwise_conv2d_s8_mve takes at a time


def _tile_counts_mve(tiles: int, inputs: int, channels: int) -> Counts:
    """The loops of conv2d_tile_mve.h: tiles of two pixels, four output channels at a time."""
    fours, blocks = -(-channels // 4), -(-inputs // _LANES)
    return {
        "tile": tiles,
        "tile_block": tiles * blocks,
        "four": tiles * fours,
        "block": tiles * fours * blocks,
    }


def conv2d_1x1_mve(view: View, calls: Runs) -> Counts:
    """Tiles of two pixels of a 1 x 1 convolution."""
    inputs = view.input(0).shape[-1]
    made, _ = total(calls)
    tiles = sum(-(-pixels // 2) * count for pixels, count, _ in calls)
    return {
        "call": made,
        "fill": made * -(-inputs // _LANES),
        **_tile_counts_mve(tiles, inputs, view.output.shape[-1]),
    }


def conv2d_mve(view: View, calls: Runs) -> Counts:
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


def _tile_counts_fours(pixels: int, inputs: int, channels: int) -> Counts:
    """The loops of tile_fours.h and tile_short.h for so many pixels in a row."""
    fours, further = -(-channels // 4), -(-inputs // _LANES) - 1
    whole, rest = divmod(pixels, TILE_PIXELS)
    full, half = (whole, 1) if 0 < rest < 3 else (whole + (rest > 0), 0)
    return {
        "tile": full + half,
        "four": (full + half) * fours,
        "block": full * fours * further,
        "odd_block": full * fours * (further % 2),
        "half_block": half * fours * further,
        "byte": (full + half) * channels * (channels % 4 > 0),
    }


def conv2d_1x1_fours_mve(view: View, calls: Runs) -> Counts:
    """Tiles of four pixels of a 1 x 1 convolution."""
    made, _ = total(calls)
    return {
        "call": made,
        **_tiles_of_calls(calls, 1, view.input(0).shape[-1], view.output.shape[3]),
    }


def _tiles_of_calls(calls: Runs, width: int, inputs: int, channels: int) -> Counts:
    """The tiles of all calls, of units of so many pixels."""
    counts: dict[str, float] = {}
    for units, count, _ in calls:
        for name, value in _tile_counts_fours(units * width, inputs, channels).items():
            counts[name] = counts.get(name, 0) + count * value
    return counts


def conv2d_fours_mve(view: View, calls: Runs) -> Counts:
    """Tiles of four pixels of a call's rows; windows inside the image are copied four at a time."""
    _, height, width, inputs = view.input(1).shape
    columns = conv2d_columns(view)
    dilated = columns.dilation > 1 or view.attributes.dilation_height > 1
    whole = 0 if dilated else whole_windows(columns)
    taps = height * width * inputs
    made, rows = total(calls)
    groups = rows * (whole // TILE_PIXELS)
    single = rows * columns.out_width - TILE_PIXELS * groups
    inside = rows * columns_inside(columns) - TILE_PIXELS * groups * width
    return {
        "call": made,
        "row": rows,
        **_tiles_of_calls(calls, columns.out_width, taps, view.output.shape[3]),
        "group": groups,
        "group_run": groups * height,
        "single": single,
        "single_run": single * height * (columns.dilation == 1),
        "clipped": rows * (columns.out_width - whole_windows(columns)),
        "dilated_run": inside * height * (columns.dilation > 1),
    }


def conv2d_columns_mve(view: View, calls: Runs) -> Counts:
    """Tiles of four pixels of a call's rows, which share their columns."""
    _, height, width, inputs = view.input(1).shape
    columns = conv2d_columns(view)
    made, rows = total(calls)
    tiles = _tiles_of_calls(calls, columns.out_width, height * width * inputs, view.output.shape[3])
    # Parts of rows that make a tile, or a part of one.
    parts = tiles["tile"] if columns.out_width % TILE_PIXELS == 0 else tiles["tile"] + rows - made
    seen = rows * columns.out_width * columns.stride + parts * (width - columns.stride)
    if columns.stride > width:
        parts = rows * columns.out_width
        seen = parts * width
    blocks = -(-inputs // _LANES)
    return {
        "call": made,
        "row": rows,
        **tiles,
        "part": parts,
        "part_row": parts * height,
        "run": seen * height,
        "run_whole": seen * height * (inputs == _LANES),
        "run_block": seen * height * blocks * (blocks > 1),
    }


def depthwise_planes_mve(view: View, calls: Runs) -> Counts:
    """Columns of one channel gathered four at a time, then four outputs a pass."""
    attributes, channels = view.attributes, view.output.shape[3]
    _, height, width, _ = view.input(1).shape
    planes = planes_of((height, width), (attributes.stride_height, attributes.stride_width))
    columns = conv2d_columns(view)
    inside = min(columns.in_width, max(columns.reach - columns.pad_left, 0))
    made, rows = total(calls)
    if planes is None:  # the kernel table rejects it
        return {"call": made}
    groups = sum(-(-units // planes.shared) * n for units, n, _ in calls)
    runs = sum(min(units, planes.shared) * n for units, n, _ in calls)
    size = "short" if planes.column_bytes == 4 else "tall"
    # 3 x 3 makes two rows at a time.
    pair = (height, width, attributes.stride_height, attributes.stride_width) == (3, 3, 1, 1)
    lines, form = (groups, "pair") if pair else (rows, str(planes.vectors))
    if pair:
        runs = made
    return {
        "call": made,
        f"{size}_channel": made * channels,
        "run": runs * channels,
        f"{size}_group": groups * channels,
        f"{size}_back": groups * channels * (inside > 8 and inside % 8 > 0),
        f"{size}_block": groups * channels * -(-inside // 8),
        f"row_{form}": lines * channels,
        f"pass_{form}": lines * channels * -(-columns.out_width // 4),
    }


def depthwise_3x3_mve(view: View, calls: Runs) -> Counts:
    """Two channels gathered eight columns at a time, then eight outputs of a channel a pass."""
    columns, (_, _, out_width, channels) = conv2d_columns(view), view.output.shape
    layout = groups_3x3(columns.stride, columns.pad_left, columns.in_width, out_width)
    made, rows = total(calls)
    chunks, groups, passes = 0, 0, 0
    for units, count, _ in calls:
        held = layout.chunk(units)
        for part, times in ((held, units // held), (units % held, 1)):
            if part:
                chunks += times * count
                groups += layout.groups(part) * times * count
                apart = part * out_width * channels > ROW_BYTES_3X3
                some = part * layout.passes(1) if apart else layout.passes(part)
                passes += some * times * count
    return {
        "call": made,
        "chunk": chunks,
        "row": rows,
        "row_eight": rows * -(-out_width // 8),
        "two": chunks * channels // 2,
        "group": groups * channels // 2,
        "set": groups * channels // 2 * layout.sets,
        f"pass_{layout.stride}": passes * channels,
    }


def depthwise_taps_mve(view: View, calls: Runs) -> Counts:
    """Taps of each pixel listed, then two at a time, eight channels at a time."""
    _, out_width, channels = view.output.shape[1:]
    _, height, width, _ = view.input(1).shape
    made, rows = total(calls)
    pixels, taps = rows * out_width, height * width
    eights = pixels * -(-channels // _DEPTHWISE_LANES)
    return {
        "call": made,
        "row": rows,
        "pixel": pixels,
        "tap_row": pixels * height,
        "tap": pixels * taps,
        "eight": eights,
        "two_taps": eights * (taps // 2),
        "one_tap": eights * (taps % 2),
    }


def depthwise_mve(view: View, calls: Runs) -> Counts:
    """Columns gathered for eight channels, then two outputs a pass."""
    attributes, channels = view.attributes, view.output.shape[3]
    _, height, width, _ = view.input(1).shape
    columns = conv2d_columns(view)
    made, rows = total(calls)
    reach = (height - 1) * attributes.dilation_height + 1
    in_rows = sum(((units - 1) * attributes.stride_height + reach) * n for units, n, _ in calls)
    inside = min(columns.in_width, max(columns.reach - columns.pad_left, 0))
    eights = -(-channels // _DEPTHWISE_LANES)
    odd = columns.out_width % 2
    # The last pixels of an odd width are paired with those of the next row.
    lasts = odd * sum(-(-units // 2) * n for units, n, _ in calls)
    pairs = (rows * (columns.out_width // 2) + lasts) * eights
    runs = pairs * height
    sized = columns.dilation == 1 and width in (3, 5, 7)
    square = sized and height == width == 3
    return {
        "call": made,
        "eight": made * eights,
        "in_row": in_rows * eights,
        "column": in_rows * inside * eights,
        "padding": in_rows * (columns.reach - inside) * eights,
        "partial": in_rows * inside * (channels % _DEPTHWISE_LANES > 0),
        "row": rows * eights,
        "run": (rows * (columns.out_width > 1) + lasts) * eights,
        "pair": pairs,
        "kernel_row": runs * (sized and not square),
        "two_taps": 4 * pairs if square else runs * (width // 2) * sized,
        "one_tap": pairs if square else runs * sized,
        "any_row": runs * (not sized),
        "any_tap": runs * width * (not sized),
    }


CONV2D_MVE: dict[str, Features] = {
    "conv2d_s8_1x1_short_mve": conv2d_1x1_fours_mve,
    "conv2d_s8_short_mve": conv2d_fours_mve,
    "conv2d_s8_1x1_fours_mve": conv2d_1x1_fours_mve,
    "conv2d_s8_columns_mve": conv2d_columns_mve,
    "conv2d_s8_fours_mve": conv2d_fours_mve,
    "conv2d_s8_1x1_mve": conv2d_1x1_mve,
    "conv2d_s8_mve": conv2d_mve,
    "conv2d_s8_1x1_any_mve": conv2d_1x1_mve,
    "conv2d_s8_any_mve": conv2d_mve,
}
