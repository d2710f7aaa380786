# SPDX-License-Identifier: Apache-2.0
"""Kernel table of L2_NORMALIZATION."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style
from mcunet_tf.tinyengine.ops.spec import View


def _l2_normalization(view: View) -> Struct:
    source = view.input(0)
    depth = source.shape[-1]
    fields = {"rows": source.elements // depth, "depth": depth, "zero_point": source.zero_point}
    return Struct("struct l2_normalization_s8", fields)


L2_NORMALIZATION = (
    Kernel(
        "l2_normalization_s8_portable",
        "l2_normalization",
        "portable",
        Style.WHOLE,
        _l2_normalization,
    ),
)

KERNELS = {"L2_NORMALIZATION": L2_NORMALIZATION}
