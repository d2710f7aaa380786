# SPDX-License-Identifier: Apache-2.0
"""Kernel table of LOG_SOFTMAX."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style, int32_blob
from mcunet_tf.tinyengine.ops.log_softmax import log_softmax_parameters, narrow_exponentials
from mcunet_tf.tinyengine.ops.spec import View


def _arguments(view: View) -> Struct:
    parameters, table = log_softmax_parameters(view), narrow_exponentials(view)
    depth = view.input(0).shape[-1]
    fields = {
        "exponentials": int32_blob(table),
        "entries": len(table),
        "rows": view.input(0).elements // depth,
        "depth": depth,
        "multiplier": parameters.forward[0],
        "shift": parameters.forward[1],
        "back_multiplier": parameters.back[0],
        "back_shift": parameters.back[1],
        "least": -parameters.radius - 1,
    }
    return Struct("struct log_softmax_s8", fields)


KERNELS = {
    "LOG_SOFTMAX": (
        Kernel("log_softmax_s8_portable", "log_softmax", "portable", Style.WHOLE, _arguments),
    )
}
