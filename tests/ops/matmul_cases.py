# SPDX-License-Identifier: Apache-2.0
"""Cases of BATCH_MATMUL."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.ops.build_tflite import Net
from tests.ops.case import collect
from tests.ops.value_cases import Quantised


def matmul_model(
    first: Sequence[int],
    second: Sequence[int],
    quantised: tuple[Quantised, Quantised, Quantised] = ((0.04, 3), (0.07, -9), (0.3, 5)),
    *,
    transposed: tuple[bool, bool] = (False, False),
    constant: int | None = None,
) -> bytes:
    """A product of two tensors of these shapes; operand number `constant` is one, if any."""
    net = Net()
    operands = []
    for position, shape in enumerate((first, second)):
        drawn = np.random.default_rng(position).integers(-128, 128, shape).astype(np.int8)
        data = drawn if position == constant else None
        scale, zero_point = quantised[position]
        operands.append(net.tensor(shape, scale=scale, zero_point=zero_point, data=data))
    swapped = [
        np.swapaxes(np.empty(shape), -1, -2) if flag else np.empty(shape)
        for shape, flag in zip((first, second), transposed, strict=True)
    ]
    scale, zero_point = quantised[2]
    y = net.tensor(np.matmul(*swapped).shape, scale=scale, zero_point=zero_point)
    net.op("BATCH_MATMUL", operands, [y], AdjX=transposed[0], AdjY=transposed[1])
    return net.build([t for n, t in enumerate(operands) if n != constant], [y])


_A, _B = (1, 3, 5, 7), (1, 3, 7, 4)
_AT, _BT = (1, 3, 7, 5), (1, 3, 4, 7)
_LOW, _HIGH = -128, 127
BATCH_MATMUL = collect(
    "BATCH_MATMUL",
    [
        ("plain", matmul_model(_A, _B)),
        ("first_transposed", matmul_model(_AT, _B, transposed=(True, False))),
        ("second_transposed", matmul_model(_A, _BT, transposed=(False, True))),
        ("both_transposed", matmul_model(_AT, _BT, transposed=(True, True))),
        ("quads", matmul_model((1, 2, 6, 8), (1, 2, 8, 6))),
        ("quads_and_tail", matmul_model((1, 1, 3, 19), (1, 1, 19, 3))),
        ("rank_3", matmul_model((2, 4, 6), (2, 6, 3))),
        ("rank_2", matmul_model((4, 6), (6, 3))),
        ("one_column", matmul_model((1, 1, 4, 9), (1, 1, 9, 1))),
        ("one_row", matmul_model((1, 1, 1, 9), (1, 1, 9, 6))),
        ("depth_1", matmul_model((1, 1, 4, 1), (1, 1, 1, 6))),
        ("second_for_all", matmul_model(_A, (1, 1, 7, 4))),
        ("first_for_all", matmul_model((1, 1, 5, 7), _B)),
        ("second_constant", matmul_model(_A, _B, constant=1)),
        ("first_constant", matmul_model(_A, _B, constant=0)),
        ("saturating", matmul_model(_A, _B, ((0.9, 1), (0.9, 2), (0.01, 3)))),
        *(
            (
                f"zero_points_{z}",
                matmul_model(_A, _B, tuple(zip((0.04, 0.07, 0.9), z, strict=True))),
            )
            for z in ((_LOW, _LOW, _LOW), (_HIGH, _LOW, 0), (_HIGH, _HIGH, _LOW), (0, 0, 0))
        ),
    ],
)
