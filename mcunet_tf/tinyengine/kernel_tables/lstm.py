# SPDX-License-Identifier: Apache-2.0
"""Kernel table of UNIDIRECTIONAL_SEQUENCE_LSTM."""

from __future__ import annotations

import dataclasses

import numpy as np

from mcunet_tf.tinyengine.kernel_tables.packing import dsp, mve
from mcunet_tf.tinyengine.kernel_tables.table import (
    Blob,
    Kernel,
    Struct,
    Style,
    int8_blob,
    int32_blob,
    word_blob,
)
from mcunet_tf.tinyengine.ops.lstm import (
    lstm_biases,
    lstm_scales,
    lstm_shape,
    lstm_weights,
    sigmoid_points,
)
from mcunet_tf.tinyengine.ops.spec import View


def _fields(view: View, weights: Blob) -> Struct:
    batches, steps, inputs, units = lstm_shape(view)
    scales = lstm_scales(view)
    multiplier, shift = scales.tanh
    fields = {
        "weights": weights,
        "biases": int32_blob(lstm_biases(view)),
        "sigmoid": Blob("uint16_t", sigmoid_points().astype(np.uint16)),
        "gates": scales.gates,
        "hidden": scales.hidden,
        "batches": batches,
        "steps": steps,
        "inputs": inputs,
        "units": units,
        "every_step": int(view.attributes.every_step),
        "hidden_zero_point": view.output.zero_point,
        "cell_shift": scales.cell_shift,
        "tanh_multiplier": multiplier,
        "tanh_shift": shift,
        "cell_clip": scales.clip,
    }
    return Struct("struct lstm_s8", fields)


def _portable(view: View) -> Struct:
    both = np.concatenate(lstm_weights(view), axis=2)
    return _fields(view, int8_blob(both))


def _dsp(view: View) -> Struct:
    scales = [side for gate in lstm_scales(view).gates for side in gate]
    return _fields(view, word_blob(dsp.pack_lstm(scales, *lstm_weights(view))))


def _mve(view: View) -> Struct:
    struct = _fields(view, int8_blob(mve.pack_lstm(*lstm_weights(view)).view(np.int8)))
    biases = int32_blob(mve.lstm_biases(lstm_biases(view)))
    return dataclasses.replace(struct, fields={**struct.fields, "biases": biases})


def _rejects_unless_sums_fit(view: View) -> str | None:
    biases, scales = lstm_biases(view), lstm_scales(view)
    for side, weights in enumerate(lstm_weights(view)):
        shifts = [gate[side][1] for gate in scales.gates]
        reason = dsp.lstm_reason(weights, biases[:, :, side], shifts)
        if reason:
            return reason
    right = -scales.hidden[1]
    if not 1 <= right <= dsp.MAX_RIGHT_SHIFT:
        return f"a hidden state that is shifted by {right}"
    return None


def _state_bytes(view: View, _: int) -> int:
    """Cell states, and a second hidden state where the output holds one alone."""
    _, steps, _, units = lstm_shape(view)
    return 2 * units + (0 if view.attributes.every_step or steps == 1 else units)


_PORTABLE = Kernel(
    "lstm_s8_portable", "lstm", "portable", Style.WHOLE, _portable, scratch_bytes=_state_bytes
)
UNIDIRECTIONAL_SEQUENCE_LSTM = (
    dataclasses.replace(_PORTABLE, name="lstm_s8_mve", isa="mve", arguments=_mve),
    dataclasses.replace(
        _PORTABLE,
        name="lstm_s8_dsp",
        isa="dsp",
        arguments=_dsp,
        rejects=_rejects_unless_sums_fit,
    ),
    _PORTABLE,
)

KERNELS = {"UNIDIRECTIONAL_SEQUENCE_LSTM": UNIDIRECTIONAL_SEQUENCE_LSTM}
