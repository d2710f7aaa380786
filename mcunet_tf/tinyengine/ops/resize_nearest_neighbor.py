# SPDX-License-Identifier: Apache-2.0
"""RESIZE_NEAREST_NEIGHBOR."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View


@dataclasses.dataclass(frozen=True)
class ResizeAttributes:
    """Source row and column of every output row and column."""

    rows: tuple[int, ...]
    columns: tuple[int, ...]


def _nearest(size: int, out_size: int, align_corners: bool, half_pixel: bool) -> tuple[int, ...]:
    """Source index of every output index, in float32 as TFLite computes it."""
    if align_corners and out_size > 1:
        scale = np.float32(size - 1) / np.float32(out_size - 1)
    else:
        scale = np.float32(size) / np.float32(out_size)
    position = np.arange(out_size, dtype=np.float32) + np.float32(0.5 if half_pixel else 0.0)
    source = position * scale
    index = np.floor(source + np.float32(0.5)) if align_corners else np.floor(source)
    clipped = np.clip(index.astype(np.int64), 0, size - 1)
    return tuple(int(i) for i in clipped)


def _read_resize(options: Mapping[str, Any], view: View) -> ResizeAttributes:
    source, output = view.input(0).shape, view.output.shape
    if len(source) != 4 or len(output) != 4 or 0 in output:
        return ResizeAttributes((), ())
    flags = (bool(options["AlignCorners"]), bool(options["HalfPixelCenters"]))
    return ResizeAttributes(
        _nearest(source[1], output[1], *flags), _nearest(source[2], output[2], *flags)
    )


def _evaluate_resize(view: View, values: Sequence[Array]) -> Array:
    rows, columns = view.attributes.rows, view.attributes.columns
    return values[0][:, rows][:, :, columns]


def constraint_resize(view: View) -> str | None:
    """The output has the input's channels."""
    source, output = view.input(0).shape, view.output.shape
    return None if source[3] == output[3] else f"{list(source)} and {list(output)}"


RESIZE_NEAREST_NEIGHBOR = OpSpec(
    "RESIZE_NEAREST_NEIGHBOR",
    _read_resize,
    _evaluate_resize,
    (
        common.constraint_one_type,
        common.constraint_batch_one,
        constraint_resize,
    ),
)
