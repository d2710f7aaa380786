# SPDX-License-Identifier: Apache-2.0
"""Kernel table of ADD."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.broadcast import broadcast_kernels
from mcunet_tf.tinyengine.kernel_tables.lookup import lookup_beside_constant
from mcunet_tf.tinyengine.kernel_tables.rescaled_sums import (
    LINEAR,
    LINEAR_RVV,
    LINEAR_SCALAR,
    rejects_sum_scales,
    sum_fields,
)
from mcunet_tf.tinyengine.kernel_tables.table import Struct
from mcunet_tf.tinyengine.ops import add
from mcunet_tf.tinyengine.ops.spec import View


def _add(view: View) -> Struct:
    return Struct("struct add_s8", sum_fields(view, add.add_parameters(view)))


def _rejects_s16(view: View) -> str | None:
    """The larger scale is exact; the sum's lies far below it, but for outputs that are finer."""
    shift = add.add_parameters(view).output[1]
    return None if shift <= 0 else f"a shift of {shift}"


ADD = (
    *lookup_beside_constant(add.ADD),
    *LINEAR,
    *broadcast_kernels("add", _add, isa="dsp", values="_any", rejects=rejects_sum_scales),
    *LINEAR_RVV,
    *LINEAR_SCALAR,
    *broadcast_kernels("add", _add),
    *broadcast_kernels("add", _add, isa="dsp", rejects=_rejects_s16, dtype="int16"),
    *broadcast_kernels("add", _add, dtype="int16"),
)

KERNELS = {"ADD": ADD}
