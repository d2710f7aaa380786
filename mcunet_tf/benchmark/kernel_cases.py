# SPDX-License-Identifier: Apache-2.0
"""Graphs of one operator, of any shape, with weights and scales as trained networks have them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from mcunet_tf.benchmark import signal_kernel_cases, typed_kernel_cases
from mcunet_tf.benchmark.kernel_case import (
    OUTPUT_DEVIATION,
    SCALE,
    ZERO_POINT,
    Array,
    Draft,
    OpCase,
)
from mcunet_tf.tinyengine.ir import Graph, Op, Quantization, Tensor
from mcunet_tf.tinyengine.ops import common, lstm
from mcunet_tf.tinyengine.ops.batch_matmul import BatchMatmulAttributes
from mcunet_tf.tinyengine.ops.broadcast import ElementwiseAttributes
from mcunet_tf.tinyengine.ops.concatenation import ConcatenationAttributes
from mcunet_tf.tinyengine.ops.conv2d import Conv2dAttributes
from mcunet_tf.tinyengine.ops.fully_connected import FullyConnectedAttributes
from mcunet_tf.tinyengine.ops.mean import MeanAttributes
from mcunet_tf.tinyengine.ops.moving_sums import (
    MovingMeanAttributes,
    MovingSumsAttributes,
    RowSumsAttributes,
)
from mcunet_tf.tinyengine.ops.pad import PadAttributes
from mcunet_tf.tinyengine.ops.pool2d import Pool2dAttributes
from mcunet_tf.tinyengine.ops.resize_bilinear import BilinearAttributes, bilinear_steps
from mcunet_tf.tinyengine.ops.resize_nearest_neighbor import ResizeAttributes
from mcunet_tf.tinyengine.ops.softmax import SoftmaxAttributes
from mcunet_tf.tinyengine.ops.strided_copy import SliceAttributes, TransposeAttributes


def make_graph(case: OpCase) -> Graph:
    """Builds the case's graph; weights and scales follow from its name alone."""
    graph = _MAKERS[case.kind](Draft(case))
    return _with_int16(graph) if case.dtype == "int16" else graph


_FINER = 256  # steps of int16 in one of int8
_SLOPES = "PRELU"  # whose second operand stays int8


def _with_int16(graph: Graph) -> Graph:
    """The same operator on int16: activations in finer steps, biases of 64 bits."""
    (op,) = graph.ops
    tensors = list(graph.tensors)
    for index, tensor in enumerate(tensors):
        if tensor.data is None and tensor.dtype == "int8":
            if op.kind == _SLOPES and index == op.inputs[1]:
                continue
            unit = op.kind in ("SOFTMAX", "LOGISTIC", "TANH") and index in op.outputs
            scale = 2.0**-15 if unit else tensor.scale / _FINER
            made = Quantization((scale,), (0,))
            tensors[index] = dataclasses.replace(tensor, dtype="int16", quantization=made)
        elif tensor.data is not None and tensor.dtype == "int32" and index == op.inputs[-1]:
            if op.kind in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
                data = tensor.data.astype(np.int64) * _FINER
                tensors[index] = dataclasses.replace(tensor, dtype="int64", data=data)
    attributes = op.attributes
    if isinstance(attributes, PadAttributes):
        attributes = dataclasses.replace(attributes, value=0)
    ops = (dataclasses.replace(op, attributes=attributes),)
    return dataclasses.replace(graph, tensors=tuple(tensors), ops=ops)


def case_inputs(graph: Graph) -> list[Array]:
    """Random inputs of a graph, the same ones every time."""
    rng = np.random.default_rng(0)
    arrays: list[Array] = []
    for tensor in (graph.tensors[index] for index in graph.inputs):
        if tensor.dtype == "float32":
            arrays.append(rng.normal(0, 1, tensor.shape).astype(np.float32))
        elif tensor.dtype == "bool":
            arrays.append(rng.integers(0, 2, tensor.shape).astype(bool))
        else:
            limits = np.iinfo(tensor.dtype)
            wide = np.uint64 if tensor.dtype == "uint64" else np.int64
            values = rng.integers(limits.min, limits.max, tensor.shape, wide, endpoint=True)
            arrays.append(values.astype(tensor.dtype))
    return arrays


