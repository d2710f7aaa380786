# SPDX-License-Identifier: Apache-2.0
"""Cases of operators that compute values without weights: sums, products, pools, curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.ops.build_tflite import NONE, RELU, RELU6, RELU_N1_TO_1, SAME, VALID, Net
from tests.ops.case import collect

Quantised = tuple[float, int]  # scale and zero point


def elementwise_model(
    kind: str,
    shapes: tuple[Sequence[int], Sequence[int]],
    first: Quantised = (0.04, 3),
    second: Quantised = (0.07, -9),
    out: Quantised = (0.08, 5),
    *,
    activation: int = NONE,
    constant: int | None = None,
    same_twice: bool = False,
) -> bytes:
    """An operator on two tensors; operand number `constant` is a constant, if any."""
    rng = np.random.default_rng(0)
    net = Net()
    operands = []
    for position, (shape, (scale, zero_point)) in enumerate(
        zip(shapes, (first, second), strict=True)
    ):
        data = rng.integers(-128, 128, shape).astype(np.int8) if position == constant else None
        operands.append(net.tensor(shape, scale=scale, zero_point=zero_point, data=data))
    inputs = [t for position, t in enumerate(operands) if position != constant]
    if same_twice:
        operands, inputs = [operands[0]] * 2, operands[:1]
    out_shape = np.broadcast_shapes(*map(tuple, shapes))
    y = net.tensor(out_shape, scale=out[0], zero_point=out[1])
    options = {"FusedActivationFunction": activation} if kind in _RANGES else {}
    net.op(kind, operands, [y], **options)
    return net.build(inputs, [y])


_IMAGE = (1, 5, 4, 3)
_SHAPES: dict[str, tuple[Sequence[int], Sequence[int]]] = {
    "same_shape": (_IMAGE, _IMAGE),
    "rank_2": ((1, 256), (1, 256)),
    "rank_1": ((300,), (300,)),
    "channels_second": (_IMAGE, (1, 1, 1, 3)),
    "channels_first": ((1, 1, 1, 3), _IMAGE),
    "channels_rank_1": (_IMAGE, (3,)),
    "scalar_second": (_IMAGE, (1, 1, 1, 1)),
    "scalar_first": ((1,), _IMAGE),
    "rows_second": (_IMAGE, (1, 1, 4, 3)),
    "one_pixel": ((1, 1, 1, 7), (1, 1, 1, 7)),
    "odd_count": ((1, 3, 3, 1), (1, 3, 3, 1)),
    "map_second": (_IMAGE, (1, 5, 4, 1)),
    "columns_first": ((1, 5, 1, 3), _IMAGE),
    "both_repeat": ((1, 5, 1, 3), (1, 1, 4, 1)),
}
_RANGES: dict[str, dict[str, tuple[Quantised, Quantised, Quantised]]] = {
    "ADD": {
        "zero_points_low": ((0.05, -128), (0.03, -128), (0.09, -128)),
        "zero_points_high": ((0.05, 127), (0.03, 127), (0.09, 127)),
        "zero_points_apart": ((0.05, -128), (0.03, 127), (0.09, 0)),
        "scales_apart": ((3.0, 5), (0.0007, -2), (2.5, 1)),
        "scales_apart_other": ((0.0007, -2), (3.0, 5), (2.5, 1)),
        "scales_equal": ((0.05, 1), (0.05, 2), (0.05, 3)),
        "saturating": ((0.9, 1), (0.9, 2), (0.01, 3)),
        "vanishing": ((0.001, 1), (0.001, 2), (4.0, 3)),
    },
    "MUL": {
        "zero_points_low": ((0.05, -128), (0.03, -128), (0.5, -128)),
        "zero_points_high": ((0.05, 127), (0.03, 127), (0.5, -100)),
        "zero_points_apart": ((0.05, -128), (0.03, 127), (0.5, 127)),
        "scales_apart": ((3.0, 5), (0.0007, -2), (0.3, 1)),
        "scales_equal": ((0.05, 1), (0.05, 2), (0.05, 3)),
        "multiplier_above_one": ((0.9, 100), (0.9, -100), (0.5, 3)),
        "saturating": ((0.9, 1), (0.9, 2), (0.01, 3)),
        "vanishing": ((0.001, 1), (0.001, 2), (4.0, 3)),
    },
}
# ADD has a linear form with these: no ties, as scales of trained networks have none.
_OTHER_SCALES = ((0.0513, -5), (0.0297, 7), (0.0641, 2))
_RANGES["SUB"] = _RANGES["ADD"]
_ACTIVATIONS = {"relu": RELU, "relu6": RELU6, "relu_n1_to_1": RELU_N1_TO_1}


def _elementwise(kind: str) -> list[tuple[str, bytes]]:
    wide = ((1, 8, 8, 4), (1, 8, 8, 4))
    return [
        *((name, elementwise_model(kind, shapes)) for name, shapes in _SHAPES.items()),
        *((name, elementwise_model(kind, wide, *q)) for name, q in _RANGES[kind].items()),
        *(
            (f"{name}_other_scales", elementwise_model(kind, _SHAPES[name], *_OTHER_SCALES))
            for name in ("channels_second", "channels_first")
        ),
        *(
            (name, elementwise_model(kind, wide, activation=code))
            for name, code in _ACTIVATIONS.items()
        ),
        (
            "channels_second_relu",
            elementwise_model(kind, _SHAPES["channels_second"], activation=RELU),
        ),
        ("constant_channels", elementwise_model(kind, (_IMAGE, (1, 1, 1, 3)), constant=1)),
        ("constant_scalar", elementwise_model(kind, (wide[0], (1,)), constant=1)),
        ("constant_scalar_first", elementwise_model(kind, ((1,), _IMAGE), constant=0)),
        ("constant_map", elementwise_model(kind, (_IMAGE, (1, 5, 4, 1)), constant=1)),
        ("constant_same_shape", elementwise_model(kind, (_IMAGE, _IMAGE), constant=1)),
        ("same_twice", elementwise_model(kind, (_IMAGE, _IMAGE), same_twice=True)),
    ]


ADD = collect("ADD", _elementwise("ADD"))
SUB = collect("SUB", _elementwise("SUB"))
MUL = collect("MUL", _elementwise("MUL"))


def _extrema(kind: str) -> list[tuple[str, bytes]]:
    edges = ((0.05, -7),) * 3
    constants = {"channels": (1, 1, 1, 3), "scalar": (1,), "same_shape": _IMAGE}
    return [
        *((name, elementwise_model(kind, shapes, *edges)) for name, shapes in _SHAPES.items()),
        *(
            (f"constant_{name}", elementwise_model(kind, (_IMAGE, shape), *edges, constant=1))
            for name, shape in constants.items()
        ),
    ]


SQUARED_DIFFERENCE = collect(
    "SQUARED_DIFFERENCE",
    [
        *((name, elementwise_model("SQUARED_DIFFERENCE", s)) for name, s in _SHAPES.items()),
        *(
            (name, elementwise_model("SQUARED_DIFFERENCE", ((1, 8, 8, 4),) * 2, *q))
            for name, q in _RANGES["MUL"].items()
        ),
        (
            "constant_channels",
            elementwise_model("SQUARED_DIFFERENCE", (_IMAGE, (1, 1, 1, 3)), constant=1),
        ),
        (
            "constant_scalar",
            elementwise_model("SQUARED_DIFFERENCE", (_IMAGE, (1,)), constant=1),
        ),
    ],
)
MAXIMUM = collect("MAXIMUM", _extrema("MAXIMUM"))
MINIMUM = collect("MINIMUM", _extrema("MINIMUM"))

_WIDE = (1, 8, 8, 4)
PRELU = collect(
    "PRELU",
    [
        ("channels", elementwise_model("PRELU", (_WIDE, (1, 1, 4)), constant=1)),
        ("one", elementwise_model("PRELU", (_WIDE, (1, 1, 1)), constant=1)),
        ("values", elementwise_model("PRELU", (_IMAGE, (5, 4, 3)), constant=1)),
        ("rank_2", elementwise_model("PRELU", ((1, 256), (256,)), constant=1)),
        *(
            (name, elementwise_model("PRELU", (_WIDE, (1, 1, 4)), *ranges, constant=1))
            for name, ranges in _RANGES["MUL"].items()
        ),
    ],
)


def pool_model(
    kind: str,
    size: tuple[int, int],
    window: tuple[int, int],
    stride: tuple[int, int],
    padding: int,
    *,
    channels: int = 3,
    zero_point: int = -7,
    activation: int = NONE,
) -> bytes:
    """AVERAGE_POOL_2D or MAX_POOL_2D."""
    shape = []
    for axis in (0, 1):
        room = size[axis] if padding == SAME else size[axis] - window[axis] + 1
        shape.append(-(-room // stride[axis]))
    net = Net()
    x = net.tensor((1, *size, channels), scale=0.05, zero_point=zero_point)
    y = net.tensor((1, *shape, channels), scale=0.05, zero_point=zero_point)
    net.op(
        kind,
        [x],
        [y],
        Padding=padding,
        StrideH=stride[0],
        StrideW=stride[1],
        FilterHeight=window[0],
        FilterWidth=window[1],
        FusedActivationFunction=activation,
    )
    return net.build([x], [y])


def _pools(kind: str) -> list[tuple[str, bytes]]:
    def make(*geometry: Any, **more: Any) -> bytes:
        return pool_model(kind, *geometry, **more)

    return [
        ("valid_2", make((8, 6), (2, 2), (2, 2), VALID)),
        ("valid_rest", make((7, 9), (2, 2), (2, 2), VALID)),
        ("same_3_stride_1", make((6, 7), (3, 3), (1, 1), SAME)),
        ("same_3_stride_2_odd", make((7, 9), (3, 3), (2, 2), SAME)),
        ("same_3_stride_2_even", make((8, 6), (3, 3), (2, 2), SAME)),
        ("same_rectangle", make((9, 8), (5, 2), (3, 1), SAME)),
        ("stride_larger_than_window", make((9, 8), (1, 2), (4, 3), VALID)),
        ("global", make((6, 5), (6, 5), (1, 1), VALID)),
        ("global_large", make((33, 31), (33, 31), (1, 1), VALID, channels=20)),
        ("global_of_many_pixels", make((80, 70), (80, 70), (1, 1), VALID, channels=5)),
        ("taps_beyond_255", make((20, 18), (17, 16), (2, 2), SAME, channels=9)),
        ("clamped_channels", make((6, 5), (3, 2), (1, 1), SAME, channels=21, activation=RELU6)),
        ("window_larger_than_image", make((3, 2), (7, 5), (1, 1), SAME)),
        ("one_pixel", make((1, 1), (1, 1), (1, 1), VALID)),
        ("one_channel", make((6, 6), (3, 3), (2, 2), SAME, channels=1)),
        ("many_channels", make((4, 4), (2, 2), (2, 2), VALID, channels=37)),
        ("zero_point_low", make((6, 6), (3, 3), (2, 2), SAME, zero_point=-128)),
        ("zero_point_high", make((6, 6), (3, 3), (2, 2), SAME, zero_point=127)),
        *(
            (name, make((16, 16), (2, 2), (1, 1), VALID, activation=code))
            for name, code in _ACTIVATIONS.items()
        ),
    ]


AVERAGE_POOL_2D = collect("AVERAGE_POOL_2D", _pools("AVERAGE_POOL_2D"))
MAX_POOL_2D = collect("MAX_POOL_2D", _pools("MAX_POOL_2D"))


def softmax_model(shape: Sequence[int], scale: float, zero_point: int, beta: float = 1.0) -> bytes:
    net = Net()
    x = net.tensor(shape, scale=scale, zero_point=zero_point)
    y = net.tensor(shape, scale=1 / 256, zero_point=-128)
    net.op("SOFTMAX", [x], [y], Beta=beta)
    return net.build([x], [y])


SOFTMAX = collect(
    "SOFTMAX",
    [
        *((f"depth_{d}", softmax_model((1, d), 0.1, 3)) for d in (1, 2, 3, 12, 100, 1000)),
        *((f"scale_{s}", softmax_model((1, 10), s, -5)) for s in (1e-4, 0.003, 0.02, 0.3, 2)),
        *((f"beta_{b}", softmax_model((1, 10), 0.1, 0, b)) for b in (0.01, 0.5, 2.0, 10.0)),
        ("zero_point_low", softmax_model((1, 10), 0.1, -128)),
        ("zero_point_high", softmax_model((1, 10), 0.1, 127)),
        ("pixels", softmax_model((1, 5, 4, 7), 0.15, 1)),
        ("rows", softmax_model((6, 5), 0.15, 1)),
        ("rank_1", softmax_model((9,), 0.15, 1)),
    ],
)


def byte_model(
    kind: str,
    source: Quantised,
    out: Quantised,
    *,
    shape: Sequence[int] = (1, 16, 16, 1),
    types: tuple[str, str] = ("int8", "int8"),
    **options: Any,
) -> bytes:
    """An operator of one operand, by default on all 256 values; float32 has no scale."""
    net = Net()
    x, y = (
        net.tensor(shape, dtype=dtype, scale=None if dtype == "float32" else q[0], zero_point=q[1])
        for dtype, q in zip(types, (source, out), strict=True)
    )
    net.op(kind, [x], [y], **options)
    return net.build([x], [y])


RESCALES: dict[str, tuple[Quantised, Quantised]] = {
    "same": ((0.05, -3), (0.05, -3)),
    "zero_points_low": ((0.05, -128), (0.04, -128)),
    "zero_points_high": ((0.05, 127), (0.04, 127)),
    "zero_points_apart": ((0.05, 50), (0.04, -128)),
    "finer": ((0.05, -3), (0.011, 8)),
    "coarser": ((0.05, -3), (0.7, 8)),
    "doubled": ((0.1, 0), (0.05, 0)),
    "halved": ((0.05, 1), (0.1, 1)),
    "saturating": ((2.0, 1), (0.001, 1)),
    "vanishing": ((0.0001, 1), (3.0, 1)),
}


def _unary(kind: str) -> list[tuple[str, bytes]]:
    return [
        *((name, byte_model(kind, *q)) for name, q in RESCALES.items()),
        ("few_values", byte_model(kind, (0.05, 2), (0.04, 3), shape=(1, 3))),
        ("image", byte_model(kind, (0.05, 2), (0.04, 3), shape=(1, 5, 4, 3))),
    ]


def l2_normalization_model(shape: Sequence[int], scale: float, zero_point: int) -> bytes:
    """Vectors of length one."""
    length_one = (1 / 128, 0)
    return byte_model(
        "L2_NORMALIZATION",
        (scale, zero_point),
        length_one,
        shape=shape,
        FusedActivationFunction=NONE,
    )


L2_NORMALIZATION = collect(
    "L2_NORMALIZATION",
    [
        ("vector", l2_normalization_model((1, 64), 0.05, 3)),
        ("pixels", l2_normalization_model((1, 5, 4, 7), 0.05, -90)),
        ("two_values", l2_normalization_model((1, 16, 16, 2), 0.05, 0)),
        ("one_value", l2_normalization_model((1, 16, 16, 1), 0.05, 0)),
        ("long", l2_normalization_model((1, 20000), 0.05, 127)),
        ("zero_point_low", l2_normalization_model((1, 8, 8, 4), 1.0, -128)),
    ],
)
RELU_CASES = collect("RELU", _unary("RELU"))
RELU6_CASES = collect("RELU6", _unary("RELU6"))
_PROBABILITY = (1 / 256, -128)
LOGISTIC = collect(
    "LOGISTIC",
    [
        *(
            (f"scale_{s:g}_zero_point_{z}", byte_model("LOGISTIC", (s, z), _PROBABILITY))
            for s in (1e-5, 0.001, 0.0117, 1 / 128, 1 / 16, 0.0471, 0.1, 0.25, 0.7, 1.0, 3.3)
            for z in (-128, -1, 127)
        ),
        ("image", byte_model("LOGISTIC", (0.05, 2), _PROBABILITY, shape=(1, 5, 4, 3))),
        ("few_values", byte_model("LOGISTIC", (0.05, 2), _PROBABILITY, shape=(1, 3))),
    ],
)
HARD_SWISH = collect(
    "HARD_SWISH",
    [
        *(
            (name, byte_model("HARD_SWISH", *q))
            for name, q in RESCALES.items()
            if name not in ("saturating", "vanishing")
        ),
        ("fine", byte_model("HARD_SWISH", (0.005, 7), (0.006, -9))),
        ("wide", byte_model("HARD_SWISH", (1.7, 7), (0.4, -90))),
        ("finest_output", byte_model("HARD_SWISH", (1.26, 7), (0.01, 0))),
        ("coarsest_output", byte_model("HARD_SWISH", (3.0, -128), (255.0, 0))),
        ("image", byte_model("HARD_SWISH", (0.05, 2), (0.04, 3), shape=(1, 5, 4, 3))),
    ],
)
LEAKY_RELU = collect(
    "LEAKY_RELU",
    [
        *((name, byte_model("LEAKY_RELU", *q, Alpha=0.1)) for name, q in RESCALES.items()),
        *(
            (f"alpha_{alpha:g}", byte_model("LEAKY_RELU", (0.05, 9), (0.04, -3), Alpha=alpha))
            for alpha in (0.0, 0.01, 0.2, 0.3, 1.0, 1.5, -0.5)
        ),
    ],
)
TANH = collect(
    "TANH",
    [
        (f"scale_{s:g}_zero_point_{z}", byte_model("TANH", (s, z), (1 / 128, 0)))
        for s in (0.001, 0.0117, 1 / 64, 0.0471, 0.1, 0.7)
        for z in (-128, -1, 127)
    ],
)
QUANTIZE = collect(
    "QUANTIZE",
    [
        *((name, byte_model("QUANTIZE", *q)) for name, q in RESCALES.items()),
        (
            "uint8_to_int8",
            byte_model("QUANTIZE", (0.05, 128), (0.05, 0), types=("uint8", "int8")),
        ),
        (
            "uint8_to_int8_rescaled",
            byte_model("QUANTIZE", (0.05, 3), (0.07, -90), types=("uint8", "int8")),
        ),
        (
            "int8_to_uint8",
            byte_model("QUANTIZE", (0.05, -12), (0.05, 116), types=("int8", "uint8")),
        ),
        (
            "int8_to_uint8_rescaled",
            byte_model("QUANTIZE", (0.05, 127), (0.03, 255), types=("int8", "uint8")),
        ),
        (
            "float_to_int8",
            byte_model("QUANTIZE", (0, 0), (0.04, -6), types=("float32", "int8")),
        ),
        (
            "float_to_int8_saturating",
            byte_model("QUANTIZE", (0, 0), (0.001, 127), types=("float32", "int8")),
        ),
    ],
)
DEQUANTIZE = collect(
    "DEQUANTIZE",
    [
        *(
            (f"int8_{i}", byte_model("DEQUANTIZE", q, (0, 0), types=("int8", "float32")))
            for i, q in enumerate([(0.05, -128), (0.3, 127), (1 / 3, 0), (1e-5, 5)])
        ),
        (
            "uint8",
            byte_model("DEQUANTIZE", (0.05, 128), (0, 0), types=("uint8", "float32")),
        ),
        (
            "uint8_zero_point_255",
            byte_model("DEQUANTIZE", (0.7, 255), (0, 0), types=("uint8", "float32")),
        ),
    ],
)
