# SPDX-License-Identifier: Apache-2.0
"""Removes channels that never change, and folds what they add into the biases behind them.

Training leaves such channels in most networks: all weights zero, or a bias that a ReLU cuts off
whatever the input. Half of a layer is no rarity. Their value is known at compile time, so that
neither they nor the weights that read them need exist on the device.

Channels go through operators that work channel by channel, a depthwise convolution or a residual
sum, so tensors fall into groups whose channels can only be removed together: from the convolutions
that make them to the convolutions that read them.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.fixed_point import wrap_int32
from mcunet_tf.tinyengine.ir import Graph, Op, Quantization, Tensor, is_constant
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.conv2d import groups
from mcunet_tf.tinyengine.ops.spec import view
from mcunet_tf.tinyengine.passes.rewriter import Rewriter
from mcunet_tf.tinyengine.ranges import BINARY_FUNCTIONS, BYTE_FUNCTIONS, Interval, channel_ranges

Mask = npt.NDArray[np.bool_]

KEPT_MULTIPLE = 4
"""Kernels take channels by fours: fewer than that are not worth an odd number of them."""

_FILTERS = ("CONV_2D", "FULLY_CONNECTED")
_CHANNELWISE = BYTE_FUNCTIONS | {"MAX_POOL_2D", "AVERAGE_POOL_2D"}


def drop_dead_channels(graph: Graph) -> Graph:
    """Removes what `channel_ranges` proves constant wherever every reader can do without it."""
    ranges = channel_ranges(graph)
    keep = {}
    for group in _aligned(graph):
        mask = _kept(graph, group, ranges)
        if mask is not None:
            keep.update(dict.fromkeys(group, mask))
    return _rewritten(graph, keep, ranges) if keep else graph


def _aligned(graph: Graph) -> list[set[int]]:
    """Groups of tensors whose channels correspond; index i of a wider one is channel i modulo."""
    leader = list(range(len(graph.tensors)))

    def find(index: int) -> int:
        while leader[index] != index:
            leader[index] = leader[leader[index]]
            index = leader[index]
        return index

    for op in graph.ops:
        for index in _channelwise_operands(graph, op):
            leader[find(index)] = find(op.outputs[0])
    found = defaultdict(set)
    for op in graph.ops:
        for index in (*op.inputs, *op.outputs):
            if index >= 0:
                found[find(index)].add(index)
    return list(found.values())


def _channelwise_operands(graph: Graph, op: Op) -> tuple[int, ...]:
    """The operands whose channels are the result's channels, each on its own."""
    output = graph.tensors[op.outputs[0]]
    source = graph.tensors[op.inputs[0]]
    same = bool(source.shape and output.shape) and source.shape[-1] == output.shape[-1]
    if op.kind in _CHANNELWISE and same:
        return op.inputs[:1]
    if op.kind == "DEPTHWISE_CONV_2D" and same:
        return op.inputs[:1]
    if op.kind == "MEAN" and same and len(source.shape) - 1 not in op.attributes.axes:
        return op.inputs[:1]
    if op.kind in ("PAD", "PADV2") and same:
        return op.inputs[:1]
    if op.kind in BINARY_FUNCTIONS and all(
        graph.tensors[i].shape == output.shape and not is_constant(graph.tensors[i])
        for i in op.inputs
    ):
        return op.inputs
    if op.kind == "RESHAPE" and source.shape and output.shape:
        # Rows of channels are laid end to end: [1, h, w, c] as [1, h * w * c].
        return op.inputs[:1] if output.shape[-1] % source.shape[-1] == 0 else ()
    return ()


def _kept(graph: Graph, group: set[int], ranges: dict[int, Interval]) -> Mask | None:
    """Which channels of a group stay, or None where all do."""
    if not group <= ranges.keys() or group & {*graph.inputs, *graph.outputs}:
        return None
    if any(is_constant(graph.tensors[index]) for index in group):
        return None
    channels = min(graph.tensors[index].shape[-1] for index in group)
    dead = np.ones(channels, bool)
    for index in group:
        if graph.tensors[index].shape[-1] % channels:
            return None
        dead &= ranges[index].constant.reshape(-1, channels).all(axis=0)
    for op in graph.ops:
        touched = group & {*op.inputs, *op.outputs}
        if touched and dead.any():
            dead &= _removable(graph, op, group, ranges, channels)
    spare = -np.count_nonzero(~dead) % KEPT_MULTIPLE or KEPT_MULTIPLE * bool(dead.all())
    dead[np.flatnonzero(dead)[:spare]] = False
    return ~dead if dead.any() else None


