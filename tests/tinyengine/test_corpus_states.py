# SPDX-License-Identifier: Apache-2.0
"""Every stock model that remembers: 200 invocations behind each other equal the reference."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcunet_tf.audio import FrontEnd
from mcunet_tf.benchmark.runner import run_on_board
from mcunet_tf.check.reference import Reference, random_inputs
from mcunet_tf.tinyengine import compile_tflite
from tests.audio.sounds import voice

INVOCATIONS = 200
HOP = 160  # samples of 10 ms
REMEMBERING = (
    *("micro-wake-word-models", "keyword_scrambled", "audio_preprocessor", "_lstm"),
    *("lstm_int8", "noise_suppression"),
)


@functools.cache
def files(shared: Path) -> list[Path]:
    found = sorted((shared.parent / "corpus").glob("*.tflite"))
    return [path for path in found if any(part in path.name for part in REMEMBERING)]


@functools.cache
def heard(count: int) -> np.ndarray:
    """Features of a voice, float in about [0, 1]."""
    features = FrontEnd(hop_ms=10).features(voice(HOP * (count + 40), 3)).astype(np.float64)
    return features / features.max()


def spoken(reference: Any) -> list[tuple[np.ndarray, ...]]:
    """The voice as a model takes it: samples, or as many features behind each other as it wants."""
    (info,) = reference.inputs
    size = int(np.prod(info.shape))
    if info.shape == (1, 480):
        samples = voice(2 * HOP * (INVOCATIONS + 1) + size, 3)
        starts = range(0, 2 * HOP * INVOCATIONS, 2 * HOP)
        return [(samples[at : at + size].reshape(info.shape),) for at in starts]
    values = heard(8 * INVOCATIONS).reshape(-1)
    values = np.resize(values, (INVOCATIONS, size)).reshape(INVOCATIONS, *info.shape)
    if info.dtype == "float32":
        return [(array.astype(np.float32),) for array in values]
    limits = np.iinfo(info.dtype)
    steps = np.round(values * (int(limits.max) - int(limits.min))) + limits.min
    return [(array.astype(info.dtype),) for array in steps]


@pytest.mark.slow
@pytest.mark.qemu
@pytest.mark.parametrize("board", ["host", "qemu-m4", "qemu-m55"])
@pytest.mark.parametrize("number", range(19))
def test_a_long_series_equals_the_reference(shared_models, number, board):
    """Of random values, and of a voice's features."""
    found = files(shared_models)
    if number >= len(found):
        pytest.skip(f"{len(found)} files that remember beside {shared_models}")
    model = found[number].read_bytes()
    reference, compiled = Reference(model), compile_tflite(model, board, name="m", edges="model")
    for series in (random_inputs(reference, INVOCATIONS, 7), spoken(reference)):
        wanted = reference.run(series)
        outputs = run_on_board(compiled, board, series).outputs
        for arrays, meant in zip(outputs, wanted, strict=True):
            for array, like in zip(arrays, meant, strict=True):
                np.testing.assert_array_equal(array.reshape(-1), like.reshape(-1))
