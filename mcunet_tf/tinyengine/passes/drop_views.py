# SPDX-License-Identifier: Apache-2.0
"""A view in the shape of a tensor that it is a view of is that tensor."""

from __future__ import annotations

import dataclasses

from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.passes.fold_constants import drop_unused


def drop_views(graph: Graph) -> Graph:
    """Lets operators read through RESHAPEs that lead back to a shape that was there before.

    A tensor that is viewed is always kept as a whole; without the views its rows can be streamed.
    """
    sources: dict[int, int] = {}
    same: dict[int, int] = {}
    kept: list[Op] = []
    for op in graph.ops:
        op = dataclasses.replace(op, inputs=tuple(same.get(i, i) for i in op.inputs))
        if op.kind == "RESHAPE":
            output = op.outputs[0]
            sources[output] = op.inputs[0]
            root = _like(graph, output, sources)
            if root is not None and output not in graph.outputs:
                same[output] = root
                continue
        kept.append(op)
    return drop_unused(graph.replace(ops=kept))


def _like(graph: Graph, view: int, sources: dict[int, int]) -> int | None:
    """The tensor of the view's shape and type that it is a view of, directly or not."""
    known, found = graph.tensors[view], sources.get(view)
    while found is not None and (
        graph.tensors[found].shape != known.shape or graph.tensors[found].dtype != known.dtype
    ):
        found = sources.get(found)
    return found
