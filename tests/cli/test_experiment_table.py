# SPDX-License-Identifier: Apache-2.0
"""RESULTS.md says what the files of finished runs say."""

import json
from pathlib import Path

import numpy as np
import pytest

from mcunet_tf.cli.experiment_table import FULL_EPOCHS, results_page, spearman

NETWORK = {
    "arch": "{}",
    "macs": 5_400_000,
    "flash_bytes": 120_000,
    "arena_bytes": 30_000,
    "layer_by_layer_bytes": 61_440,
    "instructions": 7_000_000,
    "float_test_accuracy": 0.7812,
    "int8_test_accuracy": 0.7799,
    "int8_board_accuracy": 0.774,
    "board_images": 500,
    "minutes": {"supernet": 41.3, "final": 63.2},
}
COMMON = {"budget": "32k-128k", "seed": 1, "epochs": 40, "weight_decay": 3e-3, "quick": False}
SEARCHED = {
    **COMMON,
    **NETWORK,
    "kind": "tinynas",
    "best_random_in_supernet": 0.61,
    "best_evolved_in_supernet": 0.63,
    "supernet_epochs": 20,
}


def test_every_network_has_a_line():
    kinds = ("evolved", "random", "random")
    alike = [{**NETWORK, "kind": kind} for kind in kinds]
    random = {**COMMON, "kind": "random", "networks": alike}
    page = results_page([SEARCHED, random])
    line = (
        "| tinynas | 1 | 40 | 0.003 | 78.12 | 77.99 | 77.40 (500) | 5.40 | 30,000 | 61,440 | "
        "120,000 | 7.00 | 63 |"
    )
    assert line in page
    assert page.count("| random | 1 |") == 2
    assert page.count("| evolved | 1 |") == 1
    assert "supernet of 20 epochs, 41 minutes" in page
    assert "61.00 %, after evolution 63.00 %" in page
    assert "prove nothing" not in page
    assert "short runs" not in page
    assert "short runs" in results_page([{**SEARCHED, "epochs": 10}])
    assert "prove nothing" in results_page([{**SEARCHED, "quick": True}])


def test_evolution_is_compared_with_the_mean_of_random_networks():
    accuracies = [("evolved", 0.80, 0.79), ("random", 0.75, 0.74), ("random", 0.78, 0.76)]
    networks = [
        {**NETWORK, "kind": kind, "float_test_accuracy": whole, "int8_test_accuracy": small}
        for kind, whole, small in accuracies
    ]
    page = results_page([{**COMMON, "kind": "random", "networks": networks}])
    assert "float 80.00 against 76.50 %, int8 79.00 against 75.00 %" in page
    assert "mean of 2 random ones" in page


def test_a_search_is_compared_with_the_best_layout_of_the_same_training():
    baseline = {**COMMON, **NETWORK, "kind": "mobilenet_v2", "planner": "tinyengine"}
    rows = [
        SEARCHED,
        {**baseline, "layout": "early", "float_test_accuracy": 0.70, "int8_test_accuracy": 0.69},
        {**baseline, "layout": "late", "float_test_accuracy": 0.60, "int8_test_accuracy": 0.70},
        {**baseline, "layout": "ends", "epochs": 10, "float_test_accuracy": 0.99},
        {**baseline, "layout": "late", "weight_decay": 5e-5, "float_test_accuracy": 0.99},
    ]
    page = results_page(rows)
    assert "the best of 2 layouts of mobilenet_v2 under the planner 'tinyengine'" in page
    assert "float +8.12, int8 +7.99 points" in page


def test_ranks_name_what_they_compare():
    ranks = {"alone_epochs": 5, "evaluated": 220, "supernet": [0.6, 0.62], "alone": [0.7, 0.71]}
    page = results_page([{**COMMON, **ranks, "kind": "ranks"}])
    assert "of 2 sub-networks, spread evenly over the 220" in page
    assert "In the supernet 60.0 62.0 %; alone 70.0 71.0 %" in page


def test_rank_correlation_has_an_interval():
    rng = np.random.default_rng(0)
    one = rng.random(12)
    assert spearman(one, np.exp(one)) == pytest.approx((1.0, 1.0, 1.0))
    rho, low, high = spearman(one, one + rng.normal(0, 0.3, 12))
    assert low < rho < high <= 1.0


def test_equal_values_share_their_rank():
    # Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: by hand.
    assert spearman([0.1, 0.2, 0.2, 0.3], [1, 2, 3, 4])[0] == pytest.approx(4.5 / (4.5 * 5) ** 0.5)


def test_search_spaces_are_compared_at_equal_effort():
    chosen = {**SEARCHED, "space": {"input_shape": [32, 32, 3], "width": 0.5}}
    small = {"input_shape": [20, 20, 3], "width": 0.3}
    random = {**SEARCHED, "kind": "space_random", "space": small, "int8_test_accuracy": 0.7499}
    page = results_page([chosen, random])
    assert (
        "in the space that it chooses, 32 x 32 pixels and width 0.5, against a search in the "
        "random one, 20 x 20 pixels and width 0.3: float +0.00, int8 +3.00 points"
    ) in page
    assert "in the random one" not in results_page([chosen, {**random, "supernet_epochs": 3}])
    same = {**COMMON, "kind": "space_largest", "space": chosen["space"], "same_as": "tinynas"}
    page = results_page([chosen, same])
    assert "the largest search space that has sub-networks that fit is the one" in page
    assert "| space_largest |" not in page


def test_the_pages_say_what_the_finished_runs_say():
    """RESULTS.md is the table of results/, and README quotes the best full run of each budget."""
    root = Path(__file__).parents[2]
    rows, contests = (
        [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
        for folder in (root / "results", root / "results" / "contests")
    )
    assert (root / "RESULTS.md").read_text() == results_page(rows, contests)
    readme = " ".join((root / "README.md").read_text().split())
    for budget in {row["budget"] for row in rows}:
        full = [row for row in rows if row["budget"] == budget and row["epochs"] == FULL_EPOCHS]
        best = max(row["int8_test_accuracy"] for row in full)
        assert f"{100 * best:.1f} %" in readme
