# SPDX-License-Identifier: Apache-2.0
"""Evolution keeps the budget, repeats with its seed, and finds what is good."""

import concurrent.futures
import os
import pathlib

import numpy as np
import pytest

from mcunet_tf.errors import BudgetError, SearchError
from mcunet_tf.tinynas.evolve import Evolution, evolve, sample_fitting
from mcunet_tf.tinynas.predict import ScorePredictor
from mcunet_tf.tinynas.space import make_space
from mcunet_tf.tinynas.workers import run_tasks

SPACE = make_space((32, 32, 3), 1.0, 0.4)
SMALL = Evolution(population=20, parents=5, generations=4, tries=50)


def macs(choice):
    return SPACE.arch(choice).macs(10)


def window_weights(choice):
    """Something that grows with every number of a choice and is found fast."""
    runs, kernels, hidden = SPACE.settings(choice).T
    return int(np.sum(runs * (kernels**2 + 40) * hidden))


def stub_accuracy(choice):
    """Deeper and wider is better, with a taste for 5 x 5 windows."""
    return sum(choice.depths) + 0.1 * sum(choice.expansions) + 0.2 * choice.kernels.count(5)


def scores(choices):
    return [stub_accuracy(choice) for choice in choices]


def test_the_budget_is_never_exceeded_in_400_random_budgets():
    least, most = window_weights(SPACE.smallest()), window_weights(SPACE.largest())
    tiny = Evolution(population=4, parents=2, generations=1, tries=12)
    refused = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        budget = rng.uniform(0.9 * least, most)
        try:
            found = evolve(SPACE, lambda c, b=budget: window_weights(c) <= b, scores, rng, tiny)
        except BudgetError:
            assert budget < least
            refused += 1
            continue
        assert all(window_weights(scored.choice) <= budget for scored in found)
    assert 0 < refused < 80


def test_evolution_beats_chance():
    rng = np.random.default_rng(1)
    limit = 0.5 * macs(SPACE.largest())
    found = evolve(SPACE, lambda c: macs(c) <= limit, scores, rng, Evolution(generations=8))
    chance = [sample_fitting(SPACE, lambda c: macs(c) <= limit, rng, 50) for _ in range(500)]
    assert found[0].score > max(scores(chance))
    assert [s.score for s in found] == sorted((s.score for s in found), reverse=True)


def test_seeds_repeat():
    runs = [
        evolve(SPACE, lambda c: True, scores, np.random.default_rng(5), SMALL) for _ in range(2)
    ]
    assert runs[0] == runs[1]
    assert runs[0] != evolve(SPACE, lambda c: True, scores, np.random.default_rng(6), SMALL)


def test_nothing_is_scored_twice():
    seen = []

    def score(choices):
        seen.extend(choices)
        return scores(choices)

    evolve(SPACE, lambda c: True, score, np.random.default_rng(0), SMALL)
    assert len(seen) == len(set(seen))


def test_an_impossible_budget_ends_with_one_sentence():
    with pytest.raises(BudgetError, match="not even the smallest") as caught:
        evolve(SPACE, lambda c: False, scores, np.random.default_rng(0), SMALL)
    assert "\n" not in str(caught.value)


def test_the_predictor_ranks_what_it_has_not_seen():
    rng = np.random.default_rng(2)
    choices = [SPACE.sample(rng) for _ in range(400)]
    noisy = np.array(scores(choices)) + rng.normal(0, 0.3, 400)
    predictor = ScorePredictor(SPACE, choices[:200], noisy[:200])
    truth = np.array(scores(choices[200:]))
    assert np.corrcoef(predictor.predict(choices[200:]), truth)[0, 1] > 0.9
    assert 0.2 < predictor.error < 0.6


def square(number):
    return number * number


def dies_once(argument):
    """Ends its process the first time it is called with 3."""
    folder, number = argument
    mark = pathlib.Path(folder, "died")
    if number == 3 and not mark.exists():
        mark.touch()
        os._exit(1)
    return number * number


def test_any_executor_will_do():
    tasks = list(range(10))
    expected = [number**2 for number in tasks]
    assert run_tasks(square, tasks) == expected
    with concurrent.futures.ThreadPoolExecutor(2) as executor:
        assert run_tasks(square, tasks, executor) == expected


def test_no_candidate_is_lost_when_a_worker_dies(tmp_path):
    tasks = [(str(tmp_path), number) for number in range(10)]
    with concurrent.futures.ProcessPoolExecutor(2) as executor:
        assert run_tasks(dies_once, tasks, executor) == [n**2 for n in range(10)]
    assert (tmp_path / "died").exists()


def test_a_failing_candidate_is_tried_again_and_then_named():
    def fails(_):
        raise ValueError("no such weights")

    with (
        concurrent.futures.ThreadPoolExecutor(1) as executor,
        pytest.raises(SearchError, match="no such weights"),
    ):
        run_tasks(fails, [1], executor)
