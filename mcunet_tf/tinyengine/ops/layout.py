# SPDX-License-Identifier: Apache-2.0
"""Operators that move values and compute none: reshape, pad, concatenate, pack, resize."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.ir import constant_values
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.pool2d import constraint_same_quantisation
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, no_attributes


@dataclasses.dataclass(frozen=True)
class PadAttributes:
    """`before` and `after` per axis; `value` is the int8 that fills."""

    before: tuple[int, ...]
    after: tuple[int, ...]
    value: int


@dataclasses.dataclass(frozen=True)
class ConcatenationAttributes:
    """The axis, counted from the front, and the fused activation."""

    axis: int
    activation: str


@dataclasses.dataclass(frozen=True)
class PackAttributes:
    """The new axis, counted from the front."""

    axis: int


@dataclasses.dataclass(frozen=True)
class InterleaveAttributes:
    """The axis along which operands take turns."""

    axis: int


@dataclasses.dataclass(frozen=True)
class ResizeAttributes:
    """Source row and column of every output row and column."""

    rows: tuple[int, ...]
    columns: tuple[int, ...]


def _evaluate_reshape(view: View, values: Sequence[Array]) -> Array:
    return values[0].reshape(view.output.shape)


def _read_pad(_: Mapping[str, Any], view: View) -> PadAttributes:
    pads = view.optional(1)
    if pads is None or pads.data is None or pads.elements % 2:
        return PadAttributes((), (), 0)
    pairs = np.asarray(pads.data).reshape(-1, 2)
    value = view.optional(2)
    if value is not None and value.data is not None:
        fill = constant_values(value)[0] if value.data.size else 0
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


def _read_concatenation(options: Mapping[str, Any], view: View) -> ConcatenationAttributes:
    axis = common.front_axis(options["Axis"], len(view.output.shape))
    activation = common.activation_name(options["FusedActivationFunction"])
    return ConcatenationAttributes(axis, activation)


def _evaluate_concatenation(view: View, values: Sequence[Array]) -> Array:
    return np.concatenate(values, axis=view.attributes.axis)


def _read_pack(options: Mapping[str, Any], view: View) -> PackAttributes:
    return PackAttributes(common.front_axis(options["Axis"], len(view.input(0).shape) + 1))


def _evaluate_pack(view: View, values: Sequence[Array]) -> Array:
    return np.stack(values, axis=view.attributes.axis)


def _evaluate_interleave(view: View, values: Sequence[Array]) -> Array:
    return np.stack(values, axis=view.attributes.axis + 1).reshape(view.output.shape)


def joined_runs(view: View) -> list[int]:
    """Values of each operand that lie behind each other in the output, in its order."""
    axis = view.attributes.axis + (view.op.kind == "INTERLEAVE")
    return [math.prod(view.input(i).shape[axis:]) for i in range(len(view.inputs))]


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


def constraint_same_bytes(view: View) -> str | None:
    """Input and output have the same type and number of values."""
    source, output = view.input(0), view.output
    if source.dtype != output.dtype or source.elements != output.elements:
        return f"{source.dtype} {list(source.shape)} to {output.dtype} {list(output.shape)}"
    return None


def constraint_paddings(view: View) -> str | None:
    """Paddings are constant, not negative and of a rank of 1 to 4; the value is an int8."""
    attributes: PadAttributes = view.attributes
    shape = view.input(0).shape
    if len(attributes.before) != len(shape) or not 1 <= len(shape) <= 4:
        return f"paddings for {len(attributes.before)} axes of {list(shape)}"
    if min((*attributes.before, *attributes.after)) < 0:
        return f"paddings {list(attributes.before)}, {list(attributes.after)}"
    if not -128 <= attributes.value <= 127:
        return f"a value of {attributes.value}"
    padded = tuple(
        b + s + a for b, s, a in zip(attributes.before, shape, attributes.after, strict=True)
    )
    return None if padded == view.output.shape else f"an output of {list(view.output.shape)}"


def constraint_concatenation(view: View) -> str | None:
    """Operands have the output's scale, zero point and shape but for the axis; no activation."""
    attributes: ConcatenationAttributes = view.attributes
    output = view.output
    if attributes.activation != "NONE":
        return attributes.activation
    if not output.shape:
        return "an output without axes"
    total = 0
    for position in range(len(view.inputs)):
        tensor = view.input(position)
        if (tensor.scale, tensor.zero_point) != (output.scale, output.zero_point):
            return f"'{tensor.name}' has scale {tensor.scale} and zero point {tensor.zero_point}"
        if len(tensor.shape) != len(output.shape):
            return f"'{tensor.name}' has shape {list(tensor.shape)}"
        rest = [a for i, a in enumerate(tensor.shape) if i != attributes.axis]
        if rest != [a for i, a in enumerate(output.shape) if i != attributes.axis]:
            return f"'{tensor.name}' has shape {list(tensor.shape)}"
        total += tensor.shape[attributes.axis]
    if total != output.shape[attributes.axis]:
        return f"an output of {list(output.shape)}"
    return None


