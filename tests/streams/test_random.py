# SPDX-License-Identifier: Apache-2.0
"""Random networks of images, whose rows are taken for time: any operators, joined in any way."""

from __future__ import annotations

import re

import pytest

from mcunet_tf.check.verify import verify
from mcunet_tf.errors import ModelError, UnsupportedError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.evaluate import evaluate_series
from tests.plan.random_networks import random_network

SEEDS = range(5000, 5060)
REFUSED = ("no output is made of the rows", "joins rows with what is made of", "use at most")
NOT_LONGER = ("names its rows", "has no tensor '.* interleaved'", "ends before the last row")


def streamed(model: bytes, times: int):
    """The stream of the smallest hop or a multiple of it; None where there is none."""
    hop = 1
    for _ in range(2):
        try:
            return compile_tflite(model, "qemu-m4", name="m", input_mode="stream", hop=hop)
        except UnsupportedError as error:
            told = re.search(r"smallest hop is (\d+)", str(error))
            if told is None:
                assert any(reason in str(error) for reason in REFUSED), error
                return None
            hop = int(told[1]) * times
    return None


@pytest.mark.sampled(5)
@pytest.mark.parametrize("seed", SEEDS)
def test_random_networks_equal_the_reference(seed):
    model = random_network(seed, 2 + seed % 6, "int16" if seed % 4 == 0 else "int8")
    compiled = streamed(model, 1 + seed % 2)
    if compiled is None:
        return
    try:
        verify(compiled, model, 8, seed, lambda calls: list(evaluate_series(compiled.graph, calls)))
    except ModelError as error:
        assert any(re.search(reason, str(error)) for reason in NOT_LONGER), error
