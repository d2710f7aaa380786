# SPDX-License-Identifier: Apache-2.0
"""Gives channels that never change one spelling, which every kernel can compute.

Converters write a dead channel as zero weights with a bias of 2^30, a scale near zero, or a bias
that a clamp cuts off. None of that is ordinary arithmetic, and the proofs that let fast kernels
serve a layer would fail for the sake of one such channel. Its result is a constant, and zero
weights with a small bias give the same one.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from mcunet_tf.tinyengine.ir import Graph, Op, Quantization
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.conv2d import groups
from mcunet_tf.tinyengine.ops.spec import Array, View, view
from mcunet_tf.tinyengine.passes.drop_dead_channels import bias_tensor
from mcunet_tf.tinyengine.passes.rewriter import Rewriter, rewrite
from mcunet_tf.tinyengine.ranges import channel_ranges

SPELLED_SCALE = 0.25
"""Output steps for each unit of a constant channel's accumulator: 2^30 and a shift of -1."""

_CHANNEL_AXIS = {"CONV_2D": 0, "FULLY_CONNECTED": 0, "DEPTHWISE_CONV_2D": 3}


def spell_constant_channels(graph: Graph) -> Graph:
    """Rewrites weights, bias and scale of every filter whose result is the same for all inputs."""
    ranges = channel_ranges(graph)

    def spell(rewriter: Rewriter, op: Op) -> None:
        seen = view(graph, op)
        interval = ranges.get(op.outputs[0])
        grouped = op.kind == "CONV_2D" and groups(seen) != 1
        if interval is None or grouped or not interval.constant.any():
            rewriter.ops.append(op)
            return
        rewriter.ops.append(_spelled(rewriter, seen, interval.constant, interval.low))

    return rewrite(graph, _CHANNEL_AXIS, spell)


def _spelled(rewriter: Rewriter, seen: View, constant: Array, values: Array) -> Op:
    op, axis = seen.op, _CHANNEL_AXIS[seen.op.kind]
    weights = np.array(seen.constant(1))
    np.moveaxis(weights, axis, 0)[constant] = 0
    steps = np.asarray(values, np.int64) - seen.output.zero_point
    spelled = np.round(steps / SPELLED_SCALE).astype(np.int64)
    bias = np.where(constant, spelled, common.bias_values(seen, len(constant)))
    scale = SPELLED_SCALE * seen.output.scale / seen.input(0).scale
    inputs = (
        op.inputs[0],
        rewriter.constant(op.inputs[1], weights, _scales(seen, constant, scale, axis)),
        rewriter.add(bias_tensor(op.name, bias)),
    )
    return dataclasses.replace(op, inputs=inputs)


def _scales(seen: View, constant: Array, scale: float, axis: int) -> Quantization:
    """One scale for each channel, as constant ones have another than their neighbours."""
    known = seen.input(1).quantization
    assert known is not None
    own = known.scale if len(known.scale) > 1 else known.scale * len(constant)
    spelled = tuple(scale if c else s for c, s in zip(constant, own, strict=True))
    return Quantization(spelled, (0,) * len(spelled), axis)
