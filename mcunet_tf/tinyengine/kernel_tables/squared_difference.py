# SPDX-License-Identifier: Apache-2.0
"""Kernel table of SQUARED_DIFFERENCE."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.broadcast import broadcast_kernels
from mcunet_tf.tinyengine.kernel_tables.lookup import lookup_beside_constant
from mcunet_tf.tinyengine.kernel_tables.rescaled_sums import sum_fields
from mcunet_tf.tinyengine.kernel_tables.table import Struct
from mcunet_tf.tinyengine.ops import squared_difference
from mcunet_tf.tinyengine.ops.spec import View


def _squared_difference(view: View) -> Struct:
    fields = sum_fields(view, squared_difference.squared_difference_parameters(view))
    return Struct("struct add_s8", fields)


SQUARED_DIFFERENCE = (
    *lookup_beside_constant(squared_difference.SQUARED_DIFFERENCE),
    *broadcast_kernels("squared_difference", _squared_difference),
    *broadcast_kernels("squared_difference", _squared_difference, dtype="int16"),
)

KERNELS = {"SQUARED_DIFFERENCE": SQUARED_DIFFERENCE}
