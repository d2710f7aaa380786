# SPDX-License-Identifier: Apache-2.0
"""Cases of operators on float32: layers, sums, curves, as whole float models have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.ops.build_tflite import NONE, RELU, RELU6, RELU_N1_TO_1, SAME, VALID, Net
from tests.ops.case import Case

_IMAGE = (1, 5, 4, 3)


def float_model(
    kind: str,
    shapes: Sequence[Sequence[int]],
    out_shape: Sequence[int],
    operands: Sequence[np.ndarray] = (),
    *,
    first: Sequence[np.ndarray] = (),
    **options: Any,
) -> bytes:
    """An operator on float32 tensors; constant operands come before or behind the inputs."""
    net = Net()
    before = [net.constant(values) for values in first]
    inputs = [net.tensor(shape, scale=None, dtype="float32") for shape in shapes]
    behind = [net.constant(values) for values in operands]
    y = net.tensor(out_shape, scale=None, dtype="float32")
    net.op(kind, [*before, *inputs, *behind], [y], **options)
    return net.build(inputs, [y])


def _drawn(*shape: int) -> np.ndarray:
    rng = np.random.default_rng(sum(shape) + len(shape))
    return rng.normal(0, 0.4, shape).astype(np.float32)


def window_model(
    kind: str,
    size: tuple[int, int, int],
    weights: tuple[int, ...],
    stride: int = 1,
    dilation: int = 1,
    padding: int = SAME,
    activation: int = NONE,
    bias: bool = True,
) -> bytes:
    """CONV_2D or DEPTHWISE_CONV_2D of [height, width, channels]."""
    made = []
    for own, kernel in zip(size[:2], weights[1:3], strict=True):
        room = own if padding == SAME else own - (kernel - 1) * dilation
        made.append(-(-room // stride))
    channels = weights[3] if kind == "DEPTHWISE_CONV_2D" else weights[0]
    operands = [_drawn(*weights)] + [_drawn(channels)] * bias
    more = {"DepthMultiplier": channels // size[2]} if kind == "DEPTHWISE_CONV_2D" else {}
    return float_model(
        kind,
        [(1, *size)],
        (1, *made, channels),
        operands,
        StrideH=stride,
        StrideW=stride,
        DilationHFactor=dilation,
        DilationWFactor=dilation,
        Padding=padding,
        FusedActivationFunction=activation,
        **more,
    )


def _convolutions() -> list[tuple[str, str, bytes]]:
    def conv(name: str, *arguments: Any, **more: Any) -> tuple[str, str, bytes]:
        return "CONV_2D", name, window_model("CONV_2D", *arguments, **more)

    def depthwise(name: str, *arguments: Any, **more: Any) -> tuple[str, str, bytes]:
        return "DEPTHWISE_CONV_2D", name, window_model("DEPTHWISE_CONV_2D", *arguments, **more)

    return [
        conv("1x1", (5, 4, 7), (12, 1, 1, 7)),
        conv("1x1_stride_2", (5, 4, 7), (3, 1, 1, 7), stride=2),
        conv("3x3", (6, 5, 3), (9, 3, 3, 3), activation=RELU),
        conv("3x3_stride_2", (7, 6, 4), (8, 3, 3, 4), stride=2, activation=RELU6),
        conv("valid", (7, 6, 4), (5, 2, 3, 4), padding=VALID, activation=RELU_N1_TO_1),
        conv("dilated", (9, 8, 2), (4, 3, 3, 2), dilation=2),
        conv("groups", (5, 4, 6), (4, 3, 3, 3)),
        conv("groups_of_one", (5, 4, 3), (6, 3, 3, 1)),
        depthwise("3x3", (6, 5, 8), (1, 3, 3, 8), activation=RELU6),
        depthwise("stride_2", (7, 6, 5), (1, 3, 3, 5), stride=2),
        depthwise("valid", (7, 6, 5), (1, 5, 2, 5), padding=VALID),
        depthwise("dilated", (9, 8, 4), (1, 3, 3, 4), dilation=2),
        depthwise("multiplier", (5, 4, 3), (1, 3, 3, 6)),
    ]


def _fully_connected(name: str, shape: Sequence[int], outputs: int, **more: Any) -> Any:
    inputs = shape[-1]
    operands = [_drawn(outputs, inputs), _drawn(outputs)]
    options = {"FusedActivationFunction": NONE, "KeepNumDims": len(shape) > 2, **more}
    made = (*shape[:-1], outputs)
    return (
        "FULLY_CONNECTED",
        name,
        float_model("FULLY_CONNECTED", [shape], made, operands, **options),
    )


def _pairs() -> list[tuple[str, str, bytes]]:
    found = []
    shapes = {
        "same": (_IMAGE, _IMAGE),
        "channels_second": (_IMAGE, (1, 1, 1, 3)),
        "channels_first": ((3,), _IMAGE),
        "map_second": (_IMAGE, (1, 5, 4, 1)),
    }
    for kind in ("ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE"):
        for name, pair in shapes.items():
            options = {"FusedActivationFunction": NONE} if kind in _FUSED else {}
            found.append((kind, name, float_model(kind, pair, _IMAGE, **options)))
    for kind in ("FLOOR_DIV", "FLOOR_MOD"):
        found.append((kind, "same", float_model(kind, shapes["same"], _IMAGE)))
    for kind in ("ADD", "MUL"):
        constant = float_model(kind, [_IMAGE], _IMAGE, [_drawn(3)], FusedActivationFunction=RELU)
        found.append((kind, "constant_relu", constant))
    found.append(("PRELU", "channels", float_model("PRELU", [_IMAGE], _IMAGE, [_drawn(1, 1, 3)])))
    return found


_FUSED = ("ADD", "SUB", "MUL", "DIV")
_RESIZE = {"AlignCorners": False, "HalfPixelCenters": False}


def _maps() -> list[tuple[str, str, bytes]]:
    kinds = (
        *("ABS", "CEIL", "COS", "ELU", "EXP", "FLOOR", "HARD_SWISH", "LOGISTIC", "NEG", "RELU"),
        *("RELU6", "RELU_N1_TO_1", "ROUND", "SIN", "SQUARE", "TANH", "LOG", "RSQRT", "SQRT"),
    )
    found = [(kind, "image", float_model(kind, [_IMAGE], _IMAGE)) for kind in kinds]
    found.append(("LEAKY_RELU", "image", float_model("LEAKY_RELU", [_IMAGE], _IMAGE, Alpha=0.2)))
    for approximate in (False, True):
        gelu = float_model("GELU", [_IMAGE], _IMAGE, Approximate=approximate)
        found.append(("GELU", f"approximate_{approximate}", gelu))
    return found


def _pool(kind: str, name: str, window: tuple[int, int], stride: int, padding: int) -> Any:
    size = (7, 6)
    made = [
        -(-(own if padding == SAME else own - kernel + 1) // stride)
        for own, kernel in zip(size, window, strict=True)
    ]
    options = {"StrideH": stride, "StrideW": stride, "Padding": padding}
    options |= {"FilterHeight": window[0], "FilterWidth": window[1]}
    model = float_model(
        kind, [(1, *size, 5)], (1, *made, 5), FusedActivationFunction=NONE, **options
    )
    return kind, name, model


def _reductions() -> list[tuple[str, str, bytes]]:
    found = []
    axes = {"rows": ((1, 2), (1, 3)), "channels": ((3,), (1, 5, 4)), "apart": ((1, 3), (1, 4))}
    for kind in ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"):
        for name, (own, made) in axes.items():
            operand = [np.array(own, np.int32)]
            found.append((kind, name, float_model(kind, [_IMAGE], made, operand)))
    return found


def _resized(name: str, size: tuple[int, int], **flags: bool) -> Any:
    operand = [np.array(size, np.int32)]
    made = (1, *size, 3)
    model = float_model("RESIZE_BILINEAR", [_IMAGE], made, operand, **{**_RESIZE, **flags})
    return "RESIZE_BILINEAR", name, model


def _transposed(name: str, stride: int, padding: int, out: tuple[int, int]) -> Any:
    made = (1, *out, 6)
    shape, weights = np.array(made, np.int32), _drawn(6, 3, 3, 4)
    net_options = {"StrideH": stride, "StrideW": stride, "Padding": padding}
    model = float_model(
        "TRANSPOSE_CONV", [(1, 4, 3, 4)], made, first=[shape, weights], **net_options
    )
    return "TRANSPOSE_CONV", name, model


def _matmul(name: str, first: Sequence[int], second: Sequence[int], **flags: bool) -> Any:
    a, b = np.zeros(first), np.zeros(second)
    a = a.swapaxes(-1, -2) if flags.get("AdjX") else a
    b = b.swapaxes(-1, -2) if flags.get("AdjY") else b
    options = {"AdjX": False, "AdjY": False, **flags}
    model = float_model("BATCH_MATMUL", [first, second], (a @ b).shape, **options)
    return "BATCH_MATMUL", name, model


def narrow_weights_model(kind: str) -> bytes:
    """A dense layer on float32 whose weights the file keeps in 16 bits, or in 8 per channel."""
    net = Net()
    x = net.tensor((1, 6), scale=None, dtype="float32")
    drawn = _drawn(4, 6)
    if kind == "float16":
        narrow = net.constant(drawn.astype(np.float16))
    else:
        scales = np.linspace(0.003, 0.011, 4)
        values = np.round(drawn * 70).astype(np.int8)
        narrow = net.tensor((4, 6), scale=scales, axis=0, data=values)
    wide = net.tensor((4, 6), scale=None, dtype="float32")
    y = net.tensor((1, 4), scale=None, dtype="float32")
    net.op("DEQUANTIZE", [narrow], [wide])
    net.op("FULLY_CONNECTED", [x, wide, -1], [y], FusedActivationFunction=NONE)
    return net.build([x], [y])


_FOUND = [
    *_convolutions(),
    ("DEQUANTIZE", "float16_weights", narrow_weights_model("float16")),
    ("DEQUANTIZE", "weights_per_channel", narrow_weights_model("int8")),
    _fully_connected("vector", (1, 20), 11, FusedActivationFunction=RELU),
    _fully_connected("rows", (1, 3, 6), 8),
    *_pairs(),
    *_maps(),
    *(
        _pool(kind, name, *geometry)
        for kind in ("AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D")
        for name, geometry in {
            "same": ((3, 3), 2, SAME),
            "valid": ((2, 3), 1, VALID),
            "global": ((7, 6), 1, VALID),
        }.items()
    ),
    *_reductions(),
    ("SOFTMAX", "rows", float_model("SOFTMAX", [(4, 7)], (4, 7), Beta=1.0)),
    ("SOFTMAX", "beta", float_model("SOFTMAX", [(1, 9)], (1, 9), Beta=0.5)),
    ("LOG_SOFTMAX", "rows", float_model("LOG_SOFTMAX", [(4, 7)], (4, 7))),
    (
        "L2_NORMALIZATION",
        "rows",
        float_model("L2_NORMALIZATION", [(4, 7)], (4, 7), FusedActivationFunction=NONE),
    ),
    _resized("up", (10, 8)),
    _resized("half_pixels", (9, 7), HalfPixelCenters=True),
    _resized("corners", (9, 7), AlignCorners=True),
    _transposed("same_stride_2", 2, SAME, (8, 6)),
    _transposed("valid", 1, VALID, (6, 5)),
    _matmul("plain", (2, 3, 5), (2, 5, 4)),
    _matmul("second_repeats", (2, 3, 5), (1, 5, 4)),
    _matmul("transposed", (2, 5, 3), (2, 4, 5), AdjX=True, AdjY=True),
]
FLOATS: dict[str, tuple[Case, ...]] = {
    kind: tuple(Case(kind, f"float_{name}", model) for k, name, model in _FOUND if k == kind)
    for kind in dict.fromkeys(kind for kind, _, _ in _FOUND)
}
