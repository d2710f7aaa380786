# SPDX-License-Identifier: Apache-2.0
"""Cases of UNIDIRECTIONAL_SEQUENCE_LSTM and SVDF."""

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
from tests.ops.build_tflite import NONE, RELU, RELU6, TANH, Net
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
    dtype: str = "int8",
    bias: str = "int32",
    net: Net | None = None,
) -> tuple[Net, int, int]:
    """A layer as converters write it; returns the net, its input and its output."""
    net = net or Net()
    rng = np.random.default_rng([steps, inputs, units])
    order = (steps, batch) if time_major else (batch, steps)
    x = net.tensor((*order, inputs), scale=source[0], zero_point=source[1], dtype=dtype)
    operands = [x, *[-1] * (OPERANDS - 1)]
    for positions, width in ((INPUT_WEIGHTS, inputs), (RECURRENT_WEIGHTS, units)):
        for position in positions:
            data = rng.integers(weights[0], weights[1], (units, width), endpoint=True)
            scale = weight_scale * rng.uniform(0.5, 1)
            operands[position] = net.constant(data.astype(np.int8), scale=scale)
    for position in BIASES:
        data = rng.integers(-3000, 3000, units).astype(bias)
        operands[position] = net.constant(data, scale=source[0] * weight_scale)
    state: dict[str, Any] = {"variable": True}
    operands[HIDDEN_STATE] = net.tensor(
        (batch, units), scale=hidden[0], zero_point=hidden[1], dtype=dtype, **state
    )
    operands[CELL_STATE] = net.tensor((batch, units), scale=cell_scale, dtype="int16", **state)
    y = net.tensor((*order, units), scale=hidden[0], zero_point=hidden[1], dtype=dtype)
    options = {"FusedActivationFunction": TANH, "CellClip": clip, "TimeMajor": time_major}
    # The scales of normalised gates, of which there are none, and of the hidden state.
    scales = [net.tensor((0,), scale=0.0, dtype="float32") for _ in GATES]
    scales.append(net.tensor((0,), scale=hidden[0], zero_point=hidden[1]))
    net.op("UNIDIRECTIONAL_SEQUENCE_LSTM", operands, [y], scales, **options)
    return net, x, y


def lstm_model(*sizes: Any, **how: Any) -> bytes:
    net, x, y = lstm_net(*sizes, **how)
    return net.build([x], [y])


def _int16(*sizes: int, source: float = 1e-4, hidden: float = 2.0**-15, **how: Any) -> bytes:
    """Activations of int16, as TF-Lite Micro has them: biases of int64."""
    how = {"dtype": "int16", "bias": "int64", **how}
    return lstm_model(*sizes, (source, 0), (hidden, 0), **how)


def float_lstm_net(
    steps: int,
    inputs: int,
    units: int,
    *,
    batch: int = 1,
    time_major: bool = False,
    clip: float = 0,
    net: Net | None = None,
) -> tuple[Net, int, int]:
    """A layer on float32; returns the net, its input and its output."""
    net = net or Net()
    rng = np.random.default_rng([steps, inputs, units])
    order = (steps, batch) if time_major else (batch, steps)
    real: dict[str, Any] = {"scale": None, "dtype": "float32"}
    x = net.tensor((*order, inputs), **real)
    operands = [x, *[-1] * (OPERANDS - 1)]
    for positions, shape in (
        (INPUT_WEIGHTS, (units, inputs)),
        (RECURRENT_WEIGHTS, (units, units)),
        (BIASES, (units,)),
    ):
        for position in positions:
            operands[position] = net.constant(rng.normal(0, 0.4, shape).astype(np.float32))
    for position in (HIDDEN_STATE, CELL_STATE):
        operands[position] = net.tensor((batch, units), variable=True, **real)
    y = net.tensor((*order, units), **real)
    options = {"FusedActivationFunction": TANH, "CellClip": clip, "TimeMajor": time_major}
    net.op("UNIDIRECTIONAL_SEQUENCE_LSTM", operands, [y], **options)
    return net, x, y


def sliced_model(
    step: int, *sizes: Any, also: bool = False, net_of: Any = lstm_net, **how: Any
) -> bytes:
    """One step of the sequence is copied on; `also`: the sequence is an output too."""
    net, x, y = net_of(*sizes, **how)
    z = _sliced(net, y, step)
    return net.build([x], [y, z] if also else [z])


def remembering_model(*sizes: Any, last: bool = False, net_of: Any = lstm_net, **how: Any) -> bytes:
    """A sequence, or the last step of it, beside one step of a layer: so both remember."""
    net, x, y = net_of(*sizes, **how)
    _, one, two = net_of(1, *sizes[1:], net=net, **how)
    return net.build([x, one], [_sliced(net, y, sizes[0] - 1) if last else y, two])


