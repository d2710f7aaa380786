# SPDX-License-Identifier: Apache-2.0
"""An LSTM keeps its sequence only where more than the last step is read."""

import pytest

from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.passes import run_passes
from mcunet_tf.tinyengine.read_tflite import read_tflite
from tests.ops.recurrent_cases import float_lstm_net, lstm_model, sliced_model

LSTM, SLICE = "UNIDIRECTIONAL_SEQUENCE_LSTM", "STRIDED_SLICE"


@pytest.mark.parametrize(
    ("model", "kinds"),
    [
        (sliced_model(5, 6, 5, 4), [LSTM]),
        (sliced_model(3, 4, 5, 6, batch=3), [LSTM]),
        (sliced_model(5, 6, 5, 4, net_of=float_lstm_net), [f"{LSTM}_F32"]),
        (sliced_model(0, 6, 5, 4), [LSTM, SLICE]),
        (sliced_model(4, 6, 5, 4), [LSTM, SLICE]),
        (sliced_model(5, 6, 5, 4, also=True), [LSTM, SLICE]),
    ],
    ids=[
        "last",
        "last of a batch",
        "last of float32",
        "first",
        "last but one",
        "sequence is an output",
    ],
)
def test_only_the_last_step_alone_is_written_at_once(model, kinds):
    assert [op.kind for op in run_passes(read_tflite(model)).ops] == kinds


def test_the_sequence_takes_no_memory():
    steps, units = 50, 16
    whole, last = (
        compile_tflite(model, board="qemu-m4", name="words").arena_bytes
        for model in (lstm_model(steps, 4, units), sliced_model(steps - 1, steps, 4, units))
    )
    assert whole - last > (steps - 3) * units