def _removable(
    graph: Graph, op: Op, group: set[int], ranges: dict[int, Interval], channels: int
) -> Mask:
    """The channels that an operator lets go, of those that it makes and of those that it reads."""
    every, none = np.ones(channels, bool), np.zeros(channels, bool)
    inner = _channelwise_operands(graph, op)
    if inner:
        return every if set(inner) <= group else none
    if op.kind not in _FILTERS or (op.kind == "CONV_2D" and groups(view(graph, op)) != 1):
        return none
    if not group & {*op.inputs}:
        return every  # it makes them
    seen, source = view(graph, op), op.inputs[0]
    if group & {*op.outputs} or not group >= {source} or group & {*op.inputs[1:]}:
        return none
    if op.kind == "FULLY_CONNECTED":
        # A row of whole pixels: where it is part of one, a channel's value is not the same in each.
        return every if seen.input(1).shape[1] % seen.input(0).shape[-1] == 0 else none
    if op.attributes.padding == common.Padding():
        return every
    # Around the image a channel is the zero point: it is constant only if it is that everywhere.
    like_padding = ranges[source].low == seen.input(0).zero_point
    return np.asarray(like_padding.reshape(-1, channels).all(axis=0))


def _rewritten(graph: Graph, keep: dict[int, Mask], ranges: dict[int, Interval]) -> Graph:
    rewriter = Rewriter(graph)
    for op in graph.ops:
        rewriter.ops.append(_rewritten_op(rewriter, op, keep, ranges))
    made = rewriter.result()
    return made.replace(tensors={i: _narrowed(made.tensors[i], mask) for i, mask in keep.items()})


def _narrowed(tensor: Tensor, mask: Mask) -> Tensor:
    repeats = tensor.shape[-1] // len(mask)
    shape = (*tensor.shape[:-1], repeats * int(np.count_nonzero(mask)))
    return dataclasses.replace(tensor, shape=shape)


def _rewritten_op(
    rewriter: Rewriter, op: Op, keep: dict[int, Mask], ranges: dict[int, Interval]
) -> Op:
    made, read = keep.get(op.outputs[0]), keep.get(op.inputs[0])
    if op.kind not in (*_FILTERS, "DEPTHWISE_CONV_2D") or (made is None and read is None):
        return op
    seen = view(rewriter.graph, op)
    weights = np.asarray(seen.constant(1))
    bias = common.bias_values(seen, seen.output.shape[-1])
    scales = seen.input(1).quantization
    if op.kind != "DEPTHWISE_CONV_2D" and read is not None:
        gone = np.tile(~read, weights.shape[-1] // len(read))
        values = np.resize(ranges[op.inputs[0]].low, weights.shape[-1])
        fixed = (values - seen.input(0).zero_point)[gone]
        parts = weights[..., gone].astype(np.int64) * fixed
        bias = wrap_int32(bias + parts.reshape(len(weights), -1).sum(axis=1))
        weights = weights[..., ~gone]
    if made is not None:
        outputs = np.tile(made, seen.output.shape[-1] // len(made))
        axis = 3 if op.kind == "DEPTHWISE_CONV_2D" else 0
        weights = np.compress(outputs, weights, axis=axis)
        bias = bias[outputs]
        scales = _picked(scales, outputs)
    inputs = (
        op.inputs[0],
        rewriter.constant(op.inputs[1], weights, scales),
        rewriter.add(bias_tensor(seen.op.name, bias)),
    )
    return dataclasses.replace(op, inputs=inputs)


def bias_tensor(name: str, bias: npt.ArrayLike) -> Tensor:
    """An int32 bias [channels] of an operator, as a constant."""
    data = np.asarray(bias, np.int32)
    return Tensor(f"{name}/bias", data.shape, "int32", data=data)


def _picked(scales: Quantization | None, mask: Mask) -> Quantization | None:
    if scales is None or len(scales.scale) == 1:
        return scales
    chosen = np.flatnonzero(mask)
    points = scales.zero_point
    return dataclasses.replace(
        scales,
        scale=tuple(scales.scale[i] for i in chosen),
        zero_point=tuple(points[i] for i in chosen) if len(points) > 1 else points,
    )
