# SPDX-License-Identifier: Apache-2.0
"""Kernel table of PRELU."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style
from mcunet_tf.tinyengine.ops import broadcast, prelu
from mcunet_tf.tinyengine.ops.spec import View


def _prelu(view: View) -> Struct:
    above, below = prelu.prelu_parameters(view)
    fields = {
        "multiplier": above[0],
        "alpha_multiplier": below[0],
        "period": broadcast.broadcast_period(view)[1],
        "shift": above[1],
        "alpha_shift": below[1],
        "zero_point": view.input(0).zero_point,
        "alpha_zero_point": view.input(1).zero_point,
        "out_zero_point": view.output.zero_point,
    }
    return Struct("struct prelu_s8", fields)


def _kernel(suffix: str, dtype: str) -> Kernel:
    return Kernel(
        f"prelu_{suffix}_portable",
        "prelu",
        "portable",
        Style.PIXELS,
        _prelu,
        data_inputs=(0, 1),
        reads_ahead=True,
        pixel_values=lambda view: broadcast.broadcast_period(view)[1],
        takes=(dtype,),
    )


PRELU = (_kernel("s8", "int8"), _kernel("s16", "int16"))

KERNELS = {"PRELU": PRELU}
