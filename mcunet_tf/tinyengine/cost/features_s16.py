# SPDX-License-Identifier: Apache-2.0
"""Loop counts of the int16 kernels."""

from __future__ import annotations

from mcunet_tf.tinyengine.cost.counts import Counts, Runs, conv2d_columns, total
from mcunet_tf.tinyengine.cost.tiles import columns_inside, pixel_tiles
from mcunet_tf.tinyengine.ops.spec import View

_UNROLL = 8  # blocks per turn of every loop
_SEGMENT = 127  # blocks whose products 32 bits hold
_TILE = 3  # pixels of depthwise_conv2d_s16_dsp.c


def _tiles(threes: int, twos: int, inputs: int, channels: int) -> Counts:
    """The loops of conv2d_tile_s16_dsp.h."""
    pairs, blocks = -(-channels // 2), -(-inputs // 4)
    turns = -(-blocks // _UNROLL)
    return {
        "tile3": threes,
        "tile2": twos,
        "pair3": threes * pairs,
        "pair2": twos * pairs,
        "block3": threes * pairs * blocks,
        "block2": twos * pairs * blocks,
        "turn3": threes * pairs * turns,
        "turn2": twos * pairs * turns,
        "odd_channel": (threes + twos) * (channels % 2),
    }


def conv2d_1x1_s16_dsp(view: View, calls: Runs) -> Counts:
    """Tiles of 3 and 2 pixels, whose inputs are put side by side."""
    inputs, channels = view.input(0).shape[-1], view.output.shape[-1]
    threes = twos = 0
    for pixels, count, _ in calls:
        three, two = pixel_tiles(pixels)
        threes += three * count
        twos += two * count
    return {
        "call": total(calls)[0],
        **_tiles(threes, twos, inputs, channels),
        "word3": threes * (inputs // 2),
        "word2": twos * (inputs // 2),
        "odd_input": (threes + twos) * (inputs % 2),
    }


def _gathered(view: View, pixels: int) -> Counts:
    """What putting a row's windows side by side takes."""
    _, height, width, inputs = view.input(1).shape
    columns = conv2d_columns(view)
    inside = height * columns_inside(columns)
    outside = columns.out_width * height * width - inside
    run = width * inputs
    apart = columns.out_width - _whole_windows(view)
    return {
        "pixel": pixels,
        "kernel_row": pixels * height,
        "word": pixels * height * (run // 2),
        "odd_value": pixels * height * (run % 2),
        "apart_row": apart * height,
        "apart_tap": apart * height * width,
        "apart_odd": apart * height * width * (inputs % 2),
        "outside_tap": outside,
        "outside_value": outside * inputs,
    }


def conv2d_s16_dsp(view: View, calls: Runs) -> Counts:
    """The same tiles, gathered from windows."""
    weights = view.input(1)
    taps = weights.elements // weights.shape[0]
    threes, twos = pixel_tiles(view.output.shape[2])
    made, rows = total(calls)
    counts = {
        "row": 1.0,
        **_tiles(threes, twos, taps, view.output.shape[-1]),
        **_gathered(view, 3 * threes + 2 * twos),
    }
    return {"call": made, **{name: rows * count for name, count in counts.items()}}


def _any_tiles(tiles: int, pixels: int, inputs: int, channels: int) -> Counts:
    """The loops of conv2d_tile_any_s16_dsp.h: always three pixels."""
    pairs, blocks = -(-channels // 2), -(-inputs // 4)
    return {
        "tile": tiles,
        "pair": tiles * pairs,
        "segment": tiles * pairs * -(-blocks // _SEGMENT),
        "block": tiles * pairs * blocks,
        "turn": tiles * pairs * -(-blocks // _UNROLL),
        "output": pixels * channels,
    }


def conv2d_1x1_s16_any_dsp(view: View, calls: Runs) -> Counts:
    """Tiles of 3 pixels; each pixel of a rest has its own."""
    inputs, channels = view.input(0).shape[-1], view.output.shape[-1]
    made, pixels = total(calls)
    tiles = sum((run.units // 3 + run.units % 3) * run.times for run in calls)
    return {
        "call": made,
        **_any_tiles(tiles, pixels, inputs, channels),
        "word": tiles * (inputs // 2),
        "odd_input": tiles * (inputs % 2),
    }


def conv2d_s16_any_dsp(view: View, calls: Runs) -> Counts:
    """Tiles of 3 pixels, gathered from windows."""
    weights = view.input(1)
    taps, width = weights.elements // weights.shape[0], view.output.shape[2]
    made, rows = total(calls)
    tiles = -(-width // 3)
    counts = {
        "row": 1.0,
        **_any_tiles(tiles, width, taps, view.output.shape[-1]),
        **_gathered(view, 3 * tiles),
    }
    return {"call": made, **{name: rows * count for name, count in counts.items()}}


def _whole_windows(view: View) -> int:
    """Windows along a row that are one run for each kernel row."""
    attributes = view.attributes
    if attributes.dilation_width > 1:
        return 0
    room = view.input(0).shape[2] - view.input(1).shape[2]
    step, left = attributes.stride_width, attributes.padding.left
    starts = (x * step - left for x in range(view.output.shape[2]))
    return sum(0 <= start <= room for start in starts)


def depthwise_s16_dsp(view: View, calls: Runs) -> Counts:
    """Tiles of three pixels, two channels at a time, two taps a step."""
    out_width = view.output.shape[2]
    tiles = -(-out_width // _TILE) if out_width >= _TILE else out_width
    return _depthwise_tiles(view, calls, tiles)


def depthwise_s16_any_dsp(view: View, calls: Runs) -> Counts:
    """As depthwise_s16_dsp, with the same tiles at an edge and outputs in C."""
    _, rows = total(calls)
    outputs = rows * view.output.shape[2] * view.output.shape[-1]
    tiles = -(-view.output.shape[2] // _TILE)
    return {**_depthwise_tiles(view, calls, tiles), "output": outputs}


def _depthwise_tiles(view: View, calls: Runs, tiles: int) -> Counts:
    _, height, width, channels = view.input(1).shape
    made, rows = total(calls)
    pairs, steps = -(-channels // 2), -(-height * width // 2)
    return {
        "call": made,
        "row": rows,
        "tile": rows * tiles,
        "kernel_row": rows * tiles * height,
        "tap": rows * tiles * height * width,
        "pair": rows * tiles * pairs,
        "step": rows * tiles * pairs * steps,
        "turn": rows * tiles * pairs * -(-steps // _UNROLL),
        "odd_channel": rows * tiles * (channels % 2),
        "cleared": made * channels,
    }


def depthwise_s16_portable(view: View, calls: Runs) -> Counts:
    """Channel by channel, tap by tap."""
    columns = conv2d_columns(view)
    _, height, width, channels = view.input(1).shape
    made, rows = total(calls)
    outputs = rows * columns.out_width * channels
    inside = rows * height * columns_inside(columns) * channels
    return {
        "call": made,
        "row": rows,
        "pixel": rows * columns.out_width,
        "output": outputs,
        "kernel_row": outputs * height,
        "inside": inside,
        "outside": outputs * height * width - inside,
    }


def fully_connected_s16_dsp(view: View, calls: Runs) -> Counts:
    """Four outputs at a time."""
    made, _ = total(calls)
    outputs, inputs = view.input(1).shape
    rows = view.output.elements // outputs * made
    fours, blocks = -(-outputs // 4), -(-inputs // 4)
    return {
        "call": made,
        "row": rows,
        "four": rows * fours,
        "block": rows * fours * blocks,
        "turn": rows * fours * -(-blocks // _UNROLL),
        "rest": rows * (outputs % 4 > 0),
        "few": rows * (outputs < 4),
        "copied_row": rows * (inputs % 4 > 0),
        "copied_value": rows * inputs * (inputs % 4 > 0),
    }


def fully_connected_s16_any_dsp(view: View, calls: Runs) -> Counts:
    """The same in segments, with outputs in C."""
    outputs, inputs = view.input(1).shape
    counts = fully_connected_s16_dsp(view, calls)
    segments = -(-inputs // (4 * _SEGMENT))
    rows = counts["row"]
    return {**counts, "segment": counts["four"] * segments, "output": rows * outputs}
