# SPDX-License-Identifier: Apache-2.0
"""Looks into a `.tflite` file to say which operators still compute on float32."""

from __future__ import annotations

from mcunet_tf.tinyengine.ops.float32_values import SUFFIX
from mcunet_tf.tinyengine.passes import simplify
from mcunet_tf.tinyengine.read_tflite import read_tflite

# At the edges of a model these two convert between float32 and integers: that is their job.
_EDGE_OPERATORS = ("QUANTIZE", "DEQUANTIZE")


def float_operators(flatbuffer: bytes) -> list[str]:
    """Returns the names of operators that read or write float32, sorted, each once.

    What computes on float32 between int8 and int8, value by value, is not among them: converters
    leave SQRT or ELU that way, and the compiler makes a table of it.

    Args:
        flatbuffer: a whole `.tflite` file.

    Raises:
        ModelError: the file is no sound model.
    """
    graph = simplify(read_tflite(flatbuffer))
    return sorted(
        {
            op.kind.removesuffix(SUFFIX)
            for op in graph.ops
            if op.kind not in _EDGE_OPERATORS
            and any(
                graph.tensors[index].dtype == "float32"
                for index in (*op.inputs, *op.outputs)
                if index >= 0
            )
        }
    )
