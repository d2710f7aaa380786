# SPDX-License-Identifier: Apache-2.0
"""Loop counts of poolings and means that take vectors of channels."""

from __future__ import annotations

import functools

from mcunet_tf.tinyengine.cost.counts import Counts, Features, Runs, total
from mcunet_tf.tinyengine.cost.tiles import Columns, columns_inside
from mcunet_tf.tinyengine.ops.spec import View


def _windows(lanes: int, view: View, calls: Runs) -> Counts:
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
    blocks, pixels = -(-channels // lanes), rows * out_width
    inside = rows / out_height * columns_inside(down)
    return {
        "call": made,
        "row": rows,
        "pixel": pixels,
        "kernel_row": pixels * attributes.kernel_height,
        "block": pixels * blocks,
        "block_row": pixels * attributes.kernel_height * blocks,
        "block_inside_row": inside * out_width * blocks,
        "block_tap": inside * columns_inside(across) * blocks,
    }


def _sums(lanes: int, view: View, calls: Runs) -> Counts:
    made, rows = total(calls)
    _, height, width, channels = view.input(0).shape
    blocks, rest, images = channels // lanes, channels % lanes, rows / height
    return {
        "call": made,
        "block_call": made * blocks,
        "block_pixel": rows * width * blocks,
        "block": images * blocks,
        "odd_call": made * rest,
        "odd_pixel": rows * width * rest,
        "odd": images * rest,
        "last_call": made * (rest > 0),
        "last_pixel": rows * width * (rest > 0),
        "last": images * (rest > 0),
    }


POOLS: dict[str, Features] = {
    "max_pool_2d_s8_mve": functools.partial(_windows, 16),
    "average_pool_2d_s8_mve": functools.partial(_windows, 8),
    "max_pool_2d_s8_rvv": functools.partial(_windows, 128),
    "average_pool_2d_s8_rvv": functools.partial(_windows, 32),
    **{
        f"{name}_rows_s8_{isa}": functools.partial(_sums, lanes)
        for name in ("average_pool", "mean")
        for isa, lanes in (("mve", 8), ("dsp", 4), ("portable", 1))
    },
    **{
        f"{name}_rows_s16_portable": functools.partial(_sums, 1)
        for name in ("average_pool", "mean")
    },
}
"""Feature functions by the kernel's name."""
