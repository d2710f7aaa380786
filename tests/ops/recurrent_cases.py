# SPDX-License-Identifier: Apache-2.0
"""Cases of UNIDIRECTIONAL_SEQUENCE_LSTM."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcunet_tf.tinyengine.ops.lstm import (
    BIASES,
    CELL_STATE,
    GATES,
    HIDDEN_STATE,
    INPUT_WEIGHTS,
    OPERANDS,
    RECURRENT_WEIGHTS,
)
from tests.ops.build_tflite import TANH, Net
from tests.ops.case import collect
from tests.ops.value_cases import Quantised


def lstm_net(
    steps: int,
    inputs: int,
    units: int,
    source: Quantised = (0.02, -3),
    hidden: Quantised = (1 / 128, 5),
    *,
    batch: int = 1,
    time_major: bool = False,
    weight_scale: float = 0.01,
    weights: tuple[int, int] = (-127, 127),
    cell_scale: float = 2.0**-12,
    clip: float = 0.0,
) -> tuple[Net, int, int]:
    """A layer as converters write it; returns the net, its input and its output."""
    net = Net()
    rng = np.random.default_rng([steps, inputs, units])
    order = (steps, batch) if time_major else (batch, steps)
    x = net.tensor((*order, inputs), scale=source[0], zero_point=source[1])
    operands = [x, *[-1] * (OPERANDS - 1)]
    for positions, width in ((INPUT_WEIGHTS, inputs), (RECURRENT_WEIGHTS, units)):
        for position in positions:
            data = rng.integers(weights[0], weights[1], (units, width), endpoint=True)
            scale = weight_scale * rng.uniform(0.5, 1)
            operands[position] = net.constant(data.astype(np.int8), scale=scale)
    for position in BIASES:
        data = rng.integers(-3000, 3000, units).astype(np.int32)
        operands[position] = net.constant(data, scale=source[0] * weight_scale)
    state: dict[str, Any] = {"variable": True}
    operands[HIDDEN_STATE] = net.tensor(
        (batch, units), scale=hidden[0], zero_point=hidden[1], **state
    )
    operands[CELL_STATE] = net.tensor((batch, units), scale=cell_scale, dtype="int16", **state)
    y = net.tensor((*order, units), scale=hidden[0], zero_point=hidden[1])
    options = {"FusedActivationFunction": TANH, "CellClip": clip, "TimeMajor": time_major}
    # The scales of normalised gates, of which there are none, and of the hidden state.
    scales = [net.tensor((0,), scale=0.0, dtype="float32") for _ in GATES]
    scales.append(net.tensor((0,), scale=hidden[0], zero_point=hidden[1]))
    net.op("UNIDIRECTIONAL_SEQUENCE_LSTM", operands, [y], scales, **options)
    return net, x, y


def lstm_model(*sizes: Any, **how: Any) -> bytes:
    net, x, y = lstm_net(*sizes, **how)
    return net.build([x], [y])


def sliced_model(step: int, *sizes: Any, also: bool = False, **how: Any) -> bytes:
    """One step of the sequence is copied on; `also`: the sequence is an output too."""
    net, x, y = lstm_net(*sizes, **how)
    sequence = net.tensors[y]
    _, steps, units = sequence.shape
    begin, end, strides = (
        net.constant(np.array(values, np.int32))
        for values in ((0, step, 0), (0, (step + 1) % steps, 0), (1, 1, 1))
    )
    z = net.tensor(
        (sequence.shape[0], units), scale=sequence.scales, zero_point=sequence.zero_points
    )
    masks = {"BeginMask": 5, "EndMask": 5, "ShrinkAxisMask": 2}
    net.op("STRIDED_SLICE", [y, begin, end, strides], [z], **masks)
    return net.build([x], [y, z] if also else [z])


UNIDIRECTIONAL_SEQUENCE_LSTM = collect(
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
    [
        ("plain", lstm_model(6, 5, 4)),
        ("quads", lstm_model(5, 8, 12)),
        ("tails", lstm_model(5, 7, 9)),
        ("one_step", lstm_model(1, 5, 9)),
        ("one_input", lstm_model(9, 1, 6)),
        ("one_unit", lstm_model(9, 6, 1)),
        ("long", lstm_model(60, 3, 5)),
        ("wide", lstm_model(3, 40, 33)),
        ("batch", lstm_model(4, 5, 6, batch=3)),
        ("time_major", lstm_model(6, 5, 4, time_major=True)),
        ("zero_points_low", lstm_model(6, 5, 4, (0.02, -128), (1 / 128, -128))),
        ("zero_points_high", lstm_model(6, 5, 4, (0.02, 127), (1 / 128, 127))),
        ("fine_input", lstm_model(6, 5, 4, (0.0004, 3))),
        ("coarse_input", lstm_model(6, 5, 4, (0.9, 3))),
        ("saturating_gates", lstm_model(6, 20, 8, (0.9, 3), weight_scale=0.4)),
        ("small_weights", lstm_model(6, 5, 4, weight_scale=0.004, weights=(-9, 9))),
        ("weight_of_minus_128", lstm_model(6, 5, 4, weights=(-128, -120))),
        ("sums_beyond_24_bits", lstm_model(4, 300, 5, weight_scale=0.001, weights=(110, 127))),
        *(
            (f"cell_scale_{power}", lstm_model(12, 5, 6, cell_scale=2.0**-power))
            for power in (9, 11, 13, 14, 15, 16, 20)
        ),
        ("clipped", lstm_model(12, 5, 6, clip=0.3)),
        ("clipped_beyond", lstm_model(12, 5, 6, clip=100.0)),
        ("hidden_scale_small", lstm_model(6, 5, 4, (0.02, -3), (0.002, 5))),
        ("last_step", sliced_model(5, 6, 5, 4)),
        ("last_step_odd", sliced_model(6, 7, 5, 4)),
        ("last_step_of_batch", sliced_model(3, 4, 5, 6, batch=3)),
        ("first_step", sliced_model(0, 6, 5, 4)),
        ("last_step_and_all", sliced_model(5, 6, 5, 4, also=True)),
    ],
)
