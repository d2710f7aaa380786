# SPDX-License-Identifier: Apache-2.0
"""Kernel tables of the operators on two float32 tensors."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.steps import is_swapped, step_fields, stepping_kernels
from mcunet_tf.tinyengine.kernel_tables.table import Struct
from mcunet_tf.tinyengine.ops.float32_values import PAIRS, SUFFIX, activation_of, clamp
from mcunet_tf.tinyengine.ops.spec import View


def _arguments(view: View) -> Struct:
    low, high = clamp(activation_of(view))
    fields = {
        **step_fields(view),
        "swapped": is_swapped(view),
        "out_min": low,
        "out_max": high,
    }
    return Struct("struct pairs_f32", fields)


KERNELS = {
    kind + SUFFIX: stepping_kernels(
        f"{kind.lower()}_f32_portable", "pairs_f32", _arguments, in_place=True
    )
    for kind in PAIRS
}
