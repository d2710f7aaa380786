# SPDX-License-Identifier: Apache-2.0
"""The part of RESULTS.md that tells who won the contests by minutes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

Row = dict[str, Any]

# Student's t for a two-sided interval of 95 %, by degrees of freedom.
_STUDENT = {1: 12.71, 2: 4.30, 3: 3.18, 4: 2.78, 5: 2.57, 6: 2.45, 7: 2.36, 8: 2.31, 9: 2.26}


def contest_tables(rows: Sequence[Row]) -> list[str]:
    """A table for each data set, budget and number of minutes, the best entrant first."""
    if not rows:
        return []
    parts = [
        "## By minutes, against published networks",
        "",
        "`python -m mcunet_tf.cli.contests` does the runs. All entrants of a table have the same "
        "training and test images, budget, minutes and recipe; minutes are CPU time of one thread. "
        "int8 is the score on all test images, through the compiled C; with several seeds their "
        "mean and the range that they span. The search chooses among its own networks and "
        "published ones by validation images; what it returned is named by family and cost.",
        "",
    ]
    for key in sorted({_contest(row) for row in rows}):
        own = [row for row in rows if _contest(row) == key]
        data, budget, minutes = key
        images = own[0]["test_images"]
        parts += [
            f"### {data}, {budget}, {minutes:g} CPU minutes",
            "",
            f"{own[0]['metric'].replace('_', ' ').capitalize()} on {images:,} test images; one "
            f"deviation of a score of {100 * own[0]['int8']:.0f} % is "
            f"{100 * math.sqrt(own[0]['int8'] * (1 - own[0]['int8']) / images):.1f} points.",
            "",
            "| entrant | seeds | int8 % | float % | network | M MACs | M instructions | SRAM B | "
            "flash B | minutes |",
            "|---|---:|---|---|---|---:|---:|---:|---:|---:|",
        ]
        entrants = sorted({_entrant(row) for row in own}, key=lambda e: -_mean(own, e, "int8"))
        parts += [_row(own, entrant) for entrant in entrants]
        parts += ["", *_gains(own, entrants), ""]
    return parts


def _contest(row: Row) -> tuple[str, str, float]:
    return row["data"], row["budget"], row["minutes"]


def _entrant(row: Row) -> str:
    return f"{row['entrant']} ({row['limits']})" if row["limits"] else row["entrant"]


def _of(rows: Sequence[Row], entrant: str) -> list[Row]:
    return sorted((r for r in rows if _entrant(r) == entrant), key=lambda r: r["seed"])


def _mean(rows: Sequence[Row], entrant: str, key: str) -> float:
    return float(np.mean([row[key] for row in _of(rows, entrant)]))


def _row(rows: Sequence[Row], entrant: str) -> str:
    own = _of(rows, entrant)
    cells = (
        entrant,
        " ".join(str(row["seed"]) for row in own),
        _spanned([100 * row["int8"] for row in own]),
        _spanned([100 * row["float"] for row in own]),
        ", ".join(dict.fromkeys(row["network"] for row in own)),
        _span(own, "macs", lambda value: f"{value / 1e6:.2f}"),
        _span(own, "instructions", lambda value: f"{value / 1e6:.2f}"),
        _span(own, "sram_bytes", lambda value: f"{value:,}"),
        _span(own, "flash_bytes", lambda value: f"{value:,}"),
        _span(own, "minutes_used", lambda value: f"{value:.1f}"),
    )
    return "| " + " | ".join(cells) + " |"


def _spanned(values: Sequence[float]) -> str:
    if len(values) == 1:
        return f"{values[0]:.2f}"
    return f"**{np.mean(values):.2f}** ({min(values):.2f}..{max(values):.2f})"


def _span(rows: Sequence[Row], key: str, shown: Any) -> str:
    low, high = (shown(pick(row[key] for row in rows)) for pick in (min, max))
    return low if low == high else f"{low}..{high}"


def _gains(rows: Sequence[Row], entrants: Sequence[str]) -> list[str]:
    """What each search gained over the best published network, seed by seed."""
    published = [e for e in entrants if not e.startswith("search")]
    lines = []
    for entrant in entrants:
        if entrant in published or not published:
            continue
        best = published[0]
        theirs = {row["seed"]: row["int8"] for row in _of(rows, best)}
        gains = [
            100 * (row["int8"] - theirs[row["seed"]])
            for row in _of(rows, entrant)
            if row["seed"] in theirs
        ]
        if gains:
            lines.append(f"- {entrant} against {best}: {_interval(gains)} points.")
    return lines


def _interval(gains: Sequence[float]) -> str:
    """Mean of paired differences, with Student's interval of 95 % where there are several."""
    mean = float(np.mean(gains))
    if len(gains) < 2:
        return f"{mean:+.2f} (one seed)"
    freedom = min(len(gains) - 1, max(_STUDENT))
    half = _STUDENT[freedom] * float(np.std(gains, ddof=1)) / math.sqrt(len(gains))
    return f"{mean:+.2f} ({len(gains)} seeds, 95 %: {mean - half:+.2f}..{mean + half:+.2f})"
