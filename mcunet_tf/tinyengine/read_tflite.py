# SPDX-License-Identifier: Apache-2.0
"""Reads a `.tflite` flatbuffer into a `Graph`: the only file that knows the schema.

Input bytes are not trusted. The flatbuffers runtime does not verify offsets, so every length is
held against the file's size before anything is built from it, and whatever damaged bytes make the
accessors raise becomes a `ModelError`. Nothing but access to the flatbuffer is guarded so: what the
operators make of their options is computed outside, where a fault of ours is no damage of the file.
"""

from __future__ import annotations

import dataclasses
import math
import struct
from collections.abc import Iterator, Sequence
from typing import Any

import flatbuffers
import numpy as np
import tflite

from mcunet_tf.errors import ModelError, UnsupportedError
from mcunet_tf.tinyengine.ir import ITEM_BYTES, Graph, Op, Quantization, Tensor
from mcunet_tf.tinyengine.ops import SPECS, signal
from mcunet_tf.tinyengine.ops.named_options import named_options
from mcunet_tf.tinyengine.ops.spec import Impossible, ImpossibleError, View
from mcunet_tf.tinyengine.settle_shapes import MAX_RANK, MAX_TENSOR_BYTES, Options, settle_shapes
from mcunet_tf.tinyengine.subgraphs import Subgraph, inline_subgraphs
from mcunet_tf.tinyengine.variables import LSTM, assigned_constants, unfold_variables

IDENTIFIER = b"TFL3"
SCHEMA_VERSION = 3

_DTYPES = {
    tflite.TensorType.FLOAT32: "float32",
    tflite.TensorType.FLOAT16: "float16",
    tflite.TensorType.FLOAT64: "float64",
    tflite.TensorType.INT16: "int16",
    tflite.TensorType.INT32: "int32",
    tflite.TensorType.UINT8: "uint8",
    tflite.TensorType.INT64: "int64",
    tflite.TensorType.BOOL: "bool",
    tflite.TensorType.INT8: "int8",
    tflite.TensorType.UINT32: "uint32",
    tflite.TensorType.UINT64: "uint64",
}
_TYPE_NAMES = {v: k for k, v in vars(tflite.TensorType).items() if isinstance(v, int)}
_BUILTIN_NAMES = {v: k for k, v in vars(tflite.BuiltinOperator).items() if isinstance(v, int)}

_OPTION_NAMES = {v: k for k, v in vars(tflite.BuiltinOptions).items() if isinstance(v, int)}

_WINDOW = ("Padding", "StrideH", "StrideW", "FusedActivationFunction")
_DILATION = ("DilationHFactor", "DilationWFactor")
_POOL = (tflite.Pool2DOptions, (*_WINDOW, "FilterHeight", "FilterWidth"))
# Option table and the fields that `ops/` reads, by operator. Others have no options of interest.
_OPTIONS: dict[str, tuple[type[Any], tuple[str, ...]]] = {
    "CONV_2D": (tflite.Conv2DOptions, _WINDOW + _DILATION),
    "DEPTHWISE_CONV_2D": (tflite.DepthwiseConv2DOptions, _WINDOW + _DILATION),
    "TRANSPOSE_CONV": (tflite.TransposeConvOptions, _WINDOW),
    "FULLY_CONNECTED": (
        tflite.FullyConnectedOptions,
        ("FusedActivationFunction", "KeepNumDims"),
    ),
    "BATCH_MATMUL": (tflite.BatchMatMulOptions, ("AdjX", "AdjY")),
    "ADD": (tflite.AddOptions, ("FusedActivationFunction",)),
    "SUB": (tflite.SubOptions, ("FusedActivationFunction",)),
    "MUL": (tflite.MulOptions, ("FusedActivationFunction",)),
    "AVERAGE_POOL_2D": _POOL,
    "MAX_POOL_2D": _POOL,
    "L2_POOL_2D": _POOL,
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
    "CUMSUM": (tflite.CumsumOptions, ("Exclusive", "Reverse")),
    "GATHER": (tflite.GatherOptions, ("Axis", "BatchDims")),
    "MIRROR_PAD": (tflite.MirrorPadOptions, ("Mode",)),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (
        tflite.UnidirectionalSequenceLSTMOptions,
        ("FusedActivationFunction", "CellClip", "TimeMajor"),
    ),
    "SVDF": (tflite.SVDFOptions, ("Rank", "FusedActivationFunction")),
    "IF": (tflite.IfOptions, ("ThenSubgraphIndex", "ElseSubgraphIndex")),
    "WHILE": (tflite.WhileOptions, ("CondSubgraphIndex", "BodySubgraphIndex")),
    "UNPACK": (tflite.UnpackOptions, ("Axis",)),
    "VAR_HANDLE": (tflite.VarHandleOptions, ("Container", "SharedName")),
    "PACK": (tflite.PackOptions, ("Axis",)),
    "RESHAPE": (tflite.ReshapeOptions, ("NewShapeAsNumpy",)),
    "SQUEEZE": (tflite.SqueezeOptions, ("SqueezeDimsAsNumpy",)),
    **dict.fromkeys(("MEAN", "SUM"), (tflite.ReducerOptions, ("KeepDims",))),
    **dict.fromkeys(("REDUCE_MAX", "REDUCE_MIN"), (tflite.ReducerOptions, ("KeepDims",))),
    **dict.fromkeys(("REDUCE_PROD", "REDUCE_ANY"), (tflite.ReducerOptions, ("KeepDims",))),
    "REDUCE_ALL": (tflite.ReducerOptions, ("KeepDims",)),
}
# Custom operators that hold a whole network in another machine's code.
_COMPILED_FOR = {
    "edgetpu-custom-op": "compiled for a Coral Edge TPU: give what edgetpu_compiler was given",
    "ethos-u": "compiled by Vela for an Arm Ethos-U: give the file from before Vela",
}
_DETAIL_CHARACTERS = 80
_NAME_BYTES = 256
# What the accessors of the flatbuffers runtime and numpy raise on damage.
_DAMAGE = (
    struct.error,
    IndexError,
    ValueError,
    TypeError,
    AttributeError,
    OverflowError,
    ArithmeticError,
    MemoryError,
    RecursionError,
)


