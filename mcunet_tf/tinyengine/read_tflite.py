# SPDX-License-Identifier: Apache-2.0
"""Reads a `.tflite` flatbuffer into a `Graph`: the only file that knows the schema.

Input bytes are not trusted. The flatbuffers runtime does not verify offsets, so every length is
held against the file's size before anything is built from it, and whatever damaged bytes make the
accessors raise becomes a `ModelError`.
"""

from __future__ import annotations

import dataclasses
import math
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import tflite

from mcunet_tf.errors import ModelError
from mcunet_tf.tinyengine.ir import ITEM_BYTES, Graph, Op, Quantization, Tensor
from mcunet_tf.tinyengine.ops import SPECS
from mcunet_tf.tinyengine.ops.spec import View

IDENTIFIER = b"TFL3"
SCHEMA_VERSION = 3
MAX_RANK = 8
MAX_TENSOR_BYTES = 64 << 20

_DTYPES = {
    tflite.TensorType.FLOAT32: "float32",
    tflite.TensorType.FLOAT64: "float64",
    tflite.TensorType.INT16: "int16",
    tflite.TensorType.INT32: "int32",
    tflite.TensorType.UINT8: "uint8",
    tflite.TensorType.INT64: "int64",
    tflite.TensorType.BOOL: "bool",
    tflite.TensorType.INT8: "int8",
}
_TYPE_NAMES = {v: k for k, v in vars(tflite.TensorType).items() if isinstance(v, int)}
_BUILTIN_NAMES = {v: k for k, v in vars(tflite.BuiltinOperator).items() if isinstance(v, int)}

_WINDOW = ("Padding", "StrideH", "StrideW", "FusedActivationFunction")
_DILATION = ("DilationHFactor", "DilationWFactor")
_POOL = (tflite.Pool2DOptions, (*_WINDOW, "FilterHeight", "FilterWidth"))
# Option table and the fields that `ops/` reads, by operator. Others have no options of interest.
_OPTIONS: dict[str, tuple[type[Any], tuple[str, ...]]] = {
    "CONV_2D": (tflite.Conv2DOptions, _WINDOW + _DILATION),
    "DEPTHWISE_CONV_2D": (tflite.DepthwiseConv2DOptions, _WINDOW + _DILATION),
    "TRANSPOSE_CONV": (tflite.TransposeConvOptions, _WINDOW),
    "FULLY_CONNECTED": (tflite.FullyConnectedOptions, ("FusedActivationFunction",)),
    "BATCH_MATMUL": (tflite.BatchMatMulOptions, ("AdjX", "AdjY")),
    "ADD": (tflite.AddOptions, ("FusedActivationFunction",)),
    "SUB": (tflite.SubOptions, ("FusedActivationFunction",)),
    "MUL": (tflite.MulOptions, ("FusedActivationFunction",)),
    "AVERAGE_POOL_2D": _POOL,
    "MAX_POOL_2D": _POOL,
    "DIV": (tflite.DivOptions, ("FusedActivationFunction",)),
    "GELU": (tflite.GeluOptions, ("Approximate",)),
    "L2_NORMALIZATION": (tflite.L2NormOptions, ("FusedActivationFunction",)),
    "SOFTMAX": (tflite.SoftmaxOptions, ("Beta",)),
    "LEAKY_RELU": (tflite.LeakyReluOptions, ("Alpha",)),
    "CONCATENATION": (tflite.ConcatenationOptions, ("Axis", "FusedActivationFunction")),
    "RESIZE_NEAREST_NEIGHBOR": (
        tflite.ResizeNearestNeighborOptions,
        ("AlignCorners", "HalfPixelCenters"),
    ),
    "RESIZE_BILINEAR": (tflite.ResizeBilinearOptions, ("AlignCorners", "HalfPixelCenters")),
    "STRIDED_SLICE": (
        tflite.StridedSliceOptions,
        ("BeginMask", "EndMask", "ShrinkAxisMask", "EllipsisMask", "NewAxisMask", "Offset"),
    ),
    "SPACE_TO_DEPTH": (tflite.SpaceToDepthOptions, ("BlockSize",)),
    "DEPTH_TO_SPACE": (tflite.DepthToSpaceOptions, ("BlockSize",)),
    "GATHER": (tflite.GatherOptions, ("Axis", "BatchDims")),
    "MIRROR_PAD": (tflite.MirrorPadOptions, ("Mode",)),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (
        tflite.UnidirectionalSequenceLSTMOptions,
        ("FusedActivationFunction", "CellClip", "TimeMajor"),
    ),
    "UNPACK": (tflite.UnpackOptions, ("Axis",)),
    "PACK": (tflite.PackOptions, ("Axis",)),
}
_DETAIL_CHARACTERS = 80
_NAME_BYTES = 256
# What the accessors of the flatbuffers runtime, numpy and the operators' readers raise on damage.
_DAMAGE = (
    struct.error,
    IndexError,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
    OverflowError,
    ArithmeticError,
    MemoryError,
    RecursionError,
)


