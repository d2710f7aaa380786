# SPDX-License-Identifier: Apache-2.0
"""A depthwise convolution of one input channel is a dense convolution."""

from __future__ import annotations

import dataclasses

import numpy as np

from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.passes.rewriter import Rewriter


def lower_depthwise(graph: Graph) -> Graph:
    """Rewrites DEPTHWISE_CONV_2D with one input channel as CONV_2D: weights [m, kh, kw, 1].

    The dense kernels keep several outputs per input in registers; the depthwise ones cannot.
    """
    rewriter = Rewriter(graph)
    for op in graph.ops:
        if op.kind == "DEPTHWISE_CONV_2D" and graph.tensors[op.inputs[0]].shape[-1] == 1:
            weights = graph.tensors[op.inputs[1]]
            scales = weights.quantization
            moved = dataclasses.replace(scales, axis=0) if scales else None
            data = np.asarray(weights.data).transpose(3, 1, 2, 0)
            inputs = (op.inputs[0], rewriter.constant(op.inputs[1], data, moved), *op.inputs[2:])
            op = dataclasses.replace(op, kind="CONV_2D", inputs=inputs)
        rewriter.ops.append(op)
    return rewriter.result()
