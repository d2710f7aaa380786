# SPDX-License-Identifier: Apache-2.0
"""Rows of detections that nothing was found for: the references leave them unwritten."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mcunet_tf.check.tensors import Array
from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.ops.detection_postprocess import COORDINATES, KIND

Outputs = tuple[Array, ...]


def written_rows(compiled: Any) -> Callable[[Outputs], Outputs]:
    """Makes 0 of the rows behind the last detection, of models that end in detections.

    The number of detections must be an output, or nothing is known of the rows.

    Args:
        compiled: the `CompiledModel`.
    """
    graph = getattr(compiled, "graph", None)
    if graph is None or not any(op.kind == KIND for op in graph.ops):
        return lambda outputs: outputs
    parts = _parts(graph)

    def clear(outputs: Outputs) -> Outputs:
        cleared = list(outputs)
        for position, (whole, first, rows) in parts.items():
            counter = [k for k, (of, at, _) in parts.items() if of == whole and at == 6 * rows]
            if not counter or position == counter[0]:
                continue
            count = int(outputs[counter[0]].reshape(-1)[0])
            values = outputs[position].copy()
            width = COORDINATES if first == 0 else 1
            values.reshape(-1)[count * width :] = 0
            cleared[position] = values
        return tuple(cleared)

    return clear


def _parts(graph: Graph) -> dict[int, tuple[int, int, int]]:
    """By output: the tensor of detections that it is a part of, where it begins, and the rows."""
    producers = graph.producers()
    found = {}
    for position, index in enumerate(graph.made):
        chain = _chain(producers, index)
        if chain and chain[-1].kind == KIND:
            begins = [op.attributes.begin[0] for op in chain if op.kind == "SLICE"]
            last = chain[-1]
            found[position] = (last.outputs[0], sum(begins), last.attributes.rows)
    return found


def _chain(producers: dict[int, Op], index: int) -> Sequence[Op]:
    chain = []
    while (op := producers.get(index)) is not None:
        chain.append(op)
        if op.kind not in ("SLICE", "RESHAPE"):
            break
        index = op.inputs[0]
    return chain
