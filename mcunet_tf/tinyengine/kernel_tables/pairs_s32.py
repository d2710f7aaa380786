# SPDX-License-Identifier: Apache-2.0
"""Kernel tables of the operators on two int32 tensors."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.steps import is_swapped, step_fields, stepping_kernels
from mcunet_tf.tinyengine.kernel_tables.table import Struct
from mcunet_tf.tinyengine.ops.integers import PAIRS, SUFFIX, clamp
from mcunet_tf.tinyengine.ops.spec import View

_KINDS = tuple(PAIRS)


def _arguments(view: View) -> Struct:
    low, high = clamp(view)
    fields = {
        "kind": _KINDS.index(view.op.kind.removesuffix(SUFFIX)),
        **step_fields(view),
        "swapped": is_swapped(view),
        "out_min": low,
        "out_max": high,
    }
    return Struct("struct pairs_s32", fields)


_ALL = stepping_kernels("pairs_s32_portable", "pairs_s32", _arguments, in_place=True)
KERNELS = {kind + SUFFIX: _ALL for kind in PAIRS}
