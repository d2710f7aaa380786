# SPDX-License-Identifier: Apache-2.0
"""Layouts of other frameworks: TRANSPOSE moves on until two of them cancel.

An export of a network whose channels come first has a TRANSPOSE before and behind every
convolution, with paddings, activations and sums between them. These work in either order of axes.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from mcunet_tf.tinyengine.ir import Graph, Op, is_constant
from mcunet_tf.tinyengine.ops.concatenation import ConcatenationAttributes
from mcunet_tf.tinyengine.ops.mean import outer_inner
from mcunet_tf.tinyengine.ops.pad import PadAttributes
from mcunet_tf.tinyengine.ops.spec import View
from mcunet_tf.tinyengine.ops.strided_copy import TransposeAttributes
from mcunet_tf.tinyengine.passes.fold_constants import drop_unused
from mcunet_tf.tinyengine.passes.rewriter import Rewriter
from mcunet_tf.tinyengine.ranges import BINARY_FUNCTIONS, BYTE_FUNCTIONS

_PADS = ("PAD", "PADV2")
_Axes = tuple[int, ...]


def move_transposes(graph: Graph) -> Graph:
    """Moves TRANSPOSE before paddings and behind what works in any layout, and cancels pairs.

    The graph stays as it is where no fewer bytes would be copied.
    """
    moved = drop_unused(_Mover(_pads_last(graph)).run())
    return moved if _copied_bytes(moved) < _copied_bytes(graph) else graph


def _copied_bytes(graph: Graph) -> int:
    kinds = ("TRANSPOSE", *_PADS)
    return sum(graph.tensors[op.outputs[0]].size_bytes for op in graph.ops if op.kind in kinds)


def _inverse(axes: _Axes) -> _Axes:
    return tuple(axes.index(axis) for axis in range(len(axes)))


def _permuted(values: tuple[int, ...], axes: _Axes) -> tuple[int, ...]:
    return tuple(values[axis] for axis in axes)


def _pads_last(graph: Graph) -> Graph:
    """Transposes before padding: fewer bytes, and a convolution may take the padding over."""
    rewriter, consumers = Rewriter(graph), graph.consumers()
    pads: dict[int, Op] = {}
    for op in graph.ops:
        if op.kind in _PADS and op.outputs[0] not in graph.outputs:
            pads[op.outputs[0]] = op
        pad = pads.get(op.inputs[0]) if op.kind == "TRANSPOSE" else None
        if pad is None or len(consumers[op.inputs[0]]) != 1:
            rewriter.ops.append(op)
            continue
        axes, attributes = op.attributes.permutation, pad.attributes
        shape = _permuted(graph.tensors[pad.inputs[0]].shape, axes)
        turned = rewriter.like(pad.inputs[0], shape, " transposed")
        rewriter.op("TRANSPOSE", op.name, pad.inputs[:1], turned, TransposeAttributes(axes))
        own = PadAttributes(
            _permuted(attributes.before, axes), _permuted(attributes.after, axes), attributes.value
        )
        rewriter.op(pad.kind, pad.name, (turned,), op.outputs[0], own)
    return drop_unused(rewriter.result())


class _Mover:
    """Goes through a graph with what every tensor is a transposition of."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.rewriter = Rewriter(graph)
        self.origins: dict[int, tuple[int, _Axes]] = {}
        self.same: dict[int, int] = {}
        self.made: dict[tuple[int, _Axes], int] = {}
        self.flat: dict[int, int] = {}

    def run(self) -> Graph:
        for op in self.graph.ops:
            op = dataclasses.replace(op, inputs=tuple(self.same.get(i, i) for i in op.inputs))
            if op.kind == "TRANSPOSE":
                self.transpose(op)
                continue
            if op.kind == "RESHAPE" and op.inputs[0] in self.origins:
                self.flat[op.outputs[0]] = op.inputs[0]
            if not (self.move(op) or self.reduce(op) or self.connect(op)):
                self.rewriter.ops.append(op)
        return self.rewriter.result()

    def transpose(self, op: Op) -> None:
        """Notes what the result is of; what is there already is not made again."""
        output, axes = op.outputs[0], op.attributes.permutation
        source, first = self.origins.get(op.inputs[0], (op.inputs[0], tuple(range(len(axes)))))
        axes = _permuted(first, axes)
        identity = axes == tuple(range(len(axes)))
        known = source if identity else self.made.get((source, axes), -1)
        if known >= 0 and output not in self.graph.outputs:
            self.same[output] = known
            return
        self.made[source, axes] = output
        self.origins[output] = (source, axes)
        self.rewriter.op("TRANSPOSE", op.name, (source,), output, TransposeAttributes(axes))

    def move(self, op: Op) -> bool:
        """Lets an operator work before the TRANSPOSE of its operands instead of behind it."""
        found = [self.origins[i] for i in op.inputs if i in self.origins]
        if not found or len({axes for _, axes in found}) != 1:
            return False
        axes, output = found[0][1], op.outputs[0]
        shape = self.rewriter.tensor(output).shape
        attributes = self.attributes(op, axes)
        if attributes is False or len(shape) != len(axes):
            return False
        operands = [self.operand(i, axes) for i in self.moved_inputs(op)]
        if None in operands:
            return False
        made = self.rewriter.like(output, _permuted(shape, _inverse(axes)), " before transposing")
        inputs = tuple(i for i in operands if i is not None)
        self.rewriter.op(op.kind, op.name, inputs, made, attributes)
        self.origins[output] = (made, axes)
        self.rewriter.op("TRANSPOSE", op.name, (made,), output, TransposeAttributes(axes))
        return True

    def moved_inputs(self, op: Op) -> tuple[int, ...]:
        whole = op.kind in BINARY_FUNCTIONS or op.kind == "CONCATENATION"
        return op.inputs if whole else op.inputs[:1]

    def operand(self, index: int, axes: _Axes) -> int | None:
        """An operand as it was before the TRANSPOSE; constants are turned back."""
        if index in self.origins:
            return self.origins[index][0]
        tensor = self.rewriter.tensor(index)
        if not is_constant(tensor):
            return None
        if tensor.elements == 1:
            return index
        if tensor.data is None or len(tensor.shape) != len(axes):
            return None
        data = np.ascontiguousarray(tensor.data.transpose(_inverse(axes)))
        return self.rewriter.constant(index, data, tensor.quantization)

    def attributes(self, op: Op, axes: _Axes) -> object:
        """An operator's attributes before the TRANSPOSE; False where it cannot move."""
        source, output = (self.rewriter.tensor(i) for i in (op.inputs[0], op.outputs[0]))
        if op.kind in BYTE_FUNCTIONS:
            return op.attributes if source.shape == output.shape else False
        if op.kind in BINARY_FUNCTIONS and op.kind != "PRELU":
            return op.attributes
        if op.kind == "CONCATENATION":
            return ConcatenationAttributes(axes[op.attributes.axis], op.attributes.activation)
        return False

    def reduce(self, op: Op) -> bool:
        """A mean of transposed values is one of the values, if those left keep their order."""
        if op.kind not in ("MEAN", "SUM") or op.inputs[0] not in self.origins:
            return False
        source, axes = self.origins[op.inputs[0]]
        shape = self.rewriter.tensor(source).shape
        kept = [a for i, a in enumerate(axes) if i not in op.attributes.axes and shape[a] > 1]
        if kept != sorted(kept):
            return False
        reduced = tuple(sorted(axes[a] for a in op.attributes.axes))
        attributes = dataclasses.replace(op.attributes, axes=reduced)
        after = dataclasses.replace(op, attributes=attributes)
        turned = View(after, (self.rewriter.tensor(source),), ())
        if outer_inner(turned) is None:
            return False  # the axes would lie apart, which kernels do not take
        operand = self.rewriter.constant(op.inputs[1], np.array(reduced, np.int32), None)
        self.rewriter.op(op.kind, op.name, (source, operand), op.outputs[0], attributes)
        return True

    def connect(self, op: Op) -> bool:
        """A FULLY_CONNECTED of all values takes them in any order, with its weights in the same."""
        turned = self.flat.get(op.inputs[0], -1)
        weights = self.rewriter.tensor(op.inputs[1]) if len(op.inputs) > 1 else None
        if op.kind != "FULLY_CONNECTED" or turned < 0 or weights is None or weights.data is None:
            return False
        source, axes = self.origins[turned]
        tensor = self.rewriter.tensor(source)
        if weights.shape[1:] != (tensor.elements,):
            return False
        units = weights.shape[0]
        apart = weights.data.reshape(units, *_permuted(tensor.shape, axes))
        own = apart.transpose(0, *(axis + 1 for axis in _inverse(axes))).reshape(units, -1)
        operand = self.rewriter.constant(op.inputs[1], own, weights.quantization)
        view = self.rewriter.like(source, self.rewriter.tensor(op.inputs[0]).shape, " as a row")
        self.rewriter.op("RESHAPE", op.name, (source,), view)
        inputs = (view, operand, *op.inputs[2:])
        self.rewriter.ops.append(dataclasses.replace(op, inputs=inputs))
        return True
