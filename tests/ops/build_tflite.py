# SPDX-License-Identifier: Apache-2.0
"""Makes small `.tflite` files by hand: exact control of shapes, scales, zero points and options.

    net = Net()
    x = net.tensor((1, 5, 5, 3), scale=0.1, zero_point=-3)
    y = net.tensor((1, 5, 5, 3), scale=0.1, zero_point=-3)
    net.op("MAX_POOL_2D", [x], [y], Padding=SAME, StrideH=1, StrideW=1, FilterHeight=3, ...)
    model = net.build([x], [y])

TensorFlow is not needed, and a file takes a fraction of a millisecond.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
import tflite
from flatbuffers import flexbuffers

SAME, VALID = tflite.Padding.SAME, tflite.Padding.VALID
NONE, RELU = tflite.ActivationFunctionType.NONE, tflite.ActivationFunctionType.RELU
RELU_N1_TO_1 = tflite.ActivationFunctionType.RELU_N1_TO_1
RELU6 = tflite.ActivationFunctionType.RELU6
TANH = tflite.ActivationFunctionType.TANH

_OPTION_TABLES = {
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "ADD": "AddOptions",
    "SUB": "SubOptions",
    "MUL": "MulOptions",
    "MAXIMUM": "MaximumMinimumOptions",
    "MINIMUM": "MaximumMinimumOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "MEAN": "ReducerOptions",
    "SOFTMAX": "SoftmaxOptions",
    "GELU": "GeluOptions",
    "DIV": "DivOptions",
    "L2_NORMALIZATION": "L2NormOptions",
    "BATCH_MATMUL": "BatchMatMulOptions",
    "HARD_SWISH": "HardSwishOptions",
    "LEAKY_RELU": "LeakyReluOptions",
    "QUANTIZE": "QuantizeOptions",
    "DEQUANTIZE": "DequantizeOptions",
    "RESHAPE": "ReshapeOptions",
    "SQUEEZE": "SqueezeOptions",
    "EXPAND_DIMS": "ExpandDimsOptions",
    "TRANSPOSE": "TransposeOptions",
    "PAD": "PadOptions",
    "PADV2": "PadV2Options",
    "CONCATENATION": "ConcatenationOptions",
    "RESIZE_NEAREST_NEIGHBOR": "ResizeNearestNeighborOptions",
    "RESIZE_BILINEAR": "ResizeBilinearOptions",
    "SHAPE": "ShapeOptions",
    "VAR_HANDLE": "VarHandleOptions",
    "CALL_ONCE": "CallOnceOptions",
    "IF": "IfOptions",
    "WHILE": "WhileOptions",
    "STRIDED_SLICE": "StridedSliceOptions",
    "PACK": "PackOptions",
    "SLICE": "SliceOptions",
    "TILE": "TileOptions",
    "BROADCAST_TO": "BroadcastToOptions",
    "SPACE_TO_DEPTH": "SpaceToDepthOptions",
    "DEPTH_TO_SPACE": "DepthToSpaceOptions",
    "SPLIT": "SplitOptions",
    "SPLIT_V": "SplitVOptions",
    "UNPACK": "UnpackOptions",
    "FILL": "FillOptions",
    "REDUCE_PROD": "ReducerOptions",
    "FLOOR_DIV": "FloorDivOptions",
    "REDUCE_MAX": "ReducerOptions",
    "REDUCE_MIN": "ReducerOptions",
    "L2_POOL_2D": "Pool2DOptions",
    "LOG_SOFTMAX": "LogSoftmaxOptions",
    "FLOOR_MOD": "FloorModOptions",
    "CUMSUM": "CumsumOptions",
    "CAST": "CastOptions",
    "REDUCE_ANY": "ReducerOptions",
    "REDUCE_ALL": "ReducerOptions",
    "SPACE_TO_BATCH_ND": "SpaceToBatchNDOptions",
    "BATCH_TO_SPACE_ND": "BatchToSpaceNDOptions",
    "SUM": "ReducerOptions",
    "ARG_MAX": "ArgMaxOptions",
    "ARG_MIN": "ArgMinOptions",
    "GATHER": "GatherOptions",
    "MIRROR_PAD": "MirrorPadOptions",
    "TRANSPOSE_CONV": "TransposeConvOptions",
    "SVDF": "SVDFOptions",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "UnidirectionalSequenceLSTMOptions",
}
# Operators that never had a first version.
_VERSIONS = {"BROADCAST_TO": 3}
_BUFFER_ALIGNMENT = 16


@dataclass(frozen=True)
class TensorDef:
    """A tensor as the file describes it; `data` is its buffer's content, a variable is a state."""

    shape: tuple[int, ...]
    dtype: str
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int
    name: str
    data: bytes | None
    signature: tuple[int, ...] | None
    variable: bool


