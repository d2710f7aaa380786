# SPDX-License-Identifier: Apache-2.0
"""Kernel table of CONV_2D on float32."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.blocked_f32 import blocked_weights
from mcunet_tf.tinyengine.kernel_tables.fully_connected_f32 import dense_kernel
from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style
from mcunet_tf.tinyengine.kernel_tables.windows import window_fields
from mcunet_tf.tinyengine.ops.common import Padding
from mcunet_tf.tinyengine.ops.conv2d import Conv2dAttributes
from mcunet_tf.tinyengine.ops.float32_values import activation_of, clamp
from mcunet_tf.tinyengine.ops.spec import View


def _arguments(view: View) -> Struct:
    low, high = clamp(activation_of(view))
    fields = {**blocked_weights(view), "out_min": low, "out_max": high, **window_fields(view)}
    return Struct("struct conv2d_f32", fields)


def _rejects_unless_pixels(view: View) -> str | None:
    attributes: Conv2dAttributes = view.attributes
    steps = (attributes.stride_height, attributes.stride_width)
    if view.input(1).shape[1:3] != (1, 1) or steps != (1, 1):
        return "only a window of one pixel, stride 1"
    return None if attributes.padding == Padding() else "padding"


KERNELS = {
    "CONV_2D_F32": (
        dense_kernel(_rejects_unless_pixels),
        Kernel("conv2d_f32_portable", "conv2d_f32", "portable", Style.WINDOW, _arguments),
    )
}