def read_tflite(data: bytes, name: str = "model", lstm_states: str = "auto") -> Graph:
    """Reads the first subgraph of a model; an open batch is 1, and other sizes follow from it.

    Args:
      data: the file's bytes.
      name: what the graph is called.
      lstm_states: whether LSTMs remember, one of `variables.LSTM_STATES`.

    Returns:
      The graph as it stands in the file, without the operators that compute shapes; operators that
      are not known have no attributes.

    Raises:
      ModelError: the bytes are not a sound TensorFlow Lite model.
    """
    if len(data) < 16 or data[4:8] != IDENTIFIER:
        raise ModelError(
            f"{name}: not a TensorFlow Lite model (identifier TFL3 missing in {len(data)} bytes); "
            "export it with tf.lite.TFLiteConverter"
        )
    try:
        file = _Reader(data, name).read()
    except (ModelError, UnsupportedError):
        raise
    except _DAMAGE as error:
        detail = str(error).split("\n")[0][:_DETAIL_CHARACTERS]
        raise ModelError(
            f"{name}: the file is damaged (an offset or a number in it is impossible: {detail}); "
            "export it again"
        ) from error
    main = inline_subgraphs(file.subgraphs)
    first: dict[str, np.ndarray[Any, Any]] = {}
    for other in file.subgraphs[1:]:
        first |= assigned_constants(other.tensors, other.ops)
    if lstm_states != "auto" and not any(op.kind == LSTM for op, _ in main.ops):
        raise ModelError(
            f"{name}: lstm='{lstm_states}' speaks of LSTMs, and the model has no such operator "
            "(an unrolled one is others): leave it out"
        )
    unfolded = unfold_variables(
        main.tensors, main.ops, main.outputs, first, file.variables, lstm_states
    )
    table = list(unfolded.tensors)
    for index, variable in zip(unfolded.entries, unfolded.names, strict=True):
        table[index] = dataclasses.replace(table[index], name=_printable(variable.encode()))
    inputs = (*main.inputs, *unfolded.entries)
    outputs = (*unfolded.outputs, *unfolded.exits)
    unsettled = main.unsettled.difference(unfolded.entries)
    tensors, kept = settle_shapes(table, unfolded.ops, unsettled)
    ops = tuple(_with_attributes(tensors, op, options) for op, options in kept)
    constants = _empty_constants(tensors, ops, inputs)
    names = (file.input_names, file.output_names)
    return Graph(name, constants, ops, inputs, outputs, *names, states=unfolded.initial)


@dataclasses.dataclass(frozen=True, eq=False)
class _File:
    """What the file says; operators with their options, by the schema's names.

    The first of the subgraphs is what an inference runs. `variables` are its variable tensors.
    """

    subgraphs: tuple[Subgraph, ...]
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    variables: frozenset[int]


