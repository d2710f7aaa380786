# SPDX-License-Identifier: Apache-2.0
"""Kernel table of SOFTMAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style, int16_blob, int32_blob
from mcunet_tf.tinyengine.ops.softmax import difference_scale, exponentials
from mcunet_tf.tinyengine.ops.spec import View
from mcunet_tf.tinyengine.ops.tables_s16 import exponential_points, reciprocal_points


def _softmax(view: View) -> Struct:
    table = exponentials(view)
    depth = view.input(0).shape[-1]
    fields = {
        "exponentials": int32_blob(table),
        "entries": len(table),
        "rows": view.input(0).elements // depth,
        "depth": depth,
    }
    return Struct("struct softmax_s8", fields)


def _rejects_int16_output(view: View) -> str | None:
    return None if view.output.dtype == "int8" else "an int16 output"


def _softmax_s16(view: View) -> Struct:
    multiplier, shift = difference_scale(view)
    depth = view.input(0).shape[-1]
    fields = {
        "exponentials": int16_blob(exponential_points()),
        "reciprocals": int16_blob(reciprocal_points()),
        "multiplier": multiplier,
        "shift": shift,
        "rows": view.input(0).elements // depth,
        "depth": depth,
    }
    return Struct("struct softmax_s16", fields)


def _kernel(values: str, dtype: str, arguments: Callable[[View], Struct], **limits: Any) -> Kernel:
    name = f"softmax_{values}_portable"
    return Kernel(name, "softmax", "portable", Style.WHOLE, arguments, takes=(dtype,), **limits)


SOFTMAX = (
    _kernel("s8", "int8", _softmax, rejects=_rejects_int16_output),
    _kernel("s8_s16", "int8", _softmax),
    _kernel("s16", "int16", _softmax_s16),
)

KERNELS = {"SOFTMAX": SOFTMAX}
