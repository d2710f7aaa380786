# SPDX-License-Identifier: Apache-2.0
"""Operators whose indices are computed: GATHER, GATHER_ND, SLICE, DYNAMIC_UPDATE_SLICE.

TensorFlow Lite refuses an index outside the tensor at run time, or reads beyond its end; here it
takes the nearest one within. Values are of any type.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.ir import Tensor
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, no_attributes

GATHERED_AXES = 5
BLOCK_AXES = 6
INDEX_TYPES = ("int32", "int64")


@dataclasses.dataclass(frozen=True)
class GatherAttributes:
    """The axis, counted from the front, and how many axes of both operands are batches."""

    axis: int
    batches: int


def read_gather(options: Mapping[str, Any], view: View) -> GatherAttributes:
    """Attributes of a GATHER whose indices are computed."""
    axis = common.front_axis(options["Axis"], len(view.input(0).shape))
    batches = int(options["BatchDims"])
    indices = view.optional(1)
    return GatherAttributes(
        axis, batches + len(indices.shape) if batches < 0 and indices else batches
    )


def gather_shape(view: View) -> tuple[int, int, int, int, int]:
    """(batches, outer, size of the axis, inner values, indices of a batch)."""
    attributes: GatherAttributes = view.attributes
    shape, axis, batches = view.input(0).shape, attributes.axis, attributes.batches
    return (
        math.prod(shape[:batches]),
        math.prod(shape[batches:axis]),
        shape[axis],
        math.prod(shape[axis + 1 :]),
        math.prod(view.input(1).shape[batches:]),
    )


def _evaluate_gather(view: View, values: Sequence[Array]) -> Array:
    batches, outer, size, inner, count = gather_shape(view)
    data = values[0].reshape(batches, outer, size, inner)
    indices = values[1].reshape(batches, count).clip(0, size - 1)
    found: Array = np.stack([data[b][:, indices[b]] for b in range(batches)])
    return found.reshape(view.output.shape)


def gathered_axes(view: View) -> tuple[int, ...]:
    """Sizes of the axes that a GATHER_ND indexes."""
    return view.input(0).shape[: view.input(1).shape[-1]]


def _evaluate_gather_nd(view: View, values: Sequence[Array]) -> Array:
    sizes = gathered_axes(view)
    indices = values[1].reshape(-1, len(sizes))
    places = tuple(indices[:, axis].clip(0, size - 1) for axis, size in enumerate(sizes))
    found: Array = values[0][places]
    return found.reshape(view.output.shape)


def _starts(whole: Tensor, part: Tensor, begin: Array) -> list[slice]:
    """The block of the part's sizes that begins at the given indices, or at the end before."""
    sizes = zip(whole.shape, part.shape, begin.reshape(-1).tolist(), strict=True)
    firsts = [(min(max(first, 0), n - m), m) for n, m, first in sizes]
    return [slice(first, first + size) for first, size in firsts]


def _evaluate_slice(view: View, values: Sequence[Array]) -> Array:
    found: Array = values[0][tuple(_starts(view.input(0), view.output, values[1]))]
    return found


def _evaluate_update(view: View, values: Sequence[Array]) -> Array:
    made = values[0].copy()
    made[tuple(_starts(view.input(0), view.input(1), values[2]))] = values[1]
    return made


def constraint_index_type(view: View) -> str | None:
    """Indices are int32 or int64."""
    position = 2 if view.op.kind == "DYNAMIC_UPDATE_SLICE" else 1
    tensor = view.optional(position)
    if tensor is None or tensor.dtype not in INDEX_TYPES:
        return "no indices" if tensor is None else common.describe(tensor)
    return None


