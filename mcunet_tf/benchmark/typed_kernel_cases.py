# SPDX-License-Identifier: Apache-2.0
"""Graphs of one operator on other types than int8, or at computed indices, of any shape.

As in `kernel_cases`, which draws shapes and weights: `MAKERS` are its functions for these kinds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mcunet_tf.benchmark.kernel_case import Draft
from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.ops import lstm
from mcunet_tf.tinyengine.ops.batch_matmul import BatchMatmulAttributes
from mcunet_tf.tinyengine.ops.broadcast import ElementwiseAttributes
from mcunet_tf.tinyengine.ops.conv2d import Conv2dAttributes
from mcunet_tf.tinyengine.ops.curves import GeluAttributes, LeakyReluAttributes
from mcunet_tf.tinyengine.ops.detection_postprocess import DetectionAttributes
from mcunet_tf.tinyengine.ops.dynamic import GatherAttributes
from mcunet_tf.tinyengine.ops.float32_values import MAPS, PAIRS, CumsumAttributes
from mcunet_tf.tinyengine.ops.fully_connected import FullyConnectedAttributes
from mcunet_tf.tinyengine.ops.integers import PAIRS as INTEGER_PAIRS
from mcunet_tf.tinyengine.ops.masks import COMPARISONS
from mcunet_tf.tinyengine.ops.mean import MeanAttributes
from mcunet_tf.tinyengine.ops.pool2d import Pool2dAttributes
from mcunet_tf.tinyengine.ops.resize_bilinear import RealBilinearAttributes, real_steps
from mcunet_tf.tinyengine.ops.softmax import SoftmaxAttributes
from mcunet_tf.tinyengine.ops.svdf import TimeAttributes

_FLOAT, _INTEGER = "float32", "int32"
_NONE = ElementwiseAttributes("NONE")
COMPARED = ("int8", "bool", "int32", "int64", "float32")
"""Types of comparisons, by the stride of a case."""
SVDF_STATES = ("int8", "int16", "float32")


def _weights(draft: Draft, *shape: int) -> int:
    return draft.constant(draft.rng.normal(0, 0.2, shape).astype(np.float32))


def _window(draft: Draft) -> Graph:
    case = draft.case
    x = draft.add(draft.image(), dtype=_FLOAT)
    depthwise = case.kind.startswith("DEPTHWISE")
    channels = case.channels or case.shape[2]
    shape = (1, *case.kernel, channels) if depthwise else (channels, *case.kernel, case.shape[2])
    weights, bias = _weights(draft, *shape), _weights(draft, channels)
    padding, height, width = draft.padding()
    draft.add((1, height, width, channels), dtype=_FLOAT)
    strides = (case.stride, case.stride, case.dilation, case.dilation)
    return draft.graph((x,), (x, weights, bias), Conv2dAttributes(*strides, padding, "NONE"))


def _fully_connected(draft: Draft) -> Graph:
    case = draft.case
    x = draft.add(draft.image(), dtype=_FLOAT)
    features = int(np.prod(case.shape))
    weights, bias = _weights(draft, case.channels, features), _weights(draft, case.channels)
    draft.add((1, case.channels), dtype=_FLOAT)
    return draft.graph((x,), (x, weights, bias), FullyConnectedAttributes("NONE"))


def _batch_matmul(draft: Draft) -> Graph:
    batches, rows, depth = draft.case.shape
    x = draft.add((1, batches, rows, depth), dtype=_FLOAT)
    y = draft.add((1, batches, draft.case.channels, depth), dtype=_FLOAT)
    draft.add((1, batches, rows, draft.case.channels), dtype=_FLOAT)
    return draft.graph((x, y), (x, y), BatchMatmulAttributes(False, True))


def _lstm(draft: Draft) -> Graph:
    steps, inputs = draft.case.shape
    units = draft.case.channels
    operands = [draft.add((1, steps, inputs), dtype=_FLOAT), *[-1] * (lstm.OPERANDS - 1)]
    shapes = (*[(units, inputs)] * 4, *[(units, units)] * 4, *[(units,)] * 4, *[(1, units)] * 2)
    positions = (*lstm.INPUT_WEIGHTS, *lstm.RECURRENT_WEIGHTS, *lstm.BIASES)
    for position, shape in zip(
        (*positions, lstm.HIDDEN_STATE, lstm.CELL_STATE), shapes, strict=True
    ):
        operands[position] = _weights(draft, *shape)
    draft.add((1, steps, units) if draft.case.same else (1, units), dtype=_FLOAT)
    attributes = lstm.LstmAttributes("TANH", 10.0, False, draft.case.same)
    return draft.graph((operands[0],), tuple(operands), attributes)


def _pool(draft: Draft) -> Graph:
    case = draft.case
    x = draft.add(draft.image(), dtype=_FLOAT)
    padding, height, width = draft.padding()
    draft.add((1, height, width, case.shape[2]), dtype=_FLOAT)
    attributes = Pool2dAttributes(*case.kernel, case.stride, case.stride, padding, "NONE")
    return draft.graph((x,), (x,), attributes)


def _second(draft: Draft) -> tuple[int, ...]:
    return (1, 1, 1, draft.case.shape[-1]) if draft.case.broadcast else draft.image()


def _pair(dtype: str, made: str, attributes: Any) -> Callable[[Draft], Graph]:
    def make(draft: Draft) -> Graph:
        x = draft.add(draft.image(), dtype=dtype)
        y = draft.add(_second(draft), 0.03, 7, dtype=dtype)
        draft.add(draft.image(), dtype=made)
        return draft.graph((x, y), (x, y), attributes)

    return make


def _compare(draft: Draft) -> Graph:
    return _pair(COMPARED[draft.case.stride - 1], "bool", None)(draft)


def _map(attributes: Any) -> Callable[[Draft], Graph]:
    def make(draft: Draft) -> Graph:
        x = draft.add(draft.image(), dtype=_FLOAT)
        draft.add(draft.image(), dtype=_FLOAT)
        return draft.graph((x,), (x,), attributes)

    return make


def _prelu(draft: Draft) -> Graph:
    x = draft.add(draft.image(), dtype=_FLOAT)
    slopes = _weights(draft, 1, 1, draft.case.shape[-1])
    draft.add(draft.image(), dtype=_FLOAT)
    return draft.graph((x,), (x, slopes), None)


def _reduction(draft: Draft) -> Graph:
    x = draft.add(draft.image(), dtype=_FLOAT)
    height, width, channels = draft.case.shape
    reduced = (1, 2) if draft.case.same else (3,)
    axes = draft.constant(np.array(reduced, np.int32))
    draft.add((1, channels) if draft.case.same else (1, height, width), dtype=_FLOAT)
    return draft.graph((x,), (x, axes), MeanAttributes(reduced))


def _bilinear(draft: Draft) -> Graph:
    x = draft.add(draft.image(), dtype=_FLOAT)
    height, width, channels = draft.case.shape
    draft.add((1, 2 * height, 2 * width, channels), dtype=_FLOAT)
    rows, row_shares = real_steps(height, 2 * height, False, True)
    columns, column_shares = real_steps(width, 2 * width, False, True)
    attributes = RealBilinearAttributes(rows, columns, row_shares, column_shares)
    return draft.graph((x,), (x,), attributes)


def _select(draft: Draft) -> Graph:
    mask = draft.add(draft.image(), dtype="bool")
    dtype = _FLOAT if draft.case.wide else "int8"
    x, y = draft.add(draft.image(), dtype=dtype), draft.add(draft.image(), dtype=dtype)
    draft.add(draft.image(), dtype=dtype)
    return draft.graph((mask, x, y), (mask, x, y), None)


def _cast(draft: Draft) -> Graph:
    types = ("int8", _FLOAT) if draft.case.same else (_FLOAT, "int8")
    x = draft.add(draft.image(), dtype=types[0])
    draft.add(draft.image(), dtype=types[1])
    return draft.graph((x,), (x,), None)


def _gather(draft: Draft) -> Graph:
    height, width, channels = draft.case.shape
    x = draft.add((height, width, channels))
    indices = draft.add((height,), dtype=_INTEGER)
    draft.add((height, width, channels))
    return draft.graph((x, indices), (x, indices), GatherAttributes(0, 0))


def _gather_nd(draft: Draft) -> Graph:
    height, width, channels = draft.case.shape
    x = draft.add((height, width, channels))
    indices = draft.add((height, 2), dtype=_INTEGER)
    draft.add((height, channels))
    return draft.graph((x, indices), (x, indices), None)


def _block_read(draft: Draft) -> Graph:
    height, width, channels = draft.case.shape
    x = draft.add((height, width, channels))
    begin = draft.add((3,), dtype=_INTEGER)
    draft.add((-(-height // 2), width, -(-channels // 2)))
    return draft.graph((x, begin), (x, begin), None)


def _block_write(draft: Draft) -> Graph:
    height, width, channels = draft.case.shape
    x = draft.add((height, width, channels))
    part = draft.add((-(-height // 2), width, -(-channels // 2)))
    begin = draft.add((3,), dtype=_INTEGER)
    draft.add((height, width, channels))
    return draft.graph((x, part, begin), (x, part, begin), None)


def _cumsum(dtype: str) -> Callable[[Draft], Graph]:
    def make(draft: Draft) -> Graph:
        x = draft.add(draft.image(), dtype=dtype)
        draft.add(draft.image(), 0.2, 3, dtype=dtype)
        axis = 1 if draft.case.same else 3
        return draft.graph((x,), (x,), CumsumAttributes(axis, False, False))

    return make


def _add_n(draft: Draft) -> Graph:
    operands = tuple(draft.add(draft.image()) for _ in range(2 + draft.case.stride))
    draft.add(draft.image(), 0.1, 3)
    return draft.graph(operands, operands, None)


def _log_softmax(draft: Draft) -> Graph:
    x = draft.add(draft.image())
    draft.add(draft.image(), 16 / 256, 127)
    return draft.graph((x,), (x,), SoftmaxAttributes(1.0))


def _detections(draft: Draft) -> Graph:
    """A box for each pixel, a class for each channel; boxes far apart, for few overlaps."""
    height, width, classes = draft.case.shape
    boxes, dtype = height * width, _FLOAT if draft.case.wide else "int8"
    encodings = draft.add((1, boxes, 4), dtype=dtype)
    scores = draft.add((1, boxes, classes + 1), dtype=dtype)
    places = [draft.rng.uniform(0, 9, (boxes, 2)), draft.rng.uniform(0.01, 0.3, (boxes, 2))]
    anchors = draft.constant(np.concatenate(places, axis=1).astype(np.float32))
    rows = 5 * draft.case.stride
    draft.add((6 * rows + 1,), dtype=_FLOAT)
    regular, scales = draft.case.broadcast, (10.0, 10.0, 5.0, 5.0)
    attributes = DetectionAttributes(rows, 1, rows, classes, regular, 1.0, 0.6, scales)
    return draft.graph((encodings, scores), (encodings, scores, anchors), attributes)


def _svdf_features(draft: Draft) -> Graph:
    windows, inputs = draft.case.shape[0], draft.case.shape[2]
    x = draft.add((1, inputs))
    weights = draft.rng.integers(-127, 128, (windows, inputs)).astype(np.int8)
    held = draft.constant(weights, (0.01,))
    draft.add((1, windows), 0.004, 0, dtype="int16")
    return draft.graph((x,), (x, held), None)


def _svdf_push(draft: Draft) -> Graph:
    windows, memory = draft.case.shape[0], draft.case.shape[2]
    dtype = SVDF_STATES[draft.case.stride - 1]
    state = draft.add((1, windows * memory), 0.1, 0, dtype=dtype)
    features = draft.add((1, windows), 0.1, 0, dtype=dtype)
    draft.add((1, windows * memory), 0.1, 0, dtype=dtype)
    return draft.graph((state, features), (state, features), None)


def _svdf_time(draft: Draft) -> Graph:
    units, length = draft.case.shape[0], draft.case.shape[2]
    real = draft.case.kind.endswith("F32")
    dtype = _FLOAT if real else SVDF_STATES[draft.case.same]
    state = draft.add((1, units * length), 0.1, 0, dtype=dtype)
    if real:
        weights = _weights(draft, units, length)
    else:
        drawn = draft.rng.integers(-127, 128, (units, length)).astype(dtype)
        weights = draft.constant(drawn, (0.01,))
    bias = draft.constant(np.arange(units).astype("float32" if real else "int32"))
    draft.add((1, units), 1.0, 3, dtype=_FLOAT if real else "int8")
    return draft.graph((state,), (state, weights, bias), TimeAttributes())


_PARAMETERS: dict[str, Any] = {
    "LEAKY_RELU": LeakyReluAttributes(0.2),
    "GELU": GeluAttributes(False),
}
_SOFTMAX = SoftmaxAttributes(1.0)

MAKERS: dict[str, Callable[[Draft], Graph]] = {
    "CONV_2D_F32": _window,
    "DEPTHWISE_CONV_2D_F32": _window,
    "FULLY_CONNECTED_F32": _fully_connected,
    "BATCH_MATMUL_F32": _batch_matmul,
    "UNIDIRECTIONAL_SEQUENCE_LSTM_F32": _lstm,
    **dict.fromkeys(("AVERAGE_POOL_2D_F32", "MAX_POOL_2D_F32", "L2_POOL_2D_F32"), _pool),
    **{f"{kind}_F32": _pair(_FLOAT, _FLOAT, _NONE) for kind in PAIRS},
    **{f"{kind}_S32": _pair(_INTEGER, _INTEGER, _NONE) for kind in INTEGER_PAIRS},
    **{f"{kind}_F32": _map(_PARAMETERS.get(kind)) for kind in MAPS},
    **dict.fromkeys(COMPARISONS, _compare),
    "DIV": _pair("int8", "int8", _NONE),
    "SELECT_V2": _select,
    "CAST": _cast,
    "PRELU_F32": _prelu,
    **dict.fromkeys(("MEAN_F32", "REDUCE_MAX_F32"), _reduction),
    **{f"{kind}_F32": _map(_SOFTMAX) for kind in ("SOFTMAX", "LOG_SOFTMAX")},
    "L2_NORMALIZATION_F32": _map(_NONE),
    "RESIZE_BILINEAR_F32": _bilinear,
    "GATHER_AT": _gather,
    "GATHER_ND": _gather_nd,
    "SLICE_AT": _block_read,
    "DYNAMIC_UPDATE_SLICE": _block_write,
    "CUMSUM": _cumsum("int8"),
    "CUMSUM_F32": _cumsum(_FLOAT),
    "ADD_N": _add_n,
    "LOG_SOFTMAX": _log_softmax,
    "DETECTION_POSTPROCESS": _detections,
    "SVDF_FEATURES": _svdf_features,
    "SVDF_PUSH": _svdf_push,
    **dict.fromkeys(("SVDF_TIME", "SVDF_TIME_F32"), _svdf_time),
}
