# SPDX-License-Identifier: Apache-2.0
"""Kernel tables of UNIDIRECTIONAL_SEQUENCE_LSTM and its form on float32."""

from __future__ import annotations

import dataclasses

import numpy as np

from mcunet_tf.tinyengine.fixed_point import reduce_multiplier
from mcunet_tf.tinyengine.kernel_tables.packing import dsp, dsp_s16, mve
from mcunet_tf.tinyengine.kernel_tables.table import (
    Blob,
    Kernel,
    Struct,
    Style,
    float_blob,
    int8_blob,
    int32_blob,
    int64_blob,
    word_blob,
)
from mcunet_tf.tinyengine.ops.lstm import (
    STATE,
    lstm_biases,
    lstm_scales,
    lstm_shape,
    lstm_weights,
    remembers,
    sigmoid_points,
)
from mcunet_tf.tinyengine.ops.lstm_f32 import gate_weights
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
    return Struct("struct lstm", fields)


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


def _s16_fields(view: View, weights: Blob) -> Struct:
    """Of int16 no zero point is folded into the hidden state's side, and scales are wide."""
    struct = _fields(view, weights)
    fields = {
        "biases": int64_blob(lstm_biases(view)[:, :, 0]),
        "gates": tuple(
            tuple((int(reduce_multiplier(multiplier)), 15 - shift) for multiplier, shift in gate)
            for gate in lstm_scales(view).gates
        ),
    }
    return dataclasses.replace(struct, fields={**struct.fields, **fields})


def _s16(view: View) -> Struct:
    return _s16_fields(view, int8_blob(np.concatenate(lstm_weights(view), axis=2)))


def _s16_dsp(view: View) -> Struct:
    return _s16_fields(view, word_blob(dsp_s16.pack_lstm(*lstm_weights(view))))


def _s16_dsp_scratch(view: View, _: int) -> int:
    _, _, inputs, units = lstm_shape(view)
    return dsp_s16.scratch_bytes_lstm(inputs, units) + _cell_bytes(view)


def _f32(view: View) -> Struct:
    batches, steps, inputs, units = lstm_shape(view)
    weights, biases = gate_weights(view)
    odd = units % 2
    pairs = np.pad(weights, ((0, odd), (0, 0), (0, 0))).reshape(-1, 2, *weights.shape[1:])
    fields = {
        "weights": float_blob(pairs.transpose(0, 3, 1, 2)),
        "biases": float_blob(np.pad(biases, ((0, odd), (0, 0)))),
        "cell_clip": view.attributes.cell_clip,
        "batches": batches,
        "steps": steps,
        "inputs": inputs,
        "units": units,
        "every_step": int(view.attributes.every_step),
    }
    return Struct("struct lstm_f32", fields)


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


def _hidden_values(view: View) -> int:
    """Of a second hidden state, where the output holds one alone."""
    _, steps, _, units = lstm_shape(view)
    return 0 if view.attributes.every_step or steps == 1 else units


def _cell_bytes(view: View) -> int:
    """Of the cell states, float32 or int16; kept ones are a part of the result."""
    return 0 if remembers(view) else lstm_shape(view)[3] * max(view.output.item_bytes, 2)


def _state_bytes(view: View, _: int) -> int:
    """Cell states, and a second hidden state."""
    return _cell_bytes(view) + _hidden_values(view) * view.output.item_bytes


_PORTABLE = Kernel(
    "lstm_s8_portable",
    "lstm",
    "portable",
    Style.WHOLE,
    _portable,
    scratch_bytes=_state_bytes,
    data_inputs=(0, STATE),
)
_S16 = dataclasses.replace(_PORTABLE, name="lstm_s16_portable", arguments=_s16, takes=("int16",))

KERNELS = {
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (
        dataclasses.replace(
            _S16,
            name="lstm_s16_dsp",
            isa="dsp",
            arguments=_s16_dsp,
            scratch_bytes=_s16_dsp_scratch,
        ),
        _S16,
        dataclasses.replace(_PORTABLE, name="lstm_s8_mve", isa="mve", arguments=_mve),
        dataclasses.replace(
            _PORTABLE,
            name="lstm_s8_dsp",
            isa="dsp",
            arguments=_dsp,
            rejects=_rejects_unless_sums_fit,
        ),
        _PORTABLE,
    ),
    "UNIDIRECTIONAL_SEQUENCE_LSTM_F32": (
        dataclasses.replace(_PORTABLE, name="lstm_f32_portable", arguments=_f32),
    ),
}
