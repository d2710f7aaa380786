# SPDX-License-Identifier: Apache-2.0
"""Pixels dealt out to several images are a padding and a transposition, and so is their return."""

from __future__ import annotations

from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.ops.batch_space import BatchSpaceAttributes
from mcunet_tf.tinyengine.ops.pad import PadAttributes
from mcunet_tf.tinyengine.ops.strided_copy import SliceAttributes, TransposeAttributes
from mcunet_tf.tinyengine.passes.rewriter import Rewriter, rewrite

_Shape = tuple[int, ...]


def lower_batch_space(graph: Graph) -> Graph:
    """Rewrites SPACE_TO_BATCH_ND as PAD and TRANSPOSE, BATCH_TO_SPACE_ND as TRANSPOSE and SLICE."""
    rules = {"SPACE_TO_BATCH_ND": _deal, "BATCH_TO_SPACE_ND": _collect}
    return rewrite(graph, tuple(rules), lambda rewriter, op: rules[op.kind](rewriter, op))


def _deal(rewriter: Rewriter, op: Op) -> None:
    attributes: BatchSpaceAttributes = op.attributes
    blocks, source = attributes.blocks, op.inputs[0]
    tensor = rewriter.tensor(source)
    if any(before or after for before, after in attributes.edges):
        rest = (0,) * (len(tensor.shape) - 1 - len(blocks))
        before, after = ((0, *(edge[side] for edge in attributes.edges), *rest) for side in (0, 1))
        shape = tuple(b + n + a for b, n, a in zip(before, tensor.shape, after, strict=True))
        padded = rewriter.like(source, shape, " padded")
        pad = PadAttributes(before, after, tensor.padding_value)
        rewriter.op("PAD", op.name, (source,), padded, pad)
        source = padded
    batch, *sides = rewriter.tensor(source).shape
    inner = tuple(sides[len(blocks) :])
    apart = [batch]
    for side, block in zip(sides, blocks, strict=False):
        apart += [side // block, block]
    count = len(blocks)
    order = (
        *range(2, 2 * count + 1, 2),
        0,
        *range(1, 2 * count, 2),
        *range(2 * count + 1, 2 * count + 1 + len(inner)),
    )
    _transposed(rewriter, op, source, (*apart, *inner), order, op.outputs[0])


def _collect(rewriter: Rewriter, op: Op) -> None:
    attributes: BatchSpaceAttributes = op.attributes
    blocks, source = attributes.blocks, op.inputs[0]
    batch, *sides = rewriter.tensor(source).shape
    count = len(blocks)
    images = batch
    for block in blocks:
        images //= block
    inner = tuple(sides[count:])
    apart = (*blocks, images, *sides[:count], *inner)
    order = [count]
    for axis in range(count):
        order += [count + 1 + axis, axis]
    order += range(2 * count + 1, 2 * count + 1 + len(inner))
    whole = (images, *(n * b for n, b in zip(sides, blocks, strict=False)), *inner)
    output = rewriter.tensor(op.outputs[0]).shape
    result = op.outputs[0] if whole == output else rewriter.like(source, whole, " collected")
    _transposed(rewriter, op, source, apart, tuple(order), result)
    if whole != output:
        begin = (0, *(edge[0] for edge in attributes.edges), *(0,) * len(inner))
        rewriter.op("SLICE", op.name, (result,), op.outputs[0], SliceAttributes(begin, output))


def _transposed(
    rewriter: Rewriter, op: Op, source: int, apart: _Shape, order: _Shape, output: int
) -> None:
    """A transposition of the tensor with its axes taken apart, in the output's shape."""
    seen = rewriter.like(source, apart, " taken apart")
    moved = rewriter.like(source, tuple(apart[axis] for axis in order), " transposed")
    rewriter.op("RESHAPE", op.name, (source,), seen)
    rewriter.op("TRANSPOSE", op.name, (seen,), moved, TransposeAttributes(order))
    rewriter.op("RESHAPE", op.name, (moved,), output)
