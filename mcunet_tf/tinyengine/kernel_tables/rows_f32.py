# SPDX-License-Identifier: Apache-2.0
"""Kernel tables of SOFTMAX, LOG_SOFTMAX and L2_NORMALIZATION on float32."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style
from mcunet_tf.tinyengine.ops.float32_values import SUFFIX
from mcunet_tf.tinyengine.ops.spec import View


def _depth(view: View) -> int:
    return view.input(0).shape[-1]


def _arguments(view: View) -> Struct:
    beta = float(getattr(view.attributes, "beta", 1.0))
    return Struct("struct rows_f32", {"depth": _depth(view), "beta": beta})


def _kernel(kind: str) -> Kernel:
    return Kernel(
        f"{kind.lower()}_f32_portable",
        "rows_f32",
        "portable",
        Style.PIXELS,
        _arguments,
        reads_ahead=True,
        pixel_values=_depth,
    )


KERNELS = {
    kind + SUFFIX: (_kernel(kind),) for kind in ("SOFTMAX", "LOG_SOFTMAX", "L2_NORMALIZATION")
}
