# SPDX-License-Identifier: Apache-2.0
"""Kernel tables of the pools on float32."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style
from mcunet_tf.tinyengine.ops.float32_values import SUFFIX, activation_of, clamp
from mcunet_tf.tinyengine.ops.pool2d import Pool2dAttributes
from mcunet_tf.tinyengine.ops.spec import View


def _arguments(view: View) -> Struct:
    attributes: Pool2dAttributes = view.attributes
    low, high = clamp(activation_of(view))
    fields = {
        "out_min": low,
        "out_max": high,
        "in_width": view.input(0).shape[2],
        "out_width": view.output.shape[2],
        "channels": view.output.shape[3],
        "kernel_height": attributes.kernel_height,
        "kernel_width": attributes.kernel_width,
        "stride_height": attributes.stride_height,
        "stride_width": attributes.stride_width,
        "pad_left": attributes.padding.left,
    }
    return Struct("struct pool2d_f32", fields)


def _kernel(kind: str) -> Kernel:
    return Kernel(
        f"{kind.lower()}_f32_portable", "pool2d_f32", "portable", Style.WINDOW, _arguments
    )


KERNELS = {
    kind + SUFFIX: (_kernel(kind),) for kind in ("AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D")
}
