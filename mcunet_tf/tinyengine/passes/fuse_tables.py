# SPDX-License-Identifier: Apache-2.0
"""Computes whatever follows from one byte, through several operators, as one table of 256 bytes.

x times sigmoid(x) takes two operators and is one table. Operators without kernels are compiled
where they are part of such a function.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from mcunet_tf.tinyengine.ir import Graph, Op, is_constant
from mcunet_tf.tinyengine.legality import broken_constraint
from mcunet_tf.tinyengine.ops import SPECS
from mcunet_tf.tinyengine.ops.common import BYTE_TYPES
from mcunet_tf.tinyengine.ops.lookup import TableAttributes
from mcunet_tf.tinyengine.ops.spec import Array, View, view
from mcunet_tf.tinyengine.ops.tabulated import evaluate_tabulated, is_tabulated

_BYTE_KINDS = frozenset(
    "ABS ADD DEQUANTIZE ELU EXP GELU HARD_SWISH LEAKY_RELU LOG LOGISTIC MAXIMUM MINIMUM MUL "
    "QUANTIZE RELU RELU6 RSQRT SQRT SQUARED_DIFFERENCE SUB TANH".split()
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
    """Which tensors are functions of which others, value by value, and what functions.

    A tensor's first ancestor is the tensor of bytes, farthest away, that it is a function of. The
    nearest one among those that are computed in any case is better: the first need not live on.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.producers = graph.producers()
        self.position = {i: place for place, op in enumerate(graph.ops) for i in op.outputs}
        self.first: dict[int, int] = {}
        self.computed = set(graph.outputs)
        for op in graph.ops:
            ancestors = {self._first(index) for index in self._variables(op)}
            if self._is_function(op) and len(ancestors) == 1 and None not in ancestors:
                self.first[op.outputs[0]] = self.first[self._variables(op)[0]]
            else:
                self.computed.update(op.inputs)
        self.nearest: dict[int, int] = {}
        for op in graph.ops:
            if op.outputs[0] in self.first and self.first[op.outputs[0]] != op.outputs[0]:
                self.nearest[op.outputs[0]] = self._common_ancestor(self._variables(op))

    def source(self, op: Op) -> int | None:
        """The tensor that a TABLE in the place of an operator reads, or None if it stays."""
        result = op.outputs[0]
        if result not in self.nearest or not self._is_byte(result):
            return None
        source = self.nearest[result]
        return None if self._variables(op) == [source] else source

    def table_op(self, op: Op, source: int) -> Op:
        """The TABLE from `source` to an operator's result."""
        dtype = self.graph.tensors[source].dtype
        values: dict[int, Array] = {source: np.arange(256, dtype=np.uint8).view(dtype)}
        for step in self._steps(op, source):
            operands = [
                values[i] if tensor is None else tensor.reshape(-1)
                for i, tensor in ((i, self.graph.tensors[i].data) for i in step.inputs)
            ]
            values[step.outputs[0]] = _evaluated(view(self.graph, step), operands)
        table = values[op.outputs[0]].view(np.uint8).tobytes()
        return Op("TABLE", op.name, (source,), op.outputs, TableAttributes(table))

    def _steps(self, op: Op, source: int) -> list[Op]:
        """The operators from `source` to an operator's result, in order."""
        found: dict[int, Op] = {}
        waiting = [op]
        while waiting:
            step = waiting.pop()
            if step.outputs[0] not in found:
                found[step.outputs[0]] = step
                inputs = (i for i in self._variables(step) if i != source)
                waiting += [self.producers[index] for index in inputs]
        return [found[index] for index in sorted(found, key=self._place)]

    def _place(self, index: int) -> int:
        return self.position.get(index, -1)

    def _variables(self, op: Op) -> list[int]:
        return [i for i in op.inputs if i >= 0 and not is_constant(self.graph.tensors[i])]

    def _first(self, index: int) -> int | None:
        """The first ancestor; a tensor of bytes that is no function of another is its own."""
        if index not in self.first and self._is_byte(index):
            self.first[index] = index
        return self.first.get(index)

    def _common_ancestor(self, indices: list[int]) -> int:
        """The nearest tensor, computed in any case, that all of these are functions of."""
        ancestors = {self._anchor(index) for index in indices}
        while len(ancestors) > 1:
            last = max(ancestors, key=self._place)
            ancestors.remove(last)
            ancestors.add(self.nearest[last])
        return ancestors.pop()

    def _anchor(self, index: int) -> int:
        is_computed = index in self.computed and self._is_byte(index)
        return index if is_computed or index not in self.nearest else self.nearest[index]

    def _is_byte(self, index: int) -> bool:
        return self.graph.tensors[index].dtype in BYTE_TYPES

    def _is_function(self, op: Op) -> bool:
        """Whether a value of the result depends on nothing but the operands' at its place."""
        seen = view(self.graph, op)
        if not is_tabulated(seen) and (
            op.kind not in _BYTE_KINDS or broken_constraint(seen) is not None
        ):
            return False
        variables = [t for t in seen.inputs if t is not None and not is_constant(t)]
        constants = [t for t in seen.inputs if t is not None and is_constant(t)]
        return all(tensor.shape == seen.output.shape for tensor in variables) and all(
            tensor.elements == 1 for tensor in constants
        )


def _evaluated(seen: View, values: list[Array]) -> Array:
    output = dataclasses.replace(seen.output, shape=(256,))
    flat = View(seen.op, seen.inputs, (output,))
    if is_tabulated(seen):
        return evaluate_tabulated(flat, values)
    return SPECS[seen.op.kind].result(flat, values)
