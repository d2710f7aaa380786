# SPDX-License-Identifier: Apache-2.0
"""Kernel table of RESIZE_BILINEAR on float32."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style, float_blob, int16_blob
from mcunet_tf.tinyengine.ops.resize_bilinear import RealBilinearAttributes
from mcunet_tf.tinyengine.ops.spec import View


def _arguments(view: View) -> Struct:
    attributes: RealBilinearAttributes = view.attributes
    fields = {
        "rows": int16_blob(attributes.rows),
        "columns": int16_blob(attributes.columns),
        "row_shares": float_blob(attributes.row_shares),
        "column_shares": float_blob(attributes.column_shares),
        "in_width": view.input(0).shape[2],
        "out_height": view.output.shape[1],
        "out_width": view.output.shape[2],
        "channels": view.output.shape[3],
    }
    return Struct("struct resize_bilinear_f32", fields)


KERNELS = {
    "RESIZE_BILINEAR_F32": (
        Kernel(
            "resize_bilinear_f32_portable",
            "resize_bilinear_f32",
            "portable",
            Style.WHOLE,
            _arguments,
        ),
    )
}