def _with_attributes(tensors: tuple[Tensor, ...], op: Op, options: Options) -> Op:
    """The operator as its module understands it; `verify` names those that cannot be."""
    if op.kind.startswith("CUSTOM") and not isinstance(options, Impossible):
        held = options["CustomOptions"] or None
        lacks = op.kind in SPECS and (not op.inputs or min(op.inputs) < 0 or not op.outputs)
        return dataclasses.replace(op, attributes=Impossible("no operand 0") if lacks else held)
    if op.kind not in SPECS:
        wrong = isinstance(options, Impossible)
        return dataclasses.replace(op, attributes=options) if wrong else op
    spec = SPECS[op.kind]
    operands = tuple(tensors[k] if k >= 0 else None for k in op.inputs)
    results = tuple(tensors[k] for k in op.outputs)
    missing = [k for k in spec.required if k >= len(operands) or operands[k] is None]
    if isinstance(options, Impossible):
        attributes: Any = options
    elif not op.outputs:
        attributes = Impossible("no output")
    elif missing:
        attributes = Impossible(f"no operand {missing[0]}")
    else:
        try:
            attributes = spec.read(options, View(op, operands, results))
        except ImpossibleError as error:
            attributes = Impossible(str(error))
    return dataclasses.replace(op, attributes=attributes)


