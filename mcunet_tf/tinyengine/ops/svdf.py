# SPDX-License-Identifier: Apache-2.0
"""SVDF: a layer over a window in time, of which the model remembers what each step gave.

With x the input of an inference, F the weights of features [filters, inputs] and T those of time
[filters, memory]: the state [batch, filters, memory] moves on by one step, whose place F x takes.
Unit u is the sum over its `rank` filters of the products of state and T, and a bias
("Compressing Deep Neural Networks using a Rank-Constrained Topology", Nakkiran et al. 2015).

A file has one operator for that. Behind `lower_svdf` it is a FULLY_CONNECTED or SVDF_FEATURES,
SVDF_PUSH, which moves the state on, and SVDF_TIME.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.fixed_point import (
    IntArray,
    quantize_multiplier,
    requantize,
    wrap_int32,
)
from mcunet_tf.tinyengine.ir import Tensor
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.float32_values import finish
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, as_int8, no_attributes, saturated

FEATURE_WEIGHTS, TIME_WEIGHTS, BIAS, STATE = range(1, 5)
STATE_TYPES = {"int8": ("int8", "int16"), "float32": ("float32",)}
"""Types of the state, by that of the activations."""


@dataclasses.dataclass(frozen=True)
class SvdfAttributes:
    """`rank`: filters of each unit."""

    rank: int
    activation: str


@dataclasses.dataclass(frozen=True)
class TimeAttributes:
    """What is left of an SVDF for SVDF_TIME; only float32 has an activation."""

    activation: str = "NONE"


def _read(options: Mapping[str, Any], _: View) -> SvdfAttributes:
    activation = common.activation_name(options["FusedActivationFunction"])
    return SvdfAttributes(int(options["Rank"]), activation)


def _macs(view: View) -> int:
    batches = view.input(0).shape[0]
    return batches * (view.input(FEATURE_WEIGHTS).elements + view.input(TIME_WEIGHTS).elements)


def constraint_remembers(view: View) -> str | None:
    """The state is a variable tensor, all of it [batch, filters * memory]."""
    if len(view.inputs) != STATE + 1 or view.optional(STATE) is None:
        return "no state"
    if len(view.outputs) != 2:
        return f"'{view.input(STATE).name}' is no variable"
    return None


def constraint_types(view: View) -> str | None:
    """All are int8 with an int8 or int16 state, or all float32; weights are like the state."""
    source, state = view.input(0), view.input(STATE)
    weights = (view.optional(FEATURE_WEIGHTS), view.optional(TIME_WEIGHTS))
    if state.dtype not in STATE_TYPES.get(source.dtype, ()):
        return common.describe(source if source.dtype not in STATE_TYPES else state)
    wanted = (source.dtype, state.dtype)
    for tensor, dtype in zip((*weights, view.output), (*wanted, source.dtype), strict=True):
        if tensor is None or tensor.dtype != dtype:
            return "no weights" if tensor is None else common.describe(tensor)
    if source.dtype == "float32":
        return None
    for tensor in (source, *weights, state, view.output):
        assert tensor is not None
        problem = common.per_tensor_problem(tensor)
        if problem:
            return problem
        if tensor.zero_point and (tensor in weights or tensor.dtype == "int16"):
            return f"tensor '{tensor.name}' has a non-zero zero point"
    return None


def constraint_shapes(view: View) -> str | None:
    """Input is [batch, inputs], output [batch, units], of `rank` filters each."""
    source, output, features = view.input(0), view.output, view.input(FEATURE_WEIGHTS)
    for tensor in (source, output, features, view.input(TIME_WEIGHTS)):
        if len(tensor.shape) != 2 or max(tensor.shape) > common.MAX_SIZE:
            return common.describe(tensor)
    filters, rank = features.shape[0], view.attributes.rank
    memory = view.input(TIME_WEIGHTS).shape[1]
    if rank < 1 or filters != output.shape[1] * rank:
        return f"{filters} filters of rank {rank} for {output.shape[1]} units"
    if (features.shape[1], output.shape[0]) != (source.shape[1], source.shape[0]):
        return f"features {list(features.shape)} of an input {list(source.shape)}"
    if view.input(TIME_WEIGHTS).shape[0] != filters or not memory:
        return f"weights of time {[*view.input(TIME_WEIGHTS).shape]} for {filters} filters"
    if view.input(STATE).elements != source.shape[0] * filters * memory:
        return common.describe(view.input(STATE))
    return None


def constraint_constants(view: View) -> str | None:
    """Weights are constant, and so is a bias of int32 (float32 for float32), one of each unit."""
    for position in (FEATURE_WEIGHTS, TIME_WEIGHTS):
        if view.input(position).data is None:
            return f"'{view.input(position).name}' is computed"
    bias = view.optional(BIAS)
    if bias is None:
        return None
    wanted = "float32" if view.output.dtype == "float32" else "int32"
    if bias.data is None or bias.dtype != wanted or bias.elements != view.output.shape[1]:
        return common.describe(bias)
    return None


def constraint_activation(view: View) -> str | None:
    """The activation is NONE, RELU, RELU_N1_TO_1 or RELU6; int8 clamps to its type alone."""
    return common.constraint_known_activation(view)


def features_factor(source: Tensor, weights: Tensor, state: Tensor) -> float:
    """What takes sums of features to steps of the state: computed in float32."""
    return float(np.float32(source.scale) * np.float32(weights.scale) / np.float32(state.scale))


def _features(view: View, values: Sequence[Array]) -> Array:
    weights = view.constant(1).astype(np.int64)
    sums = (values[0].astype(np.int64) - view.input(0).zero_point) @ weights.T
    factor = features_factor(view.input(0), view.input(1), view.output)
    scaled = requantize(wrap_int32(sums), *quantize_multiplier(factor))
    return saturated(scaled, "int16")


def push_offset(view: View) -> int:
    """What is added to features: the zero point of an int8 state.

    TF-Lite Micro clamps features before it adds that, and lets the sum wrap around.
    """
    return view.output.zero_point if view.output.dtype == "int8" else 0


def _push(view: View, values: Sequence[Array]) -> Array:
    state, features = values
    windows = state.reshape(features.size, -1)
    new = features.reshape(-1, 1)
    if view.output.dtype == "int8":
        new = (new.astype(np.int64) + push_offset(view)).astype(np.int8)
    moved: Array = np.concatenate([windows[:, 1:], new], axis=1)
    return moved.reshape(state.shape)


def time_factor(view: View) -> tuple[int, int]:
    """What takes sums over time to steps of the output, as (multiplier, shift)."""
    state, weights, output = view.input(0), view.input(1), view.output
    product = np.float32(state.scale) * np.float32(weights.scale)
    return quantize_multiplier(float(product / np.float32(output.scale)))


def time_bias(view: View) -> IntArray:
    """[units]: the bias with the state's zero point folded in."""
    units = view.output.shape[1]
    bias = view.optional(2)
    own = np.zeros(units, np.int64) if bias is None else np.asarray(bias.data, np.int64)
    sums = view.constant(1).astype(np.int64).reshape(units, -1).sum(axis=1)
    return wrap_int32(own.reshape(-1) - sums * view.input(0).zero_point)


