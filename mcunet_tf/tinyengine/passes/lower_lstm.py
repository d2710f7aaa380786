# SPDX-License-Identifier: Apache-2.0
"""An LSTM that remembers has two results, a kernel one: they are parts of it."""

from __future__ import annotations

from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.ops.concatenation import ConcatenationAttributes
from mcunet_tf.tinyengine.ops.lstm import STATE, lstm_shape
from mcunet_tf.tinyengine.ops.spec import view
from mcunet_tf.tinyengine.ops.strided_copy import SliceAttributes
from mcunet_tf.tinyengine.passes.rewriter import Rewriter


def lower_lstm(graph: Graph) -> Graph:
    """Lets an LSTM make its cell states and its output at once, of which its results are parts."""
    rewriter = Rewriter(graph)
    for op in graph.ops:
        if op.kind.startswith("UNIDIRECTIONAL_SEQUENCE_LSTM") and len(op.outputs) == 2:
            _lower(rewriter, op)
        else:
            rewriter.ops.append(op)
    return rewriter.result()


def _lower(rewriter: Rewriter, op: Op) -> None:
    """Of one step the next state is the whole result, else its ends."""
    batches, steps, _, units = lstm_shape(view(rewriter.graph, op))
    result, state = op.outputs
    values = rewriter.tensor(result).elements
    cells = rewriter.tensor(op.inputs[STATE]).elements - batches * units
    every = values > batches * units
    whole = rewriter.like(state, (cells + values,), "/whole") if every else state
    rewriter.op(op.kind, op.name, op.inputs, whole, op.attributes)
    part = _slice(rewriter, op, whole, (cells,), (values,))
    rewriter.op("RESHAPE", op.name, (part,), result)
    if not every:
        return
    sequence = rewriter.like(state, (batches, steps, units), "/steps")
    rewriter.op("RESHAPE", op.name, (part,), sequence)
    last = _slice(rewriter, op, sequence, (0, steps - 1, 0), (batches, 1, units))
    hidden = rewriter.like(state, (batches * units,), "/hidden")
    rewriter.op("RESHAPE", op.name, (last,), hidden)
    ends = (_slice(rewriter, op, whole, (0,), (cells,)), hidden)
    rewriter.op("CONCATENATION", op.name, ends, state, ConcatenationAttributes(0, "NONE"))


def _slice(
    rewriter: Rewriter, op: Op, source: int, begin: tuple[int, ...], size: tuple[int, ...]
) -> int:
    part = rewriter.like(source, size, "/part")
    rewriter.op("SLICE", op.name, (source,), part, SliceAttributes(begin, size))
    return part