def _sliced(net: Net, y: int, step: int) -> int:
    sequence = net.tensors[y]
    _, steps, units = sequence.shape
    begin, end, strides = (
        net.constant(np.array(values, np.int32))
        for values in ((0, step, 0), (0, (step + 1) % steps, 0), (1, 1, 1))
    )
    z = net.tensor(
        (sequence.shape[0], units),
        scale=sequence.scales,
        zero_point=sequence.zero_points,
        dtype=sequence.dtype,
    )
    masks = {"BeginMask": 5, "EndMask": 5, "ShrinkAxisMask": 2}
    net.op("STRIDED_SLICE", [y, begin, end, strides], [z], **masks)
    return z


def _float_model(*sizes: int, **how: Any) -> bytes:
    net, x, y = float_lstm_net(*sizes, **how)
    return net.build([x], [y])


_REMEMBERING: tuple[tuple[str, tuple[int, int, int], dict[str, Any]], ...] = (
    ("plain", (6, 5, 4), {}),
    ("last", (6, 5, 7), {"last": True}),
    ("last_odd", (5, 5, 7), {"last": True}),
    ("batch", (4, 5, 3), {"batch": 3}),
    ("last_of_batch", (3, 5, 3), {"batch": 3, "last": True}),
    ("time_major", (4, 5, 6), {"time_major": True}),
)
_SHORTS: dict[str, Any] = {"dtype": "int16", "bias": "int64"}
_INT16 = [
    ("plain", _int16(6, 5, 4)),
    ("quads", _int16(5, 8, 12)),
    ("tails", _int16(5, 7, 9)),
    ("one_step", _int16(1, 5, 9)),
    ("one_input", _int16(9, 1, 6)),
    ("one_unit", _int16(9, 6, 1)),
    ("long", _int16(60, 3, 5)),
    ("batch", _int16(4, 5, 6, batch=3)),
    ("time_major", _int16(6, 5, 4, time_major=True)),
    ("wide", _int16(2, 600, 5, weight_scale=0.002)),
    ("coarse_input", _int16(6, 5, 4, source=0.003)),
    ("saturating_gates", _int16(6, 20, 8, source=0.003, weight_scale=0.4)),
    ("weight_of_minus_128", _int16(6, 5, 4, weights=(-128, -120))),
    *((f"cell_scale_{k}", _int16(12, 5, 6, cell_scale=2.0**-k)) for k in (9, 11, 15, 16, 20)),
    ("clipped", _int16(12, 5, 6, clip=0.3)),
    ("hidden_scale_small", _int16(6, 5, 4, hidden=7e-6)),
    ("last_step", sliced_model(5, 6, 5, 4, (1e-4, 0), (2.0**-15, 0), **_SHORTS)),
    ("last_step_odd", sliced_model(6, 7, 5, 3, (1e-4, 0), (2.0**-15, 0), **_SHORTS)),
    ("last_step_of_batch", sliced_model(3, 4, 5, 6, (1e-4, 0), (2.0**-15, 0), batch=3, **_SHORTS)),
    ("one_step_of_batch", _int16(1, 5, 6, batch=3)),
    ("one_step_clipped", _int16(1, 5, 6, clip=0.3)),
    *(
        (
            f"remembering_{name}",
            remembering_model(*sizes, (1e-4, 0), (2.0**-15, 0), **how, **_SHORTS),
        )
        for name, sizes, how in _REMEMBERING
    ),
]
_FLOAT32 = [
    ("plain", _float_model(6, 5, 4)),
    ("tails", _float_model(5, 7, 9)),
    ("one_step", _float_model(1, 5, 9)),
    ("one_unit", _float_model(9, 6, 1)),
    ("long", _float_model(60, 3, 5)),
    ("batch", _float_model(4, 5, 6, batch=3)),
    ("time_major", _float_model(6, 5, 4, time_major=True)),
    ("clipped", _float_model(12, 5, 6, clip=0.3)),
    ("last_step", sliced_model(5, 6, 5, 4, net_of=float_lstm_net)),
    ("last_step_odd", sliced_model(6, 7, 5, 3, net_of=float_lstm_net)),
    ("last_step_of_batch", sliced_model(3, 4, 5, 6, net_of=float_lstm_net, batch=3)),
    ("one_step_of_batch", _float_model(1, 5, 9, batch=3)),
    *(
        (f"remembering_{name}", remembering_model(*sizes, net_of=float_lstm_net, **how))
        for name, sizes, how in _REMEMBERING
    ),
]
UNIDIRECTIONAL_SEQUENCE_LSTM = collect(
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
    [
        ("plain", lstm_model(6, 5, 4)),
        ("quads", lstm_model(5, 8, 12)),
        ("tails", lstm_model(5, 7, 9)),
        ("one_step", lstm_model(1, 5, 9)),
        ("one_step_of_batch", lstm_model(1, 5, 9, batch=2)),
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
        ("one_step_of_quads", lstm_model(1, 8, 12)),
        ("one_step_clipped", lstm_model(1, 5, 6, clip=0.3)),
        ("one_step_time_major", lstm_model(1, 5, 6, time_major=True)),
        ("last_of_one_step", sliced_model(0, 1, 5, 7)),
        *(
            (f"remembering_{name}", remembering_model(*sizes, **how))
            for name, sizes, how in _REMEMBERING
        ),
        *((f"int16_{name}", model) for name, model in _INT16),
        *((f"float32_{name}", model) for name, model in _FLOAT32),
    ],
)


