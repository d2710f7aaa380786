# SPDX-License-Identifier: Apache-2.0
"""Spreads out operands that repeat in a way that no kernel takes, one map for all channels say."""

from __future__ import annotations

import dataclasses

import numpy as np

from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.ops import float32_values, integers
from mcunet_tf.tinyengine.ops.broadcast import broadcast_period
from mcunet_tf.tinyengine.ops.masks import CHOICES, COMPARISONS, mask_shape
from mcunet_tf.tinyengine.ops.spec import view
from mcunet_tf.tinyengine.passes.rewriter import Rewriter

_KINDS = (
    *("ADD", "SUB", "MUL", "SQUARED_DIFFERENCE", "MAXIMUM", "MINIMUM"),
    *("DIV", *COMPARISONS),
    *(kind + float32_values.SUFFIX for kind in float32_values.PAIRS),
    *(kind + integers.SUFFIX for kind in integers.PAIRS),
)


def lower_broadcasts(graph: Graph) -> Graph:
    """Puts BROADCAST_TO before operands that do not repeat over the leading dimensions."""
    rewriter = Rewriter(graph)
    for op in graph.ops:
        if op.kind in _KINDS and broadcast_period(view(graph, op))[0] < 0:
            shape = graph.tensors[op.outputs[0]].shape
            inputs = tuple(_spread(rewriter, index, shape, op.name) for index in op.inputs)
            op = dataclasses.replace(op, inputs=inputs)
        if op.kind in CHOICES:
            op = _with_full_choices(rewriter, op)
        rewriter.ops.append(op)
    return rewriter.result()


def _with_full_choices(rewriter: Rewriter, op: Op) -> Op:
    """A choice between tensors of the output's size, or of one value; its mask has that size."""
    shape = rewriter.tensor(op.outputs[0]).shape
    mask, *choices = op.inputs
    repeating = mask_shape(view(rewriter.graph, op))
    if repeating != rewriter.tensor(mask).shape:
        rows = rewriter.like(mask, repeating, " of rows")
        rewriter.op("RESHAPE", op.name, (mask,), rows)
        mask = rows
    full = [
        index if rewriter.tensor(index).elements == 1 else _spread(rewriter, index, shape, op.name)
        for index in choices
    ]
    return dataclasses.replace(op, inputs=(_spread(rewriter, mask, shape, op.name), *full))


def _spread(rewriter: Rewriter, index: int, shape: tuple[int, ...], name: str) -> int:
    tensor = rewriter.tensor(index)
    if tensor.shape == shape:
        return index
    if tensor.data is not None:
        return rewriter.constant(index, np.broadcast_to(tensor.data, shape), tensor.quantization)
    result = rewriter.like(index, shape, " spread out")
    rewriter.op("BROADCAST_TO", name, (index,), result)
    return result
