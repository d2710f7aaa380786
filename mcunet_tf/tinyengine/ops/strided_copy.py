# SPDX-License-Identifier: Apache-2.0
"""Operators that read their input at constant strides: transpose, slice, tile, space to depth.

Values are bytes, or words of several bytes that stay together.

Each is defined as a numpy view of its input. The strides of that view are the whole geometry of the
kernel: one kernel serves them all.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.ir import constant_values
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, no_attributes

MAX_AXES = 6


@dataclasses.dataclass(frozen=True)
class TransposeAttributes:
    """Input axis of every output axis."""

    permutation: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class SliceAttributes:
    """First index and number of indices of every axis."""

    begin: tuple[int, ...]
    size: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class StridedSliceAttributes:
    """Bit masks by axis, as TensorFlow defines them; `offset`: ends count from the begins."""

    begin_mask: int
    end_mask: int
    shrink_axis_mask: int
    ellipsis_mask: int
    new_axis_mask: int
    offset: bool


@dataclasses.dataclass(frozen=True)
class ReverseAttributes:
    """The axes that run backwards."""

    axes: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class TileAttributes:
    """How often every axis is repeated."""

    multiples: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class BlockAttributes:
    """Side of the square of pixels that becomes channels, or the other way round."""

    block: int


@dataclasses.dataclass(frozen=True)
class StridedCopy:
    """Output sizes with the input's step along each, innermost last, and where reading begins.

    All in bytes: the innermost axis of wider values is that of their bytes.
    """

    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int


Arrangement = Callable[[View, Array], Array]


def _read_transpose(_: Mapping[str, Any], view: View) -> TransposeAttributes:
    return TransposeAttributes(common.constant_integers(view, 1))


def _transposed(view: View, values: Array) -> Array:
    return values.transpose(view.attributes.permutation)


def _read_reverse(_: Mapping[str, Any], view: View) -> ReverseAttributes:
    rank, axes = len(view.input(0).shape), common.constant_integers(view, 1)
    return ReverseAttributes(tuple(common.front_axis(axis, rank) for axis in axes))


def _reversed(view: View, values: Array) -> Array:
    return np.flip(values, view.attributes.axes)


def _read_slice(_: Mapping[str, Any], view: View) -> SliceAttributes:
    begin, size = common.constant_integers(view, 1), common.constant_integers(view, 2)
    shape = view.input(0).shape
    if not len(begin) == len(size) == len(shape):
        return SliceAttributes((), ())
    rest = zip(shape, begin, size, strict=True)
    return SliceAttributes(begin, tuple(n - b if s == -1 else s for n, b, s in rest))


def _sliced(view: View, values: Array) -> Array:
    attributes: SliceAttributes = view.attributes
    edges = zip(attributes.begin, attributes.size, strict=True)
    index: list[Any] = [slice(begin, begin + size) for begin, size in edges]
    # The ellipsis keeps a scalar a view of its memory, from which the kernel's offset is read.
    return values[(*index, Ellipsis)]


def _read_strided_slice(options: Mapping[str, Any], _: View) -> StridedSliceAttributes:
    return StridedSliceAttributes(
        options["BeginMask"],
        options["EndMask"],
        options["ShrinkAxisMask"],
        options["EllipsisMask"],
        options["NewAxisMask"],
        bool(options["Offset"]),
    )


def strided_slice_of(attributes: StridedSliceAttributes, view: View, values: Array) -> Array:
    """What a STRIDED_SLICE with these attributes takes, as a view of the values."""
    begin, end, strides = (constant_values(view.inputs[i]) for i in (1, 2, 3))
    index: list[Any] = []
    for axis, (first, last, step) in enumerate(zip(begin, end, strides, strict=True)):
        bit = 1 << axis
        if attributes.ellipsis_mask & bit:
            index.append(Ellipsis)
        elif attributes.new_axis_mask & bit:
            index.append(None)
        elif attributes.shrink_axis_mask & bit:
            index.append(first)
        else:
            start = None if attributes.begin_mask & bit else first
            index.append(slice(start, None if attributes.end_mask & bit else last, step))
    # An ellipsis keeps a single value an array.
    return values[tuple(index) if Ellipsis in index else (*index, Ellipsis)]


def _strided_slice(view: View, values: Array) -> Array:
    return strided_slice_of(view.attributes, view, values)


def _read_tile(_: Mapping[str, Any], view: View) -> TileAttributes:
    return TileAttributes(common.constant_integers(view, 1))


def _tiled(view: View, values: Array) -> Array:
    apart = values.reshape([n for size in values.shape for n in (1, size)])
    pairs = zip(view.attributes.multiples, values.shape, strict=True)
    return np.broadcast_to(apart, [n for pair in pairs for n in pair])


def _broadcast(view: View, values: Array) -> Array:
    return np.broadcast_to(values, view.output.shape)


def _read_block(options: Mapping[str, Any], _: View) -> BlockAttributes:
    return BlockAttributes(int(options["BlockSize"]))


def _space_to_depth(view: View, values: Array) -> Array:
    batch, height, width, channels = values.shape
    block = view.attributes.block
    apart = values.reshape(batch, height // block, block, width // block, block, channels)
    return apart.transpose(0, 1, 3, 2, 4, 5)


def _depth_to_space(view: View, values: Array) -> Array:
    batch, height, width, channels = values.shape
    block = view.attributes.block
    apart = values.reshape(batch, height, width, block, block, channels // block**2)
    return apart.transpose(0, 1, 3, 2, 4, 5)


_ARRANGEMENTS: dict[str, Arrangement] = {
    "TRANSPOSE": _transposed,
    "REVERSE_V2": _reversed,
    "SLICE": _sliced,
    "STRIDED_SLICE": _strided_slice,
    "TILE": _tiled,
    "BROADCAST_TO": _broadcast,
    "SPACE_TO_DEPTH": _space_to_depth,
    "DEPTH_TO_SPACE": _depth_to_space,
}
STRIDED_KINDS = tuple(_ARRANGEMENTS)


def strided_copy(view: View) -> StridedCopy:
    """The geometry of an operator of this module in bytes, in as few axes as say it."""
    source = np.empty(view.input(0).shape, view.input(0).dtype)
    seen = _ARRANGEMENTS[view.op.kind](view, source)
    offset = seen.__array_interface__["data"][0] - source.__array_interface__["data"][0]
    sizes: list[int] = []
    strides: list[int] = []
    axes = ((*seen.shape, source.itemsize), (*seen.strides, 1))
    for size, stride in zip(*axes, strict=True):
        if size == 1:
            continue
        if sizes and strides[-1] == size * stride:
            sizes[-1] *= size
            strides[-1] = stride
        else:
            sizes.append(size)
            strides.append(stride)
    return StridedCopy(tuple(sizes), tuple(strides), offset)


def _evaluate(view: View, values: Sequence[Array]) -> Array:
    return np.ascontiguousarray(_ARRANGEMENTS[view.op.kind](view, values[0])).reshape(
        view.output.shape
    )


def _evaluate_strided_slice(view: View, values: Sequence[Array]) -> Array:
    # Shapes that it works on at compile time may turn out to be other than declared.
    return np.array(_strided_slice(view, values[0]))


def constraint_permutation(view: View) -> str | None:
    """The permutation is constant."""
    permutation = view.attributes.permutation
    if sorted(permutation) != list(range(len(view.input(0).shape))):
        return f"permutation {list(permutation)} of {list(view.input(0).shape)}"
    if view.output.shape != tuple(view.input(0).shape[p] for p in permutation):
        return f"an output of {list(view.output.shape)}"
    return None


def constraint_reversed_axes(view: View) -> str | None:
    """The axes are constant."""
    axes = view.attributes.axes
    if not axes or view.output.shape != view.input(0).shape:
        return f"axes {list(axes)} and an output of {list(view.output.shape)}"
    return None


def constraint_slice(view: View) -> str | None:
    """Begin and size are constant and lie within the input."""
    attributes: SliceAttributes = view.attributes
    shape = view.input(0).shape
    if len(attributes.begin) != len(shape):
        return "begin or size is not constant"
    for axis, (begin, size) in enumerate(zip(attributes.begin, attributes.size, strict=True)):
        if begin < 0 or size < 1 or begin + size > shape[axis]:
            return f"{size} from {begin} along axis {axis} of {list(shape)}"
    produced = int(np.prod(attributes.size))
    return None if produced == view.output.elements else f"an output of {list(view.output.shape)}"


def constraint_strided_slice(view: View) -> str | None:
    """Begin, end and strides are constant and lie within the input; ends are not offsets."""
    numbers = [common.constant_integers(view, position) for position in (1, 2, 3)]
    if len(view.inputs) != 4 or not numbers[0] or len({len(values) for values in numbers}) > 1:
        return "begin, end or strides are not constant"
    if view.attributes.offset:
        return "ends that are offsets"
    for axis, step in enumerate(numbers[2]):
        if step < 1 and view.attributes.shrink_axis_mask >> axis & 1:
            return f"a step of {step} for the one index along axis {axis}"
    try:
        seen = _strided_slice(view, np.empty(view.input(0).shape, np.int8))
    except (IndexError, ValueError):
        return f"{[list(values) for values in numbers]} of {list(view.input(0).shape)}"
    return None if seen.shape == view.output.shape else f"an output of {list(view.output.shape)}"


def constraint_multiples(view: View) -> str | None:
    """The multiples are constant and at least 1."""
    multiples, shape = view.attributes.multiples, view.input(0).shape
    if len(multiples) != len(shape) or min(multiples, default=1) < 1:
        return f"multiples {list(multiples)} of {list(shape)}"
    produced = tuple(m * size for m, size in zip(multiples, shape, strict=True))
    return None if produced == view.output.shape else f"an output of {list(view.output.shape)}"


def constraint_broadcastable(view: View) -> str | None:
    """Axes of the input are 1 or the output's."""
    shapes = (view.input(0).shape, view.output.shape)
    try:
        fits = np.broadcast_shapes(*shapes) == shapes[1]
    except ValueError:
        fits = False
    return None if fits else f"{list(shapes[0])} to {list(shapes[1])}"


