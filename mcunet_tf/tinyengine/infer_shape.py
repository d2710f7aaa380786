# SPDX-License-Identifier: Apache-2.0
"""The shape of an operator's results from those of its operands, as TFLite computes it.

Rules speak of the option table's fields, by the schema's names, and of operands that are known.
They raise what numpy raises where these contradict each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.ir import constant_values
from mcunet_tf.tinyengine.ops import SPECS, common, masks, strided_copy
from mcunet_tf.tinyengine.ops.spec import Array, View

Shape = tuple[int, ...]
Options = Mapping[str, Any]
_Rule = Callable[[View, Options], Sequence[Shape]]


def integers(seen: View, position: int) -> list[int]:
    """A known operand's values.

    Raises:
      AssertionError, IndexError: it is not known, or not there.
    """
    return constant_values(seen.inputs[position])


def solved(wanted: Sequence[int], elements: int) -> Shape:
    """A shape with its -1 computed.

    Raises:
      ValueError: two sizes are open.
    """
    if list(wanted).count(-1) > 1:
        raise ValueError("two sizes are open")
    known = math.prod(size for size in wanted if size != -1)
    return tuple(elements // known if size == -1 else size for size in wanted)


def wanted_shape(seen: View, options: Options) -> list[int]:
    """What a RESHAPE asks for: its second operand, or its options in old files."""
    if len(seen.inputs) > 1 and seen.inputs[1] is not None:
        return integers(seen, 1)
    return [int(size) for size in np.atleast_1d(options["NewShapeAsNumpy"])]


def squeezed(seen: View, options: Options) -> Shape:
    """A shape without some axes, or all, of size 1."""
    shape, found = seen.input(0).shape, options["SqueezeDimsAsNumpy"]
    gone = {int(axis) % len(shape) for axis in np.atleast_1d(found)} if np.ndim(found) else set()
    gone = gone or {axis for axis, size in enumerate(shape) if size == 1}
    return tuple(size for axis, size in enumerate(shape) if axis not in gone or size != 1)


def permutation(seen: View) -> list[int]:
    """The input axis of every output axis."""
    return integers(seen, 1)


def reduced_axes(seen: View) -> Shape:
    """The axes that a reduction removes, from the front."""
    rank = len(seen.input(0).shape)
    return tuple(sorted({common.front_axis(axis, rank) for axis in integers(seen, 1)}))


def taken(seen: View, values: Array, options: Options) -> Array:
    """What SLICE or STRIDED_SLICE takes."""
    if seen.op.kind == "SLICE":
        begin, size = integers(seen, 1), integers(seen, 2)
        edges = zip(begin, size, values.shape, strict=True)
        return values[tuple(slice(b, n if s == -1 else b + s) for b, s, n in edges)]
    attributes = SPECS["STRIDED_SLICE"].read(options, seen)
    return np.array(strided_copy.strided_slice_of(attributes, seen, values))


def gathered(seen: View, values: Array, indices: Array, options: Options) -> Array:
    """What GATHER picks, without batch dimensions.

    Raises:
      ValueError: there are batch dimensions.
      IndexError: an index lies outside.
    """
    axis = common.front_axis(options["Axis"], values.ndim)
    if options["BatchDims"]:
        raise ValueError("batch dimensions")
    if indices.size and indices.min() < 0:
        raise IndexError("an index below 0")
    return np.take(values, indices, axis)


def part_lengths(seen: View, options: Options) -> tuple[int, int, list[int]]:
    """(operand, axis, lengths of the parts along it) of SPLIT, SPLIT_V and UNPACK."""
    kind, parts = seen.op.kind, len(seen.outputs)
    position = 1 if kind == "SPLIT" else 0
    shape = seen.input(position).shape
    given = options["Axis"] if kind == "UNPACK" else integers(seen, 0 if position else 2)[0]
    axis = common.front_axis(given, len(shape))
    lengths = [shape[axis] // parts] * parts
    if kind == "SPLIT_V":
        asked = integers(seen, 1)
        rest = shape[axis] - sum(length for length in asked if length >= 0)
        lengths = [rest if length == -1 else length for length in asked]
    return position, axis, lengths


def result_shapes(seen: View, options: Options) -> list[Shape] | None:
    """The shapes of all results, or None for an operator without a rule."""
    rule = _RULES.get(seen.op.kind)
    if rule is None:
        return None
    return [tuple(int(size) for size in shape) for shape in rule(seen, options)]


def _same(seen: View, _: Options) -> Sequence[Shape]:
    return [seen.input(0).shape] * len(seen.outputs)


def _broadcast(seen: View, _: Options) -> Sequence[Shape]:
    return [np.broadcast_shapes(*(t.shape for t in seen.inputs if t is not None))]


def _window(channel_axis: int | None) -> _Rule:
    """The rule of a convolution whose weights name channels on an axis, or of a pooling."""

    def rule(seen: View, options: Options) -> Sequence[Shape]:
        batch, height, width, channels = seen.input(0).shape
        kernel = (options.get("FilterHeight", 0), options.get("FilterWidth", 0))
        if channel_axis is not None:
            weights = seen.input(1).shape
            kernel, channels = (weights[1], weights[2]), weights[channel_axis]
        sizes = []
        for axis, size in enumerate((height, width)):
            stride = options[("StrideH", "StrideW")[axis]]
            dilation = options.get(("DilationHFactor", "DilationWFactor")[axis], 1)
            same = options["Padding"] == common.PADDING_SAME
            reach = 1 if same else (kernel[axis] - 1) * dilation + 1
            sizes.append((size - reach) // stride + 1)
        return [(batch, *sizes, channels)]

    return rule


def _fully_connected(seen: View, options: Options) -> Sequence[Shape]:
    source, (units, depth) = seen.input(0), seen.input(1).shape
    if options["KeepNumDims"]:
        return [(*source.shape[:-1], units)]
    return [(source.elements // depth, units)]


def _batch_matmul(seen: View, options: Options) -> Sequence[Shape]:
    first, second = seen.input(0).shape, seen.input(1).shape
    rows = first[-1 if options["AdjX"] else -2]
    columns = second[-2 if options["AdjY"] else -1]
    return [(*np.broadcast_shapes(first[:-2], second[:-2]), rows, columns)]


def _recurrent(seen: View, _: Options) -> Sequence[Shape]:
    return [(*seen.input(0).shape[:-1], seen.output.shape[-1])]


def _reduced(seen: View, options: Options) -> Sequence[Shape]:
    axes, kept = reduced_axes(seen), bool(options.get("KeepDims"))
    shape = seen.input(0).shape
    return [tuple(1 if a in axes else n for a, n in enumerate(shape) if kept or a not in axes)]


def _reshape(seen: View, options: Options) -> Sequence[Shape]:
    return [solved(wanted_shape(seen, options), seen.input(0).elements)]


def _expand(seen: View, _: Options) -> Sequence[Shape]:
    shape = list(seen.input(0).shape)
    shape.insert(common.front_axis(integers(seen, 1)[0], len(shape) + 1), 1)
    return [tuple(shape)]


def _pad(seen: View, _: Options) -> Sequence[Shape]:
    edges, shape = integers(seen, 1), seen.input(0).shape
    return [tuple(b + n + a for b, n, a in zip(edges[::2], shape, edges[1::2], strict=True))]


def _concatenation(seen: View, options: Options) -> Sequence[Shape]:
    shapes = [list(t.shape) for t in seen.inputs if t is not None]
    axis = common.front_axis(options["Axis"], len(shapes[0]))
    return [(*shapes[0][:axis], sum(s[axis] for s in shapes), *shapes[0][axis + 1 :])]


def _pack(seen: View, options: Options) -> Sequence[Shape]:
    shape = list(seen.input(0).shape)
    shape.insert(common.front_axis(options["Axis"], len(shape) + 1), len(seen.inputs))
    return [tuple(shape)]


def _parts(seen: View, options: Options) -> Sequence[Shape]:
    position, axis, lengths = part_lengths(seen, options)
    shape = seen.input(position).shape
    middles = [() if seen.op.kind == "UNPACK" else (length,) for length in lengths]
    return [(*shape[:axis], *middle, *shape[axis + 1 :]) for middle in middles]


def _resize(seen: View, _: Options) -> Sequence[Shape]:
    batch, _height, _width, channels = seen.input(0).shape
    return [(batch, *integers(seen, 1), channels)]


def _gather(seen: View, options: Options) -> Sequence[Shape]:
    shape, indices = seen.input(0).shape, seen.input(1).shape
    axis, batches = common.front_axis(options["Axis"], len(shape)), options["BatchDims"]
    return [(*shape[:axis], *indices[batches:], *shape[axis + 1 :])]


def _taken(seen: View, options: Options) -> Sequence[Shape]:
    # A view of one value has the shape and takes no memory.
    return [taken(seen, np.broadcast_to(np.int8(0), seen.input(0).shape), options).shape]


def _transpose(seen: View, _: Options) -> Sequence[Shape]:
    return [tuple(seen.input(0).shape[axis] for axis in permutation(seen))]


def _tile(seen: View, _: Options) -> Sequence[Shape]:
    return [tuple(n * m for n, m in zip(seen.input(0).shape, integers(seen, 1), strict=True))]


def _space_to_batch(seen: View, _: Options) -> Sequence[Shape]:
    shape, blocks, edges = seen.input(0).shape, integers(seen, 1), integers(seen, 2)
    space = shape[1 : 1 + len(blocks)]
    sizes = zip(space, blocks, edges[::2], edges[1::2], strict=True)
    made = [(n + before + after) // block for n, block, before, after in sizes]
    return [(shape[0] * math.prod(blocks), *made, *shape[1 + len(blocks) :])]


def _batch_to_space(seen: View, _: Options) -> Sequence[Shape]:
    shape, blocks, edges = seen.input(0).shape, integers(seen, 1), integers(seen, 2)
    space = shape[1 : 1 + len(blocks)]
    sizes = zip(space, blocks, edges[::2], edges[1::2], strict=True)
    made = [n * block - before - after for n, block, before, after in sizes]
    return [(shape[0] // math.prod(blocks), *made, *shape[1 + len(blocks) :])]


def _blocks(seen: View, options: Options) -> Sequence[Shape]:
    batch, height, width, channels = seen.input(0).shape
    block = int(options["BlockSize"])
    if seen.op.kind == "SPACE_TO_DEPTH":
        return [(batch, height // block, width // block, channels * block**2)]
    return [(batch, height * block, width * block, channels // block**2)]


_PAIRS = (
    *("ADD", "SUB", "MUL", "DIV", "SQUARED_DIFFERENCE", "MAXIMUM", "MINIMUM", "POW", "PRELU"),
    *("FLOOR_DIV", "FLOOR_MOD", "LOGICAL_AND", "LOGICAL_OR"),
)
_UNARY = (
    *("RELU", "RELU6", "LOGISTIC", "HARD_SWISH", "LEAKY_RELU", "TANH", "ABS", "RSQRT", "EXP"),
    *("LOG", "ELU", "GELU", "QUANTIZE", "DEQUANTIZE", "SOFTMAX", "L2_NORMALIZATION", "CAST"),
    *("CEIL", "COS", "FLOOR", "NEG", "ROUND", "SIN", "SQRT", "SQUARE", "REVERSE_V2"),
    *("LOG_SOFTMAX", "CUMSUM", "ZEROS_LIKE", "LOGICAL_NOT", "RELU_N1_TO_1"),
    *("ADD_N", "DYNAMIC_UPDATE_SLICE"),
)
_RULES: dict[str, _Rule] = {
    **dict.fromkeys(_UNARY, _same),
    **dict.fromkeys(_PAIRS, _broadcast),
    **dict.fromkeys((*masks.COMPARISONS, *masks.CHOICES), _broadcast),
    **dict.fromkeys(("MEAN", "SUM", "ARG_MAX", "ARG_MIN"), _reduced),
    **dict.fromkeys(("REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD"), _reduced),
    **dict.fromkeys(("REDUCE_ANY", "REDUCE_ALL"), _reduced),
    **dict.fromkeys(("PAD", "PADV2"), _pad),
    **dict.fromkeys(("SPLIT", "SPLIT_V", "UNPACK"), _parts),
    **dict.fromkeys(("RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR"), _resize),
    **dict.fromkeys(("SLICE", "STRIDED_SLICE"), _taken),
    **dict.fromkeys(("SPACE_TO_DEPTH", "DEPTH_TO_SPACE"), _blocks),
    "MIRROR_PAD": _pad,
    "CONV_2D": _window(0),
    "DEPTHWISE_CONV_2D": _window(3),
    "AVERAGE_POOL_2D": _window(None),
    "MAX_POOL_2D": _window(None),
    "L2_POOL_2D": _window(None),
    "TRANSPOSE_CONV": lambda seen, _: [tuple(integers(seen, 0))],
    "FULLY_CONNECTED": _fully_connected,
    "BATCH_MATMUL": _batch_matmul,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _recurrent,
    "RESHAPE": _reshape,
    "SQUEEZE": lambda seen, options: [squeezed(seen, options)],
    "EXPAND_DIMS": _expand,
    "CONCATENATION": _concatenation,
    "PACK": _pack,
    "GATHER": _gather,
    "TRANSPOSE": _transpose,
    "TILE": _tile,
    "BROADCAST_TO": lambda seen, _: [tuple(integers(seen, 1))],
    "FILL": lambda seen, _: [tuple(integers(seen, 0))],
    "SPACE_TO_BATCH_ND": _space_to_batch,
    "BATCH_TO_SPACE_ND": _batch_to_space,
}
