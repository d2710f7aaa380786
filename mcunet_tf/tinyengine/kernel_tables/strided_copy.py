# SPDX-License-Identifier: Apache-2.0
"""Kernel table of the operators that are one strided copy."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style
from mcunet_tf.tinyengine.ops.strided_copy import (
    MAX_AXES,
    STRIDED_KINDS,
    StridedCopy,
    strided_copy,
)


def _struct(copy: StridedCopy) -> Struct:
    fill = MAX_AXES - len(copy.sizes)
    fields = {
        "offset": copy.offset,
        "size": (1,) * fill + copy.sizes,
        # An axis of one value may have any stride: 1 makes it a run.
        "stride": (1,) * fill + copy.strides,
    }
    return Struct("struct strided_copy_s8", fields)


def values_s16(copy: StridedCopy) -> StridedCopy:
    """A copy of int16 in values: the innermost axis is that of bytes, or runs of several values."""
    *sizes, inner = copy.sizes
    *strides, _ = copy.strides
    outer = [(size, stride // 2) for size, stride in zip(sizes, strides, strict=True)]
    axes = outer if outer and inner == 2 else [*outer, (inner // 2, 1)]
    return StridedCopy(tuple(s for s, _ in axes), tuple(s for _, s in axes), copy.offset // 2)


STRIDED_COPY = (
    Kernel(
        "strided_copy_s8_portable",
        "strided_copy",
        "portable",
        Style.WHOLE,
        lambda view: _struct(strided_copy(view)),
    ),
    Kernel(
        "strided_copy_s16_portable",
        "strided_copy",
        "portable",
        Style.WHOLE,
        lambda view: _struct(values_s16(strided_copy(view))),
        takes=("int16",),
    ),
)

KERNELS = dict.fromkeys(STRIDED_KINDS, STRIDED_COPY)
