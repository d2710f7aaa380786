# SPDX-License-Identifier: Apache-2.0
"""Computes at compile time what does not depend on the input."""

from __future__ import annotations

import dataclasses

from mcunet_tf.tinyengine.ir import Graph, Op, is_constant
from mcunet_tf.tinyengine.ops import SPECS
from mcunet_tf.tinyengine.ops.spec import view


def fold_constants(graph: Graph) -> Graph:
    """Evaluates operators on constants (and SHAPE), and makes RESHAPE of every pure view.

    With the batch fixed to 1 this removes the SHAPE, STRIDED_SLICE and PACK that Keras writes
    around a RESHAPE.
    """
    tensors = list(graph.tensors)
    kept: list[Op] = []
    for op in graph.ops:
        current = graph.replace(ops=(), tensors=dict(enumerate(tensors)))
        operands = current.operands(op)
        foldable = all(t is None or is_constant(t) for t in operands) or op.kind == "SHAPE"
        if foldable:
            # The operator's attributes may depend on operands that have just become constant.
            values = [t.data for t in operands if t is not None and t.data is not None]
            result = SPECS[op.kind].evaluate(view(current, op), values)
            index = op.outputs[0]
            tensors[index] = dataclasses.replace(
                tensors[index], data=result, shape=tuple(result.shape)
            )
        elif op.kind in ("RESHAPE", "SQUEEZE", "EXPAND_DIMS"):
            kept.append(dataclasses.replace(op, kind="RESHAPE", inputs=op.inputs[:1]))
        else:
            kept.append(op)
    return graph.replace(ops=kept, tensors=dict(enumerate(tensors)))


def drop_unused(graph: Graph) -> Graph:
    """Removes operators whose results nobody reads."""
    needed = set(graph.outputs)
    kept: list[Op] = []
    for op in reversed(graph.ops):
        if needed.intersection(op.outputs):
            kept.append(op)
            needed.update(op.inputs)
    return graph.replace(ops=reversed(kept))
