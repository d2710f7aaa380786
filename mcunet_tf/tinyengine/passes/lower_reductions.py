# SPDX-License-Identifier: Apache-2.0
"""Reductions over axes that kernels take; a maximum is a pooling of one view of the tensor."""

from __future__ import annotations

import dataclasses

from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.ops.common import Padding
from mcunet_tf.tinyengine.ops.mean import MeanAttributes, outer_inner
from mcunet_tf.tinyengine.ops.pool2d import Pool2dAttributes
from mcunet_tf.tinyengine.ops.spec import View, view
from mcunet_tf.tinyengine.ops.strided_copy import TransposeAttributes
from mcunet_tf.tinyengine.passes.rewriter import Rewriter, rewrite

_KINDS = (
    *("MEAN", "SUM", "REDUCE_MAX"),
    *("MEAN_F32", "SUM_F32", "REDUCE_MAX_F32", "REDUCE_MIN_F32"),
)


def lower_reductions(graph: Graph) -> Graph:
    """Moves reduced axes together and rewrites REDUCE_MAX as MAX_POOL_2D between RESHAPEs."""

    def lower(rewriter: Rewriter, op: Op) -> None:
        if outer_inner(view(graph, op)) is None:
            op = _with_axes_last(rewriter, op)
        if op.kind == "REDUCE_MAX":
            _pool(rewriter, op)
        else:
            rewriter.ops.append(op)

    return rewrite(graph, _KINDS, lower)


def _with_axes_last(rewriter: Rewriter, op: Op) -> Op:
    """The reduction of a transposed tensor, whose reduced axes are its last."""
    shape, axes = rewriter.tensor(op.inputs[0]).shape, op.attributes.axes
    order = (*(axis for axis in range(len(shape)) if axis not in axes), *axes)
    moved = tuple(shape[axis] for axis in order)
    source = rewriter.like(op.inputs[0], moved, " with reduced axes last")
    rewriter.op("TRANSPOSE", op.name, op.inputs[:1], source, TransposeAttributes(order))
    attributes = MeanAttributes(tuple(range(len(shape) - len(axes), len(shape))))
    return dataclasses.replace(op, inputs=(source, *op.inputs[1:]), attributes=attributes)


def _pool(rewriter: Rewriter, op: Op) -> None:
    source, output = op.inputs[0], op.outputs[0]
    shape = rewriter.tensor(source).shape
    if len(shape) == 4 and shape[0] == 1 and op.attributes.axes == (1, 2):
        # An image can be pooled row by row as it comes.
        window, pooled = shape[1:3], (1, 1, 1, shape[3])
    else:
        tensors = tuple(rewriter.tensor(index) for index in (*op.inputs, output))
        blocks = outer_inner(View(op, tensors[:-1], tensors[-1:]))
        assert blocks is not None
        outer, count, inner = blocks
        window, pooled = (1, count), (1, outer, 1, inner)
        flat = rewriter.like(source, (1, outer, count, inner), " as blocks")
        rewriter.op("RESHAPE", op.name, (source,), flat)
        source = flat
    attributes = Pool2dAttributes(*window, *window, Padding(), "NONE")
    result = rewriter.like(output, pooled, " as an image")
    rewriter.op("MAX_POOL_2D", op.name, (source,), result, attributes)
    rewriter.op("RESHAPE", op.name, (result,), output)
