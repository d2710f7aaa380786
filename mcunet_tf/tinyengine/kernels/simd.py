# SPDX-License-Identifier: Apache-2.0
"""Rows in vectors of GNU C, for computers: they precede the other rows of their tables."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernels import packing_simd
from mcunet_tf.tinyengine.kernels.convolution import (
    dense_stream,
    depthwise_stream,
    rejects_unless_pointwise,
)
from mcunet_tf.tinyengine.kernels.table import Kernel, Struct, Style
from mcunet_tf.tinyengine.ops.depthwise_conv2d import depth_multiplier
from mcunet_tf.tinyengine.ops.spec import View


def _dense(view: View) -> Struct:
    return dense_stream(view, packing_simd.pack_conv2d)


def _dense_scratch(view: View, _: int) -> int:
    _, kernel_height, kernel_width, in_channels = view.input(1).shape
    return packing_simd.scratch_bytes_conv2d(kernel_height * kernel_width * in_channels)


CONV_2D = (
    Kernel(
        "conv2d_s8_1x1_simd",
        "conv2d",
        "simd",
        Style.PIXELS,
        _dense,
        rejects=rejects_unless_pointwise,
        scratch_bytes=_dense_scratch,
        reads_ahead=True,
    ),
    Kernel(
        "conv2d_s8_simd",
        "conv2d",
        "simd",
        Style.WINDOW,
        _dense,
        scratch_bytes=_dense_scratch,
    ),
)


def _depthwise(view: View) -> Struct:
    return depthwise_stream(view, packing_simd.pack_depthwise)


def _rejects_depthwise(view: View) -> str | None:
    return None if depth_multiplier(view) == 1 else "a depth multiplier"


def _depthwise_scratch(view: View, _: int) -> int:
    _, _, in_width, channels = view.input(0).shape
    kernel_height, kernel_width = view.input(1).shape[1:3]
    return packing_simd.scratch_bytes_depthwise((kernel_height, kernel_width), in_width, channels)


DEPTHWISE_CONV_2D = (
    Kernel(
        "depthwise_conv2d_s8_simd",
        "depthwise_conv2d",
        "simd",
        Style.WINDOW,
        _depthwise,
        rejects=_rejects_depthwise,
        scratch_bytes=_depthwise_scratch,
    ),
)
