# SPDX-License-Identifier: Apache-2.0
"""A depthwise convolution of one input channel is a dense convolution."""

from __future__ import annotations

import dataclasses

import numpy as np

from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.passes.rewriter import Rewriter


def lower_depthwise(graph: Graph) -> Graph:
    """Rewrites DEPTHWISE_CONV_2D with one input channel as CONV_2D: weights [m, kh, kw, 1].

    The dense kernels keep several outputs per input in registers; the depthwise ones cannot.
    """
    rewriter = Rewriter(graph)
    for op in graph.ops:
        if op.kind == "DEPTHWISE_CONV_2D" and graph.tensors[op.inputs[0]].shape[-1] == 1:
            op = with_exchanged_channels(rewriter, op, "CONV_2D", axis=0)
        rewriter.ops.append(op)
    return rewriter.result()


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
