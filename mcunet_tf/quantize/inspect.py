# SPDX-License-Identifier: Apache-2.0
"""Looks into a `.tflite` file to say which operators still compute on float32."""

from __future__ import annotations

from typing import Any

# At the edges of a model these two convert between float32 and integers: that is their job.
_EDGE_OPERATORS = ("QUANTIZE", "DEQUANTIZE")


def float_operators(flatbuffer: bytes) -> list[str]:
    """Returns the names of operators that read or write float32, sorted, each once.

    Args:
        flatbuffer: A whole `.tflite` file.
    """
    from tensorflow.lite.python import schema_py_generated as schema

    names = {code: name for name, code in vars(schema.BuiltinOperator).items()}
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(flatbuffer, 0))
    found = set()
    for subgraph in model.subgraphs:
        for operator in subgraph.operators:
            code = model.operatorCodes[operator.opcodeIndex]
            name = names[max(code.builtinCode, code.deprecatedBuiltinCode)]
            if name in _EDGE_OPERATORS:
                continue
            if _touches_float(schema, subgraph, operator):
                found.add(name)
    return sorted(found)


def _touches_float(schema: Any, subgraph: Any, operator: Any) -> bool:
    indices = [*operator.inputs, *operator.outputs]
    # Index -1 stands for an optional tensor that is absent.
    types = {subgraph.tensors[index].type for index in indices if index >= 0}
    return schema.TensorType.FLOAT32 in types
