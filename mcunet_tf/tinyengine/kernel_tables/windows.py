# SPDX-License-Identifier: Apache-2.0
"""The geometry of a convolution's window, as both kinds of convolution pass it on."""

from __future__ import annotations

from typing import Any

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
