# SPDX-License-Identifier: Apache-2.0
"""Kernel table of CAST."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.table import (
    ANY_TYPE,
    Kernel,
    Struct,
    Style,
    channels_or_everything,
)
from mcunet_tf.tinyengine.ops.spec import View

# As enum cast_type of kernels/cast/cast.h.
_TYPES = ("int8", "uint8", "bool", "int16", "int32", "int64", "float32", "uint32")


def _arguments(view: View) -> Struct:
    fields = {
        "channels": channels_or_everything(view),
        "from": _TYPES.index(view.input(0).dtype),
        "to": _TYPES.index(view.output.dtype),
    }
    return Struct("struct cast", fields)


KERNELS = {
    "CAST": (Kernel("cast_portable", "cast", "portable", Style.PIXELS, _arguments, takes=ANY_TYPE),)
}
