# SPDX-License-Identifier: Apache-2.0
"""Kernel table of QUANTIZE."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.lookup import lookup_kernels
from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style
from mcunet_tf.tinyengine.ops import lookup
from mcunet_tf.tinyengine.ops.spec import View


def _quantize_float(view: View) -> Struct:
    fields = {
        "scale": view.output.scale,
        "zero_point": view.output.zero_point,
        "count": view.output.elements,
    }
    return Struct("struct quantize_f32_s8", fields)


QUANTIZE = (
    *lookup_kernels(lookup.QUANTIZE),
    Kernel("quantize_f32_s8_portable", "quantize", "portable", Style.WHOLE, _quantize_float),
)

KERNELS = {"QUANTIZE": QUANTIZE}
