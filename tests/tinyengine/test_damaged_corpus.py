# SPDX-License-Identifier: Apache-2.0
"""Damaged files of others, a few of the many that `damaged_corpus` tries from the command line."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tinyengine.damaged_corpus import outcomes, small_files, spoil_structure, structure_of
from tests.tinyengine.small_models import small_network

FILES = 1500


def test_weights_stay_as_they_are():
    model = small_network()
    places = structure_of(model)
    assert len(model) / 4 < len(places) < len(model)
    for seed in range(20):
        spoiled = spoil_structure(model, np.random.default_rng(seed))
        changed = np.flatnonzero(np.frombuffer(spoiled, "u1") != np.frombuffer(model, "u1"))
        assert set(changed) <= set(places)


@pytest.mark.slow
def test_damaged_files_of_others_give_a_model_or_one_line(shared_models):
    folder = shared_models.parent / "corpus"
    files = small_files(folder) if folder.is_dir() else []
    if not files:
        pytest.skip(f"no models of others: {folder} holds none")
    wrong = [told for _, told in outcomes(files, range(FILES)) if told.startswith("WRONG")]
    assert wrong == []
