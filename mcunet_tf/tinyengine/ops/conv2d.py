# SPDX-License-Identifier: Apache-2.0
"""CONV_2D: dense convolution, any kernel, stride, dilation and padding."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View


@dataclasses.dataclass(frozen=True)
class Conv2dAttributes:
    """Geometry of a sliding window with explicit padding, and the fused activation."""

    stride_height: int
    stride_width: int
    dilation_height: int
    dilation_width: int
    padding: common.Padding
    activation: str


def read_window(
    options: Mapping[str, Any], view: View, kernel: tuple[int, int]
) -> Conv2dAttributes:
    """Builds the attributes that CONV_2D and DEPTHWISE_CONV_2D share."""
    stride = (options["StrideH"], options["StrideW"])
    dilation = (options["DilationHFactor"], options["DilationWFactor"])
    size = view.input(0).shape[1:3]
    padding = common.Padding()
    if len(size) == 2:
        padding = common.spatial_padding(
            options["Padding"], (size[0], size[1]), kernel, stride, dilation
        )
    activation = common.activation_name(options["FusedActivationFunction"])
    return Conv2dAttributes(*stride, *dilation, padding, activation)


def _read(options: Mapping[str, Any], view: View) -> Conv2dAttributes:
    shape = view.input(1).shape
    return read_window(options, view, (shape[1], shape[2]) if len(shape) == 4 else (1, 1))


def pad_input(values: Array, padding: common.Padding, zero_point: int) -> Array:
    """Surrounds [1, h, w, c] with the zero point, as int64."""
    edges = ((0, 0), (padding.top, padding.bottom), (padding.left, padding.right), (0, 0))
    return np.pad(values.astype(np.int64), edges, constant_values=zero_point)


def finish(view: View, accumulators: Array) -> Array:
    """Requantises accumulators [..., channels] and applies the fused activation."""
    low, high = common.activation_range(view.attributes.activation, view.output)
    scaled = common.requantized_sums(view, accumulators) + view.output.zero_point
    return np.clip(scaled, low, high).astype(view.output.dtype)


def groups(view: View) -> int:
    """How many parts of the input's channels are convolved each by its own filters."""
    return view.input(0).shape[-1] // view.input(1).shape[3]


def _dense_weights(view: View) -> Array:
    """Weights [out_channels, kernel_height, kernel_width, in_channels], zero outside of a group."""
    weights = np.asarray(view.constant(1), np.int64)
    count, (filters, height, width, inputs) = groups(view), weights.shape
    apart = np.zeros((count, filters // count, height, width, count, inputs), np.int64)
    for group in range(count):
        apart[group, ..., group, :] = weights.reshape(count, -1, height, width, inputs)[group]
    return apart.reshape(filters, height, width, count * inputs)


def _evaluate(view: View, values: Sequence[Array]) -> Array:
    attributes: Conv2dAttributes = view.attributes
    weights = _dense_weights(view)
    zero_point = view.input(0).zero_point
    padded = pad_input(values[0], attributes.padding, zero_point) - zero_point
    _, height, width, channels = view.output.shape
    total = np.zeros((height * width, channels), np.int64)
    for i in range(weights.shape[1]):
        for j in range(weights.shape[2]):
            y, x = i * attributes.dilation_height, j * attributes.dilation_width
            taps = padded[
                0,
                y : y + (height - 1) * attributes.stride_height + 1 : attributes.stride_height,
                x : x + (width - 1) * attributes.stride_width + 1 : attributes.stride_width,
            ]
            # float64 holds these integer products exactly and BLAS makes it fast.
            product = taps.reshape(height * width, -1).astype(np.float64) @ weights[
                :, i, j
            ].T.astype(np.float64)
            total += product.astype(np.int64)
    total += common.bias_values(view, channels)
    return finish(view, total).reshape(view.output.shape)


def _macs(view: View) -> int:
    weights = view.input(1)
    return view.output.elements * (weights.elements // weights.shape[0])


def constraint_weight_shape(view: View) -> str | None:
    """Weights are [out_channels, kernel_height, kernel_width, in_channels / groups]."""
    weights, source, output = view.input(1), view.input(0), view.output
    if len(weights.shape) != 4 or not weights.elements:
        return f"weights of shape {list(weights.shape)}"
    if source.shape[-1] % weights.shape[3]:
        return f"{weights.shape[3]} input channels per filter for {source.shape[-1]}"
    if weights.shape[0] != output.shape[-1]:
        return f"{weights.shape[0]} filters for {output.shape[-1]} output channels"
    if weights.shape[0] % groups(view):
        return f"{weights.shape[0]} filters in {groups(view)} groups"
    return common.weight_scales_problem(weights, weights.shape[0], axis=0)


def constraint_window_reach(view: View) -> str | None:
    """A window reaches over at most 32767 rows and columns, and so does its padding."""
    attributes: Conv2dAttributes = view.attributes
    kernel, padding = view.input(1).shape, attributes.padding
    reach = (
        (kernel[1] - 1) * attributes.dilation_height + 1,
        (kernel[2] - 1) * attributes.dilation_width + 1,
        padding.top,
        padding.bottom,
        padding.left,
        padding.right,
    )
    return None if max(reach) <= common.MAX_SIZE else f"{max(reach)}"


def constraint_output_size(view: View) -> str | None:
    """The output's height and width follow from the window."""
    attributes: Conv2dAttributes = view.attributes
    padding, shape, kernel = attributes.padding, view.input(0).shape, view.input(1).shape
    expected = (
        common.window_size(
            shape[1],
            padding.top + padding.bottom,
            kernel[1],
            attributes.stride_height,
            attributes.dilation_height,
        ),
        common.window_size(
            shape[2],
            padding.left + padding.right,
            kernel[2],
            attributes.stride_width,
            attributes.dilation_width,
        ),
    )
    if view.output.shape[1:3] != expected:
        return f"{list(view.output.shape[1:3])} where {list(expected)} is computed"
    return None


CONV_2D = OpSpec(
    kind="CONV_2D",
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