def constraint_gathered(view: View) -> str | None:
    """The output holds a run of the input for each index; batches are those of both operands."""
    attributes: GatherAttributes = view.attributes
    shape, indices = view.input(0).shape, view.input(1).shape
    batches = attributes.batches
    if not 0 <= batches <= min(attributes.axis, len(indices)):
        return f"{batches} axes of batches before axis {attributes.axis}"
    if shape[:batches] != indices[:batches]:
        return f"batches {list(shape[:batches])} and {list(indices[:batches])}"
    made = (*shape[: attributes.axis], *indices[batches:], *shape[attributes.axis + 1 :])
    return None if math.prod(made) == view.output.elements else f"{list(view.output.shape)}"


def constraint_gathered_nd(view: View) -> str | None:
    """Rows of indices hold one for each of 1 to 5 axes; the output a run of the input for each."""
    shape, indices = view.input(0).shape, view.input(1).shape
    if not indices or not 1 <= indices[-1] <= min(GATHERED_AXES, len(shape)):
        return f"indices {list(indices)} of {list(shape)}"
    made = (*indices[:-1], *shape[indices[-1] :])
    return None if math.prod(made) == view.output.elements else f"{list(view.output.shape)}"


def constraint_block(view: View) -> str | None:
    """The block is no larger than the tensor, of at most 6 axes, and has one index for each."""
    update = view.op.kind == "DYNAMIC_UPDATE_SLICE"
    whole, part = view.input(0).shape, (view.input(1) if update else view.output).shape
    begin = view.input(2 if update else 1)
    fits = len(part) == len(whole) and all(m <= n for m, n in zip(part, whole, strict=False))
    if not fits or not 1 <= len(whole) <= BLOCK_AXES or begin.elements != len(whole):
        return f"a block {list(part)} of {list(whole)} at {begin.elements} indices"
    if update and view.output.shape != whole:
        return f"an output of {list(view.output.shape)}"
    return None


def constraint_updated_type(view: View) -> str | None:
    """Tensor, block and result are of one type and scale."""
    return common.one_type_problem((*view.inputs[:2], view.output))


def constraint_embedding(view: View) -> str | None:
    """The table is constant: rows of int8 or float32 values, the output's type or float32."""
    table, output = view.optional(1), view.output
    if table is None or table.data is None or len(table.shape) < 2:
        return "no constant table of rows"
    if table.dtype == "int8" and output.dtype == "float32":
        return common.per_tensor_problem(table)
    return common.one_type_problem((table, output))


def constraint_lookups(view: View) -> str | None:
    """Lookups are int32 [n], and the output has a row for each."""
    lookups, table = view.input(0), view.input(1)
    if lookups.dtype != "int32" or len(lookups.shape) != 1:
        return common.describe(lookups)
    made = lookups.elements * table.elements // table.shape[0]
    return None if made == view.output.elements else f"an output of {list(view.output.shape)}"


GATHER_AT = OpSpec(
    "GATHER_AT",
    read_gather,
    _evaluate_gather,
    (common.constraint_one_type, constraint_index_type, constraint_gathered),
    required=(0, 1),
)
SLICE_AT = OpSpec(
    "SLICE_AT",
    no_attributes,
    _evaluate_slice,
    (common.constraint_one_type, constraint_index_type, constraint_block),
    required=(0, 1),
)
GATHER_ND = OpSpec(
    "GATHER_ND",
    no_attributes,
    _evaluate_gather_nd,
    (common.constraint_one_type, constraint_index_type, constraint_gathered_nd),
    required=(0, 1),
)
DYNAMIC_UPDATE_SLICE = OpSpec(
    "DYNAMIC_UPDATE_SLICE",
    no_attributes,
    _evaluate_update,
    (constraint_updated_type, constraint_index_type, constraint_block),
    required=(0, 1, 2),
)
EMBEDDING_LOOKUP = OpSpec(
    "EMBEDDING_LOOKUP",
    no_attributes,
    None,
    (constraint_embedding, constraint_lookups),
    becomes=("GATHER_AT", "DEQUANTIZE"),
    required=(0, 1),
)
