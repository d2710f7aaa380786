# SPDX-License-Identifier: Apache-2.0
"""Two ways to spoil a file: in its bytes, and in what they say while the format stays sound."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import tflite

from tests.ops.build_tflite import _OPTION_TABLES, Net, OpDef, TensorDef

_NUMBERS = (0, 1, -1, 2, 127, 128, 255, 256, 5000, 32767, 32768, 65535, 65536, 1 << 24, 1 << 30)
_EXTREMES = (*_NUMBERS, (1 << 31) - 1, -(1 << 31))


def spoil_bytes(model: bytes, others: Sequence[bytes], rng: np.random.Generator) -> bytes:
    """Flips bits, cuts, pastes from another file, writes a telling number, or noise."""
    data = bytearray(model)
    kind = rng.integers(5)
    if kind == 0:
        for bit in rng.integers(len(data) * 8, size=rng.integers(1, 9)):
            data[bit // 8] ^= 1 << (bit % 8)
    elif kind == 1:
        del data[rng.integers(len(data)) :]
    elif kind == 2:
        source = others[rng.integers(len(others))]
        start, target = rng.integers(len(source)), rng.integers(len(data))
        length = rng.integers(1, 64)
        data[target : target + length] = source[start : start + length]
    elif kind == 3:
        at = rng.integers(len(data) // 4) * 4
        data[at : at + 4] = (_EXTREMES[rng.integers(len(_EXTREMES))] & 0xFFFFFFFF).to_bytes(
            4, "little"
        )
    else:
        for at in rng.integers(len(data), size=rng.integers(1, 4)):
            data[at] = rng.integers(256)
    return bytes(data)


def spoil_meaning(model: bytes, rng: np.random.Generator) -> bytes:
    """A sound file that says something else: other shapes, types, scales, operands, options."""
    net, inputs, outputs = read_net(model)
    for _ in range(rng.integers(1, 4)):
        what = rng.integers(10)
        if what < 5:
            at = int(rng.integers(len(net.tensors)))
            net.tensors[at] = _other_tensor(net.tensors[at], rng)
        elif what < 9:
            at = int(rng.integers(len(net.ops)))
            net.ops[at] = _other_op(net.ops[at], len(net.tensors), rng)
        else:
            edge = inputs if rng.integers(2) else outputs
            edge.append(int(rng.integers(len(net.tensors))))
            del edge[int(rng.integers(len(edge)))]
    return net.build(inputs, outputs)


def _pick(rng: np.random.Generator, choices: Sequence[Any]) -> Any:
    return choices[int(rng.integers(len(choices)))]


def _other_tensor(tensor: TensorDef, rng: np.random.Generator) -> TensorDef:
    shape = list(tensor.shape)
    what = rng.integers(9)
    if what < 3 and shape:
        shape[rng.integers(len(shape))] = _pick(rng, _EXTREMES)
        return dataclasses.replace(tensor, shape=tuple(shape))
    if what == 3:
        shape.insert(int(rng.integers(len(shape) + 1)), _pick(rng, (0, 1, 2)))
        return dataclasses.replace(tensor, shape=tuple(shape))
    if what == 4:
        return dataclasses.replace(tensor, shape=tuple(shape[1:]))
    if what == 5:
        dtype = _pick(rng, ("int8", "uint8", "int16", "int32", "int64", "float32", "string"))
        return dataclasses.replace(tensor, dtype=dtype)
    if what == 6:
        scale = _pick(rng, (0.0, -0.1, float("nan"), float("inf"), 1e-38, 1e38, 0.7))
        return dataclasses.replace(tensor, scales=(scale,) * len(tensor.scales))
    if what == 7:
        zero_points = (_pick(rng, _EXTREMES),) * _pick(rng, (0, 1, 2, 5))
        return dataclasses.replace(tensor, zero_points=zero_points)
    data = None if tensor.data is not None else bytes(rng.integers(0, 256, 48, np.uint8))
    return dataclasses.replace(tensor, data=data)


def _other_op(op: OpDef, tensors: int, rng: np.random.Generator) -> OpDef:
    what = rng.integers(5)
    if what == 0 and op.inputs:
        inputs = list(op.inputs)
        inputs[rng.integers(len(inputs))] = int(rng.integers(-1, tensors))
        return dataclasses.replace(op, inputs=tuple(inputs))
    if what == 1:
        return dataclasses.replace(op, inputs=op.inputs[: rng.integers(len(op.inputs) + 1)])
    if what == 2:
        kind = _pick(rng, sorted(_OPTION_TABLES))
        return dataclasses.replace(op, kind=kind, options={})
    if what == 3 or not op.options:
        return dataclasses.replace(op, outputs=(*op.outputs, int(rng.integers(tensors))))
    field = _pick(rng, sorted(op.options))
    value: Any = _pick(rng, (0, 1, 2, 100) if field in _BYTE_FIELDS else _EXTREMES)
    if isinstance(op.options[field], bool):
        value = not op.options[field]
    if isinstance(op.options[field], (list, tuple)):
        value = [value]
    return dataclasses.replace(op, options={**op.options, field: value})


# Stored in one byte.
_BYTE_FIELDS = (
    "Padding",
    "FusedActivationFunction",
    "OutType",
    "WeightsFormat",
    "InDataType",
    "OutDataType",
    "QuantizedBiasType",
    "Mode",
    "OutputType",
)


def read_net(model: bytes) -> tuple[Net, list[int], list[int]]:
    """What `Net.build` made a file from: its only subgraph, inputs and outputs."""
    root = tflite.Model.GetRootAsModel(model, 0)
    graph = root.Subgraphs(0)
    net = Net()
    names = {v: k for k, v in vars(tflite.TensorType).items() if isinstance(v, int)}
    for i in range(graph.TensorsLength()):
        table = graph.Tensors(i)
        quantization = table.Quantization()
        scales = quantization.ScaleAsNumpy() if quantization else ()
        zeros = quantization.ZeroPointAsNumpy() if quantization else ()
        raw = root.Buffers(table.Buffer()).DataAsNumpy() if table.Buffer() else None
        signature = table.ShapeSignatureAsNumpy() if table.ShapeSignatureLength() else None
        net.tensors.append(
            TensorDef(
                tuple(int(n) for n in np.atleast_1d(table.ShapeAsNumpy())[: table.ShapeLength()]),
                names[table.Type()].lower(),
                tuple(map(float, scales)),
                tuple(map(int, zeros)),
                quantization.QuantizedDimension() if quantization else 0,
                table.Name().decode(),
                # A buffer that holds nothing, as newer converters write them, is read as 0.
                raw.tobytes() if isinstance(raw, np.ndarray) else None,
                None if signature is None else tuple(map(int, signature)),
                bool(table.IsVariable()),
            )
        )
    codes = {v: k for k, v in vars(tflite.BuiltinOperator).items() if isinstance(v, int)}
    for i in range(graph.OperatorsLength()):
        table = graph.Operators(i)
        code = root.OperatorCodes(table.OpcodeIndex())
        kind = codes[code.BuiltinCode()]
        if kind == "CUSTOM":
            kind = f"CUSTOM {code.CustomCode().decode()}"
        operands = tuple(table.Inputs(k) for k in range(table.InputsLength()))
        results = tuple(table.Outputs(k) for k in range(table.OutputsLength()))
        between = tuple(table.Intermediates(k) for k in range(table.IntermediatesLength()))
        net.ops.append(OpDef(kind, operands, results, _read_options(table, kind), between))
    inputs = [graph.Inputs(k) for k in range(graph.InputsLength())]
    return net, inputs, [graph.Outputs(k) for k in range(graph.OutputsLength())]


def _read_options(table: Any, kind: str) -> dict[str, Any]:
    union = table.BuiltinOptions()
    if kind.startswith("CUSTOM "):
        held = table.CustomOptionsAsNumpy() if table.CustomOptionsLength() else b""
        return {"CustomOptions": bytes(held)}
    name = _OPTION_TABLES.get(kind)
    if union is None or name is None:
        return {}
    options = getattr(tflite, name)()
    options.Init(union.Bytes, union.Pos)
    found: dict[str, Any] = {}
    for adder in dir(tflite):
        field = adder.removeprefix(f"{name}Add")
        if field == adder:
            continue
        if hasattr(options, f"{field}Length"):
            found[field] = [
                getattr(options, field)(i) for i in range(getattr(options, f"{field}Length")())
            ]
        else:
            found[field] = getattr(options, field)()
    return found
