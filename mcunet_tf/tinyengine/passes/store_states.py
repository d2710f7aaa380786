# SPDX-License-Identifier: Apache-2.0
"""The next state takes the place of the last one, once nobody reads the last one any more."""

from __future__ import annotations

import dataclasses

from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.ops.strided_copy import STRIDED_KINDS, SliceAttributes


def store_states(graph: Graph) -> Graph:
    """Puts a SLICE of everything behind the last reader of each state, and what it becomes.

    An inference computes the next state from the last one, which later operators may still read: so
    it is made in the arena and copied. Where it is a part of another tensor, as in models that keep
    a window, that part is copied at once. The copy is the graph's output; both states then have one
    place in memory, which the plan gives them.
    """
    if not graph.states:
        return graph
    tensors = list(graph.tensors)
    readers, makers = graph.consumers(), graph.producers()
    taken: set[Op] = set()
    behind: list[list[Op]] = [[] for _ in range(len(graph.ops) + 1)]
    exits = []
    for entry, result in zip(graph.entries, graph.exits, strict=True):
        tensor = graph.tensors[result]
        copy = len(tensors)
        tensors.append(dataclasses.replace(tensor, name=f"{tensor.name}/next", data=None))
        whole = SliceAttributes((0,) * len(tensor.shape), tensor.shape)
        op = Op("SLICE", tensors[copy].name, (result,), (copy,), whole)
        part = makers.get(result)
        alone = result not in readers and graph.outputs.count(result) == 1
        if part is not None and part.kind in STRIDED_KINDS and alone:
            op = dataclasses.replace(part, outputs=(copy,))
            taken.add(part)
        behind[_last_use(graph, entry, result)].append(op)
        exits.append(copy)
    ops = [*behind[0]]
    for op, copies in zip(graph.ops, behind[1:], strict=True):
        ops += [*([op] if op not in taken else []), *copies]
    table = dict(enumerate(tensors))
    return graph.replace(ops=ops, tensors=table, outputs=(*graph.made, *exits))


def _last_use(graph: Graph, entry: int, result: int) -> int:
    """The number of operators that must run before the state may be written."""
    seen = {entry}
    last = 0
    for number, op in enumerate(graph.ops, 1):
        if seen.intersection(op.inputs) or result in op.outputs:
            last = number
        if op.kind == "RESHAPE" and op.inputs[0] in seen:
            seen.update(op.outputs)  # a view of it
    return last