def _conv2d(draft: Draft) -> Graph:
    case = draft.case
    x = draft.add(draft.image())
    shape = (case.channels, *case.kernel, case.shape[2])
    weights, bias, scale = draft.weighted(shape, case.channels, 0)
    padding, height, width = draft.padding()
    draft.add((1, height, width, case.channels), scale, 3)
    return draft.graph((x,), (x, weights, bias), _window(case, padding))


def _depthwise(draft: Draft) -> Graph:
    case = draft.case
    x = draft.add(draft.image())
    channels = case.channels or case.shape[2]
    weights, bias, scale = draft.weighted((1, *case.kernel, channels), channels, 3)
    padding, height, width = draft.padding()
    draft.add((1, height, width, channels), scale, 3)
    return draft.graph((x,), (x, weights, bias), _window(case, padding))


def _window(case: OpCase, padding: common.Padding) -> Conv2dAttributes:
    strides = (case.stride, case.stride, case.dilation, case.dilation)
    return Conv2dAttributes(*strides, padding, "NONE")


def _fully_connected(draft: Draft) -> Graph:
    case = draft.case
    x = draft.add(draft.image())
    features = int(np.prod(case.shape))
    weights, bias, scale = draft.weighted((case.channels, features), case.channels, 0)
    draft.add((1, case.channels), scale, 3)
    return draft.graph((x,), (x, weights, bias), FullyConnectedAttributes("NONE"))


def _l2_normalization(draft: Draft) -> Graph:
    x = draft.add(draft.image())
    draft.add(draft.image(), 1 / 128, 0)
    return draft.graph((x,), (x,), ElementwiseAttributes("NONE"))


def _batch_matmul(draft: Draft) -> Graph:
    batches, rows, depth = draft.case.shape
    x = draft.add((1, batches, rows, depth))
    y = draft.add((1, batches, draft.case.channels, depth), 0.04, 3)
    deviation = 74 * 74 * np.sqrt(depth) * SCALE * 0.04
    scale = float(np.float32(deviation / OUTPUT_DEVIATION))
    draft.add((1, batches, rows, draft.case.channels), scale, 2)
    return draft.graph((x, y), (x, y), BatchMatmulAttributes(False, True))


def _lstm(draft: Draft) -> Graph:
    """Gates before their curves have a deviation of 1.5."""
    steps, inputs = draft.case.shape
    units = draft.case.channels
    x = draft.add((1, steps, inputs))
    operands = [x, *[-1] * (lstm.OPERANDS - 1)]
    sides = ((lstm.INPUT_WEIGHTS, inputs, 74 * SCALE), (lstm.RECURRENT_WEIGHTS, units, 0.5))
    for positions, width, deviation in sides:
        for position in positions:
            weights = draft.rng.integers(-127, 128, (units, width)).astype(np.int8)
            scale = 1.5 / (deviation * 74 * np.sqrt(width))
            operands[position] = draft.constant(weights, (float(np.float32(scale)),))
    for position in lstm.BIASES:
        operands[position] = draft.constant(draft.rng.integers(-200, 200, units).astype(np.int32))
    scale = 1 / 128 if draft.case.dtype == "int8" else 2.0**-15
    hidden = np.zeros((1, units), draft.case.dtype)
    operands[lstm.HIDDEN_STATE] = draft.constant(hidden, (scale,))
    operands[lstm.CELL_STATE] = draft.constant(np.zeros((1, units), np.int16), (2.0**-12,))
    draft.add((1, steps, units) if draft.case.same else (1, units), 1 / 128, 0)
    attributes = lstm.LstmAttributes("TANH", 10.0, False, draft.case.same)
    return draft.graph((x,), tuple(operands), attributes)


def _elementwise(draft: Draft) -> Graph:
    case = draft.case
    x = draft.add(draft.image())
    second = (1, 1, 1, case.shape[-1]) if case.broadcast else draft.image()
    y = draft.add(second, 0.03, 7)
    draft.add(draft.image(), 0.08 if case.kind == "MUL" else 0.06, 2)
    return draft.graph((x, y), (x, y), ElementwiseAttributes("NONE"))


def _extremum(draft: Draft) -> Graph:
    case = draft.case
    x = draft.add(draft.image())
    y = draft.add((1, 1, 1, case.shape[-1]) if case.broadcast else draft.image())
    draft.add(draft.image())
    return draft.graph((x, y), (x, y), None)


def _pool(draft: Draft) -> Graph:
    case = draft.case
    x = draft.add(draft.image())
    padding, height, width = draft.padding()
    draft.add((1, height, width, case.shape[2]))
    attributes = Pool2dAttributes(*case.kernel, case.stride, case.stride, padding, "NONE")
    return draft.graph((x,), (x,), attributes)


