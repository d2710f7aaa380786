# SPDX-License-Identifier: Apache-2.0
"""Operators that pick known indices of axes, in any order and any number of times.

The pass `lower_picks` rewrites them as RESIZE_NEAREST_NEIGHBOR, whose kernels read rows and columns
from tables: only where the tables come from differs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.dynamic import GatherAttributes, read_gather
from mcunet_tf.tinyengine.ops.spec import ImpossibleError, OpSpec, View

_REFLECT, _SYMMETRIC = 0, 1
_MAX_INDICES = 1 << 15


@dataclasses.dataclass(frozen=True)
class PickAttributes:
    """Which index of each input axis every index of the result takes; () where unknown."""

    indices: tuple[tuple[int, ...], ...]


_UNKNOWN = PickAttributes(())


def _read_gather(options: Mapping[str, Any], view: View) -> PickAttributes | GatherAttributes:
    shape = view.input(0).shape
    indices = common.constant_integers(view, 1)
    axis = common.front_axis(options["Axis"], len(shape))
    if options["BatchDims"] or not indices:
        return read_gather(options, view)
    return PickAttributes(
        tuple(indices if own == axis else tuple(range(size)) for own, size in enumerate(shape))
    )


def _read_mirror_pad(options: Mapping[str, Any], view: View) -> PickAttributes:
    shape = view.input(0).shape
    paddings = common.constant_integers(view, 1)
    if len(paddings) != 2 * len(shape):
        return _UNKNOWN
    if options["Mode"] not in (_REFLECT, _SYMMETRIC):
        raise ImpossibleError(f"mode {options['Mode']} is neither REFLECT (0) nor SYMMETRIC (1)")
    # REFLECT leaves out the value on the edge, SYMMETRIC repeats it.
    edge = 1 if options["Mode"] == _REFLECT else 0
    axes = []
    for size, before, after in zip(shape, paddings[::2], paddings[1::2], strict=True):
        if not (0 <= before <= size - edge and 0 <= after <= size - edge):
            return _UNKNOWN
        last = size - 1 - edge
        front, back = range(edge + before - 1, edge - 1, -1), range(last, last - after, -1)
        axes.append((*front, *range(size), *back))
    return PickAttributes(tuple(axes))


def constraint_picks(view: View) -> str | None:
    """Indices and paddings are constant and lie within the input; there are no batch dimensions."""
    indices, shape = view.attributes.indices, view.input(0).shape
    if len(indices) != len(shape):
        return f"what is picked of {list(shape)} is unknown"
    for axis, (own, size) in enumerate(zip(indices, shape, strict=True)):
        if not own or not 0 <= min(own) <= max(own) < size:
            return f"an index outside 0..{size - 1} of axis {axis}"
    return None


def constraint_picked_elements(view: View) -> str | None:
    """The output holds what is picked; before and along the last such axis lie 32,768 at most."""
    indices, shape = view.attributes.indices, view.input(0).shape
    expected, before = 1, 1
    for own, size in zip(indices, shape, strict=True):
        expected *= len(own)
        if own != tuple(range(size)) and max(before, size) > _MAX_INDICES:
            return f"{max(before, size)}"
        before *= max(len(own), size)
    return None if view.output.elements == expected else f"{view.output.elements}, not {expected}"


_CONSTRAINTS = (
    common.constraint_one_type,
    constraint_picks,
    constraint_picked_elements,
)
_BECOMES = ("RESIZE_NEAREST_NEIGHBOR",)

GATHER = OpSpec("GATHER", _read_gather, None, _CONSTRAINTS, becomes=_BECOMES)
MIRROR_PAD = OpSpec("MIRROR_PAD", _read_mirror_pad, None, _CONSTRAINTS, becomes=_BECOMES)
