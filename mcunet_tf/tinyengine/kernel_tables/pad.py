# SPDX-License-Identifier: Apache-2.0
"""Kernel table of PAD and PADV2."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style
from mcunet_tf.tinyengine.ops.pad import PAD_AXES, pad_byte, padded_runs
from mcunet_tf.tinyengine.ops.spec import View


def _pad(view: View) -> Struct:
    runs = padded_runs(view)
    runs = [(0, 1, 0)] * (PAD_AXES - len(runs)) + runs
    fields = {
        "size": tuple(size for _, size, _ in runs),
        "before": tuple(before for before, _, _ in runs),
        "after": tuple(after for _, _, after in runs),
        "value": pad_byte(view),
    }
    return Struct("struct pad_s8", fields)


PAD = (Kernel("pad_s8_portable", "pad", "portable", Style.WHOLE, _pad),)

KERNELS = {"PAD": PAD, "PADV2": PAD}