def svdf_layer(
    net: Net,
    x: int,
    inputs: int,
    units: int,
    memory: int,
    *,
    rank: int = 1,
    batch: int = 1,
    state: str = "int16",
    source_scale: float = 0.05,
    features_scale: float = 0.013,
    state_scale: float = 0.0041,
    state_zero_point: int = 0,
    output: Quantised = (0.9, -17),
    biased: bool = True,
    zeros: bool = False,
    activation: int = RELU,
) -> int:
    """A layer as converters write it; returns its output."""
    rng = np.random.default_rng([inputs, units, memory, rank])
    filters = units * rank
    real = state == "float32"
    source_scale = net.tensors[x].scales[0] if not real else source_scale
    time_scale = 0.0037 if state == "int16" else 0.011

    def weights(shape: tuple[int, int], dtype: str, scale: float) -> int:
        if real:
            return net.constant(rng.normal(0, 0.3, shape).astype(np.float32))
        limit = np.iinfo(dtype).max
        data = rng.integers(-limit, limit, shape, endpoint=True) // (1 if dtype == "int8" else 200)
        return net.constant(data.astype(dtype), scale=scale)

    features = weights((filters, inputs), "int8", features_scale)
    times = weights((filters, memory), state, time_scale)
    bias = -1
    if biased:
        drawn = rng.normal(0, 1, units) if real else rng.integers(-9000, 9000, units)
    if zeros:
        drawn = np.zeros(units)
    if biased or zeros:
        scale = None if real else state_scale * time_scale
        bias = net.constant(drawn.astype("float32" if real else "int32"), scale=scale)
    held = net.tensor(
        (batch, filters * memory),
        scale=None if real else state_scale,
        zero_point=state_zero_point,
        dtype=state,
        variable=True,
    )
    y = (
        net.tensor((batch, units), scale=None, dtype="float32")
        if real
        else net.tensor((batch, units), scale=output[0], zero_point=output[1])
    )
    operands = [x, features, times, bias, held]
    net.op("SVDF", operands, [y], Rank=rank, FusedActivationFunction=activation)
    return y


def svdf_model(*sizes: int, state: str = "int16", zero_point: int = -5, **how: Any) -> bytes:
    net = Net()
    shape = (how.get("batch", 1), sizes[0])
    if state == "float32":
        x = net.tensor(shape, scale=None, dtype="float32")
    else:
        x = net.tensor(shape, scale=0.05, zero_point=zero_point)
    y = svdf_layer(net, x, *sizes, state=state, **how)
    return net.build([x], [y])


def svdf_chain(state: str) -> bytes:
    """Two layers, each with its own state."""
    net = Net()
    x = net.tensor((1, 8), scale=0.05, zero_point=3)
    y = svdf_layer(net, x, 8, 6, 4, state=state)
    z = svdf_layer(net, y, 6, 5, 3, state=state, output=(2.1, 4))
    return net.build([x], [z])


_BYTES = {"state": "int8", "state_scale": 0.35}
SVDF = collect(
    "SVDF",
    [
        ("plain", svdf_model(9, 6, 5)),
        ("even", svdf_model(16, 8, 8)),
        ("one_input", svdf_model(1, 3, 7)),
        ("one_unit", svdf_model(11, 1, 6)),
        ("memory_of_one", svdf_model(10, 7, 1)),
        ("memory_of_two", svdf_model(12, 5, 2)),
        ("rank_2", svdf_model(10, 4, 5, rank=2)),
        ("batch", svdf_model(7, 5, 4, batch=3)),
        ("no_activation", svdf_model(9, 6, 5, activation=NONE)),
        ("saturated_state", svdf_model(20, 6, 5, state_scale=0.0001, output=(0.07, 0))),
        ("coarse_state", svdf_model(20, 6, 5, state_scale=0.2, output=(40.0, 0))),
        ("zero_point_low", svdf_model(9, 6, 5, zero_point=-128, output=(0.9, -128))),
        ("weights_of_a_tiny_scale", svdf_model(9, 6, 5, features_scale=3e-4, output=(0.03, 1))),
        ("chain", svdf_chain("int16")),
        ("bytes", svdf_model(9, 6, 5, **_BYTES)),
        ("bytes_even", svdf_model(16, 8, 8, **_BYTES)),
        ("bytes_rank_2", svdf_model(10, 4, 5, rank=2, **_BYTES)),
        ("bytes_batch", svdf_model(7, 5, 4, batch=3, **_BYTES)),
        ("bytes_zero_point", svdf_model(9, 6, 5, state_zero_point=-50, **_BYTES)),
        ("bytes_zero_point_high", svdf_model(9, 1, 9, state_zero_point=37, **_BYTES)),
        ("bytes_chain", svdf_chain("int8")),
        ("float32", svdf_model(9, 6, 5, state="float32")),
        ("float32_rank_2", svdf_model(9, 3, 5, rank=2, state="float32", activation=NONE)),
        ("float32_relu6", svdf_model(9, 6, 4, batch=2, state="float32", activation=RELU6)),
    ],
)
