# SPDX-License-Identifier: Apache-2.0
"""A transposed convolution is an ordinary one for every phase of its strides, interleaved."""

from __future__ import annotations

import numpy as np

from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.ops.common import Padding
from mcunet_tf.tinyengine.ops.concatenation import InterleaveAttributes
from mcunet_tf.tinyengine.ops.conv2d import Conv2dAttributes
from mcunet_tf.tinyengine.ops.spec import view
from mcunet_tf.tinyengine.ops.strided_copy import SliceAttributes
from mcunet_tf.tinyengine.ops.transpose_conv import StridePhase, phases_of
from mcunet_tf.tinyengine.passes.rewriter import Rewriter, rewrite

_CONVOLUTIONS = {"TRANSPOSE_CONV": "CONV_2D", "TRANSPOSE_CONV_F32": "CONV_2D_F32"}
_ROWS, _COLUMNS = 1, 2  # of [1, height, width, channels]


def lower_transpose_conv(graph: Graph) -> Graph:
    """Rewrites TRANSPOSE_CONV as CONV_2D by phase, INTERLEAVE of the columns' and of the rows'
    phases, and SLICE where the output's size is no multiple of the stride.
    """
    return rewrite(graph, tuple(_CONVOLUTIONS), _lower)


def _lower(rewriter: Rewriter, op: Op) -> None:
    output = op.outputs[0]
    _, height, width, channels = rewriter.tensor(output).shape
    down, across = phases_of(view(rewriter.graph, op))
    rows, columns = -(-height // len(down)), -(-width // len(across))
    bands = []
    for row_phase in down:
        parts = [_convolve(rewriter, op, (rows, columns), row_phase, c) for c in across]
        bands.append(_interleave(rewriter, op, parts, _COLUMNS))
    result = _interleave(rewriter, op, bands, _ROWS)
    whole = (1, rows * len(down), columns * len(across), channels)
    if whole == rewriter.tensor(output).shape:
        rewriter.op("RESHAPE", op.name, (result,), output)
    else:
        cut = SliceAttributes((0, 0, 0, 0), rewriter.tensor(output).shape)
        rewriter.op("SLICE", op.name, (result,), output, cut)


def _convolve(
    rewriter: Rewriter, op: Op, size: tuple[int, int], down: StridePhase, across: StridePhase
) -> int:
    weights = rewriter.tensor(op.inputs[1])
    # A row and a column of zeros at the end are what tap -1 takes.
    padded = np.pad(np.asarray(weights.data), ((0, 0), (0, 1), (0, 1), (0, 0)))
    own = padded[:, list(down.taps)][:, :, list(across.taps)]
    constants = (rewriter.constant(op.inputs[1], own, weights.quantization), *op.inputs[3:4])
    padding = Padding(down.before, down.after, across.before, across.after)
    attributes = Conv2dAttributes(1, 1, 1, 1, padding, op.attributes.activation)
    output = op.outputs[0]
    channels = rewriter.tensor(output).shape[3]
    result = rewriter.like(output, (1, *size, channels), f" phase {len(rewriter.ops)}")
    rewriter.op(_CONVOLUTIONS[op.kind], op.name, (op.inputs[2], *constants), result, attributes)
    return result


def _interleave(rewriter: Rewriter, op: Op, parts: list[int], axis: int) -> int:
    """Joins tensors by turns along an axis."""
    if len(parts) == 1:
        return parts[0]
    shape = list(rewriter.tensor(parts[0]).shape)
    shape[axis] *= len(parts)
    result = rewriter.like(op.outputs[0], tuple(shape), " interleaved")
    rewriter.op("INTERLEAVE", op.name, tuple(parts), result, InterleaveAttributes(axis))
    return result
