# SPDX-License-Identifier: Apache-2.0
"""Keras enlarges images by TILE of an axis that RESHAPE puts behind rows, or columns."""

from __future__ import annotations

from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.ops.resize_nearest_neighbor import ResizeAttributes
from mcunet_tf.tinyengine.ops.spec import view
from mcunet_tf.tinyengine.ops.strided_copy import strided_copy
from mcunet_tf.tinyengine.passes.rewriter import Rewriter

_RANK = 4


def lower_tiles(graph: Graph) -> Graph:
    """Rewrites a TILE that repeats each row, or each pixel, as RESIZE_NEAREST_NEIGHBOR."""
    rewriter = Rewriter(graph)
    sources: dict[int, int] = {}
    for op in graph.ops:
        if op.kind != "TILE" or not _lower(rewriter, op, sources):
            rewriter.ops.append(op)
        sources.update(
            (o.outputs[0], o.inputs[0]) for o in rewriter.ops[-1:] if o.kind == "RESHAPE"
        )
    return rewriter.result()


def _lower(rewriter: Rewriter, op: Op, sources: dict[int, int]) -> bool:
    image = op.inputs[0]
    while len(rewriter.tensor(image).shape) != _RANK and image in sources:
        image = sources[image]
    shape = rewriter.tensor(image).shape
    if len(shape) != _RANK or shape[0] != 1:
        return False
    _, height, width, channels = shape
    repeats = _repeats(rewriter.graph, op)
    if repeats is None:
        return False
    outer, times, inner = repeats
    rows, columns = range(height), range(width)
    if (outer, inner) == (height, width * channels):
        made, rows = (1, height * times, width, channels), range(height * times)
    elif (outer, inner) == (height * width, channels):
        made, columns = (1, height, width * times, channels), range(width * times)
    else:
        return False
    attributes = ResizeAttributes(
        tuple(y * height // len(rows) for y in rows),
        tuple(x * width // len(columns) for x in columns),
    )
    result = rewriter.like(op.outputs[0], made, " enlarged")
    rewriter.op("RESIZE_NEAREST_NEIGHBOR", op.name, (image,), result, attributes)
    rewriter.op("RESHAPE", op.name, (result,), op.outputs[0])
    return True


def _repeats(graph: Graph, op: Op) -> tuple[int, int, int] | None:
    """(outer, times, inner): each of `outer` runs of `inner` values comes so many times."""
    copy = strided_copy(view(graph, op))
    axes = list(zip(copy.sizes, copy.strides, strict=True))
    item_bytes = graph.tensors[op.outputs[0]].item_bytes
    inner = axes.pop()[0] // item_bytes if axes and axes[-1][1] == 1 and axes[-1][0] > 1 else 1
    if not axes or axes[-1][1] != 0:
        return None
    times = axes.pop()[0]
    outer = axes.pop()[0] if axes else 1
    return None if axes else (outer, times, inner)
