# SPDX-License-Identifier: Apache-2.0
"""CONCATENATION, PACK, and INTERLEAVE, which only passes make."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, no_attributes


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


def constraint_concatenation(view: View) -> str | None:
    """Operands have the output's shape but for the axis, and there is no activation."""
    attributes: ConcatenationAttributes = view.attributes
    output = view.output
    if attributes.activation != "NONE":
        return attributes.activation
    if not output.shape:
        return "an output without axes"
    total = 0
    for position in range(len(view.inputs)):
        tensor = view.input(position)
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
    """Operands are of one shape, and the output has one axis more."""
    output, shape = view.output, view.input(0).shape
    for position in range(len(view.inputs)):
        tensor = view.input(position)
        if tensor.shape != shape:
            return f"'{tensor.name}' has shape {list(tensor.shape)}"
    axis = view.attributes.axis
    if output.shape != (*shape[:axis], len(view.inputs), *shape[axis:]):
        return f"an output of {list(output.shape)}"
    return None


def constraint_interleave(view: View) -> str | None:
    """Operands are of one shape; a pass has made it."""
    shape, axis = list(view.input(0).shape), view.attributes.axis
    shape[axis] *= len(view.inputs)
    if any(view.input(i).shape != view.input(0).shape for i in range(len(view.inputs))):
        return "operands of several shapes"
    return None if tuple(shape) == view.output.shape else f"an output of {list(view.output.shape)}"


CONCATENATION = OpSpec(
    "CONCATENATION",
    _read_concatenation,
    _evaluate_concatenation,
    (common.constraint_all_one_type, constraint_concatenation),
)

PACK = OpSpec("PACK", _read_pack, _evaluate_pack, (common.constraint_all_one_type, constraint_pack))

INTERLEAVE = OpSpec(
    "INTERLEAVE",
    no_attributes,
    _evaluate_interleave,
    (common.constraint_all_one_type, constraint_interleave),
)