def constraint_space_to_depth(view: View) -> str | None:
    """Blocks cover the image, and the output holds each as one pixel."""
    return _block_problem(view, view.input(0).shape, view.output.shape)


def constraint_depth_to_space(view: View) -> str | None:
    """Every pixel of the input is a block of the output."""
    return _block_problem(view, view.output.shape, view.input(0).shape)


def _block_problem(view: View, wide: tuple[int, ...], deep: tuple[int, ...]) -> str | None:
    block = view.attributes.block
    wanted = (wide[0], deep[1] * block, deep[2] * block, wide[3])
    if block < 1 or wide != wanted or deep[3] != wide[3] * block**2:
        return f"blocks of {block}, {list(view.input(0).shape)} to {list(view.output.shape)}"
    return None


def constraint_few_axes(view: View) -> str | None:
    """At most 6 axes are apart in memory."""
    axes = len(strided_copy(view).sizes)
    return None if axes <= MAX_AXES else f"{axes} axes"


def _spec(
    kind: str, read: Callable[[Mapping[str, Any], View], Any], *own: Callable[[View], str | None]
) -> OpSpec:
    constraints = (common.constraint_one_type, *own, constraint_few_axes)
    return OpSpec(kind, read, _evaluate, constraints)


TRANSPOSE = _spec("TRANSPOSE", _read_transpose, constraint_permutation)
REVERSE_V2 = _spec("REVERSE_V2", _read_reverse, constraint_reversed_axes)
SLICE = _spec("SLICE", _read_slice, constraint_slice)
STRIDED_SLICE = dataclasses.replace(
    _spec("STRIDED_SLICE", _read_strided_slice, constraint_strided_slice),
    evaluate=_evaluate_strided_slice,
)
TILE = _spec("TILE", _read_tile, constraint_multiples)
BROADCAST_TO = _spec("BROADCAST_TO", no_attributes, constraint_broadcastable)
SPACE_TO_DEPTH = _spec(
    "SPACE_TO_DEPTH", _read_block, common.constraint_batch_one, constraint_space_to_depth
)
DEPTH_TO_SPACE = _spec(
    "DEPTH_TO_SPACE", _read_block, common.constraint_batch_one, constraint_depth_to_space
)
