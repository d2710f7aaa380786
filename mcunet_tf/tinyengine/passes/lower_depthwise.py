# SPDX-License-Identifier: Apache-2.0
"""Depthwise convolutions of few channels, or with a depth multiplier, by other convolutions.

The depthwise kernels take four channels at a time and give one output for each. Dense kernels keep
several outputs per input in registers, so that they win even where most of their weights are zero.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from mcunet_tf.tinyengine.ir import Graph, Op, Quantization
from mcunet_tf.tinyengine.ops.concatenation import InterleaveAttributes
from mcunet_tf.tinyengine.ops.depthwise_conv2d import depth_multiplier
from mcunet_tf.tinyengine.ops.spec import view
from mcunet_tf.tinyengine.passes.rewriter import Rewriter

FEWEST_CHANNELS = 4
"""That the depthwise kernels take."""

DENSE_CHANNELS = 8
"""Below so many, a dense convolution costs less than parts for each multiple, interleaved."""


def lower_depthwise(graph: Graph) -> Graph:
    """Rewrites DEPTHWISE_CONV_2D where no fast kernel takes it as it is.

    One input channel: CONV_2D with weights [m, kh, kw, 1]. Fewer than four, or fewer than eight
    with a depth multiplier m: CONV_2D with the weights on a diagonal of zeros. More of them with a
    multiplier: m convolutions without one, and INTERLEAVE.
    """
    rewriter = Rewriter(graph)
    for op in graph.ops:
        if op.kind != "DEPTHWISE_CONV_2D":
            rewriter.ops.append(op)
            continue
        channels = graph.tensors[op.inputs[0]].shape[-1]
        several = depth_multiplier(view(graph, op)) > 1
        if channels == 1:
            rewriter.ops.append(with_exchanged_channels(rewriter, op, "CONV_2D", axis=0))
        elif channels < (DENSE_CHANNELS if several else FEWEST_CHANNELS):
            rewriter.ops.append(_on_a_diagonal(rewriter, op, channels))
        elif several:
            _by_multiples(rewriter, op)
        else:
            rewriter.ops.append(op)
    return rewriter.result()


def _on_a_diagonal(rewriter: Rewriter, op: Op, channels: int) -> Op:
    """The dense convolution whose filters read one channel each."""
    weights = rewriter.tensor(op.inputs[1])
    scales = weights.quantization
    filters = np.asarray(weights.data)[0].transpose(2, 0, 1)
    dense = np.zeros((*filters.shape, channels), filters.dtype)
    outputs = np.arange(len(filters))
    dense[outputs, :, :, outputs * channels // len(filters)] = filters
    moved = dataclasses.replace(scales, axis=0) if scales else None
    inputs = (op.inputs[0], rewriter.constant(op.inputs[1], dense, moved), *op.inputs[2:])
    return dataclasses.replace(op, kind="CONV_2D", inputs=inputs)


def _by_multiples(rewriter: Rewriter, op: Op) -> None:
    """One depthwise convolution for each output of a channel; their results take turns."""
    output = op.outputs[0]
    shape = rewriter.tensor(output).shape
    multiplier = depth_multiplier(view(rewriter.graph, op))
    parts = []
    for first in range(multiplier):
        constants = [
            _every(rewriter, index, first, multiplier, axis)
            for index, axis in zip(op.inputs[1:], (3, 0), strict=False)
        ]
        narrow = (*shape[:3], shape[3] // multiplier)
        parts.append(rewriter.like(output, narrow, f" multiple {first}"))
        inputs = (op.inputs[0], *constants)
        rewriter.op(op.kind, op.name, inputs, parts[-1], op.attributes)
    rewriter.op("INTERLEAVE", op.name, tuple(parts), output, InterleaveAttributes(3))


def _every(rewriter: Rewriter, index: int, first: int, step: int, axis: int) -> int:
    """Every step-th filter or bias from the first one on; an absent bias stays absent."""
    tensor = rewriter.tensor(index) if index >= 0 else None
    if tensor is None or tensor.data is None or not tensor.data.size:
        return index
    own = slice(first, None, step)
    scales = tensor.quantization
    if scales is not None and len(scales.scale) > 1:
        scales = Quantization(scales.scale[own], scales.zero_point[own], scales.axis)
    data = np.asarray(tensor.data)
    return rewriter.constant(index, np.moveaxis(np.moveaxis(data, axis, 0)[own], 0, axis), scales)


def with_exchanged_channels(rewriter: Rewriter, op: Op, kind: str, axis: int) -> Op:
    """The convolution as the other kind: weights [m, kh, kw, 1] for [1, kh, kw, m], or back.

    Args:
        rewriter: Gets the weights.
        op: CONV_2D with groups of one channel, or DEPTHWISE_CONV_2D of one channel.
        kind: What it becomes.
        axis: Of the scales of its weights.
    """
    weights = rewriter.tensor(op.inputs[1])
    scales = weights.quantization
    moved = dataclasses.replace(scales, axis=axis) if scales else None
    data = np.asarray(weights.data).transpose(3, 1, 2, 0)
    inputs = (op.inputs[0], rewriter.constant(op.inputs[1], data, moved), *op.inputs[2:])
    return dataclasses.replace(op, kind=kind, inputs=inputs)
