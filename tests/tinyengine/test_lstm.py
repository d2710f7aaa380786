# SPDX-License-Identifier: Apache-2.0
"""Types of an LSTM: which go together, and what a refusal says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mcunet_tf.boards import load_board
from mcunet_tf.check import run_on_host
from mcunet_tf.check.tensors import decode_outputs, encode_inputs
from mcunet_tf.check.verify import verify
from mcunet_tf.errors import UnsupportedError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.evaluate import evaluate
from mcunet_tf.tinyengine.ops.lstm import CELL_STATE, HIDDEN_STATE, RECURRENT_WEIGHTS
from mcunet_tf.tinyengine.passes import run_passes
from mcunet_tf.tinyengine.read_tflite import read_tflite
from tests.ops.build_tflite import Net
from tests.ops.recurrent_cases import float_lstm_net, lstm_model, lstm_net

SHORTS: dict[str, Any] = {
    "source": (1e-4, 0),
    "hidden": (2.0**-15, 0),
    "dtype": "int16",
    "bias": "int64",
}


def verified(model: bytes) -> list[str]:
    """Compares with the reference under sanitizers; returns the kernels."""
    compiled = compile_tflite(model, "portable", name="m")

    def run(calls):
        data = [encode_inputs(compiled, arrays) for arrays in calls]
        runs = run_on_host(compiled, load_board("portable"), data, sanitize=True)
        return [decode_outputs(compiled, it.outputs) for it in runs]

    assert verify(compiled, model, 4, 3, run).values
    return [layer.kernel for layer in compiled.report.layers]


def test_biases_of_32_bits_are_those_of_64():
    """TF-Lite Micro reads 64 bits whatever the type, so these have no reference."""
    wide, narrow = (
        run_passes(read_tflite(lstm_model(6, 5, 4, **{**SHORTS, "bias": bias})), edges="model")
        for bias in ("int64", "int32")
    )
    rng = np.random.default_rng(2)
    for _ in range(3):
        values = (rng.integers(-32768, 32768, (1, 6, 5)).astype(np.int16),)
        (first,), (second,) = evaluate(wide, values), evaluate(narrow, values)
        np.testing.assert_array_equal(first, second)
        assert len(np.unique(first)) > 10


def between_floats() -> bytes:
    """int8 at the edges, float32 within."""
    net, x, y = float_lstm_net(6, 5, 4)
    edges = [net.tensor(net.tensors[k].shape, scale=0.02, zero_point=3) for k in (x, y)]
    net.op("DEQUANTIZE", [edges[0]], [x])
    net.ops.insert(0, net.ops.pop())
    net.op("QUANTIZE", [y], [edges[1]])
    return net.build([edges[0]], [edges[1]])


def test_float32_between_int8():
    kernels = verified(between_floats())
    assert kernels[1] == "lstm_f32_portable"


def test_two_layers_of_int16_and_int8():
    """QUANTIZE between them, as where one layer is kept finer."""
    net, x, y = lstm_net(5, 4, 6, **SHORTS)
    z = net.tensor(net.tensors[y].shape, scale=1 / 128, zero_point=0)
    net.op("QUANTIZE", [y], [z])
    assert verified(net.build([x], [z]))[0] == "lstm_s16_portable"


def with_tensor(position: int, net: Net, **changes: Any) -> Net:
    """The layer with another type or scale of one operand."""
    tensor = net.tensors[net.ops[0].inputs[position]]
    for name, value in changes.items():
        object.__setattr__(tensor, name, value)
    return net


def model_of(made: tuple[Net, int, int], position: int | None = None, **changes: Any) -> bytes:
    net, x, y = made
    if position is not None:
        with_tensor(position, net, **changes)
    return net.build([x], [y])


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (lstm_model(6, 5, 4, **{**SHORTS, "source": (1e-4, 7)}), "int16 with a zero point of 7"),
        (lstm_model(6, 5, 4, bias="int64"), "is int64"),
        (
            lstm_model(6, 5, 4, **{**SHORTS, "source": (9.0, 0)}, weight_scale=4.0),
            "a factor of",
        ),
        (
            model_of(lstm_net(6, 5, 4, **SHORTS), HIDDEN_STATE, dtype="int8"),
            "is int8",
        ),
        (
            model_of(float_lstm_net(6, 5, 4), RECURRENT_WEIGHTS[0], dtype="int8", data=bytes(16)),
            "is int8",
        ),
        (
            model_of(float_lstm_net(6, 5, 4), CELL_STATE, dtype="int16"),
            "is int16",
        ),
    ],
    ids=["zero point", "bias of int8", "scales", "hidden state", "hybrid", "cell state"],
)
def test_refusals_name_the_tensor_and_a_remedy(model, said):
    with pytest.raises(UnsupportedError) as caught:
        compile_tflite(model, "portable", name="m")
    text = str(caught.value)
    assert said in text and "\n" not in text and text.partition("Remedy: ")[2]
