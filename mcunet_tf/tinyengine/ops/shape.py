# SPDX-License-Identifier: Apache-2.0
"""Operators on shapes: SHAPE, STRIDED_SLICE, PACK. They exist at compile time only.

Keras writes them around a RESHAPE when the batch is dynamic; with the batch fixed to 1 they are
constants, and the pass `fold_constants` removes them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.ir import constant_values
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, no_attributes


@dataclasses.dataclass(frozen=True)
class StridedSliceAttributes:
    """Bit masks by axis, as TensorFlow defines them."""

    begin_mask: int
    end_mask: int
    shrink_axis_mask: int


@dataclasses.dataclass(frozen=True)
class PackAttributes:
    """The new axis."""

    axis: int


def _evaluate_shape(view: View, _: Sequence[Array]) -> Array:
    return np.array(view.input(0).shape, view.output.dtype)


def _read_strided_slice(options: Mapping[str, Any], _: View) -> StridedSliceAttributes:
    return StridedSliceAttributes(
        options["BeginMask"], options["EndMask"], options["ShrinkAxisMask"]
    )


def _evaluate_strided_slice(view: View, values: Sequence[Array]) -> Array:
    attributes: StridedSliceAttributes = view.attributes
    begin, end, strides = (constant_values(view.inputs[i]) for i in (1, 2, 3))
    index: list[int | slice] = []
    for axis, (first, last, step) in enumerate(zip(begin, end, strides, strict=True)):
        bit = 1 << axis
        if attributes.shrink_axis_mask & bit:
            index.append(first)
            continue
        start = None if attributes.begin_mask & bit else first
        stop = None if attributes.end_mask & bit else last
        index.append(slice(start, stop, step))
    return np.asarray(values[0][tuple(index)])


def _read_pack(options: Mapping[str, Any], _: View) -> PackAttributes:
    return PackAttributes(options["Axis"])


def _evaluate_pack(view: View, values: Sequence[Array]) -> Array:
    return np.stack(values, axis=view.attributes.axis)


def constraint_compile_time(view: View) -> str | None:
    """The operator works on shapes alone, which are known at compile time."""
    return "operands that are values, or depend on the model's input"


SHAPE = OpSpec("SHAPE", no_attributes, _evaluate_shape, (constraint_compile_time,))
STRIDED_SLICE = OpSpec(
    "STRIDED_SLICE", _read_strided_slice, _evaluate_strided_slice, (constraint_compile_time,)
)
PACK = OpSpec("PACK", _read_pack, _evaluate_pack, (constraint_compile_time,))
