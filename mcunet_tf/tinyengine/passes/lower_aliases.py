# SPDX-License-Identifier: Apache-2.0
"""Operators that are others by another name."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from mcunet_tf.tinyengine.ir import Graph, Op, Quantization
from mcunet_tf.tinyengine.ops.broadcast import ElementwiseAttributes
from mcunet_tf.tinyengine.ops.dynamic import GatherAttributes
from mcunet_tf.tinyengine.ops.lookup import TableAttributes
from mcunet_tf.tinyengine.passes.rewriter import Rewriter, rewrite

_PLAIN = Quantization((1.0,), (0,))
_COMPLEMENTS = TableAttributes(bytes(255 - byte for byte in range(256)))
_NEGATION = TableAttributes(bytes([1, 0, *[0] * 254]))


def lower_aliases(graph: Graph) -> Graph:
    """Says masks as bytes (AND is MINIMUM), REDUCE_MIN by complements, FILL as BROADCAST_TO, a
    float ADD_N as ADDs, and EMBEDDING_LOOKUP as GATHER.
    """
    return rewrite(graph, tuple(_RULES), lambda rewriter, op: _RULES[op.kind](rewriter, op))


def _as_bytes(rewriter: Rewriter, index: int, name: str) -> int:
    """A mask seen as int8: 0 and 1."""
    tensor = rewriter.tensor(index)
    if tensor.dtype == "int8":
        return index
    data = None if tensor.data is None else tensor.data.view("int8")
    made = rewriter.add(
        dataclasses.replace(
            tensor, name=f"{tensor.name} as bytes", dtype="int8", quantization=_PLAIN, data=data
        )
    )
    if data is None:
        rewriter.op("RESHAPE", name, (index,), made)
    return made


def _with_bytes(rewriter: Rewriter, op: Op, kind: str) -> None:
    """The operator of another kind on the bytes of masks."""
    inputs = tuple(_as_bytes(rewriter, index, op.name) for index in op.inputs)
    result = rewriter.add(
        dataclasses.replace(
            rewriter.tensor(op.outputs[0]), name=f"{op.name} as bytes", dtype="int8",
            quantization=_PLAIN,
        )
    )  # fmt: skip
    rewriter.op(kind, op.name, inputs, result, op.attributes)
    rewriter.op("RESHAPE", op.name, (result,), op.outputs[0])


def _lower_and(rewriter: Rewriter, op: Op) -> None:
    _with_bytes(rewriter, op, "MINIMUM")


def _lower_or(rewriter: Rewriter, op: Op) -> None:
    _with_bytes(rewriter, op, "MAXIMUM")


def _lower_not(rewriter: Rewriter, op: Op) -> None:
    _with_bytes(rewriter, dataclasses.replace(op, attributes=_NEGATION), "TABLE")


def _lower_any(rewriter: Rewriter, op: Op) -> None:
    _reduced(rewriter, op, least=False)


def _lower_least(rewriter: Rewriter, op: Op) -> None:
    _reduced(rewriter, op, least=True)


def _reduced(rewriter: Rewriter, op: Op, *, least: bool) -> None:
    """REDUCE_MAX of the bytes, or of their complements."""
    source = _as_bytes(rewriter, op.inputs[0], op.name)
    output, name = op.outputs[0], op.name
    shape = rewriter.tensor(output).shape
    mask = rewriter.tensor(output).dtype == "bool"
    if least:
        source = _complement(rewriter, name, source)
    result = output if not (mask or least) else rewriter.like(source, shape, " reduced")
    rewriter.op("REDUCE_MAX", name, (source, *op.inputs[1:]), result, op.attributes)
    if least:
        end = rewriter.like(source, shape, " complemented") if mask else output
        rewriter.op("TABLE", name, (result,), end, _COMPLEMENTS)
        result = end
    if mask:
        rewriter.op("RESHAPE", name, (result,), output)


def _complement(rewriter: Rewriter, name: str, source: int) -> int:
    flipped = rewriter.like(source, rewriter.tensor(source).shape, " complemented")
    rewriter.op("TABLE", name, (source,), flipped, _COMPLEMENTS)
    return flipped


def _lower_fill(rewriter: Rewriter, op: Op) -> None:
    value, output = op.inputs[1], op.outputs[0]
    rank = len(rewriter.tensor(output).shape)
    one = rewriter.like(value, (1,) * rank, " as a tensor")
    rewriter.op("RESHAPE", op.name, (value,), one)
    rewriter.op("BROADCAST_TO", op.name, (one,), output)


def _lower_add_n(rewriter: Rewriter, op: Op) -> None:
    total = op.inputs[0]
    for position, index in enumerate(op.inputs[1:], 2):
        end = position == len(op.inputs)
        made = op.outputs[0] if end else rewriter.like(total, rewriter.tensor(total).shape, " sum")
        rewriter.op("ADD_F32", op.name, (total, index), made, ElementwiseAttributes("NONE"))
        total = made


def _lower_embedding(rewriter: Rewriter, op: Op) -> None:
    lookups, table = op.inputs
    output = op.outputs[0]
    result = output
    widened = rewriter.tensor(table).dtype != rewriter.tensor(output).dtype
    if widened:
        result = rewriter.like(table, rewriter.tensor(output).shape, " looked up")
    rewriter.op("GATHER_AT", op.name, (table, lookups), result, GatherAttributes(0, 0))
    if widened:
        rewriter.op("DEQUANTIZE", op.name, (result,), output)


_RULES: Mapping[str, Callable[[Rewriter, Op], None]] = {
    "LOGICAL_AND": _lower_and,
    "LOGICAL_OR": _lower_or,
    "LOGICAL_NOT": _lower_not,
    "REDUCE_ANY": _lower_any,
    "REDUCE_ALL": _lower_least,
    "REDUCE_MIN": _lower_least,
    "FILL": _lower_fill,
    "ADD_N_F32": _lower_add_n,
    "EMBEDDING_LOOKUP": _lower_embedding,
}
