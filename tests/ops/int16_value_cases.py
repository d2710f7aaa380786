# SPDX-License-Identifier: Apache-2.0
"""Cases of int16 activations without weights, by operator: all zero points are 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.ops.build_tflite import NONE, RELU, RELU6, SAME, VALID, Net
from tests.ops.case import Case, collect

INT16 = "int16"
UNIT = 2.0**-15
_IMAGE = (1, 5, 4, 3)
_SHAPES: dict[str, tuple[Sequence[int], Sequence[int]]] = {
    "same_shape": (_IMAGE, _IMAGE),
    "odd_count": ((1, 3, 3, 1), (1, 3, 3, 1)),
    "rank_2": ((1, 258), (1, 258)),
    "channels_second": (_IMAGE, (1, 1, 1, 3)),
    "channels_first": ((1, 1, 1, 3), _IMAGE),
    "scalar_second": (_IMAGE, (1,)),
    "map_second": (_IMAGE, (1, 5, 4, 1)),
}


def pair_model(
    kind: str,
    shapes: tuple[Sequence[int], Sequence[int]],
    scales: tuple[float, float, float] = (1e-4, 2.3e-4, 2.9e-4),
    *,
    activation: int = NONE,
    constant: int | None = None,
) -> bytes:
    """An operator on two tensors; operand number `constant` is a constant, if any."""
    rng = np.random.default_rng(0)
    net = Net()
    operands = []
    for position, (shape, scale) in enumerate(zip(shapes, scales[:2], strict=True)):
        data = rng.integers(-32768, 32768, shape) if position == constant else None
        operands.append(net.tensor(shape, scale=scale, dtype=INT16, data=data))
    out_shape = np.broadcast_shapes(*map(tuple, shapes))
    y = net.tensor(out_shape, scale=scales[2], dtype=INT16)
    fused = {"FusedActivationFunction": activation} if kind in ("ADD", "SUB", "MUL") else {}
    net.op(kind, operands, [y], **fused)
    return net.build([t for i, t in enumerate(operands) if i != constant], [y])


_RANGES = {
    "ADD": {
        "scales_apart": (3e-3, 7e-7, 2.5e-3),
        "scales_apart_other": (7e-7, 3e-3, 2.5e-3),
        "scales_equal": (5e-5, 5e-5, 5e-5),
        "powers_of_two": (2.0**-14, 2.0**-15, 2.0**-13),
        "saturating": (9e-3, 9e-3, 1e-3),
        "vanishing": (1e-6, 2e-6, 2e-2),
    },
    "MUL": {
        "unit": (UNIT, UNIT, UNIT),
        "fine": (UNIT, UNIT, UNIT / 64),
        "above_one": (0.9, 0.9, 0.5),
        "saturating": (0.5, 0.5, 0.002),
        "vanishing": (1e-4, 1e-4, 4.0),
    },
}
_RANGES["SUB"] = _RANGES["ADD"]


def _sums(kind: str) -> tuple[Case, ...]:
    wide = ((1, 4, 6, 4),) * 2
    ordinary = {"MUL": (2e-4, 3e-4, 1.3e-3)}.get(kind, (1e-4, 2.3e-4, 2.9e-4))
    return collect(
        kind,
        [
            *((f"int16_{n}", pair_model(kind, s, ordinary)) for n, s in _SHAPES.items()),
            *((f"int16_{n}", pair_model(kind, wide, q)) for n, q in _RANGES[kind].items()),
            ("int16_relu", pair_model(kind, wide, ordinary, activation=RELU)),
            ("int16_relu6", pair_model(kind, wide, ordinary, activation=RELU6)),
            (
                "int16_constant_channels",
                pair_model(kind, _SHAPES["channels_second"], ordinary, constant=1),
            ),
            ("int16_constant", pair_model(kind, _SHAPES["same_shape"], ordinary, constant=0)),
        ],
    )


ADD, SUB, MUL = _sums("ADD"), _sums("SUB"), _sums("MUL")
SQUARED_DIFFERENCE = collect(
    "SQUARED_DIFFERENCE",
    [
        (f"int16_{name}", pair_model("SQUARED_DIFFERENCE", shapes, (1e-4, 2.3e-4, 2e-3)))
        for name, shapes in _SHAPES.items()
    ],
)
MAXIMUM, MINIMUM = (
    collect(
        kind,
        [(f"int16_{name}", pair_model(kind, s, (1e-4,) * 3)) for name, s in _SHAPES.items()],
    )
    for kind in ("MAXIMUM", "MINIMUM")
)


def prelu_model(shape: Sequence[int]) -> bytes:
    """Slopes of int8 for an image of int16."""
    rng = np.random.default_rng(1)
    net = Net()
    x = net.tensor(_IMAGE, scale=2e-4, dtype=INT16)
    alpha = net.constant(rng.integers(-128, 128, shape).astype(np.int8), scale=0.01, zero_point=3)
    y = net.tensor(_IMAGE, scale=3e-4, dtype=INT16)
    net.op("PRELU", [x, alpha], [y])
    return net.build([x], [y])


PRELU = collect("PRELU", [("int16_channels", prelu_model((1, 1, 3)))])


def image_model(
    kind: str,
    shape: Sequence[int],
    out_shape: Sequence[int],
    scales: tuple[float, float] = (1e-4, 1e-4),
    constants: Sequence[np.ndarray] = (),
    types: tuple[str, str] = (INT16, INT16),
    zero_points: tuple[int, int] = (0, 0),
    **options: Any,
) -> bytes:
    """An operator of one tensor, with constants that say what to do."""
    net = Net()
    x = net.tensor(
        shape,
        scale=None if types[0] == "float32" else scales[0],
        zero_point=zero_points[0],
        dtype=types[0],
    )
    y = net.tensor(
        out_shape,
        scale=None if types[1] == "float32" else scales[1],
        zero_point=zero_points[1],
        dtype=types[1],
    )
    net.op(kind, [x, *map(net.constant, constants)], [y], **options)
    return net.build([x], [y])


def _pool(kind: str, activation: int = NONE, *, window: int = 2, padding: int = VALID) -> bytes:
    size, stride = (7, 6), min(window, 2)
    room = [n if padding == SAME else n - window + 1 for n in size]
    out = [-(-n // stride) for n in room]
    return image_model(
        kind,
        (1, *size, 3),
        (1, *out, 3),
        Padding=padding,
        StrideH=stride,
        StrideW=stride,
        FilterHeight=window,
        FilterWidth=window,
        FusedActivationFunction=activation,
    )


_GLOBAL = {
    **{"Padding": VALID, "StrideH": 1, "StrideW": 1, "FilterHeight": 7, "FilterWidth": 5},
    "FusedActivationFunction": NONE,
}
_POOLS = {
    "int16": {},
    "int16_same": {"padding": SAME, "window": 3},
    "int16_relu": {"activation": RELU},
    "int16_relu6": {"activation": RELU6},
    "int16_one": {"window": 1},
}
AVERAGE_POOL_2D = collect(
    "AVERAGE_POOL_2D",
    [
        *((name, _pool("AVERAGE_POOL_2D", **how)) for name, how in _POOLS.items()),
        ("int16_global", image_model("AVERAGE_POOL_2D", (1, 7, 5, 6), (1, 1, 1, 6), **_GLOBAL)),
    ],
)
MAX_POOL_2D = collect(
    "MAX_POOL_2D", [(name, _pool("MAX_POOL_2D", **how)) for name, how in _POOLS.items()]
)


def _reduced(kind: str, shape: Sequence[int], axes: Sequence[int], scale: float) -> bytes:
    out = [1 if axis in axes else size for axis, size in enumerate(shape)]
    axis = np.array(axes, np.int32)
    return image_model(kind, shape, out, (1e-4, scale), [axis], KeepDims=True)


MEAN = collect(
    "MEAN",
    [
        ("int16_image", _reduced("MEAN", (1, 6, 5, 4), (1, 2), 2e-5)),
        ("int16_columns", _reduced("MEAN", (1, 6, 5, 4), (2,), 8e-5)),
        ("int16_channels", _reduced("MEAN", (1, 6, 5, 4), (3,), 8e-5)),
    ],
)
SUM = collect(
    "SUM",
    [
        ("int16_image", _reduced("SUM", (1, 6, 5, 4), (1, 2), 6e-4)),
        ("int16_channels", _reduced("SUM", (1, 6, 5, 4), (3,), 3e-4)),
    ],
)


def _softmax(shape: Sequence[int], scale: float, beta: float = 1.0) -> bytes:
    return image_model("SOFTMAX", shape, shape, (scale, UNIT), Beta=beta)


SOFTMAX = collect(
    "SOFTMAX",
    [
        ("int16", _softmax((1, 12), 2e-4)),
        ("int16_rows", _softmax((4, 7), 5e-5)),
        ("int16_image", _softmax((1, 3, 2, 5), 1e-3)),
        ("int16_long", _softmax((1, 300), 3e-4)),
        ("int16_beta", _softmax((2, 9), 1e-4, 0.5)),
        ("int16_coarse", _softmax((2, 9), 0.02)),
        *(
            (
                f"int8_to_int16_{scale}",
                image_model(
                    "SOFTMAX",
                    (3, 11),
                    (3, 11),
                    (scale, UNIT / 2),
                    types=("int8", INT16),
                    zero_points=(5, -32768),
                    Beta=1.0,
                ),
            )
            for scale in (0.1, 0.03)
        ),
    ],
)


def _value_by_value(kind: str, scales: tuple[float, float], **options: Any) -> bytes:
    return image_model(kind, (1, 2000), (1, 2000), scales, **options)


_CURVE_SCALES = {
    "power_12": 2.0**-12,
    "power_11": 2.0**-11,
    "power_15": 2.0**-15,
    "trained": 2.3e-4,
    "fine": 3e-6,
    "coarse": 0.3,
}
LOGISTIC, TANH = (
    collect(
        kind,
        [
            *(
                (f"int16_{name}", _value_by_value(kind, (scale, UNIT)))
                for name, scale in _CURVE_SCALES.items()
            ),
            ("int16_image", image_model(kind, (1, 4, 3, 5), (1, 4, 3, 5), (2e-4, UNIT))),
        ],
    )
    for kind in ("LOGISTIC", "TANH")
)
_RESCALES = {"same": (1e-4, 1e-4), "finer": (3e-4, 1e-4), "coarser": (1.1e-4, 7e-4)}
RELU_CASES = collect(
    "RELU", [(f"int16_{name}", _value_by_value("RELU", s)) for name, s in _RESCALES.items()]
)
RELU6_CASES = collect("RELU6", [("int16_same", _value_by_value("RELU6", (3e-4, 3e-4)))])
LEAKY_RELU = collect(
    "LEAKY_RELU",
    [
        *(
            (f"int16_{name}", _value_by_value("LEAKY_RELU", s, Alpha=0.2))
            for name, s in _RESCALES.items()
        ),
        ("int16_negative", _value_by_value("LEAKY_RELU", (1e-4, 1.7e-4), Alpha=-0.35)),
        (
            "int16_image",
            image_model("LEAKY_RELU", (1, 4, 3, 5), (1, 4, 3, 5), (2e-4, 1e-4), Alpha=0.1),
        ),
    ],
)
ABS = collect(
    "ABS", [(f"int16_{name}", _value_by_value("ABS", s)) for name, s in _RESCALES.items()]
)


def _quantize(
    types: tuple[str, str], scales: tuple[float, float], zero_points: tuple[int, int]
) -> bytes:
    shape = (1, 6, 5, 4)
    return image_model("QUANTIZE", shape, shape, scales, (), types, zero_points)


QUANTIZE = collect(
    "QUANTIZE",
    [
        ("int8_to_int16", _quantize(("int8", INT16), (0.03, 2e-4), (7, 0))),
        ("int16_to_int8", _quantize((INT16, "int8"), (2e-4, 0.05), (0, -11))),
        ("int16_to_int16", _quantize((INT16, INT16), (2e-4, 1.3e-4), (0, 0))),
        ("int16_to_int32", _quantize((INT16, "int32"), (UNIT / 2, UNIT / 2), (-32768, 0))),
        ("int8_to_int32", _quantize(("int8", "int32"), (0.1, 0.001), (3, 0))),
        ("float32_to_int16", _quantize(("float32", INT16), (1.0, 2e-4), (0, 0))),
    ],
)
DEQUANTIZE = collect(
    "DEQUANTIZE",
    [("int16", image_model("DEQUANTIZE", (1, 40), (1, 40), types=(INT16, "float32")))],
)


def _moved(
    kind: str,
    shape: Sequence[int],
    out_shape: Sequence[int],
    *constants: Sequence[Any],
    **options: Any,
) -> bytes:
    arrays = [np.array(constant, np.int32) for constant in constants]
    return image_model(kind, shape, out_shape, constants=arrays, **options)


_PADS = [(0, 0), (1, 2), (2, 0), (0, 0)]
PAD = collect(
    "PAD",
    [
        ("int16", _moved("PAD", (1, 3, 4, 2), (1, 6, 6, 2), _PADS)),
        ("int16_channels", _moved("PAD", (1, 3, 4, 2), (1, 3, 4, 5), [(0, 0)] * 3 + [(1, 2)])),
    ],
)


def padv2_model() -> bytes:
    """A PADV2 with another value than the zero point."""
    net = Net()
    x, y = (net.tensor(s, scale=1e-4, dtype=INT16) for s in ((1, 3, 4, 2), (1, 6, 6, 2)))
    pads = net.constant(np.array(_PADS, np.int32))
    value = net.constant(np.array([-1234], np.int16), scale=1e-4, zero_point=0)
    net.op("PADV2", [x, pads, value], [y])
    return net.build([x], [y])


PADV2 = collect("PADV2", [("int16", padv2_model())])


def joined_model(
    kind: str, shapes: Sequence[Sequence[int]], out: Sequence[int], **how: Any
) -> bytes:
    """Tensors side by side."""
    net = Net()
    operands = [net.tensor(shape, scale=1e-4, dtype=INT16) for shape in shapes]
    y = net.tensor(out, scale=1e-4, dtype=INT16)
    net.op(kind, operands, [y], **how)
    return net.build(operands, [y])


_COLUMNS = ((1, 3, 4, 2), (1, 3, 4, 5))
CONCATENATION = collect(
    "CONCATENATION",
    [
        ("int16_channels", joined_model("CONCATENATION", _COLUMNS, (1, 3, 4, 7), Axis=3)),
        ("int16_rows", joined_model("CONCATENATION", ((1, 2, 3), (1, 4, 3)), (1, 6, 3), Axis=1)),
    ],
)
PACK = collect(
    "PACK",
    [("int16", joined_model("PACK", ((3, 4), (3, 4)), (3, 2, 4), Axis=1, ValuesCount=2))],
)
RESIZE_NEAREST_NEIGHBOR = collect(
    "RESIZE_NEAREST_NEIGHBOR",
    [
        ("int16_doubled", _moved("RESIZE_NEAREST_NEIGHBOR", (1, 3, 4, 3), (1, 6, 8, 3), (6, 8))),
        ("int16_odd", _moved("RESIZE_NEAREST_NEIGHBOR", (1, 5, 4, 2), (1, 7, 3, 2), (7, 3))),
    ],
)
RESHAPE = collect("RESHAPE", [("int16", _moved("RESHAPE", (1, 3, 4, 2), (1, 24), (1, 24)))])
TRANSPOSE = collect(
    "TRANSPOSE",
    [
        ("int16", _moved("TRANSPOSE", (1, 3, 4, 2), (1, 4, 3, 2), (0, 2, 1, 3))),
        ("int16_channels", _moved("TRANSPOSE", (1, 3, 4, 2), (1, 2, 3, 4), (0, 3, 1, 2))),
    ],
)
REVERSE_V2 = collect("REVERSE_V2", [("int16", _moved("REVERSE_V2", (2, 5, 3), (2, 5, 3), (1,)))])
SLICE = collect(
    "SLICE", [("int16", _moved("SLICE", (1, 5, 6, 3), (1, 3, 2, 3), (0, 1, 2, 0), (1, 3, 2, 3)))]
)
STRIDED_SLICE = collect(
    "STRIDED_SLICE",
    [
        (
            "int16",
            _moved(
                "STRIDED_SLICE",
                (1, 6, 7, 3),
                (1, 3, 2, 3),
                (0, 0, 1, 0),
                (1, 6, 7, 3),
                (1, 2, 3, 1),
            ),
        )
    ],
)


def parts_model(kind: str, shape: Sequence[int], axis: int, count: int) -> bytes:
    """A tensor in equal parts."""
    net = Net()
    x = net.tensor(shape, scale=1e-4, dtype=INT16)
    part = [*shape]
    part[axis] //= count
    if kind == "UNPACK":
        del part[axis]
    outputs = [net.tensor(part, scale=1e-4, dtype=INT16) for _ in range(count)]
    if kind == "SPLIT":
        net.op(kind, [net.constant(np.array([axis], np.int32)), x], outputs, NumSplits=count)
    else:
        net.op(kind, [x], outputs, Axis=axis, Num=count)
    return net.build([x], outputs)


SPLIT = collect("SPLIT", [("int16", parts_model("SPLIT", (2, 3, 8), 2, 4))])
UNPACK = collect("UNPACK", [("int16", parts_model("UNPACK", (3, 4, 2), 1, 4))])

CASES: dict[str, tuple[Case, ...]] = {
    cases[0].op: cases
    for cases in (
        *(ADD, SUB, MUL, SQUARED_DIFFERENCE, MAXIMUM, MINIMUM, PRELU),
        *(AVERAGE_POOL_2D, MAX_POOL_2D, MEAN, SUM, SOFTMAX),
        *(LOGISTIC, TANH, RELU_CASES, RELU6_CASES, LEAKY_RELU, ABS, QUANTIZE, DEQUANTIZE),
        *(PAD, PADV2, CONCATENATION, PACK, RESIZE_NEAREST_NEIGHBOR, RESHAPE),
        *(TRANSPOSE, REVERSE_V2, SLICE, STRIDED_SLICE, SPLIT, UNPACK),
    )
}
