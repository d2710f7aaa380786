# SPDX-License-Identifier: Apache-2.0
"""Kernel table of DEQUANTIZE."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style
from mcunet_tf.tinyengine.ops.spec import View


def _dequantize(view: View) -> Struct:
    source = view.input(0)
    fields = {"scale": source.scale, "zero_point": source.zero_point, "count": source.elements}
    return Struct("struct dequantize_f32", fields)


def _rejects_uint8(view: View) -> str | None:
    return "a uint8 input" if view.input(0).dtype == "uint8" else None


DEQUANTIZE = (
    Kernel(
        "dequantize_s8_f32_portable",
        "dequantize",
        "portable",
        Style.WHOLE,
        _dequantize,
        rejects=_rejects_uint8,
    ),
    Kernel("dequantize_u8_f32_portable", "dequantize", "portable", Style.WHOLE, _dequantize),
)

KERNELS = {"DEQUANTIZE": DEQUANTIZE}
