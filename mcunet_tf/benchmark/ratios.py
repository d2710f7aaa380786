# SPDX-License-Identifier: Apache-2.0
"""How one runtime compares with another: ratios computed from the rows, nothing typed by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mcunet_tf.benchmark.rows import Row

BASELINE = "tinyengine"


@dataclass(frozen=True)
class Metric:
    """A figure that is better when it is smaller; `less` and `more` say so of a ratio."""

    key: str
    title: str
    less: str
    more: str


METRICS = (
    Metric(
        "instructions",
        "instructions",
        "executes {ratio} times fewer instructions",
        "executes {ratio} times more instructions",
    ),
    Metric(
        "measured_latency_ms",
        "measured time",
        "takes {ratio} times less time (measured)",
        "takes {ratio} times more time (measured)",
    ),
    Metric("sram_bytes", "SRAM", "needs {ratio} times less SRAM", "needs {ratio} times more SRAM"),
    Metric(
        "flash_bytes", "flash", "needs {ratio} times less flash", "needs {ratio} times more flash"
    ),
)


@dataclass(frozen=True)
class Ratio:
    """How many times more `runtime` takes than the baseline, on one model and board."""

    model: str
    board: str
    runtime: str
    metric: Metric
    value: float


def ratios(rows: Sequence[Row], baseline: str = BASELINE) -> list[Ratio]:
    """Every other runtime's figure divided by the baseline's, where both are there."""
    found = []
    own = {(row.model, row.board): row for row in rows if row.runtime == baseline}
    for row in rows:
        base = own.get((row.model, row.board))
        if base is None or row.runtime == baseline:
            continue
        for metric in METRICS:
            mine, other = getattr(base, metric.key), getattr(row, metric.key)
            if mine and other:
                found.append(Ratio(row.model, row.board, row.runtime, metric, other / mine))
    return found


def summary(rows: Sequence[Row], baseline: str = BASELINE) -> list[str]:
    """One sentence per board and runtime: the range of the ratios and their geometric mean."""
    found = ratios(rows, baseline)
    sentences = []
    for board, runtime in dict.fromkeys((r.board, r.runtime) for r in found):
        parts = []
        here = [r for r in found if (r.board, r.runtime) == (board, runtime)]
        for metric in METRICS:
            values = [r.value for r in here if r.metric is metric]
            if values:
                parts.append(_claim(metric, values))
        models = len({r.model for r in here})
        over = f"{models} model{'s' if models > 1 else ''}"
        sentences.append(
            f"{board}: {baseline} {_join(parts)} compared with {runtime} (over {over})."
        )
    return sentences


def _claim(metric: Metric, values: Sequence[float]) -> str:
    """Says of the ratios on which side of 1 they lie; a mixed range is told as it is."""
    if max(values) < 1:
        return metric.more.format(ratio=_range([1 / value for value in values]))
    return metric.less.format(ratio=_range(values))


def _range(values: Sequence[float]) -> str:
    if len(values) == 1:
        return f"{values[0]:.2f}"
    mean = math.exp(sum(map(math.log, values)) / len(values))
    return f"{min(values):.2f} to {max(values):.2f} (mean {mean:.2f})"


def _join(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def format_ratios(rows: Sequence[Row], baseline: str = BASELINE) -> str:
    """A table of the ratios and the sentences; empty where there is nothing to compare."""
    found = ratios(rows, baseline)
    if not found:
        return ""
    titles = [m.title for m in METRICS if any(r.metric is m for r in found)]
    values = {(r.model, r.board, r.runtime, r.metric.title): r.value for r in found}
    cells = [["model", "board", f"runtime / {baseline}", *titles]]
    for key in dict.fromkeys((r.model, r.board, r.runtime) for r in found):
        figures = [values.get((*key, title)) for title in titles]
        cells.append([*key, *("-" if v is None else f"{v:.2f}" for v in figures)])
    widths = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
    lines = [
        "  ".join(
            cell.ljust(w) if i < 3 else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(line, widths, strict=True))
        )
        for line in cells
    ]
    return "\n".join([*lines, "", *summary(rows, baseline)])
