# SPDX-License-Identifier: Apache-2.0
"""Kernel table of SUB."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.broadcast import broadcast_kernels, operand_order
from mcunet_tf.tinyengine.kernel_tables.lookup import lookup_beside_constant
from mcunet_tf.tinyengine.kernel_tables.rescaled_sums import (
    LINEAR,
    LINEAR_SCALAR,
    rejects_sum_scales,
    sum_fields,
)
from mcunet_tf.tinyengine.kernel_tables.table import Struct
from mcunet_tf.tinyengine.ops import add, sub
from mcunet_tf.tinyengine.ops.spec import View


def _sub(view: View) -> Struct:
    fields = sum_fields(view, add.add_parameters(view))
    sign = -1 if operand_order(view)[0] else 1
    return Struct("struct sub_s8", {"sum": tuple(fields.values()), "sign": sign})


SUB = (
    *lookup_beside_constant(sub.SUB),
    *LINEAR,
    *broadcast_kernels("sub", _sub, isa="dsp", values="_any", rejects=rejects_sum_scales),
    *LINEAR_SCALAR,
    *broadcast_kernels("sub", _sub),
    *broadcast_kernels("sub", _sub, dtype="int16"),
)

KERNELS = {"SUB": SUB}
