# SPDX-License-Identifier: Apache-2.0
"""Kernel table of DEQUANTIZE."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style, channels_or_everything
from mcunet_tf.tinyengine.ops.spec import View


def _dequantize(view: View) -> Struct:
    source = view.input(0)
    fields = {
        "scale": source.scale,
        "zero_point": source.zero_point,
        "channels": channels_or_everything(view),
    }
    return Struct("struct dequantize_f32", fields)


def _kernel(values: str, dtype: str) -> Kernel:
    name = f"dequantize_{values}_f32_portable"
    return Kernel(
        name, "dequantize", "portable", Style.PIXELS, _dequantize, reads_ahead=True, takes=(dtype,)
    )


DEQUANTIZE = (_kernel("s8", "int8"), _kernel("u8", "uint8"), _kernel("s16", "int16"))

KERNELS = {"DEQUANTIZE": DEQUANTIZE}
