# SPDX-License-Identifier: Apache-2.0
"""Cases of operators that read their input at strides: slices, parts, tiles, blocks of pixels."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.ops.build_tflite import Net
from tests.ops.case import collect

_SCALE, _ZERO_POINT = 0.05, -7
_IMAGE = (1, 6, 5, 8)


def strided_model(
    kind: str,
    shape: Sequence[int],
    out_shapes: Sequence[Sequence[int]],
    operands: Sequence[Any] = (),
    *,
    first: Any = None,
    **options: Any,
) -> bytes:
    """An operator of one int8 input.

    Args:
        kind: the operator.
        shape: of its input.
        out_shapes: of its results.
        operands: int32 constants behind the input.
        first: an int32 constant before it.
        options: of the operator.
    """
    net = Net()
    x = net.tensor(shape, scale=_SCALE, zero_point=_ZERO_POINT)
    inputs = [x, *(net.constant(np.array(values, np.int32)) for values in operands)]
    if first is not None:
        inputs.insert(0, net.constant(np.array(first, np.int32)))
    results = [net.tensor(s, scale=_SCALE, zero_point=_ZERO_POINT) for s in out_shapes]
    net.op(kind, inputs, results, **options)
    return net.build([x], results)


def transpose_model(shape: Sequence[int], permutation: Sequence[int]) -> bytes:
    return strided_model("TRANSPOSE", shape, [[shape[p] for p in permutation]], [permutation])


TRANSPOSE = collect(
    "TRANSPOSE",
    [
        *(
            (f"rank_{n}_{''.join(map(str, p))}", transpose_model((3, 2, 5, 4)[:n], p))
            for n in (1, 2, 3, 4)
            for p in itertools.permutations(range(n))
        ),
        ("rank_5", transpose_model((2, 3, 1, 4, 5), (4, 2, 0, 3, 1))),
        ("nhwc_to_nchw", transpose_model((1, 6, 5, 7), (0, 3, 1, 2))),
        ("channels_stay", transpose_model((1, 6, 5, 7), (0, 2, 1, 3))),
    ],
)


def slice_model(shape: Sequence[int], begin: Sequence[int], size: Sequence[int]) -> bytes:
    taken = [n - b if s == -1 else s for n, b, s in zip(shape, begin, size, strict=True)]
    return strided_model("SLICE", shape, [taken], [begin, size])


SLICE = collect(
    "SLICE",
    [
        ("rows", slice_model(_IMAGE, (0, 2, 0, 0), (1, 3, 5, 8))),
        ("columns", slice_model(_IMAGE, (0, 0, 1, 0), (1, 6, 3, 8))),
        ("channels", slice_model(_IMAGE, (0, 0, 0, 3), (1, 6, 5, 4))),
        ("everywhere", slice_model(_IMAGE, (0, 1, 2, 3), (1, 4, 2, 5))),
        ("to_the_end", slice_model(_IMAGE, (0, 1, 2, 3), (-1, -1, -1, -1))),
        ("everything", slice_model(_IMAGE, (0, 0, 0, 0), (1, 6, 5, 8))),
        ("few_values", slice_model(_IMAGE, (0, 5, 4, 3), (1, 1, 1, 5))),
        ("rank_1", slice_model((30,), (7,), (11,))),
        ("rank_3", slice_model((4, 5, 6), (1, 0, 2), (2, 5, 3))),
    ],
)


def strided_slice_model(
    shape: Sequence[int],
    begin: Sequence[int],
    end: Sequence[int],
    strides: Sequence[int],
    **masks: int,
) -> bytes:
    """STRIDED_SLICE with TensorFlow's masks; numpy says its shape, where no mask counts."""
    index: list[Any] = []
    for axis, (first, last, step) in enumerate(zip(begin, end, strides, strict=True)):
        on = {name: mask >> axis & 1 for name, mask in masks.items()}
        if on.get("EllipsisMask"):
            index.append(Ellipsis)
        elif on.get("NewAxisMask"):
            index.append(None)
        elif on.get("ShrinkAxisMask"):
            index.append(first)
        else:
            start = None if on.get("BeginMask") else first
            index.append(slice(start, None if on.get("EndMask") else last, step))
    taken = np.zeros(shape)[tuple(index)].shape
    return strided_model("STRIDED_SLICE", shape, [taken], [begin, end, strides], **masks)


