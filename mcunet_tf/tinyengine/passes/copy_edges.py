# SPDX-License-Identifier: Apache-2.0
"""An output that is an input, a view of one, or a constant becomes a copy in the arena."""

from __future__ import annotations

import dataclasses

from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.ops.lookup import TableAttributes
from mcunet_tf.tinyengine.ops.strided_copy import SliceAttributes
from mcunet_tf.tinyengine.passes.rewriter import Rewriter


def copy_edges(graph: Graph) -> Graph:
    """Puts a SLICE of everything (a TABLE for uint8) before outputs that no operator computes."""
    rewriter = Rewriter(graph)
    rewriter.ops = list(graph.ops)
    given = set(graph.inputs)
    for op in graph.ops:
        if op.kind == "RESHAPE" and op.inputs[0] in given:
            given.update(op.outputs)
    outputs = []
    for index in graph.outputs:
        tensor = graph.tensors[index]
        if index not in given and tensor.data is None:
            outputs.append(index)
            continue
        copy = rewriter.add(dataclasses.replace(tensor, data=None))
        if tensor.dtype == "int8":
            whole = SliceAttributes((0,) * len(tensor.shape), tensor.shape)
            rewriter.op("SLICE", tensor.name, (index,), copy, whole)
        else:
            rewriter.op("TABLE", tensor.name, (index,), copy, TableAttributes(bytes(range(256))))
        outputs.append(copy)
    return rewriter.result().replace(outputs=outputs)
