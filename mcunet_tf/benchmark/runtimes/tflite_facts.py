# SPDX-License-Identifier: Apache-2.0
"""What an interpreter needs to be told of a model file: its operators and its edges."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import tflite

from mcunet_tf.check.engines import TensorSpec
from mcunet_tf.errors import McunetError, ModelError

_TYPES = {
    tflite.TensorType.FLOAT32: "float32",
    tflite.TensorType.INT8: "int8",
    tflite.TensorType.UINT8: "uint8",
    tflite.TensorType.INT16: "int16",
    tflite.TensorType.INT32: "int32",
    tflite.TensorType.BOOL: "bool",
}
_OPERATORS = {v: k for k, v in vars(tflite.BuiltinOperator).items() if isinstance(v, int)}


@dataclass(frozen=True)
class TfliteFacts:
    """What there is in a model.

    Attributes:
        inputs: the inputs of the model.
        outputs: the outputs of the model.
        operators: TensorFlow Lite's names, sorted.
        int8_operators: those of them whose first operand and results are int8 wherever they occur.
        states: whether tensors outlive an inference.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    operators: tuple[str, ...]
    int8_operators: tuple[str, ...]
    states: bool


def read_facts(model: bytes) -> TfliteFacts:
    """Reads a model file without compiling it.

    Raises:
        ModelError: the file is damaged or has an edge of an unknown type.
    """
    try:
        root = tflite.Model.GetRootAsModel(model, 0)
        graph = root.Subgraphs(0)
        codes = [root.OperatorCodes(i) for i in range(root.OperatorCodesLength())]
        names = [_OPERATORS[max(c.BuiltinCode(), c.DeprecatedBuiltinCode())] for c in codes]
        others = _not_int8(graph, names)
        return TfliteFacts(
            tuple(_edge(graph, graph.Inputs(i)) for i in range(graph.InputsLength())),
            tuple(_edge(graph, graph.Outputs(i)) for i in range(graph.OutputsLength())),
            tuple(sorted(set(names))),
            tuple(sorted(set(names) - others)),
            any(graph.Tensors(i).IsVariable() for i in range(graph.TensorsLength())),
        )
    except McunetError:
        raise
    except Exception as error:  # damaged bytes raise anything from struct.error to KeyError
        raise ModelError(f"the model file is damaged: {error}") from error


def _not_int8(graph: tflite.SubGraph, names: list[str]) -> set[str]:
    """Operators that read or write something else than int8."""
    found = set()
    for i in range(graph.OperatorsLength()):
        op = graph.Operators(i)
        tensors = [op.Inputs(0)] if op.InputsLength() else []
        tensors += [op.Outputs(k) for k in range(op.OutputsLength())]
        if any(graph.Tensors(t).Type() != tflite.TensorType.INT8 for t in tensors):
            found.add(names[op.OpcodeIndex()])
    return found


def _edge(graph: tflite.SubGraph, index: int) -> TensorSpec:
    tensor = graph.Tensors(index)
    if tensor.Type() not in _TYPES:
        raise ModelError(f"tensor type {tensor.Type()} at the model's edge is not known")
    shape = tuple(max(1, int(tensor.Shape(i))) for i in range(tensor.ShapeLength()))
    return TensorSpec(tensor.Name().decode(errors="replace"), shape, _TYPES[tensor.Type()])


def edge_bytes(edge: TensorSpec) -> int:
    """Size of an input or output."""
    return math.prod(edge.shape) * np.dtype(edge.dtype).itemsize