STRIDED_SLICE = collect(
    "STRIDED_SLICE",
    [
        ("plain", strided_slice_model(_IMAGE, (0, 1, 1, 2), (1, 5, 4, 7), (1, 1, 1, 1))),
        ("every_second", strided_slice_model(_IMAGE, (0, 0, 0, 0), (1, 6, 5, 8), (1, 2, 2, 2))),
        ("every_third", strided_slice_model(_IMAGE, (0, 1, 0, 1), (1, 6, 5, 8), (1, 3, 1, 3))),
        ("from_the_end", strided_slice_model(_IMAGE, (0, -3, 0, -2), (1, 6, -1, 8), (1, 1, 1, 1))),
        ("beyond_the_end", strided_slice_model(_IMAGE, (0, 2, 0, 0), (9, 99, 99, 99), (1,) * 4)),
        ("reversed", strided_slice_model((4, 6, 5), (3, 5, 4), (-5, -7, -6), (-1, -1, -1))),
        ("backwards_by_two", strided_slice_model((4, 6, 5), (3, 4, 0), (0, 0, 5), (-1, -2, 1))),
        (
            "masks",
            strided_slice_model(
                _IMAGE, (9, 1, 9, 2), (9, 5, 9, 9), (1, 1, 1, 1), BeginMask=5, EndMask=13
            ),
        ),
        (
            "shrunk",
            strided_slice_model(_IMAGE, (0, 2, 0, 0), (1, 3, 5, 8), (1, 1, 1, 1), ShrinkAxisMask=3),
        ),
        (
            "shrunk_from_the_end",
            strided_slice_model(_IMAGE, (0, 0, 0, -2), (1, 6, 5, 8), (1,) * 4, ShrinkAxisMask=8),
        ),
        (
            "ellipsis",
            strided_slice_model(_IMAGE, (0, 0, 3), (1, 0, 7), (1, 1, 1), EllipsisMask=2),
        ),
        (
            "new_axis",
            strided_slice_model((6, 5, 8), (1, 0, 0, 2), (4, 0, 5, 7), (1,) * 4, NewAxisMask=2),
        ),
    ],
)


def tile_model(shape: Sequence[int], multiples: Sequence[int]) -> bytes:
    out_shape = [n * m for n, m in zip(shape, multiples, strict=True)]
    return strided_model("TILE", shape, [out_shape], [multiples])


TILE = collect(
    "TILE",
    [
        ("channels", tile_model((1, 3, 4, 5), (1, 1, 1, 3))),
        ("image", tile_model((1, 3, 4, 5), (1, 2, 3, 1))),
        ("batch", tile_model((1, 3, 4, 5), (4, 1, 1, 1))),
        ("rank_1", tile_model((7,), (5,))),
        ("rank_2", tile_model((3, 5), (2, 3))),
        ("nothing", tile_model((1, 3, 4, 5), (1, 1, 1, 1))),
        ("upsampling", tile_model((3, 1, 4, 1, 5), (1, 2, 1, 3, 1))),
    ],
)


REVERSE_V2 = collect(
    "REVERSE_V2",
    [
        (f"axis_{axis}", strided_model("REVERSE_V2", (1, 5, 4, 3), [(1, 5, 4, 3)], [[axis]]))
        for axis in (0, 1, 2, 3, -1)
    ]
    + [("steps", strided_model("REVERSE_V2", (1, 9, 5), [(1, 9, 5)], [[1]]))],
)


def broadcast_model(shape: Sequence[int], out_shape: Sequence[int]) -> bytes:
    return strided_model("BROADCAST_TO", shape, [out_shape], [out_shape])


BROADCAST_TO = collect(
    "BROADCAST_TO",
    [
        ("image", broadcast_model((1, 1, 1, 7), (1, 4, 3, 7))),
        ("rows", broadcast_model((1, 1, 5, 3), (1, 4, 5, 3))),
        ("columns", broadcast_model((1, 6, 1, 3), (1, 6, 5, 3))),
        ("channels", broadcast_model((1, 4, 3, 1), (1, 4, 3, 6))),
        ("rank", broadcast_model((5,), (2, 3, 5))),
    ],
)