def constraint_pack(view: View) -> str | None:
    """Operands are of one shape, and of the output's scale and zero point."""
    output, shape = view.output, view.input(0).shape
    for position in range(len(view.inputs)):
        tensor = view.input(position)
        if (tensor.scale, tensor.zero_point) != (output.scale, output.zero_point):
            return f"'{tensor.name}' has scale {tensor.scale} and zero point {tensor.zero_point}"
        if tensor.shape != shape:
            return f"'{tensor.name}' has shape {list(tensor.shape)}"
    axis = view.attributes.axis
    if output.shape != (*shape[:axis], len(view.inputs), *shape[axis:]):
        return f"an output of {list(output.shape)}"
    return None


def constraint_interleave(view: View) -> str | None:
    """Operands are of one shape, and of the output's scale and zero point; a pass has made it."""
    shape, axis = list(view.input(0).shape), view.attributes.axis
    shape[axis] *= len(view.inputs)
    if any(view.input(i).shape != view.input(0).shape for i in range(len(view.inputs))):
        return "operands of several shapes"
    return None if tuple(shape) == view.output.shape else f"an output of {list(view.output.shape)}"


def constraint_resize(view: View) -> str | None:
    """The output has the input's channels."""
    source, output = view.input(0).shape, view.output.shape
    return None if source[3] == output[3] else f"{list(source)} and {list(output)}"


_INT8 = common.constraint_int8_activations

RESHAPE = OpSpec("RESHAPE", no_attributes, _evaluate_reshape, (constraint_same_bytes,))
SQUEEZE = OpSpec("SQUEEZE", no_attributes, _evaluate_reshape, (constraint_same_bytes,))
EXPAND_DIMS = OpSpec("EXPAND_DIMS", no_attributes, _evaluate_reshape, (constraint_same_bytes,))
PAD = OpSpec(
    "PAD", _read_pad, _evaluate_pad, (_INT8, constraint_paddings, constraint_same_quantisation)
)
PADV2 = OpSpec(
    "PADV2", _read_pad, _evaluate_pad, (_INT8, constraint_paddings, constraint_same_quantisation)
)
CONCATENATION = OpSpec(
    "CONCATENATION",
    _read_concatenation,
    _evaluate_concatenation,
    (common.constraint_all_int8, constraint_concatenation),
)
PACK = OpSpec("PACK", _read_pack, _evaluate_pack, (common.constraint_all_int8, constraint_pack))
INTERLEAVE = OpSpec(
    "INTERLEAVE",
    no_attributes,
    _evaluate_interleave,
    (common.constraint_all_int8, constraint_interleave),
)
RESIZE_NEAREST_NEIGHBOR = OpSpec(
    "RESIZE_NEAREST_NEIGHBOR",
    _read_resize,
    _evaluate_resize,
    (_INT8, common.constraint_batch_one, constraint_resize, constraint_same_quantisation),
)
