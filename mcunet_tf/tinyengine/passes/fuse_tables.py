# SPDX-License-Identifier: Apache-2.0
"""Computes whatever follows from one byte, through several operators, as one table of 256 bytes.

x times sigmoid(x) takes two operators and is one table. Operators without kernels are compiled
where they are part of such a function.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from mcunet_tf.tinyengine.ir import Graph, Op, is_constant
from mcunet_tf.tinyengine.ops import SPECS
from mcunet_tf.tinyengine.ops.common import INTEGER_RANGES
from mcunet_tf.tinyengine.ops.lookup import TableAttributes
from mcunet_tf.tinyengine.ops.spec import Array, View, view
from mcunet_tf.tinyengine.ops.tabulated import evaluate_tabulated, is_tabulated
from mcunet_tf.tinyengine.verify import broken_constraint

_BYTE_KINDS = frozenset(
    "ABS ADD DEQUANTIZE ELU EXP GELU HARD_SWISH LEAKY_RELU LOG LOGISTIC MAXIMUM MINIMUM MUL "
    "QUANTIZE RELU RELU6 RSQRT SQUARED_DIFFERENCE SUB TANH".split()
)


def fuse_tables(graph: Graph) -> Graph:
    """Puts a TABLE in the place of operators whose results depend on one byte each."""
    functions = _Functions(graph)
    needed = set(graph.outputs)
    tables: dict[int, int] = {}
    for op in reversed(graph.ops):
        if not needed.intersection(op.outputs):
            continue
        source = functions.source(op)
        if source is None:
            needed.update(op.inputs)
        else:
            needed.add(source)
            tables[op.outputs[0]] = source
    ops = [
        functions.table_op(op, tables[op.outputs[0]]) if op.outputs[0] in tables else op
        for op in graph.ops
        if needed.intersection(op.outputs)
    ]
    return graph.replace(ops=ops)


class _Functions:
    """Which tensors are functions of which others, value by value, and what functions."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.producers = graph.producers()
        self.position = {i: place for place, op in enumerate(graph.ops) for i in op.outputs}
        # The tensors of bytes that a tensor is a function of, itself included.
        self.roots: dict[int, frozenset[int]] = {}
        # Tensors that are computed whatever happens.
        self.kept = set(graph.outputs)
        for op in graph.ops:
            common = self._common_roots(op)
            if not common:
                self.kept.update(op.inputs)
            for index in op.outputs:
                own = {index} if graph.tensors[index].dtype in INTEGER_RANGES else set()
                self.roots[index] = common.union(own)

    def source(self, op: Op) -> int | None:
        """The tensor that a TABLE in the place of an operator reads, or None if it stays.

        Of those that are computed in any case the last one, which need not live on for it.
        """
        result = op.outputs[0]
        if self.graph.tensors[result].dtype not in INTEGER_RANGES:
            return None
        roots = self._common_roots(op)
        if not roots:
            return None
        first = min(roots, key=self._place)
        source = max(
            (root for root in roots if root in self.kept or root == first), key=self._place
        )
        variables = [i for i in op.inputs if not is_constant(self.graph.tensors[i])]
        return None if variables == [source] else source

    def table_op(self, op: Op, source: int) -> Op:
        """The TABLE from `source` to an operator's result."""
        table = self._values(op.outputs[0], source, {}).view(np.uint8).tobytes()
        return Op("TABLE", op.name, (source,), op.outputs, TableAttributes(table))

    def _place(self, index: int) -> int:
        return self.position.get(index, -1)

    def _common_roots(self, op: Op) -> frozenset[int]:
        if not self._is_function(op):
            return frozenset()
        variables = [i for i in op.inputs if not is_constant(self.graph.tensors[i])]
        return frozenset.intersection(*(self._roots(index) for index in variables))

    def _roots(self, index: int) -> frozenset[int]:
        if index in self.roots:
            return self.roots[index]
        is_byte = self.graph.tensors[index].dtype in INTEGER_RANGES
        return frozenset((index,) if is_byte else ())

    def _is_function(self, op: Op) -> bool:
        """Whether a value of the result depends on nothing but the operands' at its place."""
        seen = view(self.graph, op)
        if not is_tabulated(seen) and (
            op.kind not in _BYTE_KINDS or broken_constraint(seen) is not None
        ):
            return False
        variables = [t for t in seen.inputs if t is not None and not is_constant(t)]
        constants = [t for t in seen.inputs if t is not None and is_constant(t)]
        return (
            len(variables) > 0
            and all(tensor.shape == seen.output.shape for tensor in variables)
            and all(tensor.elements == 1 for tensor in constants)
        )

    def _values(self, index: int, source: int, known: dict[int, Array]) -> Array:
        """A tensor's values for the 256 of `source`, in the order of its bit pattern."""
        tensor = self.graph.tensors[index]
        if index == source:
            return np.arange(256, dtype=np.uint8).view(tensor.dtype)
        if tensor.data is not None:
            return tensor.data.reshape(-1)
        if index not in known:
            op = self.producers[index]
            values = [self._values(i, source, known) for i in op.inputs]
            known[index] = _evaluated(view(self.graph, op), values)
        return known[index]


def _evaluated(seen: View, values: list[Array]) -> Array:
    output = dataclasses.replace(seen.output, shape=(256,))
    flat = View(seen.op, seen.inputs, (output,))
    if is_tabulated(seen):
        return evaluate_tabulated(flat, values)
    return SPECS[seen.op.kind].result(flat, values)