def read_tflite(data: bytes, name: str = "model") -> Graph:
    """Reads the first subgraph of a model, with a dynamic batch fixed to 1.

    Args:
      data: the file's bytes.
      name: what the graph is called.

    Returns:
      The graph as it stands in the file; operators that are not known have no attributes.

    Raises:
      ModelError: the bytes are not a sound TensorFlow Lite model.
    """
    if len(data) < 16 or data[4:8] != IDENTIFIER:
        raise ModelError(
            f"{name}: not a TensorFlow Lite model (identifier TFL3 missing in {len(data)} bytes); "
            "export it with tf.lite.TFLiteConverter"
        )
    try:
        return _Reader(data, name).read()
    except ModelError:
        raise
    except _DAMAGE as error:
        detail = str(error).split("\n")[0][:_DETAIL_CHARACTERS]
        raise ModelError(
            f"{name}: the file is damaged (an offset or a number in it is impossible: {detail}); "
            "export it again"
        ) from error


class _Reader:
    """Walks one flatbuffer; holds nothing but what it reads from."""

    def __init__(self, data: bytes, name: str) -> None:
        self.name = name
        self.size = len(data)
        self.model = tflite.Model.GetRootAsModel(data, 0)

    def fail(self, reason: str) -> ModelError:
        return ModelError(f"{self.name}: the file is damaged ({reason}); export it again")

    def count(self, length: int, what: str, item_bytes: int = 4) -> range:
        """The indices of a vector, once its length is known to be possible."""
        if not 0 <= length * item_bytes <= self.size:
            raise self.fail(f"{length} {what} in {self.size} bytes")
        return range(length)

    def read(self) -> Graph:
        if self.model.Version() != SCHEMA_VERSION:
            raise self.fail(f"schema version {self.model.Version()} instead of {SCHEMA_VERSION}")
        if not self.count(self.model.SubgraphsLength(), "subgraphs"):
            raise self.fail("no subgraph")
        subgraph = self.model.Subgraphs(0)
        tensors = tuple(
            self.read_tensor(subgraph.Tensors(i), i)
            for i in self.count(subgraph.TensorsLength(), "tensors")
        )
        ops = tuple(self.read_ops(subgraph, tensors))
        inputs = self.indices(subgraph, "Inputs", len(tensors), optional=False)
        outputs = self.indices(subgraph, "Outputs", len(tensors), optional=False)
        if not inputs or not outputs:
            raise self.fail("the graph has no inputs or no outputs")
        return Graph(self.name, tensors, ops, inputs, outputs)

    def indices(self, table: Any, field: str, tensors: int, *, optional: bool) -> tuple[int, ...]:
        length = getattr(table, f"{field}Length")()
        values = tuple(
            int(getattr(table, field)(i)) for i in self.count(length, f"{field.lower()}")
        )
        lowest = -1 if optional else 0
        for value in values:
            if not lowest <= value < tensors:
                raise self.fail(f"tensor index {value} of {tensors}")
        return values

    def read_tensor(self, table: Any, index: int) -> Tensor:
        name = _printable(table.Name()) or f"tensor_{index}"
        code = table.Type()
        if code not in _TYPE_NAMES:
            raise self.fail(f"tensor '{name}' has type code {code}")
        dtype = _DTYPES.get(code, _TYPE_NAMES[code].lower())
        shape = [int(table.Shape(i)) for i in self.rank(table.ShapeLength(), name)]
        for i in self.rank(table.ShapeSignatureLength(), name):
            if i < len(shape) and table.ShapeSignature(i) == -1:
                shape[i] = 1
        if any(dimension < 0 for dimension in shape):
            raise self.fail(f"tensor '{name}' has shape {shape}")
        elements = math.prod(shape)
        if elements * ITEM_BYTES.get(dtype, 1) > MAX_TENSOR_BYTES:
            raise self.fail(f"tensor '{name}' of shape {shape} is beyond any microcontroller")
        quantization = self.read_quantization(table, name)
        data = self.read_data(table, name, dtype, tuple(shape), elements)
        if table.IsVariable() and dtype in ITEM_BYTES:
            # A state: what it begins with at every invocation.
            data = np.full(shape, quantization.zero_point[0] if quantization else 0, dtype)
        return Tensor(name, tuple(shape), dtype, quantization, data)

    def rank(self, length: int, name: str) -> range:
        if not 0 <= length <= MAX_RANK:
            raise self.fail(f"tensor '{name}' has {length} dimensions")
        return range(length)

    def read_data(
        self, table: Any, name: str, dtype: str, shape: tuple[int, ...], elements: int
    ) -> np.ndarray[Any, Any] | None:
        index = table.Buffer()
        if not 0 <= index < self.model.BuffersLength():
            raise self.fail(f"tensor '{name}' refers to buffer {index}")
        if dtype not in ITEM_BYTES:
            return None
        if elements == 0:
            return np.zeros(shape, dtype)
        if index == 0:
            return None
        buffer = self.model.Buffers(index)
        if buffer.DataLength() == 0:
            return None
        self.count(buffer.DataLength(), f"bytes of tensor '{name}'", 1)
        raw = buffer.DataAsNumpy()
        if raw.size != elements * ITEM_BYTES[dtype]:
            raise self.fail(f"tensor '{name}' {dtype} {list(shape)} has {raw.size} bytes of data")
        return np.ascontiguousarray(raw).view(dtype).reshape(shape)

    def read_quantization(self, table: Any, name: str) -> Quantization | None:
        parameters = table.Quantization()
        if parameters is None or not parameters.ScaleLength():
            return None
        self.count(parameters.ScaleLength(), f"scales of tensor '{name}'")
        self.count(parameters.ZeroPointLength(), f"zero points of tensor '{name}'", 8)
        scales = tuple(float(s) for s in parameters.ScaleAsNumpy())
        if parameters.ZeroPointLength():
            zero_points = tuple(int(z) for z in parameters.ZeroPointAsNumpy())
        else:
            zero_points = (0,) * len(scales)
        return Quantization(scales, zero_points, int(parameters.QuantizedDimension()))

    def read_ops(self, subgraph: Any, tensors: tuple[Tensor, ...]) -> Iterator[Op]:
        for i in self.count(subgraph.OperatorsLength(), "operators"):
            table = subgraph.Operators(i)
            kind = self.read_kind(table)
            inputs = self.indices(table, "Inputs", len(tensors), optional=True)
            outputs = self.indices(table, "Outputs", len(tensors), optional=False)
            if not outputs:
                raise self.fail(f"operator {i} ({kind}) has no output")
            name = tensors[outputs[0]].name
            op = Op(kind, name, inputs, outputs)
            if kind not in SPECS:
                yield op  # `verify` names all that cannot be compiled, these too
                continue
            operands = tuple(tensors[k] if k >= 0 else None for k in inputs)
            if not operands or operands[0] is None:
                raise self.fail(f"operator {i} ({kind}) has no input")
            view = View(op, operands, tuple(tensors[k] for k in outputs))
            attributes = SPECS[kind].read(self.read_options(table, kind), view)
            yield dataclasses.replace(op, attributes=attributes)

    def read_kind(self, table: Any) -> str:
        index = table.OpcodeIndex()
        if not 0 <= index < self.model.OperatorCodesLength():
            raise self.fail(f"operator code {index}")
        code = self.model.OperatorCodes(index)
        # Old files use the 8-bit field, new ones the 32-bit field; the larger one is meant.
        builtin = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        if builtin == tflite.BuiltinOperator.CUSTOM:
            return f"CUSTOM {_printable(code.CustomCode())}".strip()
        return str(_BUILTIN_NAMES.get(builtin, f"builtin {builtin}"))

    def read_options(self, table: Any, kind: str) -> dict[str, Any]:
        if kind not in _OPTIONS:
            return {}
        reader, fields = _OPTIONS[kind]
        options = reader()
        union = table.BuiltinOptions()
        if union is None:
            raise self.fail(f"{kind} has no options")
        options.Init(union.Bytes, union.Pos)
        return {field: getattr(options, field)() for field in fields}


def _printable(name: bytes | None) -> str:
    """A name as text of one line, cut to a length that messages can hold."""
    text = (name or b"")[:_NAME_BYTES].decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "?" for c in text)
