# SPDX-License-Identifier: Apache-2.0
"""UNIDIRECTIONAL_SEQUENCE_LSTM on float32: the layer of `lstm` without its roundings."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from mcunet_tf.tinyengine.ops import common, lstm
from mcunet_tf.tinyengine.ops.float32_values import SUFFIX
from mcunet_tf.tinyengine.ops.spec import Array, View


def gate_weights(view: View) -> tuple[Array, Array]:
    """W and R side by side, float32 [units, gates, inputs + units]; biases [units, gates]."""
    weights = np.concatenate(lstm.lstm_weights(view), axis=2)
    biases = np.stack([view.constant(k).reshape(-1) for k in lstm.BIASES], axis=1)
    return weights.astype(np.float32), biases.astype(np.float32)


def _sigmoid(x: Array) -> Array:
    share: Array = 1 / (1 + np.exp(-x))
    return share


def _evaluate(view: View, values: Sequence[Array]) -> Array:
    """The state is float32 between steps, as in kernels; what lies between is float64."""
    batches, steps, inputs, units = lstm.lstm_shape(view)
    weights, biases = (array.astype(np.float64) for array in gate_weights(view))
    source = values[0].reshape(batches, steps, inputs).astype(np.float64)
    clip = view.attributes.cell_clip
    cell, hidden = (state.astype(np.float64) for state in lstm.held(view, values, "float32"))
    seen = np.empty((batches, steps, units), np.float32)
    with np.errstate(all="ignore"):
        for step in range(steps):
            both = np.concatenate([source[:, step], hidden], axis=1)
            new, kept, candidate, opened = np.moveaxis(
                np.einsum("bk,ugk->bug", both, weights) + biases, 2, 0
            )
            cell = _sigmoid(kept) * cell + _sigmoid(new) * np.tanh(candidate)
            cell = np.clip(cell, -clip, clip) if clip > 0 else cell
            cell = cell.astype(np.float32).astype(np.float64)
            seen[:, step] = _sigmoid(opened) * np.tanh(cell)
            hidden = seen[:, step].astype(np.float64)
    return lstm.shown(view, cell.astype(np.float32), seen)


def constraint_float32_layer(view: View) -> str | None:
    """Input, output, state, weights and biases are float32."""
    if len(view.inputs) <= lstm.CELL_STATE:
        return f"{len(view.inputs)} operands"
    for tensor in (*view.inputs, view.output):
        if tensor is not None and tensor.dtype != "float32":
            return common.describe(tensor)
    return None


UNIDIRECTIONAL_SEQUENCE_LSTM_F32 = dataclasses.replace(
    lstm.UNIDIRECTIONAL_SEQUENCE_LSTM,
    kind=f"UNIDIRECTIONAL_SEQUENCE_LSTM{SUFFIX}",
    evaluate=_evaluate,
    constraints=(
        lstm.constraint_plain,
        constraint_float32_layer,
        lstm.constraint_shapes,
        lstm.constraint_constants,
        lstm.constraint_tanh,
    ),
)
