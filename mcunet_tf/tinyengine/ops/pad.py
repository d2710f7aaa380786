# SPDX-License-Identifier: Apache-2.0
"""PAD and PADV2."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View

PAD_AXES = 4
"""Axes that the kernel counts."""


@dataclasses.dataclass(frozen=True)
class PadAttributes:
    """`before` and `after` per axis; `value` is what fills, of the input's type."""

    before: tuple[int, ...]
    after: tuple[int, ...]
    value: int | float


def _read_pad(_: Mapping[str, Any], view: View) -> PadAttributes:
    pads = view.optional(1)
    if pads is None or pads.data is None or pads.elements % 2:
        return PadAttributes((), (), 0)
    pairs = np.asarray(pads.data).reshape(-1, 2)
    value = view.optional(2)
    if value is not None and value.data is not None:
        fill = value.data.reshape(-1)[0].item() if value.data.size else 0
    else:
        quantization = view.input(0).quantization
        fill = quantization.zero_point[0] if quantization and quantization.zero_point else 0
    return PadAttributes(
        tuple(int(p) for p in pairs[:, 0]), tuple(int(p) for p in pairs[:, 1]), fill
    )


def _evaluate_pad(view: View, values: Sequence[Array]) -> Array:
    attributes: PadAttributes = view.attributes
    edges = tuple(zip(attributes.before, attributes.after, strict=True))
    return np.pad(values[0], edges, constant_values=attributes.value)


def pad_byte(view: View) -> int | None:
    """The byte that the fill consists of, as an int8; None where its bytes differ."""
    pattern = np.array([view.attributes.value], view.output.dtype).view(np.int8)
    return int(pattern[0]) if len(set(pattern.tolist())) == 1 else None


def pad_bits(view: View) -> int:
    """The bits of a fill of four bytes, as an int32."""
    return int(np.array([view.attributes.value], view.output.dtype).view(np.int32)[0])


def padded_runs(view: View) -> list[tuple[int, int, int]]:
    """(before, size, after) of every run of axes, the last one's in bytes.

    An axis without padding belongs to the one before it where there are more than kernels count.
    """
    attributes: PadAttributes = view.attributes
    axes = zip(attributes.before, view.input(0).shape, attributes.after, strict=True)
    runs: list[tuple[int, int, int]] = []
    few = len(attributes.before) <= PAD_AXES
    for before, size, after in axes:
        if few or before or after or not runs:
            runs.append((before, size, after))
        else:
            runs[-1] = (runs[-1][0] * size, runs[-1][1] * size, runs[-1][2] * size)
    item = view.output.item_bytes
    return [*runs[:-1], (runs[-1][0] * item, runs[-1][1] * item, runs[-1][2] * item)]


def constraint_paddings(view: View) -> str | None:
    """Paddings are constant, not negative, around up to 4 runs of axes; so is the value."""
    attributes: PadAttributes = view.attributes
    shape = view.input(0).shape
    if len(attributes.before) != len(shape) or not shape:
        return f"paddings for {len(attributes.before)} axes of {list(shape)}"
    if min((*attributes.before, *attributes.after)) < 0:
        return f"paddings {list(attributes.before)}, {list(attributes.after)}"
    if len(padded_runs(view)) > PAD_AXES:
        return f"{len(padded_runs(view))} runs of axes of {list(shape)}"
    fill = view.optional(2)
    if fill is not None and (fill.data is None or fill.dtype != view.input(0).dtype):
        return f"a value that is {'computed' if fill.data is None else fill.dtype}"
    if pad_byte(view) is None and view.output.item_bytes > 4:
        return f"a value of {attributes.value}, whose bytes differ"
    padded = tuple(
        b + s + a for b, s, a in zip(attributes.before, shape, attributes.after, strict=True)
    )
    return None if padded == view.output.shape else f"an output of {list(view.output.shape)}"


PAD = OpSpec(
    "PAD",
    _read_pad,
    _evaluate_pad,
    (common.constraint_one_type, constraint_paddings),
)

PADV2 = OpSpec(
    "PADV2",
    _read_pad,
    _evaluate_pad,
    (common.constraint_one_type, constraint_paddings),
)
