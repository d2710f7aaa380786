# SPDX-License-Identifier: Apache-2.0
"""Cases of operators that pick indices of axes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tflite

from tests.ops.case import collect
from tests.ops.strided_cases import strided_model

_REFLECT, _SYMMETRIC = tflite.MirrorPadMode.REFLECT, tflite.MirrorPadMode.SYMMETRIC


def gather_model(shape: Sequence[int], axis: int, indices: Sequence[int] | int) -> bytes:
    taken = np.zeros(shape).take(indices, axis).shape
    return strided_model("GATHER", shape, [taken], [indices], Axis=axis)


def mirror_pad_model(
    shape: Sequence[int], paddings: Sequence[tuple[int, int]], mode: int = _REFLECT
) -> bytes:
    padded = [size + sum(pair) for size, pair in zip(shape, paddings, strict=True)]
    return strided_model("MIRROR_PAD", shape, [padded], [paddings], Mode=mode)


GATHER = collect(
    "GATHER",
    [
        ("rows", gather_model((1, 6, 5, 8), 1, (5, 0, 0, 3))),
        ("columns", gather_model((1, 6, 5, 8), 2, (4, 1, 1, 3, 0, 2, 2))),
        ("channels", gather_model((1, 6, 5, 8), 3, (7, 0, 3))),
        ("channels_from_the_end", gather_model((1, 6, 5, 8), -1, (1, 0, 3, 2, 7, 6, 5, 4))),
        ("batch", gather_model((3, 4, 5), 0, (2, 0))),
        ("table_of_indices", gather_model((1, 9, 5), 1, ((8, 0, 1), (2, 2, 3)))),
        ("one_index", gather_model((1, 9, 5), 1, 4)),
        ("rank_1", gather_model((9,), 0, (8, 1, 5))),
    ],
)


MIRROR_PAD = collect(
    "MIRROR_PAD",
    [
        ("image", mirror_pad_model((1, 6, 5, 3), ((0, 0), (1, 1), (1, 1), (0, 0)))),
        ("apart", mirror_pad_model((1, 6, 5, 3), ((0, 0), (2, 0), (3, 4), (0, 0)))),
        ("rows", mirror_pad_model((1, 6, 5, 3), ((0, 0), (5, 5), (0, 0), (0, 0)))),
        ("columns", mirror_pad_model((1, 6, 5, 3), ((0, 0), (0, 0), (0, 2), (0, 0)))),
        ("channels", mirror_pad_model((1, 3, 4, 6), ((0, 0), (1, 0), (0, 0), (2, 3)))),
        ("all_axes", mirror_pad_model((2, 3, 4, 3), ((1, 1), (1, 2), (2, 1), (1, 0)))),
        ("rank_2", mirror_pad_model((4, 5), ((1, 2), (3, 0)))),
        ("symmetric", mirror_pad_model((1, 6, 5, 3), ((0, 0), (1, 2), (5, 1), (0, 0)), _SYMMETRIC)),
        ("symmetric_whole", mirror_pad_model((3, 4), ((3, 3), (4, 4)), _SYMMETRIC)),
    ],
)
