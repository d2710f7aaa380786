# SPDX-License-Identifier: Apache-2.0
"""Kernel tables of MAXIMUM and MINIMUM."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.broadcast import broadcast_kernels, period
from mcunet_tf.tinyengine.kernel_tables.lookup import lookup_beside_constant
from mcunet_tf.tinyengine.kernel_tables.table import Struct
from mcunet_tf.tinyengine.ops import maximum_minimum
from mcunet_tf.tinyengine.ops.spec import View


def _maximum_minimum(view: View) -> Struct:
    return Struct("struct maximum_minimum_s8", {"period": period(view)})


MAXIMUM = (
    *lookup_beside_constant(maximum_minimum.MAXIMUM),
    *broadcast_kernels("maximum", _maximum_minimum, folder="maximum_minimum"),
    *broadcast_kernels("maximum", _maximum_minimum, folder="maximum_minimum", dtype="int16"),
)

MINIMUM = (
    *lookup_beside_constant(maximum_minimum.MINIMUM),
    *broadcast_kernels("minimum", _maximum_minimum, folder="maximum_minimum"),
    *broadcast_kernels("minimum", _maximum_minimum, folder="maximum_minimum", dtype="int16"),
)

KERNELS = {"MAXIMUM": MAXIMUM, "MINIMUM": MINIMUM}
