# SPDX-License-Identifier: Apache-2.0
"""Cases of operators that make one result of the values along axes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import tflite

from tests.ops.build_tflite import Net
from tests.ops.case import collect
from tests.ops.value_cases import Quantised


def mean_model(
    shape: Sequence[int],
    axes: Sequence[int],
    source: Quantised = (0.05, -7),
    out: Quantised = (0.03, 4),
    *,
    kind: str = "MEAN",
    keep_dims: bool = True,
) -> bytes:
    """MEAN, SUM or REDUCE_MAX; axes may be negative."""
    net = Net()
    reduced = {axis % len(shape) for axis in axes}
    kept = [1 if axis in reduced else size for axis, size in enumerate(shape)]
    if not keep_dims:
        kept = [size for axis, size in enumerate(shape) if axis not in reduced]
    x = net.tensor(shape, scale=source[0], zero_point=source[1])
    a = net.constant(np.array(axes, np.int32))
    y = net.tensor(kept, scale=out[0], zero_point=out[1])
    net.op(kind, [x, a], [y], KeepDims=keep_dims)
    return net.build([x], [y])


ALL_AXES = [c for n in (1, 2, 3, 4) for c in itertools.combinations(range(4), n)]
MEAN = collect(
    "MEAN",
    [
        *(
            (f"axes_{'_'.join(map(str, axes))}", mean_model((1, 5, 7, 6), axes))
            for axes in ALL_AXES
        ),
        *(
            (f"batch_one_axes_{'_'.join(map(str, axes))}", mean_model((1, 5, 1, 6), axes))
            for axes in ((0, 1), (1, 3), (0, 1, 3))
        ),
        ("dropped_axes", mean_model((1, 5, 7, 6), (1, 2), keep_dims=False)),
        ("negative_axes", mean_model((1, 5, 7, 6), (-3, -2))),
        ("axes_out_of_order", mean_model((1, 5, 7, 6), (2, 1))),
        ("axis_twice", mean_model((1, 5, 7, 6), (1, 1, 2))),
        ("one_value", mean_model((1, 1, 1, 9), (1, 2))),
        ("rank_2", mean_model((3, 100), (1,))),
        ("rank_3", mean_model((1, 12, 5), (1,), keep_dims=False)),
        ("large", mean_model((1, 48, 48, 3), (1, 2))),
        ("same_scale", mean_model((1, 7, 7, 8), (1, 2), (0.05, -128), (0.05, -128))),
        ("zero_points_high", mean_model((1, 2, 2, 80), (1, 2), (0.05, 127), (0.06, 127))),
        ("zero_points_apart", mean_model((1, 2, 2, 80), (1, 2), (0.05, -128), (0.06, -127))),
        ("multiplier_above_one", mean_model((1, 3, 3, 80), (1, 2), (0.9, 3), (0.7, 4))),
        ("multiplier_above_two", mean_model((1, 1, 1, 256), (1, 2), (0.9, 3), (0.3, 4))),
        ("vanishing", mean_model((1, 3, 3, 8), (1, 2), (0.0001, 3), (0.9, 4))),
    ],
)


def sum_model(
    shape: Sequence[int],
    axes: Sequence[int],
    source: Quantised = (0.05, -7),
    out: Quantised = (0.21, 4),
    **kept: bool,
) -> bytes:
    return mean_model(shape, axes, source, out, kind="SUM", **kept)


SUM = collect(
    "SUM",
    [
        *((f"axes_{'_'.join(map(str, axes))}", sum_model((1, 3, 4, 5), axes)) for axes in ALL_AXES),
        ("dropped_axes", sum_model((1, 5, 7, 6), (1, 2), keep_dims=False)),
        ("negative_axes", sum_model((1, 5, 7, 6), (-3, -2))),
        ("rank_2", sum_model((3, 100), (1,))),
        ("large", sum_model((1, 48, 48, 3), (1, 2), (0.05, -1), (1.0, 4))),
        ("zero_points_high", sum_model((1, 2, 2, 80), (1, 2), (0.05, 127), (0.1, 127))),
        ("multiplier_above_one", sum_model((1, 3, 3, 80), (1, 2), (0.9, 3), (0.7, 4))),
        ("same_zero_points", sum_model((1, 7, 7, 8), (1, 2), (0.05, -128), (1.3, -128))),
        ("same_scale", sum_model((1, 2, 2, 80), (1, 2), (0.05, 5), (0.05, 5))),
        ("vanishing", sum_model((1, 3, 3, 8), (1, 2), (0.0001, 3), (0.9, 4))),
    ],
)


def reduce_max_model(shape: Sequence[int], axes: Sequence[int], *, keep_dims: bool = True) -> bytes:
    edges = (0.05, -7)
    return mean_model(shape, axes, edges, edges, kind="REDUCE_MAX", keep_dims=keep_dims)


REDUCE_MAX = collect(
    "REDUCE_MAX",
    [
        *(
            (f"axes_{'_'.join(map(str, axes))}", reduce_max_model((1, 5, 7, 6), axes))
            for axes in ALL_AXES
        ),
        ("dropped_axes", reduce_max_model((1, 5, 7, 6), (1, 2), keep_dims=False)),
        ("negative_axes", reduce_max_model((1, 5, 7, 6), (-3, -2))),
        ("rank_2", reduce_max_model((3, 40), (1,))),
        ("sequence", reduce_max_model((1, 12, 5), (1,), keep_dims=False)),
    ],
)


def arg_model(
    kind: str, shape: Sequence[int], axis: int, dtype: str = "int32", *, real: bool = False
) -> bytes:
    """ARG_MAX or ARG_MIN, `real`: of float32; its indices have no scale."""
    net = Net()
    kept = [size for place, size in enumerate(shape) if place != axis % len(shape)]
    source = "float32" if real else "int8"
    x = net.tensor(shape, scale=None if real else 0.05, zero_point=-7, dtype=source)
    a = net.constant(np.array(axis, np.int32))
    y = net.tensor(kept, scale=None, dtype=dtype)
    net.op(kind, [x, a], [y], OutputType=getattr(tflite.TensorType, dtype.upper()))
    return net.build([x], [y])


ARG_MAX, ARG_MIN = (
    collect(
        kind,
        [
            *((f"axis_{axis}", arg_model(kind, (1, 5, 7, 6), axis)) for axis in (1, 2, 3, -2)),
            ("int64", arg_model(kind, (1, 5, 7, 6), 3, "int64")),
            ("int64_rows", arg_model(kind, (1, 5, 7, 3), 1, "int64")),
            ("classes", arg_model(kind, (1, 300), 1)),
            ("rank_3", arg_model(kind, (1, 12, 5), 1)),
            ("batch", arg_model(kind, (6, 3, 4), 0)),
            ("float32_classes", arg_model(kind, (1, 300), 1, real=True)),
            ("float32_rows", arg_model(kind, (1, 5, 7, 6), 1, real=True)),
        ],
    )
    for kind in ("ARG_MAX", "ARG_MIN")
)