def _mean(draft: Draft) -> Graph:
    x = draft.add(draft.image())
    height, width, channels = draft.case.shape
    reduced = (1, 2) if draft.case.same else (3,)
    axes = draft.constant(np.array(reduced, np.int32))
    draft.add((1, channels) if draft.case.same else (1, height, width), SCALE / 4, 3)
    return draft.graph((x,), (x, axes), MeanAttributes(reduced))


def _own_type(draft: Draft) -> str:
    """float32, or int8, which becomes int16 behind it."""
    return "float32" if draft.case.dtype == "float32" else "int8"


def _arg_max(draft: Draft) -> Graph:
    x = draft.add(draft.image(), dtype=_own_type(draft))
    reduced = 3 if draft.case.same else 1
    axis = draft.constant(np.array(reduced, np.int32))
    kept = tuple(size for place, size in enumerate(draft.image()) if place != reduced)
    draft.add(kept, dtype="int32")
    return draft.graph((x,), (x, axis), MeanAttributes((reduced,)))


def _softmax(draft: Draft) -> Graph:
    x = draft.add(draft.image())
    if draft.case.wide:
        draft.add(draft.image(), 2.0**-16, -(1 << 15), "int16")
    else:
        draft.add(draft.image(), 1 / 256, -128)
    return draft.graph((x,), (x,), SoftmaxAttributes(1.0))


def _lookup(draft: Draft) -> Graph:
    x = draft.add(draft.image())
    edges = (1 / 256, -128) if draft.case.kind == "LOGISTIC" else (0.04, -3)
    draft.add(draft.image(), *edges)
    return draft.graph((x,), (x,), None)


def _dequantize(draft: Draft) -> Graph:
    x = draft.add(draft.image(), dtype="uint8" if draft.case.wide else "int8")
    draft.add(draft.image(), dtype="float32")
    return draft.graph((x,), (x,), None)


def _quantize(draft: Draft) -> Graph:
    if not draft.case.wide:
        return _lookup(draft)
    x = draft.add(draft.image(), dtype="float32")
    draft.add(draft.image())
    return draft.graph((x,), (x,), None)


def _transpose(draft: Draft) -> Graph:
    x = draft.add(draft.image())
    height, width, channels = draft.case.shape
    draft.add((1, channels, height, width))
    order = draft.constant(np.array([0, 3, 1, 2], np.int32))
    draft.tensors[order - 1], draft.tensors[order] = draft.tensors[order], draft.tensors[order - 1]
    return draft.graph((x,), (x, order - 1), TransposeAttributes((0, 3, 1, 2)))


def _pad(draft: Draft) -> Graph:
    dtype = _own_type(draft)
    x = draft.add(draft.image(), dtype=dtype)
    height, width, channels = draft.case.shape
    draft.add((1, height + 2, width + 2, channels), dtype=dtype)
    value = ZERO_POINT if dtype == "int8" else 9.5
    attributes = PadAttributes((0, 1, 1, 0), (0, 1, 1, 0), value)
    return draft.graph((x,), (x,), attributes)


def _concatenation(draft: Draft) -> Graph:
    x = draft.add(draft.image())
    y = draft.add(draft.image())
    draft.add((*draft.image()[:-1], 2 * draft.case.shape[-1]))
    return draft.graph((x, y), (x, y), ConcatenationAttributes(3, "NONE"))


