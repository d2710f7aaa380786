# SPDX-License-Identifier: Apache-2.0
"""Cases of operators that move values, with values of other types than int8."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.ops.build_tflite import NONE, Net
from tests.ops.case import Case

_IMAGE = (1, 4, 3, 5)


def moved_model(
    kind: str,
    dtype: str,
    shapes: Sequence[Sequence[int]],
    out_shapes: Sequence[Sequence[int]],
    operands: Sequence[Any] = (),
    *,
    first: Any = None,
    **options: Any,
) -> bytes:
    """An operator on tensors of one type without a scale, with constant operands behind them."""
    net = Net()
    inputs = [net.tensor(shape, scale=None, dtype=dtype) for shape in shapes]
    constants = [
        net.constant(values if isinstance(values, np.ndarray) else np.array(values, np.int32))
        for values in operands
    ]
    before = [] if first is None else [net.constant(np.array(first, np.int32))]
    outputs = [net.tensor(shape, scale=None, dtype=dtype) for shape in out_shapes]
    net.op(kind, [*before, *inputs, *constants], outputs, **options)
    return net.build(inputs, outputs)


def _moved(kind: str, dtype: str, *arguments: Any, **options: Any) -> tuple[str, Case]:
    return kind, Case(kind, dtype, moved_model(kind, dtype, *arguments, **options))


_RESIZED = {"AlignCorners": False, "HalfPixelCenters": False}
_MASKS = {"BeginMask": 0, "EndMask": 0, "ShrinkAxisMask": 0, "EllipsisMask": 0, "NewAxisMask": 0}
_ROWS = ((0, 0), (1, 2), (0, 1), (2, 0))
_REFLECTED = ((0, 0), (1, 2), (0, 1), (0, 0))
_PADDED = [_IMAGE], [(1, 7, 4, 7)]
_FOUND = [
    _moved("TRANSPOSE", "float32", [_IMAGE], [(1, 5, 4, 3)], [(0, 3, 1, 2)]),
    _moved("TRANSPOSE", "int32", [(3, 4)], [(4, 3)], [(1, 0)]),
    _moved("TRANSPOSE", "int8", [(3, 4)], [(4, 3)], [(1, 0)]),
    _moved("REVERSE_V2", "float32", [_IMAGE], [_IMAGE], [(2,)]),
    _moved("SLICE", "float32", [_IMAGE], [(1, 2, 2, 3)], [(0, 1, 1, 2), (1, 2, 2, 3)]),
    _moved("SLICE", "int32", [(7,)], [(3,)], [(2,), (3,)]),
    _moved("SLICE", "int64", [(7,)], [(3,)], [(2,), (3,)]),
    _moved("SLICE", "bool", [(7, 2)], [(3, 1)], [(2, 1), (3, 1)]),
    _moved(
        "STRIDED_SLICE", "float32", [(1, 9, 2)], [(1, 4, 2)],
        [(0, 7, 0), (1, -9, 2), (1, -2, 1)], **_MASKS,
    ),
    _moved("TILE", "float32", [(1, 2, 3)], [(1, 4, 9)], [(1, 2, 3)]),
    _moved("BROADCAST_TO", "float32", [(1, 1, 3)], [(2, 4, 3)], [(2, 4, 3)]),
    _moved("SPACE_TO_DEPTH", "float32", [(1, 4, 4, 3)], [(1, 2, 2, 12)], BlockSize=2),
    _moved("DEPTH_TO_SPACE", "float32", [(1, 2, 2, 12)], [(1, 4, 4, 3)], BlockSize=2),
    _moved("SPLIT", "float32", [(1, 4, 6)], [(1, 4, 3)] * 2, first=2, NumSplits=2),
    _moved("SPLIT_V", "int32", [(1, 4, 6)], [(1, 4, 2), (1, 4, 4)], [(2, 4), 2], NumSplits=2),
    _moved("UNPACK", "float32", [(1, 3, 4)], [(1, 4)] * 3, Axis=1, Num=3),
    _moved("PACK", "float32", [(3, 4)] * 2, [(3, 2, 4)], Axis=1, ValuesCount=2),
    _moved(
        "CONCATENATION", "float32", [_IMAGE, (1, 4, 3, 2)], [(1, 4, 3, 7)],
        Axis=3, FusedActivationFunction=NONE,
    ),
    _moved(
        "CONCATENATION", "int32", [(2, 3), (4, 3)], [(6, 3)],
        Axis=0, FusedActivationFunction=NONE,
    ),
    _moved("PAD", "float32", [_IMAGE], [(1, 7, 4, 7)], [_ROWS]),
    _moved("PAD", "int32", [(3, 4)], [(4, 6)], [((0, 1), (2, 0))]),
    _moved("PADV2", "float32", [_IMAGE], [(1, 7, 4, 7)], [_ROWS, np.zeros(1, np.float32)]),
    *(
        (
            "PADV2",
            Case("PADV2", f"{name}_value", moved_model("PADV2", dtype, *_PADDED, [_ROWS, value])),
        )
        for name, dtype, value in (
            ("float32", "float32", np.array([9.5], np.float32)),
            ("float32_least", "float32", np.array([-3.4e38], np.float32)),
            ("float32_infinite", "float32", np.array([-np.inf], np.float32)),
            ("int32", "int32", np.array([-70000], np.int32)),
        )
    ),
    _moved("MIRROR_PAD", "float32", [_IMAGE], [(1, 7, 4, 5)], [_REFLECTED], Mode=0),
    _moved("GATHER", "float32", [_IMAGE], [(1, 4, 3, 3)], [(4, 0, 1)], Axis=3),
    _moved("GATHER", "int32", [(9, 2)], [(3, 2)], [(4, 0, 8)], Axis=0),
    _moved("RESHAPE", "float32", [_IMAGE], [(12, 5)], [(12, 5)]),
    _moved(
        "RESIZE_NEAREST_NEIGHBOR", "float32", [_IMAGE], [(1, 8, 6, 5)], [(8, 6)], **_RESIZED
    ),
]  # fmt: skip
TYPED: dict[str, tuple[Case, ...]] = {
    kind: tuple(case for other, case in _FOUND if other == kind)
    for kind in dict.fromkeys(kind for kind, _ in _FOUND)
}
