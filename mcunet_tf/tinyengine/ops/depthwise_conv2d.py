# SPDX-License-Identifier: Apache-2.0
"""DEPTHWISE_CONV_2D: one filter per channel, any depth multiplier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.conv2d import (
    Conv2dAttributes,
    constraint_output_size,
    constraint_window_reach,
    finish,
    pad_input,
    read_window,
)
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View


def _read(options: Mapping[str, Any], view: View) -> Conv2dAttributes:
    # The file's own DepthMultiplier may be 0 or wrong: the shapes are the truth, as in TFLite.
    shape = view.input(1).shape
    return read_window(options, view, (shape[1], shape[2]) if len(shape) == 4 else (1, 1))


def depth_multiplier(view: View) -> int:
    """Output channels per input channel."""
    return view.output.shape[-1] // view.input(0).shape[-1]


def _evaluate(view: View, values: Sequence[Array]) -> Array:
    attributes: Conv2dAttributes = view.attributes
    weights = np.asarray(view.constant(1), np.int64)[0]
    zero_point = view.input(0).zero_point
    padded = pad_input(values[0], attributes.padding, zero_point) - zero_point
    padded = np.repeat(padded[0], depth_multiplier(view), axis=-1)
    _, height, width, channels = view.output.shape
    total = np.zeros((height, width, channels), np.int64)
    for i in range(weights.shape[0]):
        for j in range(weights.shape[1]):
            y, x = i * attributes.dilation_height, j * attributes.dilation_width
            taps = padded[
                y : y + (height - 1) * attributes.stride_height + 1 : attributes.stride_height,
                x : x + (width - 1) * attributes.stride_width + 1 : attributes.stride_width,
            ]
            total += taps * weights[i, j]
    total += common.bias_values(view, channels)
    return finish(view, total).reshape(view.output.shape)


def _macs(view: View) -> int:
    _, kernel_height, kernel_width, _ = view.input(1).shape
    return view.output.elements * kernel_height * kernel_width


def constraint_weight_shape(view: View) -> str | None:
    """Weights are [1, kernel_height, kernel_width, out_channels], a multiple of the input's."""
    weights, channels = view.input(1), view.output.shape[-1]
    if len(weights.shape) != 4 or weights.shape[0] != 1 or not weights.elements:
        return f"weights of shape {list(weights.shape)}"
    if weights.shape[3] != channels:
        return f"{weights.shape[3]} filters for {channels} output channels"
    if channels % view.input(0).shape[-1]:
        return f"{channels} output channels from {view.input(0).shape[-1]}"
    return common.weight_scales_problem(weights, channels, axis=3)


DEPTHWISE_CONV_2D = OpSpec(
    kind="DEPTHWISE_CONV_2D",
    read=_read,
    evaluate=_evaluate,
    constraints=(
        common.constraint_activations,
        common.constraint_batch_one,
        common.constraint_positive_strides,
        common.constraint_symmetric_weights,
        constraint_weight_shape,
        constraint_window_reach,
        common.constraint_bias,
        common.constraint_sums,
        common.constraint_known_activation,
        constraint_output_size,
    ),
    macs=_macs,
    required=(0, 1),
)