def _resize(draft: Draft) -> Graph:
    x = draft.add(draft.image())
    height, width, channels = draft.case.shape
    larger = [2 * size if draft.case.same else size + 1 for size in (height, width)]
    draft.add((1, *larger, channels))
    rows, columns = (
        tuple(i * size // large for i in range(large))
        for size, large in zip((height, width), larger, strict=True)
    )
    return draft.graph((x,), (x,), ResizeAttributes(rows, columns))


def _bilinear(draft: Draft) -> Graph:
    x = draft.add(draft.image())
    height, width, channels = draft.case.shape
    draft.add((1, 2 * height, 2 * width, channels))
    rows, columns = (bilinear_steps(size, 2 * size, False, True) for size in (height, width))
    return draft.graph((x,), (x,), BilinearAttributes(rows, columns))


def _slice(draft: Draft) -> Graph:
    x = draft.add(draft.image())
    *size, channels = draft.image()
    taken = (*size, channels - channels // 3)
    draft.add(taken)
    return draft.graph((x,), (x,), SliceAttributes((0, 0, 0, channels // 3), taken))


def _slide(draft: Draft) -> Graph:
    """As many new rows as a stride; held rows are the rest."""
    held, new = draft.image(), (1, draft.case.stride, *draft.case.shape[1:])
    x, y = draft.add(held), draft.add(new)
    draft.add(held)
    return draft.graph((x, y), (x, y), None)


def _row_sums(draft: Draft) -> Graph:
    rows, positions, sums = draft.case.shape
    x = draft.add((1, rows, positions, sums))
    made = draft.add((1, rows, 1, sums), dtype="int16")
    draft.tensors[made] = dataclasses.replace(draft.tensors[made], quantization=None)
    return draft.graph((x,), (x,), RowSumsAttributes(positions))


def _moving_sums(draft: Draft) -> Graph:
    """Sums by channel; as many new rows as a stride."""
    held, new = draft.image(), (1, draft.case.stride, *draft.case.shape[1:])
    sums = (1, draft.case.shape[-1])
    operands = (draft.add(sums, dtype="int32"), draft.add(held), draft.add(new))
    draft.add(sums, dtype="int32")
    return draft.graph(operands, operands, MovingSumsAttributes(0))


def _moving_mean(draft: Draft) -> Graph:
    """Divided sums, or requantised ones."""
    x = draft.add((1, *draft.case.shape), dtype="int32")
    draft.add((1, *draft.case.shape))
    divided = MovingMeanAttributes(37, 37 * ZERO_POINT, 0, 0, -128, 127)
    rescaled = MovingMeanAttributes(0, 0, 1 << 30, -20, -128, 127)
    return draft.graph((x,), (x,), divided if draft.case.same else rescaled)


_MAKERS: dict[str, Callable[[Draft], Graph]] = {
    "CONV_2D": _conv2d,
    "DEPTHWISE_CONV_2D": _depthwise,
    "FULLY_CONNECTED": _fully_connected,
    "BATCH_MATMUL": _batch_matmul,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _lstm,
    "ADD": _elementwise,
    "SUB": _elementwise,
    "MUL": _elementwise,
    "SQUARED_DIFFERENCE": _elementwise,
    "MAXIMUM": _extremum,
    "MINIMUM": _extremum,
    "PRELU": _elementwise,
    "AVERAGE_POOL_2D": _pool,
    "MAX_POOL_2D": _pool,
    "MEAN": _mean,
    "ARG_MAX": _arg_max,
    "SOFTMAX": _softmax,
    "L2_NORMALIZATION": _l2_normalization,
    "RELU": _lookup,
    "RELU6": _lookup,
    "LOGISTIC": _lookup,
    "TANH": _lookup,
    "QUANTIZE": _quantize,
    "DEQUANTIZE": _dequantize,
    "TRANSPOSE": _transpose,
    "PAD": _pad,
    "PADV2": _pad,
    "CONCATENATION": _concatenation,
    "RESIZE_NEAREST_NEIGHBOR": _resize,
    "RESIZE_BILINEAR": _bilinear,
    "SLICE": _slice,
    "SLIDE": _slide,
    "ROW_SUMS": _row_sums,
    "MOVING_SUMS": _moving_sums,
    "MOVING_MEAN": _moving_mean,
    **typed_kernel_cases.MAKERS,
    **signal_kernel_cases.MAKERS,
}


def chain_graphs(graphs: Sequence[Graph]) -> Graph:
    """One graph of several: each takes the output of the one before as its first input."""
    tensors: list[Tensor] = []
    ops: list[Op] = []
    inputs: list[int] = []
    last = -1
    for graph in graphs:
        places: dict[int, int] = {}
        if last >= 0:
            places[graph.inputs[0]] = last
        for index, tensor in enumerate(graph.tensors):
            if index not in places:
                places[index] = len(tensors)
                tensors.append(dataclasses.replace(tensor, name=f"t{len(tensors)}"))
        inputs += [places[i] for i in graph.inputs if places[i] != last]
        for op in graph.ops:
            read, made = (tuple(places[i] for i in edge) for edge in (op.inputs, op.outputs))
            ops.append(Op(op.kind, op.name, read, made, op.attributes))
        last = places[graph.outputs[0]]
    return Graph("chain", tuple(tensors), tuple(ops), tuple(inputs), (last,))
