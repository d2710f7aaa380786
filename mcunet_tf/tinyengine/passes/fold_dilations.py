# SPDX-License-Identifier: Apache-2.0
"""A convolution of every so-many-th pixel, once for each of them, is one dilated convolution."""

from __future__ import annotations

import dataclasses

from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.ops.batch_space import BatchSpaceAttributes
from mcunet_tf.tinyengine.ops.common import Padding
from mcunet_tf.tinyengine.ops.conv2d import Conv2dAttributes
from mcunet_tf.tinyengine.passes.fold_constants import drop_unused
from mcunet_tf.tinyengine.passes.rewriter import Rewriter

_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")
_RANK = 4


@dataclasses.dataclass(frozen=True)
class _Run:
    """The operators of one dilated convolution, views between them left out."""

    deal: Op
    convolution: Op
    collect: Op


def fold_dilations(graph: Graph) -> Graph:
    """Makes one convolution of SPACE_TO_BATCH_ND, a convolution and BATCH_TO_SPACE_ND.

    In one dimension RESHAPEs stand between them, as the convolution has two. Several convolutions
    may read what is dealt out once.
    """
    rewriter = Rewriter(graph)
    folded = False
    for op in graph.ops:
        run = _run(graph, op) if op.kind == "BATCH_TO_SPACE_ND" else None
        if run is not None and _fold(rewriter, run):
            folded = True
        else:
            rewriter.ops.append(op)
    return drop_unused(rewriter.result()) if folded else graph


def _chain(graph: Graph, op: Op) -> list[Op]:
    """The operator and what leads to it, back to a SPACE_TO_BATCH_ND.

    Nothing else reads what the convolution makes.
    """
    producers, consumers = graph.producers(), graph.consumers()
    chain = [op]
    while chain[-1].kind != "SPACE_TO_BATCH_ND":
        source = chain[-1].inputs[0]
        maker = producers.get(source)
        dealt = any(op.kind in _CONVOLUTIONS for op in chain)
        if maker is None or source in graph.outputs:
            return []
        if len(consumers[source]) != 1 and not dealt:
            return []
        if maker.kind not in ("RESHAPE", "SPACE_TO_BATCH_ND", *_CONVOLUTIONS):
            return []
        chain.append(maker)
    return chain


def _run(graph: Graph, collect: Op) -> _Run | None:
    chain = _chain(graph, collect)
    made = [op for op in chain if op.kind in _CONVOLUTIONS]
    return _Run(chain[-1], made[0], collect) if len(made) == 1 else None


def _fold(rewriter: Rewriter, run: _Run) -> bool:
    """Writes the dilated convolution, or returns False where this is none."""
    graph, own = rewriter.graph, run.convolution.attributes
    seen = graph.tensors[run.convolution.inputs[0]].shape
    made = graph.tensors[run.convolution.outputs[0]].shape
    source, output = run.deal.inputs[0], run.collect.outputs[0]
    strides = (own.stride_height, own.stride_width, own.dilation_height, own.dilation_width)
    same_blocks = run.deal.attributes.blocks == run.collect.attributes.blocks
    if strides != (1, 1, 1, 1) or not same_blocks or len(seen) != _RANK:
        return False
    dealt = graph.tensors[run.deal.outputs[0]]
    before, after = (graph.tensors[i] for i in (source, output))
    one_scale = before.quantization == dealt.quantization
    collected = graph.tensors[run.collect.inputs[0]]
    if not one_scale or after.quantization != collected.quantization:
        return False
    axes = _image_axes(dealt.shape, seen)
    if axes is None or _image_axes(collected.shape, made) != axes or before.shape[0] != 1:
        return False
    attributes = _dilated(own, run.deal.attributes, run.collect.attributes, axes)
    if attributes is None:
        return False
    image, result = _as_image(before.shape, axes), _as_image(after.shape, axes)
    seen_as = source if image == before.shape else rewriter.like(source, image, " as an image")
    made_as = output if result == after.shape else rewriter.like(output, result, " as an image")
    name = run.convolution.name
    if seen_as != source:
        rewriter.op("RESHAPE", name, (source,), seen_as)
    operands = (seen_as, *run.convolution.inputs[1:])
    rewriter.op(run.convolution.kind, name, operands, made_as, attributes)
    if made_as != output:
        rewriter.op("RESHAPE", name, (made_as,), output)
    return True


def _image_axes(shape: tuple[int, ...], image: tuple[int, ...]) -> tuple[int, ...] | None:
    """Where the axes behind the batch lie in the image: all, or in one dimension one of them."""
    if shape == image:
        return (1, 2)
    for axis in (2, 1):
        if len(shape) == _RANK - 1 and image == (*shape[:axis], 1, *shape[axis:]):
            return (3 - axis,)
    return None


def _as_image(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    if axes == (1, 2):
        return shape
    return (shape[0], 1, *shape[1:]) if axes == (2,) else (*shape[:2], 1, shape[2])


def _dilated(
    own: Conv2dAttributes,
    deal: BatchSpaceAttributes,
    collect: BatchSpaceAttributes,
    axes: tuple[int, ...],
) -> Conv2dAttributes | None:
    """The convolution's attributes on the whole image, or None where crops exceed the padding."""
    if not 1 <= len(deal.blocks) <= len(axes) or min(deal.blocks) < 1:
        return None
    steps, edges = [1, 1], [[0, 0], [0, 0]]
    parts = zip(axes, deal.blocks, deal.edges, collect.edges, strict=False)
    for axis, block, pads, crops in parts:
        steps[axis - 1] = block
        edges[axis - 1] = [pads[0] - crops[0], pads[1] - crops[1]]
    padding = Padding(
        edges[0][0] + own.padding.top * steps[0],
        edges[0][1] + own.padding.bottom * steps[0],
        edges[1][0] + own.padding.left * steps[1],
        edges[1][1] + own.padding.right * steps[1],
    )
    if min(dataclasses.astuple(padding)) < 0:
        return None
    return dataclasses.replace(
        own, dilation_height=steps[0], dilation_width=steps[1], padding=padding
    )
