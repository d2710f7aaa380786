# SPDX-License-Identifier: Apache-2.0
"""Kernel table of RESIZE_NEAREST_NEIGHBOR."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.resized import resize_fields
from mcunet_tf.tinyengine.kernel_tables.table import ANY_TYPE, Kernel, Struct, Style, int16_blob
from mcunet_tf.tinyengine.ops.spec import View


def _repeats(view: View) -> int:
    """Output rows of each input row."""
    return view.output.shape[1] // view.input(0).shape[1]


def _rejects_unless_rows_repeat(view: View) -> str | None:
    repeats = max(_repeats(view), 1)
    rows = tuple(y // repeats for y in range(view.input(0).shape[1] * repeats))
    return None if view.attributes.rows == rows else "rows that are not repeated alike"


def _resize_rows(view: View) -> Struct:
    fields = {
        "columns": int16_blob(view.attributes.columns),
        "repeats": _repeats(view),
        "in_width": view.input(0).shape[2],
        "out_width": view.output.shape[2],
        "channels": view.output.shape[3] * view.output.item_bytes,
    }
    return Struct("struct resize_nearest_neighbor_rows_s8", fields)


RESIZE_NEAREST_NEIGHBOR = (
    Kernel(
        "resize_nearest_neighbor_rows_s8_portable",
        "resize_nearest_neighbor",
        "portable",
        Style.PIXELS,
        _resize_rows,
        rejects=_rejects_unless_rows_repeat,
        pixel_values=lambda view: _repeats(view) * view.output.elements // view.output.shape[1],
        takes=ANY_TYPE,
    ),
    Kernel(
        "resize_nearest_neighbor_s8_portable",
        "resize_nearest_neighbor",
        "portable",
        Style.WHOLE,
        resize_fields("nearest_neighbor"),
        takes=ANY_TYPE,
    ),
)

KERNELS = {"RESIZE_NEAREST_NEIGHBOR": RESIZE_NEAREST_NEIGHBOR}
