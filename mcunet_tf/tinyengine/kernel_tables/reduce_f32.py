# SPDX-License-Identifier: Apache-2.0
"""Kernel tables of MEAN, SUM, REDUCE_MAX and REDUCE_MIN on float32."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.mean import rejects_unless_height_and_width
from mcunet_tf.tinyengine.kernel_tables.over_rows import sums_bytes
from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style
from mcunet_tf.tinyengine.ops.mean import outer_inner, reduced_count
from mcunet_tf.tinyengine.ops.spec import View


def _divisor(view: View) -> float:
    return float(reduced_count(view)) if view.op.kind == "MEAN_F32" else 1.0


def _arguments(view: View) -> Struct:
    blocks = outer_inner(view)
    assert blocks is not None
    fields = {
        "outer": blocks[0],
        "count": blocks[1],
        "inner": blocks[2],
        "divisor": _divisor(view),
        "sign": -1.0 if view.op.kind == "REDUCE_MIN_F32" else 1.0,
    }
    return Struct("struct reduce_f32", fields)


def _rows(view: View) -> Struct:
    _, height, width, channels = view.input(0).shape
    fields = {"height": height, "width": width, "channels": channels, "divisor": _divisor(view)}
    return Struct("struct sum_rows_f32", fields)


_SUM = (
    Kernel(
        "sum_rows_f32_portable",
        "reduce_f32",
        "portable",
        Style.REDUCE,
        _rows,
        rejects=rejects_unless_height_and_width,
        scratch_bytes=sums_bytes,
    ),
    Kernel("sum_f32_portable", "reduce_f32", "portable", Style.WHOLE, _arguments),
)
_EXTREMUM = (Kernel("extremum_f32_portable", "reduce_f32", "portable", Style.WHOLE, _arguments),)
KERNELS = {
    "MEAN_F32": _SUM,
    "SUM_F32": _SUM,
    "REDUCE_MAX_F32": _EXTREMUM,
    "REDUCE_MIN_F32": _EXTREMUM,
}
