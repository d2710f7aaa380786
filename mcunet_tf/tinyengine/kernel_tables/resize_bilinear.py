# SPDX-License-Identifier: Apache-2.0
"""Kernel table of RESIZE_BILINEAR."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.resized import resize_fields
from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Style

RESIZE_BILINEAR = (
    Kernel(
        "resize_bilinear_s8_portable",
        "resize_bilinear",
        "portable",
        Style.WHOLE,
        resize_fields("bilinear"),
    ),
)

KERNELS = {"RESIZE_BILINEAR": RESIZE_BILINEAR}
