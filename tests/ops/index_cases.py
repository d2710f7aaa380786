# SPDX-License-Identifier: Apache-2.0
"""Cases of operators whose indices are computed, of operators on int32, of sums and quotients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.ops.build_tflite import NONE, RELU, Net
from tests.ops.case import Case

_IMAGE = (1, 5, 4, 3)
_SCALE, _ZERO_POINT = 0.05, -7


def _tensor(net: Net, shape: Sequence[int], dtype: str, data: np.ndarray | None = None) -> int:
    scale = _SCALE if dtype == "int8" else None
    return net.tensor(shape, scale=scale, zero_point=_ZERO_POINT, dtype=dtype, data=data)


def _within(net: Net, shape: Sequence[int], limits: Sequence[int]) -> tuple[int, int]:
    """An input of int32, and indices below the limits along the last axis that follow from it."""
    x = net.tensor(shape, scale=None, dtype="int32")
    indices = net.tensor(shape, scale=None, dtype="int32")
    low = net.tensor(shape, scale=None, dtype="int32")
    net.op("MAXIMUM", [x, net.constant(np.zeros(1, np.int32))], [low])
    most = np.array(limits, np.int32) - 1
    net.op("MINIMUM", [low, net.constant(most)], [indices])
    return x, indices


def gather_at_model(
    shape: Sequence[int], indices: Sequence[int], axis: int, batches: int = 0, dtype: str = "int8"
) -> bytes:
    net = Net()
    data = _tensor(net, shape, dtype)
    x, place = _within(net, indices, [shape[axis]])
    made = (*shape[:axis], *indices[batches:], *shape[axis + 1 :])
    y = _tensor(net, made, dtype)
    net.op("GATHER", [data, place], [y], Axis=axis, BatchDims=batches)
    return net.build([data, x], [y])


def gather_nd_model(shape: Sequence[int], indices: Sequence[int], dtype: str = "int8") -> bytes:
    net = Net()
    data = _tensor(net, shape, dtype)
    x, place = _within(net, indices, shape[: indices[-1]])
    y = _tensor(net, (*indices[:-1], *shape[indices[-1] :]), dtype)
    net.op("GATHER_ND", [data, place], [y])
    return net.build([data, x], [y])


def embedding_model(rows: int, width: int, lookups: int, types: tuple[str, str]) -> bytes:
    net = Net()
    drawn = np.random.default_rng(0).integers(-128, 128, (rows, width)).astype(types[0])
    if types[0] == "int8":
        table = net.tensor(drawn.shape, scale=_SCALE, zero_point=0, data=drawn)
    else:
        table = net.constant(drawn)
    x, place = _within(net, (lookups,), [rows])
    scale = _SCALE if types[1] == "int8" else None
    y = net.tensor((lookups, width), scale=scale, zero_point=0, dtype=types[1])
    net.op("EMBEDDING_LOOKUP", [place, table], [y])
    return net.build([x], [y])


def slice_at_model(shape: Sequence[int], size: Sequence[int], dtype: str = "int8") -> bytes:
    net = Net()
    data = _tensor(net, shape, dtype)
    free = [whole - part + 1 for whole, part in zip(shape, size, strict=True)]
    x, begin = _within(net, (len(shape),), free)
    y = _tensor(net, size, dtype)
    net.op("SLICE", [data, begin, net.constant(np.array(size, np.int32))], [y])
    return net.build([data, x], [y])


def update_model(
    shape: Sequence[int], size: Sequence[int], dtype: str = "int8", within: bool = True
) -> bytes:
    net = Net()
    data, part = _tensor(net, shape, dtype), _tensor(net, size, dtype)
    if within:
        free = [whole - own + 1 for whole, own in zip(shape, size, strict=True)]
        x, begin = _within(net, (len(shape),), free)
    else:
        x = begin = net.tensor((len(shape),), scale=None, dtype="int32")
    y = _tensor(net, shape, dtype)
    net.op("DYNAMIC_UPDATE_SLICE", [data, part, begin], [y])
    return net.build([data, part, x], [y])


def integer_model(kind: str, shapes: Sequence[Sequence[int]], activation: int = NONE) -> bytes:
    net = Net()
    operands = [net.tensor(shape, scale=None, dtype="int32") for shape in shapes]
    y = net.tensor(np.broadcast_shapes(*map(tuple, shapes)), scale=None, dtype="int32")
    fused = kind in ("ADD", "SUB", "MUL", "DIV")
    options = {"FusedActivationFunction": activation} if fused else {}
    net.op(kind, operands, [y], **options)
    return net.build(operands, [y])


def divided_model(
    shapes: Sequence[Sequence[int]], activation: int = NONE, scale: float = 0.009
) -> bytes:
    """A quotient whose divisor is kept above zero."""
    net = Net()
    first = net.tensor(shapes[0], scale=0.05, zero_point=3)
    second = net.tensor(shapes[1], scale=0.07, zero_point=-100)
    positive = net.tensor(shapes[1], scale=0.07, zero_point=-100)
    least = net.constant(np.array([-90], np.int8), scale=0.07, zero_point=-100)
    net.op("MAXIMUM", [second, least], [positive])
    made = np.broadcast_shapes(*map(tuple, shapes))
    y = net.tensor(made, scale=scale, zero_point=-20)
    net.op("DIV", [first, positive], [y], FusedActivationFunction=activation)
    return net.build([first, second], [y])


def divided_by_constant_model(divisors: Sequence[int], shape: Sequence[int] = _IMAGE) -> bytes:
    net = Net()
    x = net.tensor(shape, scale=0.05, zero_point=3)
    values = np.array(divisors, np.int8)
    divisor = net.constant(values, scale=0.07, zero_point=0)
    y = net.tensor(shape, scale=0.009, zero_point=-2)
    net.op("DIV", [x, divisor], [y], FusedActivationFunction=NONE)
    return net.build([x], [y])


def add_n_model(count: int, dtype: str = "int8", out: tuple[float, int] = (0.11, 4)) -> bytes:
    net = Net()
    operands = [_tensor(net, _IMAGE, dtype) for _ in range(count)]
    if dtype == "int8":
        y = net.tensor(_IMAGE, scale=out[0], zero_point=out[1])
    else:
        y = net.tensor(_IMAGE, scale=None, dtype=dtype)
    net.op("ADD_N", operands, [y])
    return net.build(operands, [y])


def cumsum_model(
    axis: int, dtype: str = "int8", exclusive: bool = False, reverse: bool = False
) -> bytes:
    net = Net()
    x = _tensor(net, _IMAGE, dtype)
    if dtype == "int8":
        y = net.tensor(_IMAGE, scale=0.2, zero_point=9)
    else:
        y = net.tensor(_IMAGE, scale=None, dtype=dtype)
    operand = net.constant(np.array([axis], np.int32))
    net.op("CUMSUM", [x, operand], [y], Exclusive=exclusive, Reverse=reverse)
    return net.build([x], [y])


def log_softmax_model(shape: Sequence[int], scale: float, zero_point: int) -> bytes:
    net = Net()
    x = net.tensor(shape, scale=scale, zero_point=zero_point)
    y = net.tensor(shape, scale=16 / 256, zero_point=127)
    net.op("LOG_SOFTMAX", [x], [y])
    return net.build([x], [y])


def fill_model(shape: Sequence[int], dtype: str) -> bytes:
    net = Net()
    x = _tensor(net, (), dtype)
    y = _tensor(net, shape, dtype)
    net.op("FILL", [net.constant(np.array(shape, np.int32)), x], [y])
    return net.build([x], [y])


def zeros_like_model(dtype: str) -> bytes:
    """An input that zeros of its shape are joined to."""
    net = Net()
    x = _tensor(net, _IMAGE, dtype)
    zeros, y = _tensor(net, _IMAGE, dtype), _tensor(net, (1, 5, 4, 6), dtype)
    net.op("ZEROS_LIKE", [x], [zeros])
    net.op("CONCATENATION", [x, zeros], [y], Axis=3, FusedActivationFunction=NONE)
    return net.build([x], [y])


def reduce_min_model(axes: Sequence[int], shape: Sequence[int] = _IMAGE) -> bytes:
    net = Net()
    x = _tensor(net, shape, "int8")
    kept = [size for axis, size in enumerate(shape) if axis not in axes]
    y = _tensor(net, kept, "int8")
    net.op("REDUCE_MIN", [x, net.constant(np.array(axes, np.int32))], [y], KeepDims=False)
    return net.build([x], [y])


def batch_space_model(
    kind: str,
    shape: Sequence[int],
    blocks: Sequence[int],
    edges: Sequence[Sequence[int]],
    dtype: str = "int8",
) -> bytes:
    net = Net()
    times = int(np.prod(blocks))
    sides = list(shape[1 : 1 + len(blocks)])
    if kind == "SPACE_TO_BATCH_ND":
        made = [(n + sum(e)) // b for n, b, e in zip(sides, blocks, edges, strict=True)]
        batch = shape[0] * times
    else:
        made = [n * b - sum(e) for n, b, e in zip(sides, blocks, edges, strict=True)]
        batch = shape[0] // times
    x = _tensor(net, shape, dtype)
    y = _tensor(net, (batch, *made, *shape[1 + len(blocks) :]), dtype)
    operands = [net.constant(np.array(v, np.int32)) for v in (blocks, edges)]
    net.op(kind, [x, *operands], [y])
    return net.build([x], [y])


def _batch_spaces() -> list[tuple[str, str, Any]]:
    none = ((0, 0), (0, 0))
    deal, collect_ = "SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND"
    return [
        (deal, "alone", batch_space_model(deal, (1, 4, 6, 3), (2, 3), none)),
        (deal, "alone_padded", batch_space_model(deal, (1, 5, 4, 3), (2, 2), ((0, 1), (1, 1)))),
        (deal, "alone_rank_3", batch_space_model(deal, (2, 6, 5), (3,), ((0, 0),))),
        (deal, "float32", batch_space_model(deal, (1, 4, 6, 3), (2, 3), none, "float32")),
        (collect_, "alone", batch_space_model(collect_, (6, 2, 2, 3), (2, 3), none)),
        (
            collect_,
            "alone_cropped",
            batch_space_model(collect_, (4, 3, 3, 2), (2, 2), ((1, 0), (0, 2))),
        ),
        (collect_, "alone_rank_3", batch_space_model(collect_, (6, 2, 5), (3,), ((0, 0),))),
        (collect_, "float32", batch_space_model(collect_, (6, 2, 2, 3), (2, 3), none, "float32")),
    ]


_PAIRS = ("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "FLOOR_DIV", "FLOOR_MOD", "DIV")
_FOUND: list[tuple[str, str, Any]] = [
    ("GATHER", "computed", gather_at_model((1, 9, 5), (4,), 1)),
    ("GATHER", "computed_rows", gather_at_model((6, 5), (2, 3), 0)),
    ("GATHER", "computed_channels", gather_at_model((1, 9, 5), (3,), 2)),
    ("GATHER", "computed_float32", gather_at_model((1, 9, 5), (4,), 1, dtype="float32")),
    ("GATHER", "batches", gather_at_model((3, 7, 2), (3, 4), 1, batches=1)),
    ("GATHER_ND", "pixels", gather_nd_model((5, 4, 3), (6, 2))),
    ("GATHER_ND", "rows", gather_nd_model((5, 4, 3), (2, 3, 1))),
    ("GATHER_ND", "values", gather_nd_model((5, 4, 3), (7, 3), "float32")),
    ("EMBEDDING_LOOKUP", "int8", embedding_model(9, 5, 4, ("int8", "int8"))),
    ("EMBEDDING_LOOKUP", "hybrid", embedding_model(9, 5, 4, ("int8", "float32"))),
    ("EMBEDDING_LOOKUP", "float32", embedding_model(9, 5, 4, ("float32", "float32"))),
    ("SLICE", "computed", slice_at_model(_IMAGE, (1, 3, 2, 2))),
    ("SLICE", "computed_float32", slice_at_model((7, 4), (2, 3), "float32")),
    ("SLICE", "computed_int32", slice_at_model((9,), (4,), "int32")),
    ("DYNAMIC_UPDATE_SLICE", "image", update_model(_IMAGE, (1, 2, 3, 2))),
    ("DYNAMIC_UPDATE_SLICE", "beyond", update_model((6, 5), (2, 5), within=False)),
    ("DYNAMIC_UPDATE_SLICE", "float32", update_model((6, 5), (2, 3), "float32")),
    *((kind, "int32", integer_model(kind, (_IMAGE, _IMAGE))) for kind in _PAIRS),
    ("SQUARED_DIFFERENCE", "int32", integer_model("SQUARED_DIFFERENCE", (_IMAGE, _IMAGE))),
    ("SUB", "int32_first_repeats", integer_model("SUB", ((3,), _IMAGE))),
    ("ADD", "int32_relu", integer_model("ADD", (_IMAGE, (1, 5, 4, 1)), RELU)),
    ("DIV", "tensors", divided_model((_IMAGE, _IMAGE))),
    ("DIV", "channels", divided_model((_IMAGE, (1, 1, 1, 3)))),
    ("DIV", "first_repeats", divided_model(((3,), _IMAGE))),
    ("DIV", "map", divided_model((_IMAGE, (1, 5, 4, 1)))),
    ("DIV", "relu", divided_model((_IMAGE, _IMAGE), RELU)),
    ("DIV", "finer", divided_model((_IMAGE, _IMAGE), scale=0.002)),
    ("DIV", "by_one_constant", divided_by_constant_model([77], (1, 16, 16, 1))),
    ("DIV", "by_constants", divided_by_constant_model([-128, 1, 99])),
    *(("ADD_N", f"of_{count}", add_n_model(count)) for count in (2, 3, 5)),
    ("ADD_N", "saturating", add_n_model(4, out=(0.01, 0))),
    ("ADD_N", "float32", add_n_model(3, "float32")),
    *(("CUMSUM", f"axis_{axis}", cumsum_model(axis)) for axis in (1, 2, -1)),
    ("CUMSUM", "exclusive", cumsum_model(2, exclusive=True)),
    ("CUMSUM", "reverse", cumsum_model(2, reverse=True)),
    ("CUMSUM", "both", cumsum_model(3, exclusive=True, reverse=True)),
    ("CUMSUM", "float32", cumsum_model(1, "float32", reverse=True)),
    *(("LOG_SOFTMAX", f"depth_{d}", log_softmax_model((1, d), 0.1, 3)) for d in (2, 3, 12, 100)),
    *(("LOG_SOFTMAX", f"scale_{s}", log_softmax_model((6, 40), s, -5)) for s in (0.01, 0.03, 0.5)),
    ("LOG_SOFTMAX", "pixels", log_softmax_model((1, 5, 4, 7), 0.15, 1)),
    ("FILL", "int8", fill_model((2, 3), "int8")),
    ("FILL", "float32", fill_model((1, 2, 3, 2), "float32")),
    ("ZEROS_LIKE", "int8", zeros_like_model("int8")),
    ("ZEROS_LIKE", "float32", zeros_like_model("float32")),
    ("REDUCE_MIN", "rows", reduce_min_model((1, 2))),
    ("REDUCE_MIN", "channels", reduce_min_model((3,))),
    ("REDUCE_MIN", "apart", reduce_min_model((1, 3))),
    *_batch_spaces(),
]
INDICES: dict[str, tuple[Case, ...]] = {
    kind: tuple(Case(kind, name, model) for k, name, model in _FOUND if k == kind)
    for kind in dict.fromkeys(kind for kind, _, _ in _FOUND)
}
NAMES = {kind: {case.name for case in cases} for kind, cases in INDICES.items()}