def block_model(kind: str, shape: Sequence[int], block: int) -> bytes:
    _, height, width, channels = shape
    area = block**2
    deep = (1, height // block, width // block, channels * area)
    wide = (1, height * block, width * block, channels // area)
    out_shape = deep if kind == "SPACE_TO_DEPTH" else wide
    return strided_model(kind, shape, [out_shape], BlockSize=block)


_WIDE = {"2": ((1, 6, 4, 3), 2), "3": ((1, 6, 9, 5), 3), "whole": ((1, 4, 4, 2), 4)}
_DEEP = {"2": ((1, 3, 5, 12), 2), "3": ((1, 2, 3, 18), 3), "one_pixel": ((1, 1, 1, 48), 4)}
SPACE_TO_DEPTH = collect(
    "SPACE_TO_DEPTH",
    [(f"block_{name}", block_model("SPACE_TO_DEPTH", *case)) for name, case in _WIDE.items()],
)
DEPTH_TO_SPACE = collect(
    "DEPTH_TO_SPACE",
    [(f"block_{name}", block_model("DEPTH_TO_SPACE", *case)) for name, case in _DEEP.items()],
)


def _part(shape: Sequence[int], axis: int, length: int) -> list[int]:
    return [length if a == axis % len(shape) else n for a, n in enumerate(shape)]


def split_model(shape: Sequence[int], axis: int, parts: int) -> bytes:
    out_shapes = [_part(shape, axis, shape[axis] // parts)] * parts
    return strided_model("SPLIT", shape, out_shapes, first=axis, NumSplits=parts)


def split_v_model(shape: Sequence[int], axis: int, lengths: Sequence[int]) -> bytes:
    rest = shape[axis] - sum(length for length in lengths if length > 0)
    out_shapes = [_part(shape, axis, rest if n == -1 else n) for n in lengths]
    return strided_model("SPLIT_V", shape, out_shapes, [lengths, axis], NumSplits=len(lengths))


def unpack_model(shape: Sequence[int], axis: int) -> bytes:
    own = axis % len(shape)
    out_shapes = [[n for a, n in enumerate(shape) if a != own]] * shape[own]
    return strided_model("UNPACK", shape, out_shapes, Num=shape[own], Axis=axis)


SPLIT = collect(
    "SPLIT",
    [
        ("channels", split_model(_IMAGE, 3, 2)),
        ("channels_from_the_end", split_model(_IMAGE, -1, 4)),
        ("rows", split_model(_IMAGE, 1, 3)),
        ("columns", split_model((1, 4, 6, 5), 2, 2)),
        ("one", split_model(_IMAGE, 3, 1)),
        ("rank_2", split_model((1, 30), 1, 3)),
    ],
)
SPLIT_V = collect(
    "SPLIT_V",
    [
        ("channels", split_v_model(_IMAGE, 3, (1, 5, 2))),
        ("rest", split_v_model(_IMAGE, -1, (3, -1))),
        ("rows", split_v_model(_IMAGE, 1, (4, 2))),
    ],
)
UNPACK = collect(
    "UNPACK",
    [
        ("channels", unpack_model((1, 4, 5, 3), 3)),
        ("rows", unpack_model((1, 4, 5, 3), 1)),
        ("from_the_end", unpack_model((1, 4, 5, 3), -2)),
    ],
)


def pack_model(shape: Sequence[int], axis: int, count: int) -> bytes:
    net = Net()
    operands = [net.tensor(shape, scale=_SCALE, zero_point=_ZERO_POINT) for _ in range(count)]
    out_shape = list(shape)
    out_shape.insert(axis % (len(shape) + 1), count)
    y = net.tensor(out_shape, scale=_SCALE, zero_point=_ZERO_POINT)
    net.op("PACK", operands, [y], ValuesCount=count, Axis=axis)
    return net.build(operands, [y])


PACK = collect(
    "PACK",
    [
        *((f"axis_{axis}", pack_model((4, 3, 5), axis, 2)) for axis in range(4)),
        ("from_the_end", pack_model((4, 3, 5), -1, 3)),
        ("one", pack_model((4, 3, 5), 1, 1)),
        ("rank_1", pack_model((9,), 1, 3)),
    ],
)
