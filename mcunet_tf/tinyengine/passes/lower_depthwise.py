# SPDX-License-Identifier: Apache-2.0
"""A depthwise convolution of one input channel is a dense convolution."""

from __future__ import annotations

import dataclasses

import numpy as np

from mcunet_tf.tinyengine.ir import Graph, Op, Tensor


def lower_depthwise(graph: Graph) -> Graph:
    """Rewrites DEPTHWISE_CONV_2D with one input channel as CONV_2D: weights [m, kh, kw, 1].

    The dense kernels keep several outputs per input in registers; the depthwise ones cannot.
    """
    added: dict[int, Tensor] = {}
    ops: list[Op] = []
    for op in graph.ops:
        source = graph.tensors[op.inputs[0]]
        weights = graph.tensors[op.inputs[1]] if op.kind == "DEPTHWISE_CONV_2D" else None
        if weights is None or weights.data is None or source.shape[-1] != 1:
            ops.append(op)
            continue
        data = np.ascontiguousarray(np.asarray(weights.data).transpose(3, 1, 2, 0))
        index = len(graph.tensors) + len(added)
        scales = weights.quantization
        moved = dataclasses.replace(scales, axis=0) if scales else None
        added[index] = dataclasses.replace(weights, shape=data.shape, data=data, quantization=moved)
        inputs = (op.inputs[0], index, *op.inputs[2:])
        ops.append(dataclasses.replace(op, kind="CONV_2D", inputs=inputs))
    return graph.replace(ops=ops, tensors=added)
