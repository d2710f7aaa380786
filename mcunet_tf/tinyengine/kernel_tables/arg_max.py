# SPDX-License-Identifier: Apache-2.0
"""Kernel table of ARG_MAX and ARG_MIN."""

from __future__ import annotations

from mcunet_tf.tinyengine.ir import ITEM_BYTES
from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style
from mcunet_tf.tinyengine.ops.mean import outer_inner
from mcunet_tf.tinyengine.ops.spec import View


def _arg_max(view: View) -> Struct:
    blocks = outer_inner(view)
    assert blocks is not None
    fields = {
        "outer": blocks[0],
        "count": blocks[1],
        "inner": blocks[2],
        "flip": 0 if view.op.kind == "ARG_MAX" else -1,
        "out_bytes": ITEM_BYTES[view.output.dtype],
    }
    return Struct("struct arg_max", fields)


ARG_MAX = (
    Kernel("arg_max_s8_portable", "arg_max", "portable", Style.WHOLE, _arg_max, takes=("int8",)),
    Kernel(
        "arg_max_f32_portable", "arg_max", "portable", Style.WHOLE, _arg_max, takes=("float32",)
    ),
)

KERNELS = {"ARG_MAX": ARG_MAX, "ARG_MIN": ARG_MAX}