def _time(view: View, values: Sequence[Array]) -> Array:
    batches, units = view.output.shape
    weights = view.constant(1).astype(np.int64).reshape(units, -1)
    windows = values[0].astype(np.int64).reshape(batches, units, -1)
    sums = wrap_int32((windows * weights).sum(axis=2) + time_bias(view))
    return as_int8(requantize(sums, *time_factor(view)) + view.output.zero_point)


def _time_f32(view: View, values: Sequence[Array]) -> Array:
    batches, units = view.output.shape
    weights = view.constant(1).reshape(units, -1)
    windows = values[0].reshape(batches, units, -1)
    sums = np.zeros((batches, units), np.float32)
    for step in range(weights.shape[1]):
        sums += windows[:, :, step] * weights[:, step]
    bias = view.optional(2)
    shifted = sums if bias is None else sums + view.constant(2).reshape(-1)
    return finish(view, shifted)


def constraint_features(view: View) -> str | None:
    """Input and weights are int8, features int16."""
    types = (view.input(0).dtype, view.input(1).dtype, view.output.dtype)
    return None if types == ("int8", "int8", "int16") else f"{types}"


def constraint_push(view: View) -> str | None:
    """A state moves on by one value of each of its windows."""
    state, features = view.input(0), view.input(1)
    alike = {state.dtype} == {features.dtype, view.output.dtype}
    if not alike or state.elements % max(features.elements, 1):
        return f"{common.describe(state)}, {common.describe(features)}"
    return None


def constraint_time(view: View) -> str | None:
    """State and weights are of one type."""
    return None if view.input(0).dtype == view.input(1).dtype else common.describe(view.input(1))


def _feature_macs(view: View) -> int:
    return view.output.shape[0] * view.input(1).elements


def _time_macs(view: View) -> int:
    return view.input(0).elements


SVDF = OpSpec(
    kind="SVDF",
    read=_read,
    evaluate=None,
    constraints=(
        constraint_remembers,
        constraint_types,
        constraint_shapes,
        constraint_constants,
        constraint_activation,
    ),
    macs=_macs,
    becomes=("FULLY_CONNECTED", "SVDF_FEATURES", "SVDF_PUSH", "SVDF_TIME"),
    required=(0, FEATURE_WEIGHTS, TIME_WEIGHTS, STATE),
)
SVDF_FEATURES = OpSpec(
    "SVDF_FEATURES", no_attributes, _features, (constraint_features,), _feature_macs
)
SVDF_PUSH = OpSpec("SVDF_PUSH", no_attributes, _push, (constraint_push,))
SVDF_TIME = OpSpec("SVDF_TIME", no_attributes, _time, (constraint_time,), _time_macs)
SVDF_TIME_F32 = OpSpec("SVDF_TIME_F32", no_attributes, _time_f32, (constraint_time,), _time_macs)
