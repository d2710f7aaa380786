# SPDX-License-Identifier: Apache-2.0
"""FULLY_CONNECTED: per-tensor or per-channel weights, input of any rank."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.conv2d import finish
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View


@dataclasses.dataclass(frozen=True)
class FullyConnectedAttributes:
    """The fused activation."""

    activation: str


def _read(options: Mapping[str, Any], _: View) -> FullyConnectedAttributes:
    return FullyConnectedAttributes(common.activation_name(options["FusedActivationFunction"]))


def _evaluate(view: View, values: Sequence[Array]) -> Array:
    weights = np.asarray(view.constant(1), np.int64)
    rows = values[0].reshape(-1, weights.shape[1]).astype(np.int64) - view.input(0).zero_point
    total = rows @ weights.T + common.bias_values(view, weights.shape[0])
    return finish(view, total).reshape(view.output.shape)


def _macs(view: View) -> int:
    return view.output.elements * view.input(1).shape[1]


def constraint_weight_shape(view: View) -> str | None:
    """Weights are [out_features, in_features] and fit the input and the output."""
    weights, source, output = view.input(1), view.input(0), view.output
    if len(weights.shape) != 2 or not weights.elements:
        return f"weights of shape {list(weights.shape)}"
    if source.elements % weights.shape[1] or output.elements % weights.shape[0]:
        return f"weights {list(weights.shape)} for an input of {source.elements} values"
    if source.elements // weights.shape[1] != output.elements // weights.shape[0]:
        return f"{output.elements} outputs from {source.elements} inputs"
    if not output.shape or output.shape[-1] != weights.shape[0]:
        return f"{weights.shape[0]} filters for {output.shape[-1]} output channels"
    if max(weights.shape[0], output.elements // weights.shape[0]) > common.MAX_SIZE:
        return f"an output of {list(output.shape)}, more than {common.MAX_SIZE} along an axis"
    return common.weight_scales_problem(weights, weights.shape[0], axis=0)


FULLY_CONNECTED = OpSpec(
    kind="FULLY_CONNECTED",
    read=_read,
    evaluate=_evaluate,
    constraints=(
        common.constraint_activations,
        common.constraint_symmetric_weights,
        constraint_weight_shape,
        common.constraint_bias,
        common.constraint_sums,
        common.constraint_known_activation,
    ),
    macs=_macs,
    required=(0, 1),
)
