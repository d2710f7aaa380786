# SPDX-License-Identifier: Apache-2.0
"""Every part of a SPLIT, SPLIT_V or UNPACK is a SLICE."""

from __future__ import annotations

from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.ops.split import SplitAttributes
from mcunet_tf.tinyengine.ops.strided_copy import SliceAttributes
from mcunet_tf.tinyengine.passes.rewriter import Rewriter, rewrite

_KINDS = ("SPLIT", "SPLIT_V", "UNPACK")


def lower_splits(graph: Graph) -> Graph:
    """Rewrites operators of several results; parts that nobody reads are left out."""
    read = {*graph.consumers(), *graph.outputs}

    def lower(rewriter: Rewriter, op: Op) -> None:
        attributes: SplitAttributes = op.attributes
        source = op.inputs[attributes.operand]
        shape = graph.tensors[source].shape
        first = 0
        for output, length in zip(op.outputs, attributes.lengths, strict=True):
            begin, size = [0] * len(shape), list(shape)
            begin[attributes.axis], size[attributes.axis] = first, length
            first += length
            if output in read:
                own = SliceAttributes(tuple(begin), tuple(size))
                rewriter.op("SLICE", graph.tensors[output].name, (source,), output, own)

    return rewrite(graph, _KINDS, lower)
