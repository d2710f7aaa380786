# SPDX-License-Identifier: Apache-2.0
"""A grouped convolution is several dense ones side by side, or a depthwise one."""

from __future__ import annotations

import numpy as np

from mcunet_tf.tinyengine.ir import Graph, Op, Quantization
from mcunet_tf.tinyengine.ops.concatenation import ConcatenationAttributes
from mcunet_tf.tinyengine.ops.conv2d import groups
from mcunet_tf.tinyengine.ops.spec import view
from mcunet_tf.tinyengine.ops.strided_copy import SliceAttributes
from mcunet_tf.tinyengine.passes.lower_depthwise import with_exchanged_channels
from mcunet_tf.tinyengine.passes.rewriter import Rewriter

_DEPTHWISE = {"CONV_2D": "DEPTHWISE_CONV_2D", "CONV_2D_F32": "DEPTHWISE_CONV_2D_F32"}


def lower_groups(graph: Graph) -> Graph:
    """Rewrites CONV_2D of several groups: as DEPTHWISE_CONV_2D where a group is one channel, and
    else as SLICE and CONV_2D for each group, joined by CONCATENATION.
    """
    rewriter = Rewriter(graph)
    for op in graph.ops:
        if op.kind not in _DEPTHWISE or groups(view(graph, op)) == 1:
            rewriter.ops.append(op)
        elif graph.tensors[op.inputs[1]].shape[3] == 1:
            rewriter.ops.append(with_exchanged_channels(rewriter, op, _DEPTHWISE[op.kind], axis=3))
        else:
            _lower(rewriter, op)
    return rewriter.result()


def _lower(rewriter: Rewriter, op: Op) -> None:
    source, output = op.inputs[0], op.outputs[0]
    count = groups(view(rewriter.graph, op))
    in_shape, out_shape = rewriter.tensor(source).shape, rewriter.tensor(output).shape
    inputs, filters = in_shape[3] // count, out_shape[3] // count
    results = []
    for group in range(count):
        part = rewriter.like(source, (*in_shape[:3], inputs), f" group {group}")
        begin = SliceAttributes((0, 0, 0, group * inputs), (*in_shape[:3], inputs))
        rewriter.op("SLICE", op.name, (source,), part, begin)
        own = slice(group * filters, (group + 1) * filters)
        constants = tuple(_part(rewriter, index, own) for index in op.inputs[1:])
        result = rewriter.like(output, (*out_shape[:3], filters), f" group {group}")
        rewriter.op(op.kind, op.name, (part, *constants), result, op.attributes)
        results.append(result)
    rewriter.op(
        "CONCATENATION", op.name, tuple(results), output, ConcatenationAttributes(3, "NONE")
    )


def _part(rewriter: Rewriter, index: int, own: slice) -> int:
    """The filters or biases of a group; an absent bias stays absent."""
    tensor = rewriter.tensor(index) if index >= 0 else None
    if tensor is None or tensor.data is None or not tensor.data.size:
        return index
    scales = tensor.quantization
    if scales is not None and len(scales.scale) > 1:
        scales = Quantization(scales.scale[own], scales.zero_point[own], scales.axis)
    return rewriter.constant(index, np.asarray(tensor.data)[own], scales)