@dataclass(frozen=True)
class OpDef:
    """An operator: builtin name, or the name of a custom one after "CUSTOM ", options by name."""

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: dict[str, Any]
    intermediates: tuple[int, ...] = ()


@dataclass
class Net:
    """One subgraph under construction; tensors are referred to by index."""

    tensors: list[TensorDef] = field(default_factory=list)
    ops: list[OpDef] = field(default_factory=list)

    def tensor(
        self,
        shape: Sequence[int],
        *,
        scale: float | Sequence[float] | None = 1.0,
        zero_point: int | Sequence[int] = 0,
        dtype: str = "int8",
        axis: int = 0,
        name: str | None = None,
        data: np.ndarray | None = None,
        signature: Sequence[int] | None = None,
        variable: bool = False,
    ) -> int:
        """Adds a tensor and returns its index. `scale=None`: it is not quantised."""
        scales = () if scale is None else tuple(np.atleast_1d(np.asarray(scale, np.float32)))
        zeros = tuple(int(z) for z in np.atleast_1d(zero_point))
        zeros = zeros * len(scales) if len(zeros) == 1 else zeros
        raw = None if data is None else np.ascontiguousarray(data, dtype).tobytes()
        self.tensors.append(
            TensorDef(
                tuple(int(size) for size in shape),
                dtype,
                scales,
                zeros if scales else (),
                axis,
                name or f"t{len(self.tensors)}",
                raw,
                None if signature is None else tuple(signature),
                variable,
            )
        )
        return len(self.tensors) - 1

    def constant(self, data: np.ndarray, **more: Any) -> int:
        """Adds a constant tensor of the array's own shape and type; not quantised by default."""
        options = {"scale": None, "dtype": data.dtype.name, **more}
        return self.tensor(data.shape, data=data, **options)

    def op(
        self,
        kind: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        intermediates: Sequence[int] = (),
        **options: Any,
    ) -> None:
        """Adds an operator; options are its table's fields, or the bytes `CustomOptions`."""
        self.ops.append(OpDef(kind, tuple(inputs), tuple(outputs), options, tuple(intermediates)))

    def build(self, inputs: Sequence[int], outputs: Sequence[int], **more: Any) -> bytes:
        """The file with this net as its only subgraph."""
        return build_model([(self, inputs, outputs)], **more)


def build_model(
    graphs: Sequence[tuple[Net, Sequence[int], Sequence[int]]],
    *,
    signatures: Sequence[tuple[Any, ...]] = (),
    version: int = 3,
    identifier: bytes = b"TFL3",
) -> bytes:
    """A file of several subgraphs `(net, inputs, outputs)`.

    Args:
        graphs: the subgraphs, the main one first.
        signatures: `(key, subgraph)`, or with a pair of tensors by name, inputs and outputs.
        version: of the schema.
        identifier: of the file.
    """
    writer = _Writer()
    subgraphs = [writer.subgraph(*graph) for graph in graphs]
    signature_defs = [writer.signature(*signature) for signature in signatures]
    codes = writer.vector([writer.operator_code(kind) for kind in writer.kinds])
    buffers = writer.vector([writer.buffer(data) for data in writer.buffers])
    subgraph_vector = writer.vector(subgraphs)
    signature_vector = writer.vector(signature_defs)
    builder = writer.builder
    description = builder.CreateString("made by a test")
    tflite.ModelStart(builder)
    tflite.ModelAddVersion(builder, version)
    tflite.ModelAddOperatorCodes(builder, codes)
    tflite.ModelAddSubgraphs(builder, subgraph_vector)
    tflite.ModelAddDescription(builder, description)
    tflite.ModelAddBuffers(builder, buffers)
    if signatures:
        tflite.ModelAddSignatureDefs(builder, signature_vector)
    builder.Finish(tflite.ModelEnd(builder), file_identifier=identifier)
    return bytes(builder.Output())


