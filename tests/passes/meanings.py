# SPDX-License-Identifier: Apache-2.0
"""What operators mean that only passes take away, said in numpy as TensorFlow defines them.

`evaluate` has no meaning for them: with these it runs a graph as it was before the pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.ops import SPECS, common
from mcunet_tf.tinyengine.ops.conv2d import finish
from mcunet_tf.tinyengine.ops.spec import View, view
from mcunet_tf.tinyengine.ops.tabulated import evaluate_tabulated, is_tabulated

Array = np.ndarray[Any, Any]


def _split(seen: View, values: Sequence[Array]) -> list[Array]:
    attributes = seen.attributes
    ends = np.cumsum(attributes.lengths)[:-1]
    parts = np.split(values[attributes.operand], ends, attributes.axis)
    return [part.reshape(out.shape) for part, out in zip(parts, seen.outputs, strict=True)]


def _pick(seen: View, values: Sequence[Array]) -> list[Array]:
    return [values[0][np.ix_(*seen.attributes.indices)].reshape(seen.output.shape)]


def _reduce_max(seen: View, values: Sequence[Array]) -> list[Array]:
    return [values[0].max(axis=seen.attributes.axes).reshape(seen.output.shape)]


def _transpose_conv(seen: View, values: Sequence[Array]) -> list[Array]:
    """Every input pixel is spread over the output by the weights."""
    a, weights = seen.attributes, np.asarray(seen.constant(1), np.int64)
    pixels = values[2].astype(np.int64)[0] - seen.input(2).zero_point
    _, height, width, channels = seen.output.shape
    total = np.zeros((height, width, channels), np.int64)
    for y, x, i, j in np.ndindex(*pixels.shape[:2], *weights.shape[1:3]):
        row, column = y * a.stride_height + i - a.top, x * a.stride_width + j - a.left
        if 0 <= row < height and 0 <= column < width:
            total[row, column] += weights[:, i, j] @ pixels[y, x]
    turned = View(seen.op, (seen.inputs[2], seen.inputs[1], seen.optional(3)), seen.outputs)
    total += common.bias_values(turned, channels)
    return [finish(turned, total)[None]]


MEANINGS = {
    **dict.fromkeys(("SPLIT", "SPLIT_V", "UNPACK"), _split),
    **dict.fromkeys(("GATHER", "MIRROR_PAD"), _pick),
    "REDUCE_MAX": _reduce_max,
    "TRANSPOSE_CONV": _transpose_conv,
}


def run_graph(graph: Graph, inputs: Sequence[Array]) -> list[Array]:
    """The outputs of a graph before or after any pass."""
    values = {i: t.data for i, t in enumerate(graph.tensors) if t.data is not None}
    values |= dict(zip(graph.inputs, inputs, strict=True))
    for op in graph.ops:
        seen, operands = view(graph, op), [values[i] for i in op.inputs if i >= 0]
        if op.kind in MEANINGS:
            results = MEANINGS[op.kind](seen, operands)
        elif is_tabulated(seen):
            results = [evaluate_tabulated(seen, operands)]
        else:
            results = [SPECS[op.kind].result(seen, operands)]
        values |= dict(zip(op.outputs, results, strict=True))
    return [values[i] for i in graph.outputs]
