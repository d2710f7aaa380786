# SPDX-License-Identifier: Apache-2.0
"""Kernel table of FULLY_CONNECTED on float32."""

from __future__ import annotations

from collections.abc import Callable

from mcunet_tf.tinyengine.kernel_tables.blocked_f32 import blocked_weights
from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style
from mcunet_tf.tinyengine.ops.float32_values import activation_of, clamp
from mcunet_tf.tinyengine.ops.spec import View


def _arguments(view: View) -> Struct:
    low, high = clamp(activation_of(view))
    weights = view.input(1)
    fields = {
        **blocked_weights(view),
        "out_min": low,
        "out_max": high,
        "inputs": weights.elements // weights.shape[0],
        "outputs": weights.shape[0],
    }
    return Struct("struct fully_connected_f32", fields)


def _takes_everything(_: View) -> str | None:
    return None


def dense_kernel(rejects: Callable[[View], str | None] = _takes_everything) -> Kernel:
    """The kernel that multiplies each pixel by one matrix."""
    return Kernel(
        "fully_connected_f32_portable",
        "fully_connected_f32",
        "portable",
        Style.PIXELS,
        _arguments,
        rejects=rejects,
        pixel_values=lambda view: view.input(1).shape[0],
    )


KERNELS = {"FULLY_CONNECTED_F32": (dense_kernel(),)}
