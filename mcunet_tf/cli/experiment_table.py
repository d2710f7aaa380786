# SPDX-License-Identifier: Apache-2.0
"""Writes RESULTS.md from the figures of finished runs, nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mcunet_tf.cli.contest_table import contest_tables

Row = dict[str, Any]
_RESAMPLES = 2000
FULL_EPOCHS = 40


def results_page(rows: Sequence[Row], contests: Sequence[Row] = ()) -> str:
    """The page: contests by minutes, tables of networks by epochs, comparisons inside the search.

    Args:
        rows: what `experiments` found.
        contests: what `contests` found.
    """
    parts = [
        "# Results",
        "",
        "`python -m mcunet_tf.cli.experiments --table=RESULTS.md` writes it from the files in "
        "`results`.",
        "",
        *contest_tables(contests),
        "## By epochs, with a supernet",
        "",
        "Accuracy is top-1 on test images: float32 and int8 on all of them, and on the emulated "
        "board on the first ones, whose number is stated. SRAM is the arena of TinyEngine's plan; "
        "beside it what whole tensors, layer by layer, would take. Minutes are those of the final "
        "training, on two cores of a shared machine, and decay is its weight decay. Sub-networks "
        "start it from their supernet's weights, published networks from scratch.",
        "",
    ]
    if any(row["quick"] for row in rows):
        parts += [
            "**Some of these runs tried the script with few images: they prove nothing.**",
            "",
        ]
    if any(row["epochs"] < FULL_EPOCHS for row in rows):
        parts += [
            f"Networks that were trained for fewer than {FULL_EPOCHS} epochs come from short runs: "
            "they compare with others of as many epochs, and are not what the recipe reaches.",
            "",
        ]
    for budget in sorted({row["budget"] for row in rows}):
        own = [row for row in rows if row["budget"] == budget]
        own.sort(key=lambda row: (-row["epochs"], -row["weight_decay"]))
        parts += [f"### Budget {budget}", "", *_networks(own), "", *_inside(own), ""]
    return "\n".join(parts).rstrip() + "\n"


def _networks(rows: Sequence[Row]) -> list[str]:
    head = (
        "| network | seed | epochs | decay | float % | int8 % | board % (images) | M MACs | "
        "arena B | layers B | flash B | M instructions | minutes |"
    )
    lines = [head, "|---|" + "---:|" * 12]
    for row in rows:
        for network in row.get("networks", [row] if "arch" in row else []):
            lines.append(_network(row, network))
    return lines


def _network(row: Row, network: Row) -> str:
    titled = {**row, **network}
    title = " ".join(str(titled[key]) for key in ("kind", "planner", "layout") if key in titled)
    instructions = network["instructions"]
    cells = (
        title,
        row["seed"],
        row["epochs"],
        f"{row['weight_decay']:g}",
        f"{100 * network['float_test_accuracy']:.2f}",
        f"{100 * network['int8_test_accuracy']:.2f}",
        f"{100 * network['int8_board_accuracy']:.2f} ({network['board_images']})",
        f"{network['macs'] / 1e6:.2f}",
        f"{network['arena_bytes']:,}",
        f"{network['layer_by_layer_bytes']:,}",
        f"{network['flash_bytes']:,}",
        "" if instructions is None else f"{instructions / 1e6:.2f}",
        f"{network['minutes']['final']:.0f}",
    )
    return "| " + " | ".join(map(str, cells)) + " |"


def _inside(rows: Sequence[Row]) -> list[str]:
    lines = _against_baselines(rows)
    for row in rows:
        if row["kind"] == "tinynas":
            lines.append(
                f"- Seed {row['seed']}: supernet of {row['supernet_epochs']} epochs, "
                f"{row['minutes']['supernet']:.0f} minutes; the best of "
                f"random sub-networks in it {100 * row['best_random_in_supernet']:.2f} %, after "
                f"evolution {100 * row['best_evolved_in_supernet']:.2f} % (validation images)."
            )
        elif row["kind"] == "random":
            lines.append(_against_random(row))
        elif row["kind"].startswith("space_"):
            lines += _against_space(row, rows)
        elif row["kind"] == "ranks":
            rho, low, high = spearman(row["supernet"], row["alone"])
            lines.append(
                f"- Seed {row['seed']}: rank correlation (Spearman) between supernet and "
                f"stand-alone accuracy ({row['alone_epochs']} epochs from scratch) of "
                f"{len(row['alone'])} sub-networks, spread evenly over the {row['evaluated']} "
                f"that the search evaluated: {rho:.2f}, 95 % of resamplings in "
                f"{low:.2f}..{high:.2f}. In the supernet {_percents(row['supernet'])}; alone "
                f"{_percents(row['alone'])}."
            )
    # Trainings of one search share its lines.
    return list(dict.fromkeys(lines))


def _against_baselines(rows: Sequence[Row]) -> list[str]:
    """Each search against the best layout of each family and planner, of as many epochs."""
    lines = []
    for search in (row for row in rows if row["kind"] == "tinynas"):
        alike = [
            row
            for row in rows
            if "layout" in row
            and all(row[key] == search[key] for key in ("seed", "epochs", "weight_decay"))
        ]
        for kind, planner in sorted({(row["kind"], row["planner"]) for row in alike}):
            own = [row for row in alike if (row["kind"], row["planner"]) == (kind, planner)]
            gains = [
                100 * (search[key] - max(row[key] for row in own))
                for key in ("float_test_accuracy", "int8_test_accuracy")
            ]
            lines.append(
                f"- Seed {search['seed']}, {search['epochs']} epochs: the search against the best "
                f"of {len(own)} layout{'s' * (len(own) > 1)} of {kind} under the planner "
                f"'{planner}': float {gains[0]:+.2f}, int8 {gains[1]:+.2f} points."
            )
    return lines


def _against_random(row: Row) -> str:
    """What evolution gained over chance, at equal training from the same supernet."""
    winner, *drawn = row["networks"]
    means = []
    for key in ("float_test_accuracy", "int8_test_accuracy"):
        others = [network[key] for network in drawn]
        means.append(f"{100 * winner[key]:.2f} against {100 * np.mean(others):.2f} %")
    return (
        f"- Seed {row['seed']}: the evolved sub-network against the mean of {len(drawn)} random "
        f"ones that fit too, each trained {row['epochs']} epochs from the supernet's weights: "
        f"float {means[0]}, int8 {means[1]}."
    )


def _against_space(row: Row, rows: Sequence[Row]) -> list[str]:
    """What the choice of the search space gained over another one, at equal effort."""
    which = row["kind"].removeprefix("space_")
    if "same_as" in row:
        return [
            f"- Seed {row['seed']}: the {which} search space that has sub-networks that fit is the "
            f"one that the search chooses, {_space_name(row)}."
        ]
    keys = ("seed", "epochs", "weight_decay", "supernet_epochs")
    lines = []
    for search in rows:
        if search["kind"] == "tinynas" and all(search[key] == row[key] for key in keys):
            gains = [
                100 * (search[key] - row[key])
                for key in ("float_test_accuracy", "int8_test_accuracy")
            ]
            lines.append(
                f"- Seed {row['seed']}, {row['epochs']} epochs: the search in the space that it "
                f"chooses, {_space_name(search)}, against a search in the {which} one, "
                f"{_space_name(row)}: float {gains[0]:+.2f}, int8 {gains[1]:+.2f} points."
            )
    return lines


def _space_name(row: Row) -> str:
    height, width, _ = row["space"]["input_shape"]
    return f"{height} x {width} pixels and width {row['space']['width']:g}"


def _percents(shares: Sequence[float]) -> str:
    return " ".join(f"{100 * share:.1f}" for share in shares) + " %"


def spearman(one: Sequence[float], other: Sequence[float]) -> tuple[float, float, float]:
    """Spearman's rank correlation and its 95 % bootstrap interval, seed 0."""
    x, y = np.asarray(one, np.float64), np.asarray(other, np.float64)
    rng = np.random.default_rng(0)
    drawn = [rng.integers(0, len(x), len(x)) for _ in range(_RESAMPLES)]
    values = [_correlation(x[i], y[i]) for i in drawn if np.ptp(x[i]) and np.ptp(y[i])]
    low, high = np.percentile(values, (2.5, 97.5))
    return _correlation(x, y), float(low), float(high)


def _correlation(x: Any, y: Any) -> float:
    return float(np.corrcoef(_ranks(x), _ranks(y))[0, 1])


def _ranks(values: Any) -> Any:
    """Ranks, equal values sharing their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2)[inverse]
