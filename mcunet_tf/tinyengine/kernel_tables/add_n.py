# SPDX-License-Identifier: Apache-2.0
"""Kernel table of ADD_N; of two operands it is an ADD."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.table import (
    ALL_INPUTS,
    Kernel,
    Struct,
    Style,
    channels_or_everything,
)
from mcunet_tf.tinyengine.ops.spec import View
from mcunet_tf.tinyengine.ops.sums import sum_parameters


def _arguments(view: View) -> Struct:
    own, total = sum_parameters(view)
    fields = {
        "operands": len(view.inputs),
        "channels": channels_or_everything(view),
        "in_multiplier": own[0],
        "out_multiplier": total[0],
        "in_shift": own[1],
        "out_shift": total[1],
        "in_zero_point": view.input(0).zero_point,
        "out_zero_point": view.output.zero_point,
    }
    return Struct("struct add_n_s8", fields)


KERNELS = {
    "ADD_N": (
        Kernel(
            "add_n_s8_portable",
            "add_n",
            "portable",
            Style.PIXELS,
            _arguments,
            data_inputs=ALL_INPUTS,
        ),
    )
}
