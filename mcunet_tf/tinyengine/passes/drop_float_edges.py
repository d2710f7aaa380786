# SPDX-License-Identifier: Apache-2.0
"""Lets the application speak int8 where a model converts float32 at its edges."""

from __future__ import annotations

from mcunet_tf.tinyengine.ir import Graph


def drop_float_edges(graph: Graph) -> Graph:
    """Removes QUANTIZE of a float32 input and DEQUANTIZE of a float32 output.

    A float frame is four times the size of the int8 one and exists only to be converted. The
    emitted header carries scale and zero point, so the application can convert single values. What
    else leaves the inference, as another output or as a state, stays float32.
    """
    inputs, outputs = list(graph.given), list(graph.made)
    readers = graph.consumers()
    dropped = set()
    for op in graph.ops:
        source, result = op.inputs[0], op.outputs[0]
        float_in = op.kind == "QUANTIZE" and graph.tensors[source].dtype == "float32"
        alone = float_in and source not in graph.outputs and len(readers[source]) == 1
        if alone and source in inputs:
            inputs[inputs.index(source)] = result
            dropped.add(op)
        elif op.kind == "DEQUANTIZE" and result in outputs and result not in readers:
            given = source in inputs or source in graph.entries
            if not given and graph.outputs.count(result) == 1:
                outputs[outputs.index(result)] = source
                dropped.add(op)
    kept = [op for op in graph.ops if op not in dropped]
    return graph.replace(
        ops=kept, inputs=(*inputs, *graph.entries), outputs=(*outputs, *graph.exits)
    )
