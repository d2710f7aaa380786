# SPDX-License-Identifier: Apache-2.0
"""Kernel table of DEPTHWISE_CONV_2D on float32."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style, float_blob
from mcunet_tf.tinyengine.kernel_tables.windows import window_fields
from mcunet_tf.tinyengine.ops.depthwise_conv2d import depth_multiplier
from mcunet_tf.tinyengine.ops.float32_layers import bias_values
from mcunet_tf.tinyengine.ops.float32_values import activation_of, clamp
from mcunet_tf.tinyengine.ops.spec import View


def _arguments(view: View) -> Struct:
    low, high = clamp(activation_of(view))
    fields = {
        "weights": float_blob(view.constant(1)),
        "bias": float_blob(bias_values(view)),
        "out_min": low,
        "out_max": high,
        **window_fields(view),
        "depth_multiplier": depth_multiplier(view),
    }
    return Struct("struct depthwise_conv2d_f32", fields)


KERNELS = {
    "DEPTHWISE_CONV_2D_F32": (
        Kernel(
            "depthwise_conv2d_f32_portable",
            "depthwise_conv2d_f32",
            "portable",
            Style.WINDOW,
            _arguments,
        ),
    )
}
