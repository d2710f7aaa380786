# SPDX-License-Identifier: Apache-2.0
"""Loop counts of the kernels for vectors of RISC-V, in registers of 128 bits."""

from __future__ import annotations

from collections.abc import Sequence

from mcunet_tf.tinyengine.cost.counts import Counts, Features, Runs, conv2d_columns, total
from mcunet_tf.tinyengine.cost.tiles import Columns, columns_inside, whole_windows
from mcunet_tf.tinyengine.kernel_tables.packing.rvv import (
    RUN_PIXELS,
    TILE_PIXELS,
    pixels_at_once,
)
from mcunet_tf.tinyengine.kernel_tables.table import channels_or_everything
from mcunet_tf.tinyengine.ops.broadcast import broadcast_period
from mcunet_tf.tinyengine.ops.spec import View

_LANES = 32  # sums of 32 bits in eight registers
_BYTES = 128  # in eight registers
_UNROLL = 4  # inputs per turn of a tile's loop


def _add(counts: Counts, more: Counts) -> None:
    for name, value in more.items():
        counts[name] = counts.get(name, 0) + value


def _tiles(pixels: int, times: float, inputs: int, channels: int) -> Counts:
    """The loops of tile_rvv.h for so many pixels in a row, so many times."""
    counts: Counts = {}
    blocks = -(-channels // _LANES)
    for size, tiles in ((TILE_PIXELS, pixels // TILE_PIXELS), (pixels % TILE_PIXELS, 1)):
        if size and tiles:
            groups = times * tiles * blocks
            _add(
                counts,
                {
                    f"tile{size}": times * tiles,
                    f"block{size}": groups,
                    f"turn{size}": groups * (inputs // _UNROLL),
                    f"odd{size}": groups * (inputs % _UNROLL),
                },
            )
    return counts


def conv2d_1x1(view: View, calls: Runs) -> Counts:
    """Tiles of three pixels, which are copied together."""
    inputs, channels = view.input(0).shape[-1], view.output.shape[-1]
    counts: Counts = {"call": total(calls)[0]}
    for pixels, times, _ in calls:
        _add(counts, _tiles(pixels, times, inputs, channels))
        whole, rest = divmod(pixels, TILE_PIXELS)
        copied = whole * -(-TILE_PIXELS * inputs // _BYTES) + -(-rest * inputs // _BYTES)
        _add(counts, {"copied": times * copied})
    return counts


def conv2d(view: View, calls: Runs) -> Counts:
    """Tiles of three pixels of a row, whose windows are copied, and runs of whole windows."""
    _, height, width, inputs = view.input(1).shape
    columns, channels = conv2d_columns(view), view.output.shape[3]
    made, rows = total(calls)
    whole = _whole(columns, 0)
    lanes_are_pixels = 2 * min(whole, _LANES) >= 3 * channels
    copied = columns.out_width - whole if lanes_are_pixels else columns.out_width
    clipped = columns.out_width - whole
    inside = columns_inside(columns) - whole_windows(columns) * width
    blocks, taps = -(-width * inputs // _BYTES), height * width * inputs
    counts: Counts = {
        "call": made,
        "row": rows,
        "pixel": rows * copied,
        "run": rows * copied * height * (columns.dilation == 1),
        "run_block": rows * copied * height * blocks * (blocks > 1),
        "clipped": rows * clipped,
        "filled": rows * clipped * -(-taps // _BYTES),
        "dilated": rows * inside * (columns.dilation > 1) * (not lanes_are_pixels),
        "dilated_run": rows * inside * height * (columns.dilation > 1) * (not lanes_are_pixels),
    }
    if lanes_are_pixels:
        before = -(-columns.pad_left // columns.stride)
        for pixels in (before, copied - before):
            _add(counts, _tiles(pixels, rows, taps, channels))
        groups = rows * -(-whole // _LANES)
        segments = height * (1 if columns.dilation == 1 else width)
        for size, times in ((3, channels // 3), (channels % 3, 1)):
            if size and times:
                runs = groups * times
                more = {f"channels{size}": runs, f"input{size}": runs * taps}
                _add(counts, {**more, "kernel_row": runs * height, "segment": runs * segments})
        _add(counts, {"pixels": groups})
        return counts
    _add(counts, _tiles(columns.out_width, rows, taps, channels))
    return counts


def fully_connected(view: View, calls: Runs) -> Counts:
    """Rows as pixels."""
    outputs, inputs = view.input(1).shape
    made = total(calls)[0]
    return {"call": made, **_tiles(view.output.elements // outputs, made, inputs, outputs)}


def _lines(view: View, lines: float, pieces: Sequence[int]) -> Counts:
    """The loops of line_rvv.h over pieces of so many outputs, for so many rows."""
    _, height, width, channels = view.input(1).shape
    at_once = pixels_at_once(channels, view.attributes.stride_width)
    runs = [n for piece in pieces for n in (piece // at_once, piece % at_once > 0) if n]
    outputs = lines * sum(runs)
    counts: Counts = {"line": lines * len(runs)}
    if (height, width) == (3, 3):
        return {**counts, "nine": outputs}
    return {
        **counts,
        "output": outputs,
        "kernel_row": outputs * height,
        "pair": outputs * height * (width // 2),
        "odd": outputs * height * (width % 2),
    }


def depthwise(view: View, calls: Runs) -> Counts:
    """Groups of channels, row by row: from the image, or from a ring of rows."""
    attributes = view.attributes
    _, height, width, _ = view.input(1).shape
    columns = conv2d_columns(view)
    out_height, pixels, channels = view.output.shape[1:4]
    over_input = columns.stride == attributes.stride_height == 1 and pixels == columns.in_width
    span = (height - 1) * attributes.dilation_height
    groups = -(-channels // _LANES)
    whole = _whole(columns, height)
    counts: Counts = {"call": total(calls)[0], "group": total(calls)[0] * groups}
    for rows, times, _ in calls:
        lines = times * rows * groups
        if over_input and rows >= out_height > 1:
            copied = times * (rows + span) * groups
            seen = min(columns.reach - columns.pad_left, columns.in_width)
            filled = times * sum(
                -(-(span + 1) * columns.reach * min(_LANES, channels - c) // _BYTES)
                for c in range(0, channels, _LANES)
            )
            _add(counts, _lines(view, lines, [pixels]))
            runs = -(-seen * channels // _BYTES) if channels <= _LANES else 0
            _add(counts, {"ring_row": lines, "copied_row": copied, "copied_run": copied * runs})
            _add(counts, {"copied": copied * seen * (channels > _LANES)})
            _add(counts, {"filled": filled * (seen < columns.reach)})
            continue
        pieces = _pieces(columns, whole, channels if over_input else 0)
        _add(counts, _lines(view, lines, pieces))
        clipped = lines * (pixels - whole)
        more = {"row": lines, "clipped": clipped, "clipped_row": clipped * height}
        _add(counts, {**more, "clipped_tap": clipped * height * width})
        if over_input:
            _add(counts, {"waiting": lines * pixels * (channels > _LANES)})
            _add(counts, {"waiting_run": lines * -(-whole // RUN_PIXELS) + clipped})
    return counts


def _pieces(columns: Columns, whole: int, waiting_channels: int) -> list[int]:
    """How the outputs of a row that are made together are cut."""
    most = RUN_PIXELS if waiting_channels else max(whole, 1)
    runs = [min(most, whole - first) for first in range(0, whole, most)]
    at_once = pixels_at_once(waiting_channels or _LANES, 1)
    if at_once == 1 or whole < columns.out_width:
        return runs
    # One by one where a window of 3 x 3 is clipped.
    last = (columns.out_width - 1) * columns.stride - columns.pad_left
    beyond = last + columns.kernel_width - columns.in_width > 0
    runs[0] -= columns.pad_left > 0
    runs[-1] -= beyond
    return [*runs, *[1] * ((columns.pad_left > 0) + beyond)]


def _whole(columns: Columns, height: int) -> int:
    """Outputs of a row that are made together: windows within the image, dilated or not.

    Lines of 3 x 3 windows hold those that reach a column beyond it, too.
    """
    reach = (columns.kernel_width - 1) * columns.dilation
    last = (columns.out_width - 1) * columns.stride - columns.pad_left
    beyond = last + reach - (columns.in_width - 1)
    nine = (height, columns.kernel_width, columns.dilation) == (3, 3, 1)
    if nine and columns.pad_left <= 1 and beyond <= 1 and min(columns[:2]) > 1:
        return columns.out_width
    starts = (x * columns.stride - columns.pad_left for x in range(columns.out_width))
    return sum(0 <= x <= columns.in_width - 1 - reach for x in starts)


def pairs(view: View, calls: Runs) -> Counts:
    """Values of two tensors, or of one and a pixel that repeats."""
    made, pixels = total(calls)
    period = broadcast_period(view)[1]
    if period < view.output.elements:
        return {"call": made, "pixel": pixels, "run": pixels * -(-period // _LANES)}
    values = channels_or_everything(view)
    runs = sum(-(-units * values // _LANES) * times for units, times, _ in calls)
    return {"call": made, "run": runs}


def lookups(view: View, calls: Runs) -> Counts:
    """Bytes through a table."""
    per_pixel = channels_or_everything(view)
    runs = sum(-(-units * per_pixel // _BYTES) * times for units, times, _ in calls)
    return {"call": total(calls)[0], "run": runs}


def sums(view: View, calls: Runs) -> Counts:
    """Groups of channels of an image that comes in bands."""
    made, rows = total(calls)
    _, height, width, channels = view.input(0).shape
    groups = -(-channels // _LANES)
    return {
        "call": made,
        "group": made * groups,
        "group_pixel": rows * width * groups,
        "last": rows / height * groups,
    }


RVV: dict[str, Features] = {
    "conv2d_s8_1x1_rvv": conv2d_1x1,
    "conv2d_s8_rvv": conv2d,
    "fully_connected_s8_rvv": fully_connected,
    "depthwise_conv2d_s8_rvv": depthwise,
    **{f"{op}{form}_s8_rvv": pairs for op in ("add", "mul") for form in ("", "_broadcast")},
    "lookup_x8_rvv": lookups,
    "mean_rows_s8_rvv": sums,
    "average_pool_rows_s8_rvv": sums,
}
"""Feature functions by the kernel's name."""
