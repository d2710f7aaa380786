# SPDX-License-Identifier: Apache-2.0
"""Leaves transposes at the edges to the application, which has images with channels last anyway.

A network of another framework takes images with channels first and turns them over before all else:
a second copy of the largest tensor that there is, and a pass over it.
"""

from __future__ import annotations

import dataclasses

from mcunet_tf.tinyengine.ir import Graph

LAYOUTS = ("model", "nhwc")
Axes = tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class EdgeLayout:
    """A graph, and the order of the file's axes in each of its inputs and outputs; () as there."""

    graph: Graph
    inputs: tuple[Axes, ...]
    outputs: tuple[Axes, ...]


def leave_layout(graph: Graph, layout: str) -> EdgeLayout:
    """Drops a TRANSPOSE from channels first behind an input, and back before an output.

    Args:
      graph: behind all passes.
      layout: "nhwc"; "model" drops nothing.
    """
    inputs, outputs = list(graph.inputs), list(graph.outputs)
    in_axes: list[Axes] = [()] * len(graph.edges)
    out_axes: list[Axes] = [()] * len(graph.made)
    dropped = set()
    readers = graph.consumers()
    for op in graph.ops if layout == "nhwc" else ():
        if op.kind != "TRANSPOSE":
            continue
        source, result = op.inputs[0], op.outputs[0]
        order, rank = op.attributes.permutation, len(op.attributes.permutation)
        if source in graph.given and order == (0, *range(2, rank), 1) and rank > 2:
            place = inputs.index(source)
            if len(readers[source]) == 1 and not {source, result}.intersection(outputs):
                inputs[place], in_axes[graph.edges.index(source)] = result, order
                dropped.add(op)
        elif result in graph.made and order == (0, rank - 1, *range(1, rank - 1)) and rank > 2:
            made = source not in graph.inputs and source not in outputs
            if made and result not in readers and graph.tensors[source].data is None:
                place = outputs.index(result)
                outputs[place], out_axes[place] = source, (0, *range(2, rank), 1)
                dropped.add(op)
    kept = [op for op in graph.ops if op not in dropped]
    left = graph.replace(ops=kept, inputs=inputs, outputs=outputs)
    return EdgeLayout(left, tuple(in_axes), tuple(out_axes))
