# SPDX-License-Identifier: Apache-2.0
"""Cases of comparisons, choices and logic on tensors, and of CAST."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.ops.build_tflite import Net
from tests.ops.case import Case

_IMAGE = (1, 5, 4, 3)
_SHAPES = {
    "same": (_IMAGE, _IMAGE),
    "channels_second": (_IMAGE, (1, 1, 1, 3)),
    "channels_first": ((3,), _IMAGE),
    "map_second": (_IMAGE, (1, 5, 4, 1)),
}
_COMPARISONS = ("EQUAL", "NOT_EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL")


def _scaled(net: Net, shape: Sequence[int], dtype: str, scale: float, zero_point: int) -> int:
    if dtype == "int8":
        return net.tensor(shape, scale=scale, zero_point=zero_point)
    return net.tensor(shape, scale=None, dtype=dtype)


def compare_model(
    kind: str,
    shapes: Sequence[Sequence[int]],
    dtype: str = "int8",
    scales: tuple[float, float] = (0.0002, 0.00026),
    zero_points: tuple[int, int] = (3, -9),
) -> bytes:
    """A comparison of two inputs, which are brought to few values, so that many are equal."""
    net = Net()
    operands = [
        _scaled(net, shape, dtype, scale, zero_point)
        for shape, scale, zero_point in zip(shapes, scales, zero_points, strict=True)
    ]
    compared = operands
    if dtype == "float32":
        compared = [net.tensor(shape, scale=None, dtype=dtype) for shape in shapes]
        for real, whole in zip(operands, compared, strict=True):
            net.op("FLOOR", [real], [whole])
    y = net.tensor(np.broadcast_shapes(*map(tuple, shapes)), scale=None, dtype="bool")
    net.op(kind, compared, [y])
    return net.build(operands, [y])


def _comparisons() -> list[tuple[str, str, bytes]]:
    found = []
    for kind in _COMPARISONS:
        for name, shapes in _SHAPES.items():
            found.append((kind, f"tensors_{name}", compare_model(kind, shapes)))
        same = compare_model(kind, _SHAPES["same"], scales=(0.05, 0.05), zero_points=(3, 3))
        found.append((kind, "tensors_one_scale", same))
        types = ("int32", "int64", "float32", *(("bool",) if kind in _COMPARISONS[:2] else ()))
        for dtype in types:
            found.append((kind, f"tensors_{dtype}", compare_model(kind, _SHAPES["same"], dtype)))
    found.append(
        ("LESS", "first_repeats", compare_model("LESS", _SHAPES["channels_first"], "int32"))
    )
    return found


def select_model(
    kind: str, shapes: Sequence[Sequence[int]], dtype: str = "int8", constant: float | None = None
) -> bytes:
    """A choice between two inputs, or an input and a constant."""
    net = Net()
    mask = net.tensor(shapes[0], scale=None, dtype="bool")
    first = _scaled(net, shapes[1], dtype, 0.05, -7)
    if constant is None:
        second = _scaled(net, shapes[2], dtype, 0.05, -7)
    else:
        values = np.full(shapes[2], constant, dtype)
        more = {"scale": 0.05, "zero_point": -7} if dtype == "int8" else {}
        second = net.constant(values, **more)
    made = np.broadcast_shapes(*map(tuple, shapes[kind == "SELECT" :]))
    y = _scaled(net, made, dtype, 0.05, -7)
    net.op(kind, [mask, first, second], [y])
    return net.build([mask, first, *([second] if constant is None else [])], [y])


def _choices() -> list[tuple[str, str, bytes]]:
    pixels, channels, one = (1, 5, 4, 1), (1, 1, 1, 3), (1,)
    return [
        ("SELECT_V2", "tensors", select_model("SELECT_V2", [_IMAGE] * 3)),
        ("SELECT_V2", "mask_of_pixels", select_model("SELECT_V2", [pixels, _IMAGE, _IMAGE])),
        ("SELECT_V2", "channels", select_model("SELECT_V2", [_IMAGE, channels, _IMAGE])),
        ("SELECT_V2", "constant", select_model("SELECT_V2", [_IMAGE, _IMAGE, one], constant=5)),
        ("SELECT_V2", "one_first", select_model("SELECT_V2", [_IMAGE, one, _IMAGE])),
        ("SELECT_V2", "one_each", select_model("SELECT_V2", [_IMAGE, one, one])),
        ("SELECT_V2", "float32", select_model("SELECT_V2", [_IMAGE] * 3, "float32")),
        (
            "SELECT_V2",
            "infinity",
            select_model("SELECT_V2", [_IMAGE, _IMAGE, one], "float32", constant=-np.inf),
        ),
        ("SELECT", "tensors", select_model("SELECT", [_IMAGE] * 3)),
        ("SELECT", "rows", select_model("SELECT", [(6,), (6, 3), (6, 3)])),
        ("SELECT", "int32", select_model("SELECT", [_IMAGE] * 3, "int32")),
    ]


def logic_model(kind: str, shapes: Sequence[Sequence[int]]) -> bytes:
    net = Net()
    operands = [net.tensor(shape, scale=None, dtype="bool") for shape in shapes]
    y = net.tensor(np.broadcast_shapes(*map(tuple, shapes)), scale=None, dtype="bool")
    net.op(kind, operands, [y])
    return net.build(operands, [y])


def reduced_mask_model(kind: str, axes: Sequence[int], shape: Sequence[int]) -> bytes:
    net = Net()
    x = net.tensor(shape, scale=None, dtype="bool")
    kept = [size for axis, size in enumerate(shape) if axis not in axes]
    y = net.tensor(kept, scale=None, dtype="bool")
    net.op(kind, [x, net.constant(np.array(axes, np.int32))], [y], KeepDims=False)
    return net.build([x], [y])


def _logic() -> list[tuple[str, str, bytes]]:
    found = [
        (kind, name, logic_model(kind, shapes))
        for kind in ("LOGICAL_AND", "LOGICAL_OR")
        for name, shapes in _SHAPES.items()
    ]
    found.append(("LOGICAL_NOT", "image", logic_model("LOGICAL_NOT", [_IMAGE])))
    for kind in ("REDUCE_ANY", "REDUCE_ALL"):
        found.append((kind, "rows", reduced_mask_model(kind, (1,), (6, 2))))
        found.append((kind, "apart", reduced_mask_model(kind, (0, 2), (2, 5, 1))))
    return found


def cast_model(source: str, target: str, shape: Sequence[int] = (1, 16, 16, 1)) -> bytes:
    net = Net()
    x = net.tensor(shape, scale=None, dtype=source)
    y = net.tensor(shape, scale=None, dtype=target)
    net.op("CAST", [x], [y])
    return net.build([x], [y])


_TYPES = ("int8", "uint8", "bool", "int16", "int32", "int64", "float32")


def _casts() -> list[tuple[str, str, bytes]]:
    return [
        ("CAST", f"{source}_to_{target}", cast_model(source, target))
        for source in _TYPES
        for target in _TYPES
        if source != target
    ]


_FOUND: list[tuple[str, str, Any]] = [*_comparisons(), *_choices(), *_logic(), *_casts()]
MASKS: dict[str, tuple[Case, ...]] = {
    kind: tuple(Case(kind, name, model) for k, name, model in _FOUND if k == kind)
    for kind in dict.fromkeys(kind for kind, _, _ in _FOUND)
}
