# SPDX-License-Identifier: Apache-2.0
"""Kernel tables of ROW_SUMS, MOVING_SUMS and MOVING_MEAN."""

from __future__ import annotations

import dataclasses

from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style
from mcunet_tf.tinyengine.ops.spec import View


def _rows(view: View) -> Struct:
    positions, sums = view.attributes.positions, view.output.shape[-1]
    fields = {
        "rows": view.output.elements // sums,
        "positions": positions,
        "sums": sums,
        "offset": -positions * view.input(0).zero_point,
    }
    return Struct("struct row_sums", fields)


def _sums(view: View) -> Struct:
    sums, new = view.input(0).elements, view.input(2).elements
    fields = {"sums": sums, "positions": new // sums, "leaving": view.attributes.leaving}
    return Struct("struct moving_sums", fields)


def _mean(view: View) -> Struct:
    attributes = view.attributes
    fields = {
        "sums": view.input(0).elements,
        "count": attributes.count,
        "offset": attributes.offset,
        "multiplier": attributes.multiplier,
        "shift": attributes.shift,
        "out_zero_point": view.output.zero_point,
        "out_min": attributes.low,
        "out_max": attributes.high,
    }
    return Struct("struct moving_mean", fields)


def _rejects_bytes(view: View) -> str | None:
    """Sums are int32 in either form, so types that a kernel takes do not tell them apart."""
    rows = view.input(1) if view.op.kind == "MOVING_SUMS" else view.output
    return None if rows.dtype == "int16" else "only int16"


_SUMS = Kernel(
    "moving_sums_s8_portable",
    "moving_sums",
    "portable",
    Style.WHOLE,
    _sums,
    data_inputs=(0, 1, 2),
    replaces_first=True,
)
_MEAN = Kernel("moving_mean_s8_portable", "moving_sums", "portable", Style.WHOLE, _mean)


def _with_int16(kernel: Kernel) -> tuple[Kernel, ...]:
    name = kernel.name.replace("_s8_", "_s16_")
    return dataclasses.replace(kernel, name=name, rejects=_rejects_bytes), kernel


_ROWS = Kernel("row_sums_s8_portable", "moving_sums", "portable", Style.WHOLE, _rows)

KERNELS = {
    "ROW_SUMS": (_ROWS,),
    "MOVING_SUMS": _with_int16(_SUMS),
    "MOVING_MEAN": _with_int16(_MEAN),
}
