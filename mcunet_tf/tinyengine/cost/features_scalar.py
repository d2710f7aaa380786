# SPDX-License-Identifier: Apache-2.0
"""Loop counts of the kernels for cores that multiply one pair at a time, `_scalar` and `_thumb`."""

from __future__ import annotations

import functools

from mcunet_tf.tinyengine.cost.counts import Counts, Features, Runs, conv2d_columns, total
from mcunet_tf.tinyengine.cost.tiles import columns_inside, whole_windows
from mcunet_tf.tinyengine.ops.spec import View

_UNROLL = 4  # inputs per turn of a tile's loop
_ONE_PIXEL_CHANNELS = {"scalar": 2, "thumb": 4}


def _tile_counts(isa: str, pixels: dict[int, int], inputs: int, channels: int) -> Counts:
    """The loops of tiles by their number of pixels: {4: tiles, 2: tiles, 1: tiles}."""
    counts: Counts = {}
    for size, tiles in pixels.items():
        group = _ONE_PIXEL_CHANNELS[isa] if size == 1 else 2
        groups = tiles * -(-channels // group)
        counts[f"tile{size}"] = tiles
        counts[f"group{size}"] = groups
        counts[f"turn{size}"] = groups * (inputs // _UNROLL)
        counts[f"rest{size}"] = groups * (inputs % _UNROLL)
        counts[f"channel{size}"] = tiles * channels
    return counts


def _tiles(isa: str, pixels: int) -> dict[int, int]:
    """Tiles of a run of pixels."""
    if isa == "thumb":
        return {2: pixels // 2, 1: pixels % 2}
    return {4: pixels // 4, 2: pixels % 4 // 2, 1: pixels % 2}


def _copied(name: str, runs: float, count: int) -> Counts:
    """Copies of so many bytes: the C library's, which takes words where it can."""
    return {name: runs, f"{name}_word": runs * (count // 4), f"{name}_byte": runs * (count % 4)}


def _conv2d_1x1(isa: str, view: View, calls: Runs) -> Counts:
    inputs, channels = view.input(0).shape[-1], view.output.shape[-1]
    counts: Counts = {"call": total(calls)[0]}
    for pixels, times, _ in calls:
        tiles = {size: n * times for size, n in _tiles(isa, pixels).items()}
        pieces = _tile_counts(isa, tiles, inputs, channels)
        for size, n in tiles.items():
            for name, value in _copied("copy", n, size * inputs).items():
                pieces[name] = pieces.get(name, 0) + value
        for name, value in pieces.items():
            counts[name] = counts.get(name, 0) + value
    return counts


def _conv2d(isa: str, view: View, calls: Runs) -> Counts:
    _, height, width, inputs = view.input(1).shape
    columns = conv2d_columns(view)
    made, rows = total(calls)
    # A dilated window is copied tap by tap, wherever it lies.
    whole = whole_windows(columns) if view.attributes.dilation_width == 1 else 0
    clipped = columns.out_width - whole
    outside = columns.out_width * width - columns_inside(columns)
    tiles = {size: rows * n for size, n in _tiles(isa, columns.out_width).items()}
    taps = height * width * inputs
    return {
        "call": made,
        "row": rows,
        "pixel": rows * columns.out_width,
        **_tile_counts(isa, tiles, taps, view.output.shape[3]),
        **_copied("run", rows * whole * height, width * inputs),
        **_copied("tap", rows * (clipped * width - outside) * height, inputs),
        **_copied("outside", rows * outside * height, inputs),
    }


def _fully_connected(isa: str, view: View, calls: Runs) -> Counts:
    outputs, inputs = view.input(1).shape
    rows = view.output.elements // outputs
    return {"call": total(calls)[0], **_tile_counts(isa, {1: rows}, inputs, outputs)}


def depthwise_3x3(view: View, calls: Runs) -> Counts:
    """Rows of a channel, column by column."""
    columns = conv2d_columns(view)
    channels = view.output.shape[3]
    made, rows = total(calls)
    walked = 2 * columns.out_width + 1 if columns.stride == 2 else columns.out_width + 2
    inside = min(walked - columns.pad_left, columns.in_width)
    kept = sum(units * times for units, times, _ in calls if units > 1)
    kept *= view.attributes.stride_height == 1
    return {
        "call": made,
        "channel": made * channels,
        "line": rows * channels,
        "output": rows * channels * columns.out_width,
        "column": rows * channels * inside,
        "outside": rows * channels * (walked - inside),
        "kept": kept * channels * inside,
    }


def depthwise_3x3_thumb(view: View, calls: Runs) -> Counts:
    """The same, but that several rows of a call are copied, and each stride has its own loop."""
    columns = conv2d_columns(view)
    counts = depthwise_3x3(view, calls)
    lines, inside = counts["line"], counts["column"]
    wide = columns.stride == 2
    several = sum(times for units, times, _ in calls if units > 1)
    shared = max(3 - view.attributes.stride_height, 0)
    copied = sum(
        times * (3 * units - (units - 1) * shared) for units, times, _ in calls if units > 1
    )
    return {
        "call": counts["call"],
        "channel": counts["channel"],
        "line": 0 if wide else lines,
        "line_s2": lines if wide else 0,
        "left_s2": lines if wide and columns.pad_left else 0,
        "outside": 0 if wide else counts["outside"],
        "column": 0 if wide else inside,
        "column_s2": inside if wide else 0,
        "output": counts["output"],
        "copied_row": copied * view.output.shape[3],
        "copied": copied * view.output.shape[3] * min(columns.in_width, columns.reach),
        "several": several * view.output.shape[3],
    }


def _of_both(isa: str) -> dict[str, Features]:
    return {
        f"conv2d_s8_1x1_{isa}": functools.partial(_conv2d_1x1, isa),
        f"conv2d_s8_{isa}": functools.partial(_conv2d, isa),
        f"fully_connected_s8_{isa}": functools.partial(_fully_connected, isa),
        f"depthwise_conv2d_s8_3x3_{isa}": depthwise_3x3_thumb if isa == "thumb" else depthwise_3x3,
    }


SCALAR: dict[str, Features] = {**_of_both("scalar"), **_of_both("thumb")}
"""Feature functions by kernel; those of sums are their style's."""
