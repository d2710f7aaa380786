# SPDX-License-Identifier: Apache-2.0
"""Kernel table of PRELU on float32."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style
from mcunet_tf.tinyengine.ops.broadcast import broadcast_period
from mcunet_tf.tinyengine.ops.spec import View


def _period(view: View) -> int:
    return broadcast_period(view)[1]


def _arguments(view: View) -> Struct:
    return Struct("struct prelu_f32", {"period": _period(view)})


KERNELS = {
    "PRELU_F32": (
        Kernel(
            "prelu_f32_portable",
            "prelu_f32",
            "portable",
            Style.PIXELS,
            _arguments,
            data_inputs=(0, 1),
            reads_ahead=True,
            pixel_values=_period,
        ),
    )
}
