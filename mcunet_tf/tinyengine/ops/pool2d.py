# SPDX-License-Identifier: Apache-2.0
"""AVERAGE_POOL_2D and MAX_POOL_2D: windows that leave padding out of account."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.fixed_point import divide_rounded
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View


@dataclasses.dataclass(frozen=True)
class Pool2dAttributes:
    """Geometry of the window, and the fused activation."""

    kernel_height: int
    kernel_width: int
    stride_height: int
    stride_width: int
    padding: common.Padding
    activation: str


def _read(options: Mapping[str, Any], view: View) -> Pool2dAttributes:
    kernel = (options["FilterHeight"], options["FilterWidth"])
    stride = (options["StrideH"], options["StrideW"])
    size = view.input(0).shape[1:3]
    padding = common.Padding()
    if len(size) == 2:
        padding = common.spatial_padding(
            options["Padding"], (size[0], size[1]), kernel, stride, (1, 1)
        )
    activation = common.activation_name(options["FusedActivationFunction"])
    return Pool2dAttributes(*kernel, *stride, padding, activation)


def windows(view: View, values: Array) -> tuple[Array, Array]:
    """Values and validity [height, width, channels, taps]; taps in padding are not valid."""
    attributes: Pool2dAttributes = view.attributes
    padding = attributes.padding
    edges = ((padding.top, padding.bottom), (padding.left, padding.right), (0, 0))
    data = np.pad(values[0], edges)
    mask = np.pad(np.ones(values[0].shape, bool), edges)
    _, height, width, _ = view.output.shape
    taps, valid = [], []
    for i in range(attributes.kernel_height):
        for j in range(attributes.kernel_width):
            rows = slice(
                i, i + (height - 1) * attributes.stride_height + 1, attributes.stride_height
            )
            columns = slice(
                j, j + (width - 1) * attributes.stride_width + 1, attributes.stride_width
            )
            taps.append(data[rows, columns])
            valid.append(mask[rows, columns])
    return np.stack(taps, -1), np.stack(valid, -1)


def _clamp(view: View, values: Array) -> Array:
    low, high = common.activation_range(view.attributes.activation, view.output)
    return np.clip(values, low, high).astype(view.output.dtype).reshape(view.output.shape)


def _evaluate_average(view: View, values: Sequence[Array]) -> Array:
    taps, valid = windows(view, values[0].astype(np.int64))
    return _clamp(view, divide_rounded(np.where(valid, taps, 0).sum(-1), valid.sum(-1)))


def _evaluate_max(view: View, values: Sequence[Array]) -> Array:
    taps, valid = windows(view, values[0])
    return _clamp(view, np.where(valid, taps, np.iinfo(values[0].dtype).min).max(-1))


def constraint_same_quantisation(view: View) -> str | None:
    """Input and output have the same scale and zero point."""
    source, output = view.input(0), view.output
    if (source.scale, source.zero_point) != (output.scale, output.zero_point):
        return f"{source.scale}, {source.zero_point} and {output.scale}, {output.zero_point}"
    return None


def constraint_window(view: View) -> str | None:
    """Every window holds at least one input value, and the output's size follows from it."""
    attributes: Pool2dAttributes = view.attributes
    kernel = (attributes.kernel_height, attributes.kernel_width)
    padding = attributes.padding
    if not 1 <= min(kernel) <= max(kernel) <= common.MAX_SIZE:
        return f"a window of {list(kernel)}"
    if (
        max(padding.top, padding.bottom) >= kernel[0]
        or max(padding.left, padding.right) >= kernel[1]
    ):
        return f"padding {padding} around a window of {list(kernel)}"
    shape = view.input(0).shape
    expected = (
        common.window_size(
            shape[1], padding.top + padding.bottom, kernel[0], attributes.stride_height, 1
        ),
        common.window_size(
            shape[2], padding.left + padding.right, kernel[1], attributes.stride_width, 1
        ),
        shape[3],
    )
    if view.output.shape[1:] != expected:
        return f"{list(view.output.shape[1:])} where {list(expected)} is computed"
    return None


_CONSTRAINTS = (
    common.constraint_activations,
    common.constraint_batch_one,
    common.constraint_positive_strides,
    common.constraint_known_activation,
    constraint_window,
    constraint_same_quantisation,
)

AVERAGE_POOL_2D = OpSpec("AVERAGE_POOL_2D", _read, _evaluate_average, _CONSTRAINTS)
MAX_POOL_2D = OpSpec("MAX_POOL_2D", _read, _evaluate_max, _CONSTRAINTS)
