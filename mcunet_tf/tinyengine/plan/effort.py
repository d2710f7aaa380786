# SPDX-License-Identifier: Apache-2.0
"""First-order instruction counts of kernel calls: enough to compare schedules of one model.

What differs between schedules is how often a kernel is called and with how many rows: set-up per
channel and call, and tiles of pixels that do not come out even. The constants are those of the
kernels' inner loops (kernels/README.md). Totals are no prediction; `cost/` has that.
"""

from __future__ import annotations

import functools
import math

from mcunet_tf.tinyengine.kernels.table import Style
from mcunet_tf.tinyengine.plan.nodes import Node, is_row_source

# One emitted call: counters, row pointers, arguments.
CALL = 90
CALL_PER_ROW = 25
# Per value, where a kernel treats all schedules alike.
PER_VALUE = 12


@functools.lru_cache(maxsize=1 << 16)
def call_effort(node: Node, rows: int) -> float:
    """Instructions of one kernel call that makes `rows` output rows, to first order."""
    if is_row_source(node):
        return CALL
    name, view = node.kernel.name, node.view
    overhead = CALL + CALL_PER_ROW * node.window.count(rows)
    if name.startswith("depthwise_conv2d"):
        return overhead + _depthwise(node, rows)
    if name.startswith("conv2d"):
        taps = math.prod(view.input(1).shape[1:])
        channels = view.output.shape[-1]
        if node.kernel.style is Style.PIXELS:
            pixels = view.output.elements // channels // node.height * rows
            return overhead + _tiles(pixels, taps, channels)
        return overhead + rows * _tiles(view.output.shape[2], taps, channels)
    values = max(view.output.elements, view.input(0).elements) / node.height * rows
    return overhead + PER_VALUE * values


def _depthwise(node: Node, rows: int) -> float:
    """Set-up per channel and call, then per row; pairs of 3 x 3 rows share half of their input."""
    height, width = node.view.input(1).shape[1:3]
    taps = height * width
    _, _, out_width, channels = node.view.output.shape
    per_row = out_width * (7 + 1.15 * taps) + 20
    single = 2 * out_width if node.kernel.band_rows > 1 and rows % 2 else 0
    return channels * (7 * taps + rows * per_row + single)


def _tiles(pixels: int, taps: int, channels: int) -> float:
    """Tiles of three pixels by two channels; what is left over runs in pairs."""
    words = -(-taps // 4)
    three = channels / 2 * (17 * words + 50) + 4.5 * taps + 40
    two = channels / 2 * (13 * words + 38) + 3 * taps + 40
    pairs = {0: 0, 1: 2, 2: 1}[pixels % 3] if pixels > 1 else 1
    triples = max((pixels - 2 * pairs) // 3, 0) if pixels > 1 else 0
    return triples * three + pairs * two
