# SPDX-License-Identifier: Apache-2.0
"""A tensor without its first rows, with new rows behind it, is one that slides."""

from __future__ import annotations

import math

from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.ops.spec import view
from mcunet_tf.tinyengine.ops.strided_copy import STRIDED_KINDS, strided_copy


def fuse_slides(graph: Graph) -> Graph:
    """Makes one SLIDE of a SLICE up to the end and the CONCATENATION of it with as many new rows.

    Rows must lie one after the other in memory: axes before theirs have one position.
    """
    makers, readers = graph.producers(), graph.consumers()
    gone: set[Op] = set()
    made: dict[Op, Op] = {}
    for op in graph.ops:
        part = makers.get(op.inputs[0]) if op.kind == "CONCATENATION" and op.inputs else None
        if part is None or part.kind not in STRIDED_KINDS or not _slides(graph, op, part):
            continue
        alone = len(readers[part.outputs[0]]) == 1 and part.outputs[0] not in graph.outputs
        if alone and graph.tensors[part.inputs[0]].data is None:
            gone.add(part)
            made[op] = Op("SLIDE", op.name, (part.inputs[0], op.inputs[1]), op.outputs)
    return graph.replace(ops=[made.get(op, op) for op in graph.ops if op not in gone])


def _slides(graph: Graph, joined: Op, part: Op) -> bool:
    """Whether a part is what is left of a tensor of the result's shape."""
    if len(joined.inputs) != 2 or len(set(joined.inputs)) != 2:
        return False
    held, result = graph.tensors[part.inputs[0]], graph.tensors[joined.outputs[0]]
    if held.shape != result.shape or math.prod(result.shape[: joined.attributes.axis]) != 1:
        return False
    copy = strided_copy(view(graph, part))
    kept = graph.tensors[part.outputs[0]].size_bytes
    return copy.sizes == (kept,) and copy.strides == (1,) and copy.offset + kept == held.size_bytes
