# SPDX-License-Identifier: Apache-2.0
"""Kernel tables of the operators that only move values."""

from __future__ import annotations

from collections.abc import Callable

from mcunet_tf.tinyengine.kernels.table import (
    ALL_INPUTS,
    Kernel,
    Struct,
    Style,
    int16_blob,
    int32_blob,
)
from mcunet_tf.tinyengine.ops.layout import PadAttributes, ResizeAttributes, joined_runs
from mcunet_tf.tinyengine.ops.resize_bilinear import BilinearAttributes
from mcunet_tf.tinyengine.ops.spec import View
from mcunet_tf.tinyengine.ops.strided import MAX_AXES, strided_copy

_PAD_AXES = 4


def _strided_copy(view: View) -> Struct:
    copy = strided_copy(view)
    fill = MAX_AXES - len(copy.sizes)
    fields = {
        "offset": copy.offset,
        "size": (1,) * fill + copy.sizes,
        # An axis of one value may have any stride: 1 makes it a run.
        "stride": (1,) * fill + copy.strides,
    }
    return Struct("struct strided_copy_s8", fields)


def _pad(view: View) -> Struct:
    attributes: PadAttributes = view.attributes
    fill = _PAD_AXES - len(view.input(0).shape)
    fields = {
        "size": (1,) * fill + view.input(0).shape,
        "before": (0,) * fill + attributes.before,
        "after": (0,) * fill + attributes.after,
        "value": attributes.value,
    }
    return Struct("struct pad_s8", fields)


def _concatenation(view: View) -> Struct:
    runs = joined_runs(view)
    fields = {"operands": len(runs), "run_bytes": int32_blob(runs)}
    return Struct("struct concatenation_s8", fields)


def _resize(kind: str) -> Callable[[View], Struct]:
    def arguments(view: View) -> Struct:
        attributes: ResizeAttributes | BilinearAttributes = view.attributes
        fields = {
            "rows": int16_blob(attributes.rows),
            "columns": int16_blob(attributes.columns),
            "in_width": view.input(0).shape[2],
            "out_height": view.output.shape[1],
            "out_width": view.output.shape[2],
            "channels": view.output.shape[3],
        }
        return Struct(f"struct resize_{kind}_s8", fields)

    return arguments


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
        "channels": view.output.shape[3],
    }
    return Struct("struct resize_nearest_neighbor_rows_s8", fields)


STRIDED_COPY = (
    Kernel("strided_copy_s8_portable", "strided_copy", "portable", Style.WHOLE, _strided_copy),
)
PAD = (Kernel("pad_s8_portable", "pad", "portable", Style.WHOLE, _pad),)
CONCATENATION = (
    Kernel(
        "concatenation_s8_portable",
        "concatenation",
        "portable",
        Style.PIXELS,
        _concatenation,
        data_inputs=ALL_INPUTS,
        pixel_values=lambda view: sum(joined_runs(view)),
    ),
)
RESIZE_NEAREST_NEIGHBOR = (
    Kernel(
        "resize_nearest_neighbor_rows_s8_portable",
        "resize_nearest_neighbor",
        "portable",
        Style.PIXELS,
        _resize_rows,
        rejects=_rejects_unless_rows_repeat,
        pixel_values=lambda view: _repeats(view) * view.output.elements // view.output.shape[1],
    ),
    Kernel(
        "resize_nearest_neighbor_s8_portable",
        "resize_nearest_neighbor",
        "portable",
        Style.WHOLE,
        _resize("nearest_neighbor"),
    ),
)
RESIZE_BILINEAR = (
    Kernel(
        "resize_bilinear_s8_portable",
        "resize_bilinear",
        "portable",
        Style.WHOLE,
        _resize("bilinear"),
    ),
)
