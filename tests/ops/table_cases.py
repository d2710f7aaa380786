# SPDX-License-Identifier: Apache-2.0
"""Cases of curves, and of operators that are compiled as parts of tables only."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.build_tflite import Net
from tests.ops.case import Case, collect
from tests.ops.value_cases import RESCALES, Quantised, byte_model

_IMAGE = (1, 5, 4, 3)
_ALL = (1, 16, 16, 1)


def _curve(kind: str, without: str = "", **options: Any) -> tuple[Case, ...]:
    models = {name: byte_model(kind, *q, **options) for name, q in RESCALES.items()}
    models.pop(without, None)
    models["image"] = byte_model(kind, (0.05, 2), (0.04, 3), shape=_IMAGE, **options)
    return collect(kind, models.items())


ABS, ELU = _curve("ABS"), _curve("ELU")
# Beyond 2^31 steps the reference converts to int32 what int32 cannot hold.
EXP = _curve("EXP", without="saturating")
GELU = (
    *_curve("GELU", Approximate=False),
    *collect(
        "GELU",
        [
            (f"approximate_{name}", byte_model("GELU", *q, Approximate=True))
            for name, q in RESCALES.items()
        ],
    ),
)
# The reference refuses values below the zero point.
RSQRT = collect(
    "RSQRT",
    [
        *(
            (f"scale_{s:g}_to_{out[0]:g}_{out[1]}", byte_model("RSQRT", (s, -128), out))
            for s in (1e-4, 0.004, 0.05, 1.0, 30.0)
            for out in ((0.01, -128), (0.3, 0), (1.0, -100))
        ),
        ("image", byte_model("RSQRT", (0.01, -128), (0.1, -128), shape=_IMAGE)),
    ],
)


def float32_model(
    kind: str,
    source: Quantised,
    out: Quantised,
    constant: float | None = None,
    *,
    first: bool = False,
    **options: Any,
) -> bytes:
    """DEQUANTIZE, an operator on float32, QUANTIZE, on all 256 values.

    Args:
        kind: of the operator.
        source: scale and zero point of the input.
        out: those of the output.
        constant: the other operand, where there is one.
        first: whether it comes first.
        options: of the operator.
    """
    net = Net()
    x = net.tensor(_ALL, scale=source[0], zero_point=source[1])
    y = net.tensor(_ALL, scale=out[0], zero_point=out[1])
    real, result = (net.tensor(_ALL, dtype="float32", scale=None) for _ in range(2))
    operands = [real]
    if constant is not None:
        operands.insert(0 if first else 1, net.constant(np.float32([constant])))
    net.op("DEQUANTIZE", [x], [real])
    net.op(kind, operands, [result], **options)
    net.op("QUANTIZE", [result], [y])
    return net.build([x], [y])


LOG = collect("LOG", [("above_zero", float32_model("LOG", (0.05, -128), (0.04, 20)))])
_SIGNED = {
    "same": ((0.05, -3), (0.05, -3)),
    "finer": ((0.05, -3), (0.011, 8)),
    "coarser": ((0.05, 127), (0.7, 8)),
}
_POSITIVE = {
    "same": ((0.05, -128), (0.05, -128)),
    "finer": ((0.05, -128), (0.004, -100)),
    "coarser": ((0.7, -128), (0.2, 0)),
}


def _float32(kind: str, ranges: dict[str, tuple[Quantised, Quantised]]) -> tuple[Case, ...]:
    return collect(kind, [(name, float32_model(kind, *q)) for name, q in ranges.items()])


FLOAT32: dict[str, tuple[Case, ...]] = {
    **{
        kind: _float32(kind, _SIGNED)
        for kind in ("CEIL", "COS", "FLOOR", "NEG", "ROUND", "SIN", "SQUARE")
    },
    "SQRT": _float32("SQRT", _POSITIVE | {"of_negatives": _SIGNED["same"]}),
    "DIV": collect(
        "DIV",
        [
            ("by_constant", float32_model("DIV", (0.05, 3), (0.04, -9), 1.3)),
            # One value is divided by zero.
            ("of_constant", float32_model("DIV", (0.05, -3), (0.04, 20), 1.3, first=True)),
            ("of_negative", float32_model("DIV", (0.05, -3), (0.04, -20), -1.3, first=True)),
            ("relu6", float32_model("DIV", (0.5, 3), (0.04, -9), 1.3, FusedActivationFunction=3)),
        ],
    ),
    "POW": collect(
        "POW",
        [
            ("square", float32_model("POW", (0.05, 3), (0.2, -9), 2.0)),
            ("root", float32_model("POW", (0.05, -128), (0.02, -100), 0.4)),
        ],
    ),
}


def comparison_model(kind: str, source: Quantised, threshold: Quantised, choice: str) -> bytes:
    """Halves what compares as `kind` with a constant of 20, keeps the rest."""
    net = Net()
    x, half, y = (net.tensor(_ALL, scale=source[0], zero_point=source[1]) for _ in range(3))
    limit = net.tensor((1,), scale=threshold[0], zero_point=threshold[1], data=np.int8([20]))
    factor = net.tensor((1,), scale=0.5 / 127, data=np.int8([127]))
    chosen = net.tensor(_ALL, dtype="bool", scale=None)
    net.op(kind, [x, limit], [chosen])
    net.op("MUL", [x, factor], [half], FusedActivationFunction=0)
    net.op(choice, [chosen, half, x], [y])
    return net.build([x], [y])


def _comparison(kind: str, choice: str = "SELECT_V2") -> list[tuple[str, bytes]]:
    scales = {"same": (0.05, -3), "coarser": (0.3, 11), "finer": (0.0007, -90)}
    return [
        (f"{name}_{choice.lower()}", comparison_model(kind, (0.05, -3), q, choice))
        for name, q in scales.items()
    ]


COMPARISONS: dict[str, tuple[Case, ...]] = {
    **{
        kind: collect(kind, _comparison(kind))
        for kind in ("EQUAL", "NOT_EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL")
    },
    "SELECT": collect("SELECT", _comparison("GREATER", "SELECT")),
    "SELECT_V2": collect("SELECT_V2", _comparison("LESS")),
}
