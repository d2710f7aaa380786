# SPDX-License-Identifier: Apache-2.0
"""Layers on float32: convolutions, matrix products, pools, resizing.

As in `float32_values`, sums are taken in float64 and rounded once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from mcunet_tf.tinyengine.ops import (
    batch_matmul,
    common,
    conv2d,
    depthwise_conv2d,
    fully_connected,
    pool2d,
    resize_bilinear,
    transpose_conv,
)
from mcunet_tf.tinyengine.ops.float32_values import SUFFIX, finish
from mcunet_tf.tinyengine.ops.spec import Array, Constraint, OpSpec, View, no_attributes


def bias_values(view: View) -> Array:
    """The bias [channels] in float32; an absent or empty one is zero."""
    bias = view.optional(2)
    if bias is None or bias.data is None or bias.data.size == 0:
        return np.zeros(view.output.shape[-1], np.float32)
    return np.asarray(bias.data, np.float32).reshape(-1)


def _taps(view: View, values: Array, kernel: tuple[int, ...]) -> list[Array]:
    """For every tap of a window the input values [height, width, channels] of all outputs."""
    attributes: conv2d.Conv2dAttributes = view.attributes
    padding = attributes.padding
    edges = ((padding.top, padding.bottom), (padding.left, padding.right), (0, 0))
    padded = np.pad(values[0].astype(np.float64), edges)
    _, height, width, _ = view.output.shape
    rows, columns = attributes.stride_height, attributes.stride_width
    found = []
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            y, x = i * attributes.dilation_height, j * attributes.dilation_width
            found.append(
                padded[
                    y : y + (height - 1) * rows + 1 : rows,
                    x : x + (width - 1) * columns + 1 : columns,
                ]
            )
    return found


def _evaluate_conv2d(view: View, values: Sequence[Array]) -> Array:
    weights = view.constant(1).astype(np.float64)
    filters, kernel = len(weights), weights.shape[1:3]
    count = conv2d.groups(view)
    total = np.zeros((*view.output.shape[1:3], count, filters // count))
    for place, taps in enumerate(_taps(view, values[0], kernel)):
        own = weights[:, place // kernel[1], place % kernel[1]].reshape(count, filters // count, -1)
        apart = taps.reshape(*taps.shape[:2], count, -1)
        total += np.einsum("yxgc,goc->yxgo", apart, own)
    return finish(view, total.reshape(view.output.shape) + bias_values(view))


def _evaluate_depthwise(view: View, values: Sequence[Array]) -> Array:
    weights = view.constant(1)[0].astype(np.float64)
    kernel, times = weights.shape[:2], depthwise_conv2d.depth_multiplier(view)
    total = np.zeros(view.output.shape[1:])
    for place, taps in enumerate(_taps(view, values[0], kernel)):
        total += np.repeat(taps, times, axis=-1) * weights[place // kernel[1], place % kernel[1]]
    return finish(view, total + bias_values(view))


def _evaluate_fully_connected(view: View, values: Sequence[Array]) -> Array:
    weights = view.constant(1).astype(np.float64)
    rows = values[0].reshape(-1, weights.shape[1]).astype(np.float64)
    return finish(view, rows @ weights.T + bias_values(view))


def _evaluate_matmul(view: View, values: Sequence[Array]) -> Array:
    first, second = (array.astype(np.float64) for array in values)
    first = np.swapaxes(first, -1, -2) if view.attributes.first_transposed else first
    second = np.swapaxes(second, -1, -2) if view.attributes.second_transposed else second
    return (first @ second).astype(np.float32).reshape(view.output.shape)


def _evaluate_average(view: View, values: Sequence[Array]) -> Array:
    taps, valid = pool2d.windows(view, values[0].astype(np.float64))
    return finish(view, np.where(valid, taps, 0).sum(-1) / valid.sum(-1))


def _evaluate_l2_pool(view: View, values: Sequence[Array]) -> Array:
    taps, valid = pool2d.windows(view, values[0].astype(np.float64))
    return finish(view, np.sqrt(np.where(valid, np.square(taps), 0).sum(-1) / valid.sum(-1)))


def _evaluate_max_pool(view: View, values: Sequence[Array]) -> Array:
    taps, valid = pool2d.windows(view, values[0].astype(np.float64))
    return finish(view, np.where(valid, taps, -np.inf).max(-1))


def _evaluate_bilinear(view: View, values: Sequence[Array]) -> Array:
    image = values[0][0].astype(np.float64)
    attributes: resize_bilinear.RealBilinearAttributes = view.attributes
    (top, bottom), (left, right) = (
        np.array(steps, np.int64).reshape(-1, 2).T
        for steps in (attributes.rows, attributes.columns)
    )
    down = np.array(attributes.row_shares)[:, None, None]
    across = np.array(attributes.column_shares)[:, None]
    rows = image[top] * (1 - down) + image[bottom] * down
    blended = rows[:, left] * (1 - across) + rows[:, right] * across
    rounded: Array = blended.astype(np.float32)
    return rounded[np.newaxis]


def constraint_weights(view: View) -> str | None:
    """Weights and bias are constant float32."""
    for position, name in ((1, "weights"), (2, "bias")):
        tensor = view.optional(position)
        if tensor is None and position == 2:
            continue
        if tensor is None or tensor.data is None:
            return f"{name} that are computed"
        if tensor.dtype != "float32":
            return common.describe(tensor)
    return None


def constraint_bias_length(view: View) -> str | None:
    """The bias, where there is one, has one value per output channel."""
    bias = view.optional(2)
    if bias is None or not bias.elements or bias.elements == view.output.shape[-1]:
        return None
    return f"{bias.elements} values for {view.output.shape[-1]} channels"


_VALUES = common.constraint_float32_values
_WEIGHTED = (_VALUES, constraint_weights, constraint_bias_length)


def _of(
    known: OpSpec,
    evaluate: Callable[[View, Sequence[Array]], Array] | None,
    first: tuple[Constraint, ...],
    *left_out: Constraint,
) -> OpSpec:
    """The float32 form of an operator: its constraints but for those on quantised values."""
    quantised = (
        common.constraint_int8_activations,
        common.constraint_activations,
        common.constraint_all_activations,
        common.constraint_symmetric_weights,
        common.constraint_bias,
        common.constraint_sums,
        pool2d.constraint_same_quantisation,
        *left_out,
    )
    rest = tuple(constraint for constraint in known.constraints if constraint not in quantised)
    return dataclasses.replace(
        known, kind=known.kind + SUFFIX, evaluate=evaluate, constraints=(*first, *rest)
    )


def _float32_only(kind: str, known: OpSpec | None = None) -> OpSpec:
    """An operator that has no int8 form, in TF-Lite Micro neither."""
    read = known.read if known else no_attributes
    return OpSpec(kind, read, None, (_VALUES,), becomes=(kind + SUFFIX,))


FLOAT32_ONLY = (
    _float32_only("L2_POOL_2D", pool2d.AVERAGE_POOL_2D),
    _float32_only("FLOOR_DIV"),
    _float32_only("FLOOR_MOD"),
    _float32_only("RELU_N1_TO_1"),
)
FLOAT32_LAYERS = (
    _of(conv2d.CONV_2D, _evaluate_conv2d, _WEIGHTED),
    _of(depthwise_conv2d.DEPTHWISE_CONV_2D, _evaluate_depthwise, _WEIGHTED),
    _of(fully_connected.FULLY_CONNECTED, _evaluate_fully_connected, _WEIGHTED),
    _of(batch_matmul.BATCH_MATMUL, _evaluate_matmul, (_VALUES,)),
    _of(pool2d.AVERAGE_POOL_2D, _evaluate_average, (_VALUES,)),
    _of(pool2d.MAX_POOL_2D, _evaluate_max_pool, (_VALUES,)),
    dataclasses.replace(
        _of(pool2d.AVERAGE_POOL_2D, _evaluate_l2_pool, (_VALUES,)), kind="L2_POOL_2D" + SUFFIX
    ),
    _of(resize_bilinear.RESIZE_BILINEAR, _evaluate_bilinear, (_VALUES,)),
    transpose_conv.float32_form("TRANSPOSE_CONV" + SUFFIX, _WEIGHTED),
)
"""Their activations are float32."""
