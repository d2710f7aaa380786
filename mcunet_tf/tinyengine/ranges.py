# SPDX-License-Identifier: Apache-2.0
"""Interval analysis: what every channel of a tensor can be, whatever the input.

A channel here is a position along a tensor's last axis. Trained networks hold channels whose value
never changes: their weights are all zero, or a bias beyond every sum saturates them. Operators
that are monotone in every operand take the ends of intervals to the ends of their result.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable

import numpy as np

from mcunet_tf.tinyengine.fixed_point import INT32_MAX, INT32_MIN, IntArray, requantize
from mcunet_tf.tinyengine.ir import Graph, Tensor
from mcunet_tf.tinyengine.ops import SPECS, common
from mcunet_tf.tinyengine.ops.conv2d import groups
from mcunet_tf.tinyengine.ops.depthwise_conv2d import depth_multiplier
from mcunet_tf.tinyengine.ops.lookup import byte_table
from mcunet_tf.tinyengine.ops.mean import mean_parameters, reduced_count
from mcunet_tf.tinyengine.ops.spec import Array, View, view


@dataclasses.dataclass(frozen=True, eq=False)
class Interval:
    """The least and the greatest value of each channel, int64 [channels] each; both inclusive."""

    low: IntArray
    high: IntArray

    @property
    def constant(self) -> Array:
        """Which channels can take one value only: bool [channels]."""
        return np.asarray(self.low == self.high)

    def hull(self, value: int) -> Interval:
        """The least intervals that hold these and one more value."""
        return Interval(np.minimum(self.low, value), np.maximum(self.high, value))


_LIMITS = {"int8": (-128, 127), "uint8": (0, 255)}


def channel_ranges(graph: Graph) -> dict[int, Interval]:
    """The interval of each channel of every tensor of bytes, by the tensor's index.

    Tensors of other types, and those without values or axes, are left out.
    """
    known = {i: _unknown(t) for i, t in enumerate(graph.tensors) if _has_channels(t)}
    for index, tensor in enumerate(graph.tensors):
        if index in known and tensor.data is not None:
            rows = np.asarray(tensor.data, np.int64).reshape(-1, tensor.shape[-1])
            known[index] = Interval(rows.min(axis=0), rows.max(axis=0))
    for op in graph.ops:
        rule = _RULES.get(op.kind)
        operands = [known[i] for i in op.inputs if i in known]
        if rule is not None and op.inputs[0] in known and op.outputs[0] in known:
            found = rule(view(graph, op), operands)
            known[op.outputs[0]] = found or known[op.outputs[0]]
    return known


def _has_channels(tensor: Tensor) -> bool:
    return tensor.dtype in _LIMITS and bool(tensor.shape) and tensor.elements > 0


def _unknown(tensor: Tensor) -> Interval:
    low, high = _LIMITS[tensor.dtype]
    channels = tensor.shape[-1]
    return Interval(np.full(channels, low, np.int64), np.full(channels, high, np.int64))


def accumulator_range(seen: View, source: Interval) -> Interval | None:
    """Bounds of every output channel's int32 accumulator, bias included; both are reached.

    Args:
        seen: CONV_2D of one group, DEPTHWISE_CONV_2D or FULLY_CONNECTED.
        source: the intervals of its input's channels.

    Returns:
        None for a convolution in groups.
    """
    weights = seen.constant(1)
    zero_point = seen.input(0).zero_point
    if seen.op.kind != "FULLY_CONNECTED" and seen.attributes.padding != common.Padding():
        source = source.hull(zero_point)
    low, high = source.low - zero_point, source.high - zero_point
    if seen.op.kind == "FULLY_CONNECTED":
        repeats = weights.shape[1] // len(low) if weights.shape[1] % len(low) == 0 else 0
        if not repeats:
            low, high = low.min(keepdims=True), high.max(keepdims=True)
            repeats = weights.shape[1]
        taps = weights
        low, high = np.tile(low, repeats), np.tile(high, repeats)
    elif seen.op.kind == "CONV_2D":
        if groups(seen) != 1:
            return None
        taps = weights.reshape(len(weights), -1)
        repeats = taps.shape[1] // len(low)
        low, high = np.tile(low, repeats), np.tile(high, repeats)
    else:
        taps = weights[0].reshape(-1, weights.shape[-1]).T
        low = np.repeat(low, depth_multiplier(seen))
        high = np.repeat(high, depth_multiplier(seen))
    start = common.bias_values(seen, len(taps))
    # float64, for which products of matrices are fast, has such sums exactly: they stay below 2^53.
    parts = [extreme(taps, 0).astype(np.float64) for extreme in (np.maximum, np.minimum)]
    if seen.op.kind == "DEPTHWISE_CONV_2D":
        above, below = (part.sum(axis=1) for part in parts)
        least, greatest = above * low + below * high, above * high + below * low
    else:
        above, below = parts
        least, greatest = above @ low + below @ high, above @ high + below @ low
    return Interval(start + least.astype(np.int64), start + greatest.astype(np.int64))


def _products(seen: View, operands: list[Interval]) -> Interval | None:
    """Convolutions and matrix products: exact but where an int32 would wrap around."""
    sums = accumulator_range(seen, operands[0])
    if sums is None:
        return None
    multiplier, shift = common.channel_multipliers(seen, len(sums.low))
    low, high = common.activation_range(seen.attributes.activation, seen.output)
    ends = [
        np.clip(requantize(end, multiplier, shift) + seen.output.zero_point, low, high)
        for end in (sums.low, sums.high)
    ]
    left = np.maximum(shift, 0)
    wraps = (sums.low << left < INT32_MIN) | (sums.high << left > INT32_MAX)
    return Interval(
        np.where(wraps, low, np.minimum(*ends)), np.where(wraps, high, np.maximum(*ends))
    )


def _evaluated_at_corners(seen: View, operands: list[Interval]) -> Interval | None:
    """Two operands, value by value: sums, products and extrema are extreme at the ends of both."""
    channels = seen.output.shape[-1]
    if len(operands) != 2 or any(len(o.low) not in (1, channels) for o in operands):
        return None
    # All four pairs of ends as four pixels, as every call of numpy takes its time.
    pairs = list(itertools.product(*(_ends(operand) for operand in operands)))
    pixels = (1, 1, len(pairs), channels)
    tensors = [dataclasses.replace(seen.input(i), shape=pixels) for i in range(2)]
    flat = View(seen.op, tuple(tensors), (dataclasses.replace(seen.output, shape=pixels),))
    values = [
        np.stack([np.broadcast_to(end, channels) for end in ends]).astype(tensor.dtype)
        for ends, tensor in zip(zip(*pairs, strict=True), tensors, strict=True)
    ]
    found = SPECS[seen.op.kind].result(flat, [value.reshape(pixels) for value in values])
    results = np.asarray(found, np.int64).reshape(-1, channels)
    return Interval(results.min(axis=0), results.max(axis=0))


def _pooled(seen: View, operands: list[Interval]) -> Interval:
    low, high = common.activation_range(seen.attributes.activation, seen.output)
    return Interval(np.clip(operands[0].low, low, high), np.clip(operands[0].high, low, high))


def _averaged(seen: View, operands: list[Interval]) -> Interval | None:
    if len(seen.input(0).shape) - 1 in seen.attributes.axes:
        return None
    count, zero_point = reduced_count(seen), seen.input(0).zero_point
    low, high = _LIMITS["int8"]
    ends = [
        np.clip(
            requantize(count * (end - zero_point), *mean_parameters(seen)) + seen.output.zero_point,
            low,
            high,
        )
        for end in (operands[0].low, operands[0].high)
    ]
    return Interval(*ends) if len(ends[0]) == seen.output.shape[-1] else None


def _looked_up(seen: View, operands: list[Interval]) -> Interval:
    dtype = seen.input(0).dtype
    raw = byte_table(seen, SPECS[seen.op.kind].result)
    table = raw.view(seen.output.dtype).astype(np.int64)
    values = np.arange(256, dtype=np.uint8).view(dtype).astype(np.int64)
    inside = (values >= operands[0].low[:, None]) & (values <= operands[0].high[:, None])
    return Interval(
        np.where(inside, table, table.max()).min(axis=1),
        np.where(inside, table, table.min()).max(axis=1),
    )


def _viewed(seen: View, operands: list[Interval]) -> Interval:
    shape, last = seen.input(0).shape, seen.output.shape[-1]
    ends = [np.broadcast_to(end, shape).reshape(-1, last) for end in _ends(operands[0])]
    return Interval(ends[0].min(axis=0), ends[1].max(axis=0))


def _ends(interval: Interval) -> tuple[IntArray, IntArray]:
    return interval.low, interval.high


def _padded(seen: View, operands: list[Interval]) -> Interval | None:
    same = len(operands[0].low) == seen.output.shape[-1]
    return operands[0].hull(seen.attributes.value) if same else None


_Rule = Callable[[View, list[Interval]], Interval | None]

BYTE_FUNCTIONS = frozenset(
    "ABS ELU EXP GELU HARD_SWISH LEAKY_RELU LOG LOGISTIC QUANTIZE RELU RELU6 RSQRT TABLE "
    "TANH".split()
)
"""Operators of one operand that work value by value."""

BINARY_FUNCTIONS = frozenset(("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM"))
"""Operators of two operands that work value by value and are monotone in each."""

_RULES: dict[str, _Rule] = {
    "CONV_2D": _products,
    "DEPTHWISE_CONV_2D": _products,
    "FULLY_CONNECTED": _products,
    "MAX_POOL_2D": _pooled,
    "AVERAGE_POOL_2D": _pooled,
    "MEAN": _averaged,
    "RESHAPE": _viewed,
    "PAD": _padded,
    "PADV2": _padded,
    **dict.fromkeys(sorted(BYTE_FUNCTIONS), _looked_up),
    **dict.fromkeys(sorted(BINARY_FUNCTIONS), _evaluated_at_corners),
}
