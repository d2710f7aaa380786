# SPDX-License-Identifier: Apache-2.0
"""The geometry of a convolution's window, as both kinds of convolution pass it on."""

from __future__ import annotations

from typing import Any

from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.conv2d import Conv2dAttributes
from mcunet_tf.tinyengine.ops.spec import View


def window_fields(view: View) -> dict[str, Any]:
    """The geometry fields that the structs of both convolutions share."""
    attributes: Conv2dAttributes = view.attributes
    _, _, in_width, in_channels = view.input(0).shape
    _, _, out_width, out_channels = view.output.shape
    kernel_height, kernel_width = view.input(1).shape[1:3]
    return {
        "in_width": in_width,
        "in_channels": in_channels,
        "out_width": out_width,
        "out_channels": out_channels,
        "kernel_height": kernel_height,
        "kernel_width": kernel_width,
        "stride_height": attributes.stride_height,
        "stride_width": attributes.stride_width,
        "dilation_height": attributes.dilation_height,
        "dilation_width": attributes.dilation_width,
        "pad_left": attributes.padding.left,
    }


def _is_pointwise(view: View) -> bool:
    """A 1 x 1 convolution of stride 1 without padding: a matrix product per pixel."""
    attributes: Conv2dAttributes = view.attributes
    return (
        tuple(view.input(1).shape[1:3]) == (1, 1)
        and attributes.stride_height == attributes.stride_width == 1
        and attributes.padding == common.Padding()
    )


def rejects_unless_pointwise(view: View) -> str | None:
    """Why a kernel for pixels cannot take a convolution, or None."""
    return None if _is_pointwise(view) else "only 1 x 1 convolutions of stride 1"
