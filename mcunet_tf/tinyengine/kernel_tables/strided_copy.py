# SPDX-License-Identifier: Apache-2.0
"""Kernel table of the operators that are one strided copy."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style
from mcunet_tf.tinyengine.ops.spec import View
from mcunet_tf.tinyengine.ops.strided_copy import MAX_AXES, STRIDED_KINDS, strided_copy


def _strided_copy(view: View) -> Struct:
    copy = strided_copy(view)
    fill = MAX_AXES - len(copy.sizes)
    fields = {
        "offset": copy.offset,
        "size": (1,) * fill + copy.sizes,
        # An axis of one value may have any stride: 1 makes it a run.
        "stride": (1,) * fill + copy.strides,
    }
    return Struct("struct strided_copy_s8", fields)


STRIDED_COPY = (
    Kernel("strided_copy_s8_portable", "strided_copy", "portable", Style.WHOLE, _strided_copy),
)

KERNELS = dict.fromkeys(STRIDED_KINDS, STRIDED_COPY)
