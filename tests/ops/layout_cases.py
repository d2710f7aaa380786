# SPDX-License-Identifier: Apache-2.0
"""Cases of operators that move values: padding, joining, resizing, reshaping."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.ops.build_tflite import NONE, Net
from tests.ops.case import collect

_SCALE, _ZERO_POINT = 0.05, -7


def _pair(net: Net, shape: Sequence[int], out_shape: Sequence[int], zero_point: int) -> list[int]:
    return [net.tensor(s, scale=_SCALE, zero_point=zero_point) for s in (shape, out_shape)]


def pad_model(
    shape: Sequence[int],
    paddings: Sequence[Sequence[int]],
    *,
    value: int | None = None,
    zero_point: int = _ZERO_POINT,
    index_type: str = "int32",
) -> bytes:
    """PAD, or PADV2 where a value is given."""
    net = Net()
    out_shape = [
        before + size + after for size, (before, after) in zip(shape, paddings, strict=True)
    ]
    x, y = _pair(net, shape, out_shape, zero_point)
    operands = [x, net.constant(np.array(paddings, index_type))]
    if value is not None:
        fill = np.array([value], np.int8)
        operands.append(net.constant(fill, scale=_SCALE, zero_point=zero_point))
    net.op("PAD" if value is None else "PADV2", operands, [y])
    return net.build([x], [y])


_IMAGE = (1, 4, 3, 5)
_PADDINGS = {
    "image": ((0, 0), (1, 1), (2, 2), (0, 0)),
    "one_side": ((0, 0), (0, 1), (0, 1), (0, 0)),
    "other_side": ((0, 0), (2, 0), (1, 0), (0, 0)),
    "channels": ((0, 0), (0, 0), (0, 0), (1, 2)),
    "batch": ((1, 2), (0, 0), (0, 0), (0, 0)),
    "everywhere": ((1, 0), (2, 1), (0, 3), (1, 1)),
    "nothing": ((0, 0), (0, 0), (0, 0), (0, 0)),
    "much": ((0, 0), (9, 11), (7, 8), (0, 0)),
}
PAD = collect(
    "PAD",
    [
        *((name, pad_model(_IMAGE, paddings)) for name, paddings in _PADDINGS.items()),
        ("zero_point_low", pad_model(_IMAGE, _PADDINGS["image"], zero_point=-128)),
        ("zero_point_high", pad_model(_IMAGE, _PADDINGS["image"], zero_point=127)),
        ("rank_2", pad_model((3, 4), ((1, 0), (0, 2)))),
        ("rank_1", pad_model((5,), ((2, 3),))),
        ("rank_3", pad_model((2, 3, 4), ((0, 1), (1, 0), (2, 0)))),
        ("int64_paddings", pad_model(_IMAGE, _PADDINGS["image"], index_type="int64")),
    ],
)
PADV2 = collect(
    "PADV2",
    [
        *((name, pad_model(_IMAGE, paddings, value=9)) for name, paddings in _PADDINGS.items()),
        ("value_low", pad_model(_IMAGE, _PADDINGS["everywhere"], value=-128)),
        ("value_high", pad_model(_IMAGE, _PADDINGS["everywhere"], value=127)),
        ("value_is_zero_point", pad_model(_IMAGE, _PADDINGS["image"], value=_ZERO_POINT)),
        ("rank_2", pad_model((3, 4), ((1, 0), (0, 2)), value=-1)),
    ],
)


def concatenation_model(shapes: Sequence[Sequence[int]], axis: int, twice: bool = False) -> bytes:
    """CONCATENATION of operands of one scale; `twice`: the first operand comes again at the end."""
    net = Net()
    operands = [net.tensor(shape, scale=_SCALE, zero_point=_ZERO_POINT) for shape in shapes]
    joined = [*operands, operands[0]] if twice else operands
    joined_shapes = [*shapes, shapes[0]] if twice else shapes
    out_shape = list(shapes[0])
    out_shape[axis] = sum(shape[axis] for shape in joined_shapes)
    y = net.tensor(out_shape, scale=_SCALE, zero_point=_ZERO_POINT)
    net.op("CONCATENATION", joined, [y], Axis=axis, FusedActivationFunction=NONE)
    return net.build(operands, [y])


def _with_axis(axis: int, sizes: Sequence[int]) -> list[list[int]]:
    return [[size if a == axis else n for a, n in enumerate((1, 4, 3, 5))] for size in sizes]


def sliding_model(shape: Sequence[int], new: int, dtype: str = "int8") -> bytes:
    """Rows without the first ones, and as many new ones behind them."""
    net = Net()
    about = {"scale": _SCALE, "zero_point": _ZERO_POINT if dtype == "int8" else 0, "dtype": dtype}
    height, *rest = shape
    held, out = (net.tensor((1, *shape), **about) for _ in range(2))
    fresh = net.tensor((1, new, *rest), **about)
    kept = net.tensor((1, height - new, *rest), **about)
    edges = [[0] * 4, [0] * 4, [1] * 4]
    edges[0][1] = new
    edges[1] = [1, *shape]
    net.op("STRIDED_SLICE", [held, *(net.constant(np.array(e, np.int32)) for e in edges)], [kept])
    net.op("CONCATENATION", [kept, fresh], [out], Axis=1, FusedActivationFunction=NONE)
    return net.build([held, fresh], [out])


CONCATENATION = collect(
    "CONCATENATION",
    [
        ("sliding", sliding_model((5, 3, 4), 1)),
        ("sliding_odd", sliding_model((4, 3, 3), 3)),
        ("sliding_int16", sliding_model((6, 1, 5), 2, "int16")),
        *((f"axis_{a}", concatenation_model(_with_axis(a, (2, 1, 6)), a)) for a in range(4)),
        ("axis_minus_1", concatenation_model(_with_axis(3, (2, 3)), -1)),
        ("axis_minus_3", concatenation_model(_with_axis(1, (2, 3)), -3)),
        ("one_operand", concatenation_model([(1, 4, 3, 5)], 3)),
        ("ten_operands", concatenation_model(_with_axis(3, range(1, 11)), 3)),
        ("same_operand_twice", concatenation_model(_with_axis(3, (2, 3)), 3, twice=True)),
        ("rank_1", concatenation_model([(4,), (3,)], 0)),
        ("rank_2", concatenation_model([(2, 4), (2, 3)], 1)),
    ],
)


def resize_model(
    kind: str,
    size: tuple[int, int],
    out_size: tuple[int, int],
    align_corners: bool,
    half_pixel: bool,
) -> bytes:
    """RESIZE_NEAREST_NEIGHBOR or RESIZE_BILINEAR."""
    net = Net()
    x, y = _pair(net, (1, *size, 3), (1, *out_size, 3), _ZERO_POINT)
    net.op(
        kind,
        [x, net.constant(np.array(out_size, np.int32))],
        [y],
        AlignCorners=align_corners,
        HalfPixelCenters=half_pixel,
    )
    return net.build([x], [y])


_FLAGS = {
    "floor": (False, False),
    "align_corners": (True, False),
    "half_pixel": (False, True),
    "both": (True, True),
}
_SIZES = [
    ((4, 3), (8, 6)),
    ((4, 3), (13, 5)),
    ((9, 8), (4, 3)),
    ((5, 7), (1, 1)),
    ((1, 1), (4, 3)),
    ((6, 6), (6, 6)),
    ((10, 3), (7, 31)),
]


def _resizes(kind: str, flags: Sequence[str]) -> list[tuple[str, bytes]]:
    return [
        (f"{flag}_{a}x{b}_to_{c}x{d}", resize_model(kind, (a, b), (c, d), *_FLAGS[flag]))
        for flag in flags
        for (a, b), (c, d) in _SIZES
    ]


RESIZE_NEAREST_NEIGHBOR = collect(
    "RESIZE_NEAREST_NEIGHBOR", _resizes("RESIZE_NEAREST_NEIGHBOR", list(_FLAGS))
)
# TensorFlow Lite refuses corners and half pixels at once.
RESIZE_BILINEAR = collect(
    "RESIZE_BILINEAR", _resizes("RESIZE_BILINEAR", ("floor", "align_corners", "half_pixel"))
)


def view_model(
    kind: str, shape: Sequence[int], out_shape: Sequence[int], operand: Sequence[int] | None
) -> bytes:
    """RESHAPE, SQUEEZE or EXPAND_DIMS, between two ADDs so that there is something to compile.

    Args:
        kind: the operator.
        shape: of its input.
        out_shape: of its output.
        operand: the constant second operand, if it has one.
    """
    net = Net()
    x, y = (net.tensor(shape, scale=_SCALE, zero_point=_ZERO_POINT) for _ in range(2))
    a, b = (net.tensor(out_shape, scale=_SCALE, zero_point=_ZERO_POINT) for _ in range(2))
    net.op("ADD", [x, x], [y], FusedActivationFunction=NONE)
    options = {"SqueezeDims": [1]} if kind == "SQUEEZE" else {}
    if kind == "RESHAPE":
        options = {"NewShape": list(out_shape)}
    operands = [y]
    if operand is not None:
        operands.append(net.constant(np.array(operand, np.int32)))
    net.op(kind, operands, [a], **options)
    net.op("ADD", [a, a], [b], FusedActivationFunction=NONE)
    return net.build([x], [b])


RESHAPE = collect(
    "RESHAPE",
    [
        ("flatten", view_model("RESHAPE", (1, 4, 3, 5), (1, 60), (1, 60))),
        ("flatten_minus_1", view_model("RESHAPE", (1, 4, 3, 5), (1, 60), (1, -1))),
        ("to_image", view_model("RESHAPE", (1, 60), (1, 4, 3, 5), (1, 4, 3, 5))),
        ("image_to_image", view_model("RESHAPE", (1, 4, 3, 5), (1, 10, 2, 3), (1, 10, 2, 3))),
        ("shape_in_options", view_model("RESHAPE", (1, 4, 3, 5), (1, 60), None)),
        ("rank_1", view_model("RESHAPE", (1, 4, 3, 5), (60,), (60,))),
    ],
)
SQUEEZE = collect("SQUEEZE", [("axis_1", view_model("SQUEEZE", (1, 1, 3, 5), (1, 3, 5), None))])
EXPAND_DIMS = collect(
    "EXPAND_DIMS",
    [
        ("axis_0", view_model("EXPAND_DIMS", (4, 3, 5), (1, 4, 3, 5), (0,))),
        ("axis_last", view_model("EXPAND_DIMS", (1, 4, 3), (1, 4, 3, 1), (-1,))),
    ],
)


def open_batch_model() -> bytes:
    """A RESHAPE whose shape comes from SHAPE, STRIDED_SLICE and PACK over a dynamic batch."""
    net = Net()
    image, flat = (1, 4, 3, 5), (1, 60)
    x, y = (
        net.tensor(image, scale=_SCALE, zero_point=_ZERO_POINT, signature=(-1, 4, 3, 5))
        for _ in range(2)
    )
    net.op("ADD", [x, x], [y], FusedActivationFunction=NONE)
    shape = net.tensor((4,), dtype="int32", scale=None)
    net.op("SHAPE", [y], [shape], OutType=2)
    batch = net.tensor((), dtype="int32", scale=None)
    begin, end, step = (net.constant(np.array([v], np.int32)) for v in (0, 1, 1))
    net.op("STRIDED_SLICE", [shape, begin, end, step], [batch], ShrinkAxisMask=1)
    packed = net.tensor((2,), dtype="int32", scale=None)
    rest = net.constant(np.array(60, np.int32))
    net.op("PACK", [batch, rest], [packed], ValuesCount=2, Axis=0)
    a, b = (
        net.tensor(flat, scale=_SCALE, zero_point=_ZERO_POINT, signature=(-1, 60)) for _ in range(2)
    )
    net.op("RESHAPE", [y, packed], [a])
    net.op("ADD", [a, a], [b], FusedActivationFunction=NONE)
    return net.build([x], [b])


OPEN_BATCH = collect("RESHAPE", [("open_batch", open_batch_model())])
