# SPDX-License-Identifier: Apache-2.0
"""TRANSPOSE_CONV: the convolution of decoders, which makes its input larger.

Every output pixel is one of stride x stride phases, and the pixels of a phase are an ordinary
convolution of the input by every stride-th weight. The pass `lower_transpose_conv` rewrites it so:
no more multiplications than the weights ask for, and all of the kernels of CONV_2D.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any

from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.spec import Constraint, OpSpec, View

MAX_PHASES = 1024


@dataclasses.dataclass(frozen=True)
class TransposeConvAttributes:
    """Strides, the pixels that the output lacks before its first one, and the activation."""

    stride_height: int
    stride_width: int
    top: int
    left: int
    activation: str


@dataclasses.dataclass(frozen=True)
class StridePhase:
    """Along one axis, the outputs at one place of every stride.

    Attributes:
        taps: Index of the weight for each tap of the ordinary convolution; -1 is a zero.
        before: Zeros before the input's first pixel.
        after: Zeros behind its last one; below 0 where pixels there are never read.
    """

    taps: tuple[int, ...]
    before: int
    after: int


def phases(
    in_size: int, out_size: int, kernel: int, stride: int, padding: int
) -> list[StridePhase]:
    """The phases of one axis, in the order of their outputs.

    Output `stride * i + r` sums input `i + d` times weight `r + padding - stride * d` over all `d`
    for which there is such a weight.
    """
    length = -(-out_size // stride)
    found = []
    for place in range(stride):
        reach = place + padding
        first = min(-(-(reach - kernel + 1) // stride), 0)
        last = max(reach // stride, first)
        taps = tuple(reach - stride * d for d in range(first, last + 1))
        known = tuple(tap if 0 <= tap < kernel else -1 for tap in taps)
        found.append(StridePhase(known, -first, length - in_size + last))
    return found


def phases_of(view: View) -> tuple[list[StridePhase], list[StridePhase]]:
    """The phases along height and width."""
    attributes: TransposeConvAttributes = view.attributes
    source, weights, output = view.input(2).shape, view.input(1).shape, view.output.shape
    down = (source[1], output[1], weights[1], attributes.stride_height, attributes.top)
    across = (source[2], output[2], weights[2], attributes.stride_width, attributes.left)
    return phases(*down), phases(*across)


def _read(options: Mapping[str, Any], view: View) -> TransposeConvAttributes:
    strides = (options["StrideH"], options["StrideW"])
    activation = common.activation_name(options["FusedActivationFunction"])
    weights, output = view.input(1).shape, view.output.shape
    padding = common.Padding()
    if len(weights) == len(output) == 4:
        # TensorFlow pads the convolution whose gradient this is: its input is our output.
        padding = common.spatial_padding(
            options["Padding"], (output[1], output[2]), (weights[1], weights[2]), strides, (1, 1)
        )
    return TransposeConvAttributes(*strides, padding.top, padding.left, activation)


def as_convolution(view: View) -> View:
    """Input, weights and bias in the order of CONV_2D."""
    operands = (*view.inputs, None, None, None)
    return View(view.op, (operands[2], operands[1], operands[3]), view.outputs)


def _of_convolution(constraint: Constraint) -> Constraint:
    @functools.wraps(constraint)
    def ours(view: View) -> str | None:
        return constraint(as_convolution(view))

    return ours


def constraint_operands(view: View) -> str | None:
    """There are an output shape, weights and an input."""
    if len(view.inputs) < 3 or view.inputs[2] is None:
        return f"{len(view.inputs)} operands"
    return None


def constraint_weight_shape(view: View) -> str | None:
    """Weights are [out_channels, kernel_height, kernel_width, in_channels]."""
    weights, source, output = view.input(1), view.input(2), view.output
    channels = (output.shape[-1], source.shape[-1])
    if len(weights.shape) != 4 or (weights.shape[0], weights.shape[3]) != channels:
        return f"{list(weights.shape)} for {channels[1]} to {channels[0]} channels"
    return common.weight_scales_problem(weights, weights.shape[0], axis=0)


def constraint_few_phases(view: View) -> str | None:
    """Strides give at most 1024 phases: each becomes a convolution of its own."""
    count: int = view.attributes.stride_height * view.attributes.stride_width
    return None if count <= MAX_PHASES else f"{count}"


def constraint_reach(view: View) -> str | None:
    """Every input pixel reaches the output, as by Keras' own shapes."""
    short = [phase for axis in phases_of(view) for phase in axis if phase.after < 0]
    if short:
        return f"an output of {list(view.output.shape)} for {list(view.input(2).shape)}"
    return None


def _macs(view: View) -> int:
    """Products of input pixels by weights, those outside of the output included."""
    return view.input(2).elements // view.input(2).shape[3] * view.input(1).elements


def _spec(kind: str, own: Sequence[Constraint], becomes: tuple[str, ...]) -> OpSpec:
    """An operator whose constraints as a convolution are these."""
    spatial = (common.constraint_batch_one, common.constraint_positive_strides)
    return OpSpec(
        kind,
        _read,
        None,
        (
            constraint_operands,
            *map(_of_convolution, (*own[:1], *spatial, *own[1:])),
            common.constraint_known_activation,
            constraint_weight_shape,
            constraint_few_phases,
            constraint_reach,
        ),
        _macs,
        becomes=becomes,
        required=(0, 1, 2),
    )


def float32_form(kind: str, own: Sequence[Constraint]) -> OpSpec:
    """The operator on float32; `own` are its constraints as a convolution's."""
    return _spec(kind, own, ("CONV_2D_F32", "INTERLEAVE", "SLICE"))


TRANSPOSE_CONV = _spec(
    "TRANSPOSE_CONV",
    (
        common.constraint_activations,
        common.constraint_symmetric_weights,
        common.constraint_bias,
        common.constraint_sums,
    ),
    ("CONV_2D", "INTERLEAVE", "SLICE"),
)
