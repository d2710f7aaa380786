# SPDX-License-Identifier: Apache-2.0
"""GATHER and MIRROR_PAD read indices from tables, as RESIZE_NEAREST_NEIGHBOR does."""

from __future__ import annotations

import math

from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.ops.resize_nearest_neighbor import ResizeAttributes
from mcunet_tf.tinyengine.passes.rewriter import Rewriter, rewrite


def lower_picks(graph: Graph) -> Graph:
    """Rewrites GATHER and MIRROR_PAD: the axis is that of columns, and what lies before it rows."""
    return rewrite(graph, ("GATHER", "MIRROR_PAD"), _lower)


def _lower(rewriter: Rewriter, op: Op) -> None:
    source = op.inputs[0]
    indices = op.attributes.indices
    shape = list(rewriter.tensor(source).shape)
    axes = [axis for axis, own in enumerate(indices) if own != tuple(range(shape[axis]))]
    while axes:
        axis = axes.pop()
        image = (1, math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :]))
        rows = tuple(range(image[1]))
        shape[axis] = len(indices[axis])
        if axes and axes[-1] == axis - 1 and image[1] == shape[axis - 1]:
            # Rows and columns of an image at once.
            rows = indices[axes.pop()]
            shape[axis - 1] = len(rows)
        flat = rewriter.like(source, image, " as rows")
        rewriter.op("RESHAPE", op.name, (source,), flat)
        source = rewriter.like(source, (1, len(rows), shape[axis], image[3]), " picked")
        attributes = ResizeAttributes(rows, indices[axis])
        rewriter.op("RESIZE_NEAREST_NEIGHBOR", op.name, (flat,), source, attributes)
    rewriter.op("RESHAPE", op.name, (source,), op.outputs[0])