class _Writer:
    """One flatbuffer; children are written before their parents, as the format wants it."""

    def __init__(self) -> None:
        self.builder = flatbuffers.Builder(1024)
        self.buffers: list[bytes] = [b""]  # buffer 0 means: no data
        self.kinds: list[str] = []

    def vector(self, offsets: Sequence[int]) -> int:
        self.builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self.builder.PrependUOffsetTRelative(offset)
        return self.builder.EndVector()

    def numbers(self, values: Sequence[Any], dtype: Any) -> int:
        return self.builder.CreateNumpyVector(np.asarray(values, dtype))

    def buffer(self, data: bytes) -> int:
        """A buffer whose data is aligned as the interpreters want it."""
        vector = None
        if data:
            self.builder.StartVector(1, len(data), _BUFFER_ALIGNMENT)
            self.builder.head -= len(data)
            head = self.builder.head
            self.builder.Bytes[head : head + len(data)] = data
            vector = self.builder.EndVector()
        tflite.BufferStart(self.builder)
        if vector is not None:
            tflite.BufferAddData(self.builder, vector)
        return tflite.BufferEnd(self.builder)

    def operator_code(self, kind: str) -> int:
        custom = None
        if kind.startswith("CUSTOM "):
            custom = self.builder.CreateString(kind.removeprefix("CUSTOM "))
            kind = "CUSTOM"
        code = getattr(tflite.BuiltinOperator, kind)
        tflite.OperatorCodeStart(self.builder)
        tflite.OperatorCodeAddDeprecatedBuiltinCode(self.builder, min(code, 127))
        tflite.OperatorCodeAddBuiltinCode(self.builder, code)
        tflite.OperatorCodeAddVersion(self.builder, _VERSIONS.get(kind, 1))
        if custom is not None:
            tflite.OperatorCodeAddCustomCode(self.builder, custom)
        return tflite.OperatorCodeEnd(self.builder)

    def subgraph(self, net: Net, inputs: Sequence[int], outputs: Sequence[int]) -> int:
        tensors = self.vector([self.tensor(tensor) for tensor in net.tensors])
        ops = self.vector([self.operator(op) for op in net.ops])
        input_vector = self.numbers(inputs, np.int32)
        output_vector = self.numbers(outputs, np.int32)
        name = self.builder.CreateString("main")
        tflite.SubGraphStart(self.builder)
        tflite.SubGraphAddTensors(self.builder, tensors)
        tflite.SubGraphAddInputs(self.builder, input_vector)
        tflite.SubGraphAddOutputs(self.builder, output_vector)
        tflite.SubGraphAddOperators(self.builder, ops)
        tflite.SubGraphAddName(self.builder, name)
        return tflite.SubGraphEnd(self.builder)

    def tensor(self, tensor: TensorDef) -> int:
        buffer = 0
        if tensor.data is not None:
            buffer = len(self.buffers)
            self.buffers.append(tensor.data)
        name = self.builder.CreateString(tensor.name)
        shape = self.numbers(tensor.shape, np.int32)
        signature = tensor.signature and self.numbers(tensor.signature, np.int32)
        quantization = self.quantization(tensor) if tensor.scales else None
        tflite.TensorStart(self.builder)
        tflite.TensorAddShape(self.builder, shape)
        tflite.TensorAddType(self.builder, getattr(tflite.TensorType, tensor.dtype.upper()))
        tflite.TensorAddBuffer(self.builder, buffer)
        tflite.TensorAddName(self.builder, name)
        tflite.TensorAddHasRank(self.builder, True)
        tflite.TensorAddIsVariable(self.builder, tensor.variable)
        if signature is not None:
            tflite.TensorAddShapeSignature(self.builder, signature)
        if quantization is not None:
            tflite.TensorAddQuantization(self.builder, quantization)
        return tflite.TensorEnd(self.builder)

    def quantization(self, tensor: TensorDef) -> int:
        scales = self.numbers(tensor.scales, np.float32)
        zero_points = self.numbers(tensor.zero_points, np.int64)
        tflite.QuantizationParametersStart(self.builder)
        tflite.QuantizationParametersAddScale(self.builder, scales)
        tflite.QuantizationParametersAddZeroPoint(self.builder, zero_points)
        tflite.QuantizationParametersAddQuantizedDimension(self.builder, tensor.axis)
        return tflite.QuantizationParametersEnd(self.builder)

    def tensor_map(self, names: dict[str, int]) -> int:
        entries = []
        for name, index in names.items():
            text = self.builder.CreateString(name)
            tflite.TensorMapStart(self.builder)
            tflite.TensorMapAddName(self.builder, text)
            tflite.TensorMapAddTensorIndex(self.builder, index)
            entries.append(tflite.TensorMapEnd(self.builder))
        return self.vector(entries)

    def signature(self, key: str, subgraph: int, edges: Sequence[dict[str, int]] = ({}, {})) -> int:
        text = self.builder.CreateString(key)
        inputs, outputs = map(self.tensor_map, edges)
        tflite.SignatureDefStart(self.builder)
        tflite.SignatureDefAddSignatureKey(self.builder, text)
        tflite.SignatureDefAddInputs(self.builder, inputs)
        tflite.SignatureDefAddOutputs(self.builder, outputs)
        tflite.SignatureDefAddSubgraphIndex(self.builder, subgraph)
        return tflite.SignatureDefEnd(self.builder)

    def operator(self, op: OpDef) -> int:
        if op.kind not in self.kinds:
            self.kinds.append(op.kind)
        inputs = self.numbers(op.inputs, np.int32)
        outputs = self.numbers(op.outputs, np.int32)
        intermediates = op.intermediates and self.numbers(op.intermediates, np.int32)
        table = _OPTION_TABLES.get(op.kind)
        options = None if table is None else self.options(table, op.options)
        named = op.options.get("CustomOptions")
        if not isinstance(named, bytes):  # given by name, or a number that damage put there
            by_name = (
                op.kind.startswith("CUSTOM ") and op.options and "CustomOptions" not in op.options
            )
            named = bytes(flexbuffers.Dumps(op.options)) if by_name else None
        custom_vector = None if named is None else self.builder.CreateByteVector(named)
        tflite.OperatorStart(self.builder)
        tflite.OperatorAddOpcodeIndex(self.builder, self.kinds.index(op.kind))
        tflite.OperatorAddInputs(self.builder, inputs)
        tflite.OperatorAddOutputs(self.builder, outputs)
        if intermediates:
            tflite.OperatorAddIntermediates(self.builder, intermediates)
        if custom_vector is not None:
            tflite.OperatorAddCustomOptions(self.builder, custom_vector)
        if options is not None:
            code = getattr(tflite.BuiltinOptions, table)
            tflite.OperatorAddBuiltinOptionsType(self.builder, code)
            tflite.OperatorAddBuiltinOptions(self.builder, options)
        return tflite.OperatorEnd(self.builder)

    def options(self, table: str, fields: dict[str, Any]) -> int:
        values = {
            name: self.numbers(value, np.int32)
            if isinstance(value, (list, tuple))
            else self.builder.CreateString(value)
            if isinstance(value, str)
            else value
            for name, value in fields.items()
        }
        getattr(tflite, f"{table}Start")(self.builder)
        for name, value in values.items():
            getattr(tflite, f"{table}Add{name}")(self.builder, value)
        return getattr(tflite, f"{table}End")(self.builder)
