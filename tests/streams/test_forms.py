# SPDX-License-Identifier: Apache-2.0
"""Both forms of a stream on labelled recordings."""

from __future__ import annotations

import numpy as np
import pytest

from mcunet_tf.check import Reference, compare_forms
from mcunet_tf.errors import McunetError
from tests.streams.layers import Layers
from tests.streams.networks import padded, vector


def recordings(shape: tuple[int, ...], rows: int, count: int = 12):
    rng = np.random.default_rng(6)
    made = (*shape[:1], rows, *shape[2:])
    return [rng.integers(-128, 128, made).astype(np.int8) for _ in range(count)]


def best_of(model: bytes, windows: list[np.ndarray]) -> list[int]:
    return [int(np.argmax(out[0])) for out in Reference(model).run([(w,) for w in windows])]


@pytest.mark.slow
def test_windows_answer_as_the_reference_does():
    """Labels are the reference's own answers, so windows are always right."""
    model = padded(Layers())
    heard = recordings((1, 25, 6, 1), 61)
    labels = best_of(model, [rows[:, -25:] for rows in heard])
    assert len(set(labels)) > 1
    scores = compare_forms(model, zip(heard, labels, strict=True), 2)
    assert scores.recordings == 12 and scores.windows == 1.0
    assert 0.3 < scores.endless == scores.equal
    wrong = [(label + 1) % 3 for label in labels]
    scores = compare_forms(model, zip(heard, wrong, strict=True), 2)
    assert scores.windows == 0.0 and 0.3 < scores.equal


def test_without_padding_both_forms_agree():
    """Of a file that takes a spectrogram as one vector; recordings end between two hops."""
    model = vector(Layers())
    heard = recordings((1, 12, 5, 1), 32, count=4)
    labels = best_of(model, [rows[:, -12:].reshape(1, 60) for rows in heard])
    for form in ("windows", "endless"):
        scores = compare_forms(model, zip(heard, labels, strict=True), 3, form)
        assert (scores.windows, scores.endless, scores.equal) == (1.0, 1.0, 1.0)


def test_what_cannot_be_compared():
    model = vector(Layers())
    with pytest.raises(McunetError, match="recording 0 has 11 rows, a window 12 and a call 1"):
        compare_forms(model, [(np.zeros((1, 11, 5, 1), np.int8), 0)], 1)
    with pytest.raises(McunetError, match="no recordings"):
        compare_forms(model, [], 1)
