# SPDX-License-Identifier: Apache-2.0
"""A convolution to one channel as one to two: neighbouring outputs of a row lie like channels.

Kernels that keep two channels in registers can then serve masks and depth maps.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from mcunet_tf.tinyengine.ops.conv2d import Conv2dAttributes
from mcunet_tf.tinyengine.ops.spec import View


def rejects_pairs(view: View) -> str | None:
    """Why a convolution has no two outputs to compute at a time, or None."""
    if view.output.shape[-1] > 1:
        return None
    if view.output.shape[2] % 2 or view.attributes.dilation_width > 1:
        return "one output channel, of an odd width or with dilation"
    return None


def paired(view: View) -> View:
    """The same bytes from the same bytes, with two output channels where there is one.

    The window takes in the next one, the second channel's weights are the first one's, moved by a
    stride, and the stride doubles. Views that `rejects_pairs` refuses stay what they are.
    """
    if view.output.shape[-1] > 1 or rejects_pairs(view):
        return view
    attributes: Conv2dAttributes = view.attributes
    step = attributes.stride_width
    weights = view.constant(1)
    own = np.pad(weights, ((0, 0), (0, 0), (0, step), (0, 0)))
    next_one = np.pad(weights, ((0, 0), (0, 0), (step, 0), (0, 0)))
    both = np.concatenate([own, next_one])
    operands = [view.input(0), dataclasses.replace(view.input(1), shape=both.shape, data=both)]
    bias = view.optional(2)
    if bias is not None and bias.data is not None and bias.data.size:
        operands.append(dataclasses.replace(bias, shape=(2,), data=np.repeat(bias.data, 2)))
    _, height, width, _ = view.output.shape
    output = dataclasses.replace(view.output, shape=(1, height, width // 2, 2))
    wider = dataclasses.replace(attributes, stride_width=2 * step)
    return View(dataclasses.replace(view.op, attributes=wider), tuple(operands), (output,))
