# SPDX-License-Identifier: Apache-2.0
"""The argument struct of a resizing, whichever way it takes values."""

from __future__ import annotations

from collections.abc import Callable

from mcunet_tf.tinyengine.kernel_tables.table import Struct, int16_blob
from mcunet_tf.tinyengine.ops.resize_bilinear import BilinearAttributes
from mcunet_tf.tinyengine.ops.resize_nearest_neighbor import ResizeAttributes
from mcunet_tf.tinyengine.ops.spec import View


def resize_fields(kind: str) -> Callable[[View], Struct]:
    """What prints the argument struct of a resizing: `kind` is the end of its name."""

    def arguments(view: View) -> Struct:
        attributes: ResizeAttributes | BilinearAttributes = view.attributes
        fields = {
            "rows": int16_blob(attributes.rows),
            "columns": int16_blob(attributes.columns),
            "in_width": view.input(0).shape[2],
            "out_height": view.output.shape[1],
            "out_width": view.output.shape[2],
            "channels": view.output.shape[3] * view.output.item_bytes,
        }
        return Struct(f"struct resize_{kind}_s8", fields)

    return arguments
