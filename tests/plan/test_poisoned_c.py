# SPDX-License-Identifier: Apache-2.0
"""The emitted C reads nothing that the plan takes for dead."""

from __future__ import annotations

import pytest

from mcunet_tf.benchmark.poison import poisoned
from mcunet_tf.benchmark.runner import run_on_board
from mcunet_tf.boards import load_board
from mcunet_tf.check.reference import random_inputs
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.evaluate import evaluate

NAMES = ("mcunet_like", "resnet_8", "pools", "input_is_used_twice", "squeeze_excite")


def _wrong_values(compiled) -> int:
    inputs = random_inputs(compiled, 2, seed=0)
    result = run_on_board(poisoned(compiled), load_board("host"), inputs)
    return sum(
        int((got.reshape(-1) != wanted.reshape(-1)).sum())
        for arrays, outputs in zip(inputs, result.outputs, strict=True)
        for got, wanted in zip(outputs, evaluate(compiled.graph, arrays), strict=True)
    )


@pytest.mark.parametrize("optimize", ["sram", "speed"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.slow
def test_dead_bytes_may_be_overwritten(keras_model, name, optimize):
    compiled = compile_tflite(keras_model(name), "host", name="m", optimize=optimize)
    assert _wrong_values(compiled) == 0


def test_poison_would_be_noticed(keras_model, monkeypatch):
    """The whole arena poisoned before the last call must change the outputs."""
    compiled = compile_tflite(keras_model("mcunet_like"), "host", name="m")
    calls = sum(len(stage.events) for stage in compiled.plan.stages)
    everything = [[] for _ in range(calls - 1)] + [[(0, compiled.arena_bytes)]]
    monkeypatch.setattr("mcunet_tf.benchmark.poison.dead_ranges", lambda *_: everything)
    assert _wrong_values(compiled) > 0
