# SPDX-License-Identifier: Apache-2.0
"""Scales of networks that never learnt: the reference kernels abort on them, or shift too far.

What arithmetic gives there is the result: nothing of the input is left in the exponent.
"""

import numpy as np
import pytest

from mcunet_tf.benchmark import run_on_board
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.evaluate import evaluate
from tests.ops.case import Case, case_inputs
from tests.ops.value_cases import byte_model

SCALES = (2e-8, 7.8e-9, 1e-12)


def outputs(model):
    compiled = compile_tflite(model, "host")
    inputs = case_inputs(Case("", "m", model), compiled.graph)
    wanted = [evaluate(compiled.graph, arrays) for arrays in inputs]
    found = run_on_board(compiled, "host", inputs).outputs
    for got, expected in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(got[0], expected[0].reshape(got[0].shape))
    return inputs, wanted


@pytest.mark.parametrize("scale", SCALES)
def test_softmax_of_next_to_nothing_is_even(scale):
    _, wanted = outputs(
        byte_model("SOFTMAX", (scale, 3), (1 / 256, -128), shape=(25, 10), Beta=1.0)
    )
    (values,) = {int(v) for result in wanted for v in np.unique(result[0])}
    count = wanted[0][0].shape[-1]
    assert abs(values + 128 - 256 / count) <= 1


@pytest.mark.parametrize("scale", SCALES)
def test_hard_swish_of_next_to_nothing_is_half(scale):
    inputs, wanted = outputs(byte_model("HARD_SWISH", (scale, 3), (scale / 2, -5)))
    for (x,), (y,) in zip(inputs, wanted, strict=True):
        halves = np.clip(x.astype(int) - 3 - 5, -128, 127)
        assert np.abs(y.reshape(-1).astype(int) - halves.reshape(-1)).max() <= 1
