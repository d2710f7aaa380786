# SPDX-License-Identifier: Apache-2.0
"""Kernel table of PAD and PADV2."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style
from mcunet_tf.tinyengine.ops.pad import PadAttributes
from mcunet_tf.tinyengine.ops.spec import View

_PAD_AXES = 4


def _pad(view: View) -> Struct:
    attributes: PadAttributes = view.attributes
    fill = _PAD_AXES - len(view.input(0).shape)
    fields = {
        "size": (1,) * fill + view.input(0).shape,
        "before": (0,) * fill + attributes.before,
        "after": (0,) * fill + attributes.after,
        "value": attributes.value,
    }
    return Struct("struct pad_s8", fields)


PAD = (Kernel("pad_s8_portable", "pad", "portable", Style.WHOLE, _pad),)

KERNELS = {"PAD": PAD, "PADV2": PAD}
