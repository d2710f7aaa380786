# SPDX-License-Identifier: Apache-2.0
"""Kernel table of DIV."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.channels import output_fields
from mcunet_tf.tinyengine.kernel_tables.lookup import lookup_beside_constant
from mcunet_tf.tinyengine.kernel_tables.steps import is_swapped, step_fields, stepping_kernels
from mcunet_tf.tinyengine.kernel_tables.table import Struct, int8_blob, int32_blob
from mcunet_tf.tinyengine.ops.div import DIV, div_parameters, reciprocals
from mcunet_tf.tinyengine.ops.spec import View


def _arguments(view: View) -> Struct:
    table, exponents = reciprocals(view)
    multiplier, shift = div_parameters(view)
    fields = {
        "reciprocals": int32_blob(table),
        "exponents": int8_blob(exponents),
        "multiplier": multiplier,
        **step_fields(view),
        "swapped": is_swapped(view),
        "shift": shift,
        "first_zero_point": view.input(0).zero_point,
        "second_zero_point": view.input(1).zero_point,
        **output_fields(view),
    }
    return Struct("struct div_s8", fields)


KERNELS = {
    "DIV": (
        *lookup_beside_constant(DIV),
        *stepping_kernels("div_s8_portable", "div", _arguments, in_place=True),
    )
}
