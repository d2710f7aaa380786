# SPDX-License-Identifier: Apache-2.0
"""The maximum over adjacent axes is a maximum pooling of one view of the tensor."""

from __future__ import annotations

from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.ops.common import Padding
from mcunet_tf.tinyengine.ops.mean import outer_inner
from mcunet_tf.tinyengine.ops.pool2d import Pool2dAttributes
from mcunet_tf.tinyengine.ops.spec import view
from mcunet_tf.tinyengine.passes.rewriter import Rewriter, rewrite


def lower_reductions(graph: Graph) -> Graph:
    """Rewrites REDUCE_MAX as MAX_POOL_2D with one window per result, between RESHAPEs."""
    return rewrite(graph, ("REDUCE_MAX",), _lower)


def _lower(rewriter: Rewriter, op: Op) -> None:
    source, output = op.inputs[0], op.outputs[0]
    shape = rewriter.tensor(source).shape
    if len(shape) == 4 and shape[0] == 1 and op.attributes.axes == (1, 2):
        # An image can be pooled row by row as it comes.
        window, pooled = shape[1:3], (1, 1, 1, shape[3])
    else:
        blocks = outer_inner(view(rewriter.graph, op))
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
