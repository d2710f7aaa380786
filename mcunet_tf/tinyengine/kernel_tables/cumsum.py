# SPDX-License-Identifier: Apache-2.0
"""Kernel tables of CUMSUM."""

from __future__ import annotations

from typing import Any

from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style
from mcunet_tf.tinyengine.ops.float32_values import axis_blocks
from mcunet_tf.tinyengine.ops.spec import View
from mcunet_tf.tinyengine.ops.sums import sum_parameters


def _fields(view: View) -> dict[str, Any]:
    outer, count, inner = axis_blocks(view)
    return {
        "outer": outer,
        "count": count,
        "inner": inner,
        "exclusive": int(view.attributes.exclusive),
        "reverse": int(view.attributes.reverse),
    }


def _arguments(view: View) -> Struct:
    return Struct("struct cumsum", _fields(view))


def _int8(view: View) -> Struct:
    own, total = sum_parameters(view)
    fields = {
        "axis": tuple(_fields(view).values()),
        "in_multiplier": own[0],
        "out_multiplier": total[0],
        "in_shift": own[1],
        "out_shift": total[1],
        "in_zero_point": view.input(0).zero_point,
        "out_zero_point": view.output.zero_point,
    }
    return Struct("struct cumsum_s8", fields)


KERNELS = {
    "CUMSUM": (Kernel("cumsum_s8_portable", "cumsum", "portable", Style.WHOLE, _int8),),
    "CUMSUM_F32": (Kernel("cumsum_f32_portable", "cumsum", "portable", Style.WHOLE, _arguments),),
}
