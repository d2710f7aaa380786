# SPDX-License-Identifier: Apache-2.0
"""How often each loop of a kernel runs: the counts that a linear cost model weighs.

A feature function takes an operator and its calls and returns counts by name, after the loops of
its kernels: a cost is a sum of count x coefficient to within a few tenths of a percent. Shapes
alone are read, never constants.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

from mcunet_tf.tinyengine.cost.counts import Counts, Features, Runs, conv2d_columns, total
from mcunet_tf.tinyengine.cost.features_columns import conv2d_columns_dsp
from mcunet_tf.tinyengine.cost.features_matmul import (
    LSTMS,
    batch_matmul,
    fully_connected,
    fully_connected_any_dsp,
)
from mcunet_tf.tinyengine.cost.features_moves import (
    joined_values,
    moved_sums,
    moving_means,
    repeated_rows,
    resized_values,
    row_sums,
    slid_values,
    strided_copy,
    strided_copy_s16,
    whole_values,
)
from mcunet_tf.tinyengine.cost.features_mve import (
    CONV2D_MVE,
    depthwise_3x3_mve,
    depthwise_mve,
    depthwise_planes_mve,
    depthwise_taps_mve,
)
from mcunet_tf.tinyengine.cost.features_pools import POOLS
from mcunet_tf.tinyengine.cost.features_rvv import RVV
from mcunet_tf.tinyengine.cost.features_s16 import (
    conv2d_1x1_s16_any_dsp,
    conv2d_1x1_s16_dsp,
    conv2d_s16_any_dsp,
    conv2d_s16_dsp,
    depthwise_s16_any_dsp,
    depthwise_s16_dsp,
    depthwise_s16_portable,
    fully_connected_s16_any_dsp,
    fully_connected_s16_dsp,
)
from mcunet_tf.tinyengine.cost.features_scalar import SCALAR
from mcunet_tf.tinyengine.cost.features_signal import SIGNALS
from mcunet_tf.tinyengine.cost.features_typed import TYPED
from mcunet_tf.tinyengine.cost.tiles import (
    Columns,
    Gathered,
    column_words,
    columns_inside,
    direct_and_staged,
    pixel_tiles,
)
from mcunet_tf.tinyengine.kernel_tables.packing.pairs import paired
from mcunet_tf.tinyengine.kernel_tables.table import Style, channels_or_everything
from mcunet_tf.tinyengine.ops.broadcast import broadcast_period
from mcunet_tf.tinyengine.ops.depthwise_conv2d import depth_multiplier
from mcunet_tf.tinyengine.ops.spec import View

_BLOCK = 16  # channels that depthwise_conv2d_s8_portable accumulates side by side
_COPY_WORDS = 8  # that conv2d_kxk_dsp.inc copies without a loop
_PAIRS = ("ADD", "SUB", "MUL", "SQUARED_DIFFERENCE", "MAXIMUM", "MINIMUM", "PRELU")
_WIDE_UNROLL, _NARROW_UNROLL = 16, 4  # blocks of conv2d_tile_dsp.inc per turn of its loop


def _tile_counts(threes: int, twos: int, inputs: int, channels: int) -> Counts:
    """The loops of conv2d_tile_dsp.inc for tiles of 3 and 2 pixels."""
    pairs, quads = -(-channels // 2), -(-inputs // 4)
    return {
        "tile3": threes,
        "tile2": twos,
        "pair3": threes * pairs,
        "pair2": twos * pairs,
        "block3": threes * pairs * quads,
        "block2": twos * pairs * quads,
        "turn3": threes * pairs * -(-(quads - 1) // _WIDE_UNROLL),
        "turn2": twos * pairs * -(-(quads - 1) // _NARROW_UNROLL),
        "odd_channel": (threes + twos) * (channels % 2),
    }


def conv2d_1x1_dsp(view: View, calls: Runs) -> Counts:
    """Tiles of 3 and 2 pixels x 2 output channels of a 1 x 1 convolution."""
    inputs, channels = view.input(0).shape[-1], view.output.shape[-1]
    threes = twos = phases = 0
    for pixels, count, _ in calls:
        three, two = pixel_tiles(pixels)
        threes += three * count
        twos += two * count
        phases += ((three > 0) + (two > 0)) * count
    quads = -(-inputs // 4)
    return {
        "call": total(calls)[0],
        "phase": phases,
        **_tile_counts(threes, twos, inputs, channels),
        "widen3": threes * quads,
        "widen2": twos * quads,
        "input_tail": (threes + twos) * (inputs % 4 > 0 and inputs > 4),
        "few_inputs": (threes + twos) * (inputs < 4),
    }


def conv2d_dsp(view: View, calls: Runs, largest: int = 3) -> Counts:
    """The same tiles of a convolution with windows, gathered from the image, by taps or a copy."""
    view = paired(view)
    _, height, width, inputs = view.input(1).shape
    columns, taps = conv2d_columns(view), height * width * inputs
    gathered = direct_and_staged(columns, width * inputs % 4 == 0, largest)
    threes, twos = pixel_tiles(columns.out_width, largest)
    calls_made, rows = total(calls)
    quads = -(-taps // 4)
    whole_taps = inputs % 4 == 0
    widened = (gathered.direct3, gathered.direct2) if whole_taps else (threes, twos)
    gather = _widened_taps if whole_taps else _staged_windows
    counts = {
        "row": 1.0,
        "phase": (threes > 0) + (twos > 0),
        **_tile_counts(threes, twos, taps, view.output.shape[-1]),
        "direct_run": (gathered.direct3 + gathered.direct2) * height,
        "widen3": widened[0] * quads,
        "widen2": widened[1] * quads,
        **gather(gathered, height, width, inputs),
    }
    return {"call": calls_made, **{name: rows * count for name, count in counts.items()}}


def _widened_taps(gathered: Gathered, height: int, width: int, inputs: int) -> Counts:
    """Tiles at the image's edges where a tap is whole words."""
    pixels = gathered.copied + gathered.clipped
    outside = gathered.outside * height
    return {
        "tap_tile": gathered.staged3 + gathered.staged2,
        "tap_pixel": pixels,
        "tap_run": pixels * height,
        "tap": pixels * height * width,
        "zero_tap": outside,
        "tap_word": (pixels * height * width - outside) * (inputs // 4),
        "zero_word": outside * (inputs // 4),
    }


def _staged_windows(gathered: Gathered, height: int, width: int, inputs: int) -> Counts:
    """Tiles whose windows are copied before they are widened."""
    run = width * inputs
    return {
        "staged": gathered.staged3 + gathered.staged2,
        "copied_pixel": gathered.copied,
        "copied_run": gathered.copied * height,
        "copied_word": gathered.copied * height * (-(-run // 4) if run >= 4 else 0),
        "copied_turn": gathered.copied * height * max(-(-run // 4) - 1 - _COPY_WORDS, 0),
        "copied_byte": gathered.copied * height * (run if run < 4 else 0),
        "clipped_pixel": gathered.clipped,
        "clipped_run": gathered.clipped * height,
        "clipped_tap": gathered.clipped * height * width,
        "outside_tap": gathered.outside * height,
        "clipped_word": gathered.clipped * height * width * (inputs // 4),
        "clipped_byte": gathered.clipped * height * width * (inputs % 4),
        "outside_word": gathered.outside * height * (inputs // 4),
        "outside_byte": gathered.outside * height * (inputs % 4),
    }


def _depthwise_outputs(view: View, rows: int) -> Counts:
    """Groups of four outputs and what is left of a row, channel by channel."""
    width, channels = view.output.shape[2], view.output.shape[3]
    counts: Counts = {
        "channel_row": channels * rows,
        "group": channels * rows * (width // 4),
        "tail1": 0,
        "tail2": 0,
        "tail3": 0,
    }
    if width % 4:
        counts[f"tail{width % 4}"] = channels * rows
    return counts


def depthwise_3x3_dsp(view: View, calls: Runs) -> Counts:
    """Bands of two rows: pairs of columns gathered for four channels, then four outputs a pass."""
    channels, width = view.output.shape[3], view.output.shape[2]
    fours = -(-channels // 4)
    made, rows = total(calls)
    chunks = sum(run.times for run in calls)
    later = (chunks - made) * fours  # chunks behind the first one of a call
    bands = sum(-(-units // 2) * count for units, count, _ in calls)
    alone = 2 * bands - rows  # bands of one row
    words = column_words(conv2d_columns(view))
    return {
        "call": made,
        "fill": sum(-(-run.units // 2) * run.calls for run in calls) * ((width + 3) // 2),
        "four": made * fours,
        "carried": later,
        "carried_unit": later * ((width + 3) // 2),
        "band": bands * fours,
        "alone": alone * fours,
        "pair": (bands - alone) * fours * words.pairs,
        "alone_pair": alone * fours * words.pairs,
        "head": bands * fours * words.head,
        "last": bands * fours * words.last,
        "channel": chunks * channels,
        "several_rows": sum(count for units, count, _ in calls if units > 1) * channels,
        # The first row of a band and the second differ.
        "second_row": (bands - alone) * channels,
        "second_group": (bands - alone) * channels * (width // 4),
        **_depthwise_outputs(view, rows),
    }


def depthwise_dsp(view: View, calls: Runs) -> Counts:
    """Rows of column pairs gathered for four channels, then four outputs a pass."""
    size, stride = view.input(1).shape[1], view.attributes.stride_width
    channels = view.output.shape[3]
    fours = -(-channels // 4)
    made, rows = total(calls)
    in_rows = sum(((units - 1) * stride + size) * count for units, count, _ in calls)
    columns = conv2d_columns(view)
    words = column_words(columns)
    return {
        "call": made,
        "fill": in_rows * -(-columns.reach // 4),
        "four": made * fours,
        "in_row": in_rows * fours,
        "block": in_rows * fours * words.blocks,
        "head": in_rows * fours * words.head,
        "first": in_rows * fours * words.first,
        "second": in_rows * fours * words.second,
        "last": in_rows * fours * words.last,
        "channel": made * channels,
        **_depthwise_outputs(view, rows),
    }


def depthwise_any_dsp(view: View, calls: Runs) -> Counts:
    """A list of taps per pixel, then four channels of two taps a step."""
    columns = conv2d_columns(view)
    _, height, width, channels = view.input(1).shape
    made, rows = total(calls)
    pixels = rows * columns.out_width
    fours = pixels * -(-channels // 4)
    inside = rows * height * columns_inside(columns)
    return {
        "call": made,
        "row": rows,
        "pixel": pixels,
        "kernel_row": pixels * height,
        "inside": inside,
        "outside": pixels * height * width - inside,
        "four": fours,
        "step": fours * -(-height * width // 2),
        "repeated": pixels * (channels % 4 > 0),
    }


def conv2d_portable(view: View, calls: Runs) -> Counts:
    """Dot products over input channels, one per tap; padding costs a sum of weights."""
    _, height, width, inputs = view.input(1).shape
    columns = conv2d_columns(view)
    made, rows = total(calls)
    outputs = rows * columns.out_width * view.output.shape[3]
    inside = rows * view.output.shape[3] * height * columns_inside(columns)
    outside = outputs * height * width - inside
    return {
        "call": made,
        "row": rows,
        "pixel": rows * columns.out_width,
        "output": outputs,
        "kernel_row": outputs * height,
        "inside": inside,
        "outside": outside,
        "mac": inside * inputs,
        "outside_mac": outside * inputs,
    }


def conv2d_1x1_portable(view: View, calls: Runs) -> Counts:
    """One dot product per output."""
    made, pixels = total(calls)
    outputs = pixels * view.output.shape[-1]
    return {
        "call": made,
        "pixel": pixels,
        "output": outputs,
        "mac": outputs * view.input(0).shape[-1],
    }


def depthwise_portable(view: View, calls: Runs) -> Counts:
    """Blocks of channels, tap by tap."""
    columns = conv2d_columns(view)
    _, height, width, channels = view.input(1).shape
    made, rows = total(calls)
    pixels = rows * columns.out_width
    blocks = -(-channels // _BLOCK)
    inside = rows * height * columns_inside(columns)
    outside = pixels * height * width - inside
    several = depth_multiplier(view) > 1
    return {
        "call": made,
        "row": rows,
        "pixel": pixels,
        "block": pixels * blocks,
        "output": pixels * channels,
        "block_kernel_row": pixels * blocks * height,
        "inside": inside * blocks,
        "outside": outside * blocks,
        "mac": 0 if several else inside * channels,
        "multiplied_mac": inside * channels if several else 0,
        "outside_mac": outside * channels,
    }


def pool_rows(view: View, calls: Runs) -> Counts:
    """Windows channel by channel; rows and columns of padding are left out."""
    attributes = view.attributes
    _, in_height, in_width, channels = view.input(0).shape
    _, out_height, out_width, _ = view.output.shape
    padding = attributes.padding
    across = Columns(
        in_width, out_width, attributes.kernel_width, attributes.stride_width, 1, padding.left
    )
    down = Columns(
        in_height, out_height, attributes.kernel_height, attributes.stride_height, 1, padding.top
    )
    made, rows = total(calls)
    outputs = rows * out_width * channels
    inside = rows / out_height * columns_inside(down)
    taps = inside * columns_inside(across) * channels
    blocks, pairs, words = channels // 16, channels % 16 // 8, -(-(channels % 8) // 4)
    return {
        "call": made,
        "row": rows,
        "pixel": rows * out_width,
        "output": outputs,
        "kernel_row": outputs * attributes.kernel_height,
        "inside_row": inside * out_width * channels,
        "tap": taps,
        "words": rows * out_width * -(-channels // 4),
        "words_row": inside * out_width * -(-channels // 4),
        "words_tap": inside * columns_inside(across) * -(-channels // 4),
        **{
            f"{name}_{what}": count * number
            for name, number in (("block", blocks), ("pair", pairs), ("word", words))
            for what, count in (
                ("output", rows * out_width),
                ("kernel_row", rows * out_width * attributes.kernel_height),
                ("inside_row", inside * out_width),
                ("tap", inside * columns_inside(across)),
            )
        },
    }


def reduce_rows(view: View, calls: Runs) -> Counts:
    """Sums over pixels by channel, finished once."""
    made, rows = total(calls)
    _, height, width, channels = view.input(0).shape
    finished = rows / height * channels
    return {
        "call": made,
        "channel": finished,
        "row": rows,
        "pixel": rows * width,
        "value": rows * width * channels,
        "fourth": rows * width * (channels // 4),
        "odd_value": rows * width * (channels % 4),
    }


def _values_of_pixels(calls: Runs, per_pixel: int) -> Counts:
    """One value after the other, pixels in the loop around them."""
    made, pixels = total(calls)
    return {
        "call": made,
        "pixel": pixels,
        "value": pixels * per_pixel,
        "fourth": sum(units * per_pixel // 4 * count for units, count, _ in calls),
        "odd_value": sum(units * per_pixel % 4 * count for units, count, _ in calls),
        "lane16": sum(-(-units * per_pixel // 16) * count for units, count, _ in calls),
    }


def byte_values(view: View, calls: Runs) -> Counts:
    """Values of one tensor."""
    return _values_of_pixels(calls, channels_or_everything(view))


def pair_values(view: View, calls: Runs) -> Counts:
    """Values of two tensors, or of one: an operand that repeats sets the pixel.

    A pixel of PRELU is as many values as there are slopes.
    """
    period = broadcast_period(view)[1] if view.op.kind in _PAIRS else view.output.elements
    if period == view.output.elements and view.op.kind != "PRELU":
        return byte_values(view, calls)
    _, pixels = total(calls)
    loops = {"pixel_fourth": pixels * (period // 4), "pixel_odd": pixels * (period % 4)}
    return {**_values_of_pixels(calls, period), **loops}


def fully_connected_plain_dsp(view: View, calls: Runs) -> Counts:
    """Sixteen products of a row, or four, or one."""
    made, _ = total(calls)
    features = view.input(1).shape[1]
    rows = made * view.output.elements
    return {
        "call": made,
        "row": rows,
        "sixteen": rows * (features // 16),
        "four": rows * (features % 16 // 4),
        "one": rows * (features % 4),
    }


_BY_NAME: Mapping[str, Features] = {
    "conv2d_s8_1x1_dsp": conv2d_1x1_dsp,
    "conv2d_s8_1x1_wide_dsp": conv2d_1x1_dsp,
    "conv2d_s8_1x1_any_dsp": conv2d_1x1_dsp,
    "conv2d_s8_dsp": conv2d_dsp,
    "conv2d_s8_any_dsp": conv2d_dsp,
    "conv2d_s8_columns_dsp": conv2d_columns_dsp,
    "conv2d_s8_wide_dsp": conv2d_dsp,
    "conv2d_s8_twos_dsp": functools.partial(conv2d_dsp, largest=2),
    "conv2d_s8_wide_twos_dsp": functools.partial(conv2d_dsp, largest=2),
    "conv2d_s8_1x1_portable": conv2d_1x1_portable,
    "conv2d_s8_portable": conv2d_portable,
    **CONV2D_MVE,
    "depthwise_conv2d_s8_3x3_dsp": depthwise_3x3_dsp,
    "depthwise_conv2d_s8_3x3_any_dsp": depthwise_3x3_dsp,
    "fully_connected_s8_any_dsp": fully_connected_any_dsp,
    "fully_connected_s8_plain_dsp": fully_connected_plain_dsp,
    "depthwise_conv2d_s8_dsp": depthwise_any_dsp,
    "depthwise_conv2d_s8_portable": depthwise_portable,
    "depthwise_conv2d_s8_3x3_mve": depthwise_3x3_mve,
    "depthwise_conv2d_s8_planes_mve": depthwise_planes_mve,
    "depthwise_conv2d_s8_taps_mve": depthwise_taps_mve,
    "strided_copy_s8_portable": strided_copy,
    "lookup_x8_portable": byte_values,
    "batch_matmul_s8_portable": batch_matmul,
    "batch_matmul_s8_dsp": batch_matmul,
    **LSTMS,
    "resize_nearest_neighbor_rows_s8_portable": repeated_rows,
    "resize_nearest_neighbor_s8_portable": resized_values,
    "concatenation_s8_portable": joined_values,
    "slide_x8_portable": slid_values,
    "row_sums_s8_portable": row_sums,
    "moving_sums_s8_portable": moved_sums,
    "moving_sums_s16_portable": moved_sums,
    "moving_mean_s8_portable": moving_means,
    "moving_mean_s16_portable": moving_means,
    **TYPED,
    **SIGNALS,
    **POOLS,
    **SCALAR,
    **RVV,
    "conv2d_s16_1x1_portable": conv2d_1x1_portable,
    "conv2d_s16_portable": conv2d_portable,
    "depthwise_conv2d_s16_portable": depthwise_s16_portable,
    "batch_matmul_s16_portable": batch_matmul,
    "strided_copy_s16_portable": strided_copy_s16,
    "conv2d_s16_1x1_dsp": conv2d_1x1_s16_dsp,
    "conv2d_s16_dsp": conv2d_s16_dsp,
    "depthwise_conv2d_s16_dsp": depthwise_s16_dsp,
    "fully_connected_s16_dsp": fully_connected_s16_dsp,
    "conv2d_s16_1x1_any_dsp": conv2d_1x1_s16_any_dsp,
    "conv2d_s16_any_dsp": conv2d_s16_any_dsp,
    "depthwise_conv2d_s16_any_dsp": depthwise_s16_any_dsp,
    "fully_connected_s16_any_dsp": fully_connected_s16_any_dsp,
}
_BY_OPERATOR: Mapping[tuple[str, str], Features] = {
    ("DEPTHWISE_CONV_2D", "dsp"): depthwise_dsp,
    ("DEPTHWISE_CONV_2D", "mve"): depthwise_mve,
}
_BY_STYLE: Mapping[Style, Features] = {
    Style.WINDOW: pool_rows,
    Style.PIXELS: pair_values,
    Style.REDUCE: reduce_rows,
    Style.WHOLE: whole_values,
}


def features_of(name: str, kind: str, isa: str, style: Style) -> Features:
    """The feature function of a kernel row: its own, its operator's, or its style's."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    if (kind, isa) in _BY_OPERATOR:
        return _BY_OPERATOR[kind, isa]
    return fully_connected if kind == "FULLY_CONNECTED" else _BY_STYLE[style]
