# SPDX-License-Identifier: Apache-2.0
"""Kernel table of SOFTMAX."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style, int32_blob
from mcunet_tf.tinyengine.ops.softmax import exponentials
from mcunet_tf.tinyengine.ops.spec import View


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


SOFTMAX = (Kernel("softmax_s8_portable", "softmax", "portable", Style.WHOLE, _softmax),)

KERNELS = {"SOFTMAX": SOFTMAX}