def _empty_constants(
    tensors: Sequence[Tensor], ops: Sequence[Op], inputs: Sequence[int]
) -> tuple[Tensor, ...]:
    """Tensors of no values that nothing computes are constants, an empty bias for instance."""
    computed = {index for op in ops for index in op.outputs}.union(inputs)
    return tuple(
        dataclasses.replace(tensor, data=np.zeros(tensor.shape, tensor.dtype))
        if tensor.elements == 0 and index not in computed and tensor.dtype in ITEM_BYTES
        else tensor
        for index, tensor in enumerate(tensors)
    )


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

    def read(self) -> _File:
        if self.model.Version() != SCHEMA_VERSION:
            raise self.fail(f"schema version {self.model.Version()} instead of {SCHEMA_VERSION}")
        if not self.count(self.model.SubgraphsLength(), "subgraphs"):
            raise self.fail("no subgraph")
        subgraphs = tuple(
            self.read_subgraph(self.model.Subgraphs(i)) for i in range(self.model.SubgraphsLength())
        )
        main = subgraphs[0]
        if not main.inputs or not main.outputs:
            raise UnsupportedError(
                f"{self.name}: the graph has no inputs or no outputs; export a model that has both"
            )
        names = self.signature()
        declared = self.model.Subgraphs(0)
        variables = {
            i
            for i, tensor in enumerate(main.tensors)
            if tensor.data is not None and declared.Tensors(i).IsVariable()
        }
        return _File(
            subgraphs,
            tuple(names.get(("input", i), main.tensors[i].name) for i in main.inputs),
            tuple(names.get(("output", i), main.tensors[i].name) for i in main.outputs),
            frozenset(variables.difference(main.inputs)),
        )

    def read_subgraph(self, subgraph: Any) -> Subgraph:
        """Tensors, operators and edges of one subgraph."""
        tensors = tuple(
            self.read_tensor(subgraph.Tensors(i), i)
            for i in self.count(subgraph.TensorsLength(), "tensors")
        )
        ops = tuple(self.read_ops(subgraph, tensors))
        inputs = self.indices(subgraph, "Inputs", len(tensors), optional=False)
        outputs = self.indices(subgraph, "Outputs", len(tensors), optional=False)
        unsettled = {
            i for i, t in enumerate(tensors) if t.data is None and _is_open(subgraph.Tensors(i))
        }
        return Subgraph(tensors, ops, inputs, outputs, frozenset(unsettled.difference(inputs)))

    def signature(self) -> dict[tuple[str, int], str]:
        """What the first signature of the network calls its edges, by role and tensor."""
        for i in self.count(self.model.SignatureDefsLength(), "signatures"):
            table = self.model.SignatureDefs(i)
            if table.SubgraphIndex() == 0:
                maps = [("input", table.Inputs, table.InputsLength())]
                maps.append(("output", table.Outputs, table.OutputsLength()))
                return {
                    (role, int(entry.TensorIndex())): _printable(entry.Name())
                    for role, entries, length in maps
                    for entry in map(entries, self.count(length, f"{role}s of a signature"))
                    if entry.Name()
                }
        return {}

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
            # Only the batch is open; another size is what the file declares, or follows.
            if i < len(shape) and table.ShapeSignature(i) == -1 and (i == 0 or shape[i] < 1):
                shape[i] = 1
        if any(dimension < 0 for dimension in shape):
            raise self.fail(f"tensor '{name}' has shape {shape}")
        if table.Sparsity() is not None:
            raise UnsupportedError(
                f"{self.name}: tensor '{name}' is stored sparse, as pruning can be: export it "
                "without sparse encoding (tf.lite.Optimize.EXPERIMENTAL_SPARSITY)"
            )
        if dtype == "int4":
            raise UnsupportedError(
                f"{self.name}: tensor '{name}' has 4 bits a value: quantise weights to int8"
            )
        elements = math.prod(shape)
        if elements * ITEM_BYTES.get(dtype, 1) > MAX_TENSOR_BYTES:
            raise UnsupportedError(
                f"{self.name}: tensor '{name}' of shape {shape} is beyond any microcontroller; "
                "use a smaller model"
            )
        quantization = self.read_quantization(table, name)
        data = self.read_data(table, name, dtype, tuple(shape), elements)
        if table.IsVariable() and dtype in ITEM_BYTES:
            # A state: what it begins with at every invocation.
            zero_points = quantization.zero_point if quantization else ()
            data = np.full(shape, [*zero_points, 0][0], dtype)
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
        if elements == 0 or index == 0:
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
        zero_points: tuple[int, ...] = ()
        if parameters.ZeroPointLength():
            zero_points = tuple(int(z) for z in parameters.ZeroPointAsNumpy())
        return Quantization(scales, zero_points, int(parameters.QuantizedDimension()))

    def read_ops(self, subgraph: Any, tensors: tuple[Tensor, ...]) -> Iterator[tuple[Op, Options]]:
        for i in self.count(subgraph.OperatorsLength(), "operators"):
            table = subgraph.Operators(i)
            kind = self.read_kind(table)
            inputs = self.indices(table, "Inputs", len(tensors), optional=True)
            outputs = self.indices(table, "Outputs", len(tensors), optional=False)
            name = tensors[outputs[0]].name if outputs else f"operator {i}"
            yield Op(kind, name, inputs, outputs), self.read_options(table, kind)

    def read_kind(self, table: Any) -> str:
        index = table.OpcodeIndex()
        if not 0 <= index < self.model.OperatorCodesLength():
            raise self.fail(f"operator code {index}")
        code = self.model.OperatorCodes(index)
        # Old files use the 8-bit field, new ones the 32-bit field; the larger one is meant.
        builtin = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        if builtin == tflite.BuiltinOperator.CUSTOM:
            custom = _printable(code.CustomCode())
            if custom in _COMPILED_FOR:
                raise UnsupportedError(f"{self.name}: {_COMPILED_FOR[custom]}")
            return signal.CUSTOM_NAMES.get(custom, f"CUSTOM {custom}".strip())
        return str(_BUILTIN_NAMES.get(builtin, f"builtin {builtin}"))

    def read_options(self, table: Any, kind: str) -> Options:
        if kind.startswith("CUSTOM") or kind in signal.CUSTOM_NAMES.values():
            self.count(table.CustomOptionsLength(), f"bytes of options of {kind}", 1)
            held = bytes(table.CustomOptionsAsNumpy() if table.CustomOptionsLength() else b"")
            return {"CustomOptions": held} if kind.startswith("CUSTOM") else named_options(held)
        if kind not in _OPTIONS:
            return {}
        reader, fields = _OPTIONS[kind]
        options = reader()
        union, held = table.BuiltinOptions(), table.BuiltinOptionsType()
        if union is not None and held != getattr(tflite.BuiltinOptions, reader.__name__):
            return Impossible(f"options of another operator ({_OPTION_NAMES.get(held, held)})")
        if union is None:
            # Some writers leave out a table whose fields all have the schema's defaults.
            options.Init(_EMPTY_TABLE, *struct.unpack_from("<I", _EMPTY_TABLE))
        else:
            options.Init(union.Bytes, union.Pos)
        return {field: getattr(options, field)() for field in fields}


def _is_open(table: Any) -> bool:
    """Whether a tensor is declared with a size that the converter did not know."""
    signature = range(min(table.ShapeSignatureLength(), MAX_RANK))
    return any(table.ShapeSignature(i) == -1 for i in signature)


def _empty_table() -> bytes:
    """A flatbuffer whose table has no fields: every accessor gives the schema's default."""
    builder = flatbuffers.Builder(16)
    builder.StartObject(0)
    builder.Finish(builder.EndObject())
    return bytes(builder.Output())


_EMPTY_TABLE = _empty_table()


def _printable(name: bytes | None) -> str:
    """A name as text of one line, cut to a length that messages can hold."""
    text = (name or b"")[:_NAME_BYTES].decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "?" for c in text)
