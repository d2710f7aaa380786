# SPDX-License-Identifier: Apache-2.0
"""Kernel table of QUANTIZE."""

from __future__ import annotations

from collections.abc import Callable

from mcunet_tf.tinyengine.fixed_point import quantize_multiplier
from mcunet_tf.tinyengine.ir import ITEM_BYTES
from mcunet_tf.tinyengine.kernel_tables.lookup import lookup_kernels
from mcunet_tf.tinyengine.kernel_tables.table import (
    Kernel,
    Struct,
    Style,
    channels_or_everything,
)
from mcunet_tf.tinyengine.ops import lookup
from mcunet_tf.tinyengine.ops.spec import View


def _quantize_float(view: View) -> Struct:
    fields = {
        "scale": view.output.scale,
        "zero_point": view.output.zero_point,
        "channels": channels_or_everything(view),
    }
    return Struct("struct quantize_f32_s8", fields)


def _quantize_integers(view: View) -> Struct:
    source, output = view.input(0), view.output
    multiplier, shift = quantize_multiplier(source.scale / output.scale)
    fields = {
        "multiplier": multiplier,
        "shift": shift,
        "in_zero_point": source.zero_point,
        "out_zero_point": output.zero_point,
        "in_bytes": ITEM_BYTES[source.dtype],
        "out_bytes": ITEM_BYTES[output.dtype],
        "channels": channels_or_everything(view),
    }
    return Struct("struct quantize_integers", fields)


def _rejects_unless(dtype: str) -> Callable[[View], str | None]:
    def rejects(view: View) -> str | None:
        return None if view.output.dtype == dtype else f"an output of {view.output.dtype}"

    return rejects


def _from_float(values: str, dtype: str) -> Kernel:
    return Kernel(
        f"quantize_f32_{values}_portable",
        "quantize",
        "portable",
        Style.PIXELS,
        _quantize_float,
        rejects=_rejects_unless(dtype),
        reads_ahead=True,
        takes=("float32",),
    )


QUANTIZE = (
    *lookup_kernels(lookup.QUANTIZE),
    _from_float("s8", "int8"),
    _from_float("s16", "int16"),
    Kernel(
        "quantize_integers_portable",
        "quantize",
        "portable",
        Style.PIXELS,
        _quantize_integers,
        reads_ahead=True,
        takes=("int8", "int16", "int32"),
    ),
)

KERNELS = {"QUANTIZE": QUANTIZE}
