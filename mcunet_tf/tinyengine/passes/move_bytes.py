# SPDX-License-Identifier: Apache-2.0
"""Moves values as bytes where converters move them as float32."""

from __future__ import annotations

import dataclasses

from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.passes.rewriter import Rewriter

# The position of the operand that is moved.
_MOVES = {
    **dict.fromkeys(("RESHAPE", "SLICE", "STRIDED_SLICE", "TRANSPOSE", "REVERSE_V2", "TILE"), 0),
    **dict.fromkeys(("BROADCAST_TO", "SPACE_TO_DEPTH", "DEPTH_TO_SPACE", "SPLIT_V", "UNPACK"), 0),
    **dict.fromkeys(("GATHER", "MIRROR_PAD"), 0),
    "SPLIT": 1,
}


def move_bytes(graph: Graph) -> Graph:
    """Puts DEQUANTIZE behind operators that move its result, which then move its operand."""
    rewriter = Rewriter(graph)
    operands: dict[int, int] = {}
    for op in graph.ops:
        position = _MOVES.get(op.kind, len(op.inputs))
        moved = op.inputs[position] if position < len(op.inputs) else -1
        if moved in operands:
            operands.update(_move(rewriter, op, position, operands[moved]))
            continue
        if op.kind == "DEQUANTIZE":
            operands[op.outputs[0]] = op.inputs[0]
        rewriter.ops.append(op)
    return rewriter.result()


def _move(rewriter: Rewriter, op: Op, position: int, source: int) -> dict[int, int]:
    """Moves bytes; returns those that each result is dequantised from."""
    inputs = (*op.inputs[:position], source, *op.inputs[position + 1 :])
    moved = {
        index: rewriter.like(source, rewriter.tensor(index).shape, " moved") for index in op.outputs
    }
    rewriter.ops.append(dataclasses.replace(op, inputs=inputs, outputs=tuple(moved.values())))
    for index, result in moved.items():
        rewriter.op("DEQUANTIZE", op.name, (result,), index)
    return moved
