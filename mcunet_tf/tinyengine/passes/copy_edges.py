# SPDX-License-Identifier: Apache-2.0
"""An output that is an input, a view of one, or a constant becomes a copy in the arena."""

from __future__ import annotations

import dataclasses

from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.ops.strided_copy import SliceAttributes
from mcunet_tf.tinyengine.passes.rewriter import Rewriter


def copy_edges(graph: Graph) -> Graph:
    """Puts a SLICE of everything before outputs that no operator computes."""
    rewriter = Rewriter(graph)
    rewriter.ops = list(graph.ops)
    given = set(graph.inputs)
    for op in graph.ops:
        if op.kind == "RESHAPE" and op.inputs[0] in given:
            given.update(op.outputs)
    outputs = []
    for index in graph.made:
        tensor = graph.tensors[index]
        if index not in given and tensor.data is None:
            outputs.append(index)
            continue
        copy = rewriter.add(dataclasses.replace(tensor, data=None))
        whole = SliceAttributes((0,) * len(tensor.shape), tensor.shape)
        rewriter.op("SLICE", tensor.name, (index,), copy, whole)
        outputs.append(copy)
    return rewriter.result().replace(outputs=(*outputs, *graph.exits))
