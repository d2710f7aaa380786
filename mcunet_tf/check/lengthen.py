# SPDX-License-Identifier: Apache-2.0
"""Cuts a `.tflite` file where time ends, and makes the part before it as long as a recording.

What the layers of a network make of an endless signal is what the same file gives for a longer
input, away from its ends. What takes a whole window behind them is a file of its own.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.errors import ModelError, require_packages
from mcunet_tf.tinyengine.read_tflite import read_tflite
from mcunet_tf.tinyengine.streams.rows import alike, time_axis, value_by_value

_IDENTIFIER = b"TFL3"
_OPEN = -1


class TimeFile:
    """A file whose input has an axis of time.

    Args:
        model: the file.

    Raises:
        ToolError: tflite-micro, which has classes for the objects of a file, is not installed.
    """

    def __init__(self, model: bytes) -> None:
        require_packages("a longer version of the model to compare with", "tflite_micro")
        from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

        self._schema = schema
        self._content = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(model, 0))
        self._graph = read_tflite(model)
        self._stated: dict[str, Sequence[int]] = {}
        self._dealt = self._in_batches()
        # What a DEQUANTIZE makes may have the name of what it is made of.
        self._names = {
            (tensor.name, tensor.dtype): index
            for index, tensor in enumerate(self._graph.tensors)
            if tensor.data is None
        }

    def _in_batches(self) -> set[int]:
        """Tensors whose rows are dealt out to a batch, as dilations were written."""
        found: set[int] = set()
        for op in self._graph.ops:
            inside = bool(found.intersection(op.inputs)) and op.kind != "BATCH_TO_SPACE_ND"
            if inside or op.kind == "SPACE_TO_BATCH_ND":
                found.update(op.outputs)
        return found

    def find(self, names: Iterable[str], dtype: str, elements: int) -> int:
        """The number of the first computed tensor that has one of these names.

        Args:
            names: of a tensor in the compiler's graph and of those that it is a view of.
            dtype: its type.
            elements: its values, as dead channels are left out at the most.

        Raises:
            ModelError: the file has no such tensor.
        """
        names = list(names)
        for name in names:
            found = self._names.get((name, dtype))
            if found is not None and self._graph.tensors[found].elements >= elements:
                return found
        raise ModelError(f"the file has no tensor '{names[0]}' to compare with a longer recording")

    def shape(self, index: int) -> tuple[int, ...]:
        """The shape of a tensor."""
        return self._graph.tensors[index].shape

    def outputs(self) -> tuple[int, ...]:
        """The file's outputs."""
        return self._graph.outputs

    def trunk(
        self,
        ends: Sequence[int],
        shapes: Sequence[Sequence[int]],
        stated: Mapping[str, Sequence[int]] | None = None,
    ) -> bytes:
        """The file up to some tensors, for inputs of other shapes.

        Shapes behind the input are computed anew; what a RESHAPE or a slice says of time becomes
        what it would say of the longer one.

        Args:
            ends: the tensors.
            shapes: of the inputs.
            stated: shapes of tensors whose time is not along their first axis, by their names.
        """
        self._stated = dict(stated or {})
        content = copy.deepcopy(self._content)
        graph = content.subgraphs[0]
        graph.operators = self._before(ends)
        graph.outputs = np.array(ends, np.int32)
        for index, shape in zip(graph.inputs, shapes, strict=True):
            source = graph.tensors[index]
            source.shape, source.shapeSignature = np.array(shape, np.int32), None
        self._restate(content)
        self._restate_sizes(content)
        self._settle(content, graph.operators)
        return self._packed(content)

    def _settle(self, content: Any, operators: Sequence[Any]) -> None:
        """Computes shapes of what some operators make anew, from the input on."""
        graph = content.subgraphs[0]
        whole, outputs = graph.operators, graph.outputs
        made = [int(index) for op in operators for index in op.outputs]
        if not made:
            return
        graph.operators, graph.outputs = list(operators), np.array(made, np.int32)
        for index in made:
            tensor = graph.tensors[index]
            tensor.shapeSignature = np.full(len(tensor.shape), _OPEN, np.int32)
        settled = read_tflite(self._packed(content))
        for index in made:
            graph.tensors[index].shape = np.array(settled.tensors[index].shape, np.int32)
            graph.tensors[index].shapeSignature = None
        graph.operators, graph.outputs = whole, outputs

    def head(self, starts: Sequence[int], ends: Sequence[int]) -> bytes:
        """What the file makes of some tensors on the way to others."""
        content = copy.deepcopy(self._content)
        graph = content.subgraphs[0]
        graph.operators = self._before(ends, starts)
        graph.inputs = np.array(starts, np.int32)
        graph.outputs = np.array(ends, np.int32)
        return self._packed(content)

    def _before(self, ends: Collection[int], starts: Collection[int] = ()) -> list[Any]:
        """The operators between tensors, in order."""
        wanted, found = set(ends) - set(starts), []
        for op in reversed(self._content.subgraphs[0].operators):
            if wanted.intersection(int(index) for index in op.outputs):
                wanted.update({int(index) for index in op.inputs} - set(starts))
                found.append(copy.deepcopy(op))
        return found[::-1]

    def _restate(self, content: Any) -> None:
        """Operands that state sizes along time."""
        graph, kinds = content.subgraphs[0], self._schema.BuiltinOperator
        values = {number for name, number in vars(kinds).items() if value_by_value(name)}
        for op in graph.operators:
            code = content.operatorCodes[op.opcodeIndex]
            kind = max(code.builtinCode, code.deprecatedBuiltinCode)
            if kind == kinds.RESHAPE:
                self._reshape(content, op)
            elif kind == kinds.SLICE:
                self._slice(content, op)
            elif kind == kinds.STRIDED_SLICE:
                self._strided_slice(content, op)
            elif kind in values:
                self._spread_constants(content, op)
            elif kind == kinds.GATHER and self._along_time(op, op.builtinOptions.axis):
                raise ModelError("a GATHER along time names its rows: it is not made longer")

    def _along_time(self, op: Any, axis: int) -> bool:
        """Whether an axis of an operator's first operand is that of time."""
        shape = self._graph.tensors[int(op.inputs[0])].shape
        return time_axis(shape) == axis % len(shape)

    def _restate_sizes(self, content: Any) -> None:
        """Operands that state the size of an image, which follows from what comes before."""
        graph, kinds = content.subgraphs[0], self._schema.BuiltinOperator
        # Where the size and the image stand, and the first axis of the image in the size.
        places = {
            kinds.TRANSPOSE_CONV: (0, 2, 0),
            kinds.RESIZE_NEAREST_NEIGHBOR: (1, 0, 1),
            kinds.RESIZE_BILINEAR: (1, 0, 1),
        }
        for number, op in enumerate(graph.operators):
            code = content.operatorCodes[op.opcodeIndex]
            kind = max(code.builtinCode, code.deprecatedBuiltinCode)
            if kind not in places:
                continue
            stated, image, skipped = places[kind]
            self._settle(content, graph.operators[:number])
            old = self._graph.tensors[int(op.inputs[image])].shape
            new = graph.tensors[int(op.inputs[image])].shape
            axis, sizes = time_axis(old), self._values(content, int(op.inputs[stated]))
            if axis is None or sizes is None:
                continue
            if kind == kinds.TRANSPOSE_CONV:
                stride = (op.builtinOptions.strideH, op.builtinOptions.strideW)[axis - 1]
                sizes[axis] += (int(new[axis]) - old[axis]) * stride
            else:
                sizes[axis - skipped] = sizes[axis - skipped] * int(new[axis]) // old[axis]
            self._replace(content, op, stated, sizes)

    def _reshape(self, content: Any, op: Any) -> None:
        result = self._graph.tensors[int(op.outputs[0])]
        shape = list(self._stated.get(result.name, result.shape))
        dealt = int(op.inputs[0]) in self._dealt
        axis = time_axis((1, *shape[1:]) if dealt else tuple(shape))
        if axis is not None:
            if result.name not in self._stated:
                shape[axis] = _OPEN
            if len(op.inputs) > 1:
                self._replace(content, op, 1, np.array(shape, np.int32))
            if op.builtinOptions is not None:
                op.builtinOptions.newShape = np.array(shape, np.int32)

    def _spread_constants(self, content: Any, op: Any) -> None:
        """Of constants that are spread out over rows, all alike, one row."""
        shape = self._graph.tensors[int(op.outputs[0])].shape
        axis = time_axis(shape)
        for position, index in enumerate(op.inputs):
            tensor = self._graph.tensors[int(index)]
            place = -1 if axis is None else axis - (len(shape) - len(tensor.shape))
            if tensor.data is None or place < 0 or not alike(tensor.data, place):
                continue
            data = tensor.data.take([0], place)
            self._replace(content, op, position, data)
            made = content.subgraphs[0].tensors[int(op.inputs[position])]
            made.shape, made.shapeSignature = np.array(data.shape, np.int32), None

    def _slice(self, content: Any, op: Any) -> None:
        """Up to the end, where it was so."""
        shape = self._graph.tensors[int(op.inputs[0])].shape
        axis = time_axis(shape)
        begin, size = (self._values(content, int(op.inputs[k])) for k in (1, 2))
        if axis is None or begin is None or size is None or size[axis] < 0:
            return
        if begin[axis] + size[axis] != shape[axis]:
            raise ModelError("a SLICE along time that ends before the last row is not made longer")
        size[axis] = _OPEN
        self._replace(content, op, 2, size)

    def _strided_slice(self, content: Any, op: Any) -> None:
        """As far from the end as it was."""
        shape = self._graph.tensors[int(op.inputs[0])].shape
        axis, ends = time_axis(shape), self._values(content, int(op.inputs[2]))
        if axis is None or ends is None or axis >= len(ends) or ends[axis] <= 0:
            return
        ends[axis] -= shape[axis]
        if ends[axis] >= 0:
            op.builtinOptions.endMask |= 1 << axis
        self._replace(content, op, 2, ends)

    @staticmethod
    def _values(content: Any, index: int) -> Any:
        graph = content.subgraphs[0]
        data = content.buffers[graph.tensors[index].buffer].data
        return None if data is None else np.frombuffer(bytes(data), np.int32).copy()

    @staticmethod
    def _replace(content: Any, op: Any, position: int, values: Any) -> None:
        graph = content.subgraphs[0]
        tensor = copy.deepcopy(graph.tensors[int(op.inputs[position])])
        buffer = copy.deepcopy(content.buffers[tensor.buffer])
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
        content.buffers.append(buffer)
        tensor.buffer = len(content.buffers) - 1
        graph.tensors.append(tensor)
        op.inputs = np.array(op.inputs).copy()
        op.inputs[position] = len(graph.tensors) - 1

    @staticmethod
    def _packed(content: Any) -> bytes:
        """The bytes of a file; names of signatures fit the whole one only."""
        import flatbuffers

        content.signatureDefs, content.metadata = [], []
        builder = flatbuffers.Builder(1 << 16)
        builder.Finish(content.Pack(builder), file_identifier=_IDENTIFIER)
        return bytes(builder.Output())
