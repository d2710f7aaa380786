# SPDX-License-Identifier: Apache-2.0
"""Draws what a search found, as HTML and SVG that need nothing else to be read."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from mcunet_tf.boards import Board
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.cost import Budget, Cost
from mcunet_tf.tinynas.halving import Standing, verdict
from mcunet_tf.tinynas.metrics import LOWER_IS_BETTER
from mcunet_tf.tinynas.objective import Objective
from mcunet_tf.tinynas.pareto import ParetoPoint
from mcunet_tf.tinynas.statistics import SpaceStatistics

_WIDTH, _HEIGHT = 720, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 20, 34, 50
_GREY, _CHOSEN = "#b8bec6", "#c2410c"
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:760px;margin:2em auto;padding:0 1em;color:#1c1f23}
table{border-collapse:collapse;margin:1em 0}td,th{padding:.2em .8em;text-align:right}
th{border-bottom:1px solid #888;font-weight:600}td:first-child,th:first-child{text-align:left}
"""


class Found(Protocol):
    """What a page draws: the fields of a `SearchResult` that it reads."""

    @property
    def arch(self) -> Arch: ...  # noqa: D102

    @property
    def num_classes(self) -> int: ...  # noqa: D102

    @property
    def scores(self) -> Mapping[str, float]: ...  # noqa: D102

    @property
    def objective(self) -> Objective: ...  # noqa: D102

    @property
    def cost(self) -> Cost: ...  # noqa: D102

    @property
    def budget(self) -> Budget: ...  # noqa: D102

    @property
    def board(self) -> Board: ...  # noqa: D102

    @property
    def history(self) -> Sequence[Mapping[str, Any]]: ...  # noqa: D102

    @property
    def pareto(self) -> Sequence[ParetoPoint]: ...  # noqa: D102

    @property
    def spaces(self) -> Sequence[SpaceStatistics]: ...  # noqa: D102

    @property
    def chosen(self) -> int: ...  # noqa: D102

    @property
    def standings(self) -> Sequence[Standing]: ...  # noqa: D102


def cdf_svg(statistics: Sequence[SpaceStatistics], chosen: int) -> str:
    """The share of fitting sub-networks up to a number of MACs, one line per space."""
    drawn = [i for i, s in enumerate(statistics) if s.macs and i != chosen]
    most = max((s.macs[-1] for s in statistics if s.macs), default=1)
    step = _tick_step(most / 1e6)
    limit = 1e6 * step * -(-most // round(step * 1e6))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="system-ui,sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        *_axes(limit, step),
        *(_line(statistics[i], limit, _GREY, 1.0) for i in drawn),
        _line(statistics[chosen], limit, _CHOSEN, 2.6),
        _text(_LEFT, 20, _title(statistics[chosen]), "start", _CHOSEN),
        _text(_WIDTH - _RIGHT, 20, f"{len(drawn)} other spaces", "end", "#6b7280"),
        "</svg>",
    ]
    return "\n".join(parts)


def _title(statistics: SpaceStatistics) -> str:
    height, width, _ = statistics.space.input_shape
    return (
        f"chosen: {height} x {width}, width {statistics.space.width}, "
        f"mean {statistics.mean_macs / 1e6:.2f} M MACs"
    )


def _x(macs: float, limit: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * macs / limit


def _y(share: float) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * share


def _line(statistics: SpaceStatistics, limit: float, colour: str, width: float) -> str:
    total, below = sum(statistics.weights), 0.0
    if not total:
        return ""
    points = []
    for macs, weight in zip(statistics.macs, statistics.weights, strict=True):
        points.append(f"{_x(macs, limit):.1f},{_y(below / total):.1f}")
        below += weight
        points.append(f"{_x(macs, limit):.1f},{_y(below / total):.1f}")
    return (
        f'<polyline fill="none" stroke="{colour}" stroke-width="{width}" '
        f'points="{" ".join(points)}"/>'
    )


def _axes(limit: float, step: float) -> Iterable[str]:
    bottom = _HEIGHT - _BOTTOM
    for percent in range(0, 101, 25):
        y = _y(percent / 100)
        yield (
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
            'stroke="#e5e7eb"/>'
        )
        yield _text(_LEFT - 8, y + 4, f"{percent} %", "end")
    count = round(limit / 1e6 / step)
    for index in range(count + 1):
        value = index * step
        yield _text(_x(value * 1e6, limit), bottom + 18, f"{value:g}", "middle")
    yield _text(
        (_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 10, "M MACs of fitting sub-networks", "middle"
    )


def _text(x: float, y: float, text: str, anchor: str, colour: str = "#374151") -> str:
    escaped = html.escape(text)
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escaped}</text>'


def _tick_step(most: float) -> float:
    """A round step that gives four to ten ticks."""
    step = 0.001
    while True:
        for factor in (1, 2, 5):
            if most / (step * factor) <= 8:
                return step * factor
        step *= 10


def report_html(result: Found) -> str:
    """The whole report of a search."""
    sign = -1 if next(iter(result.scores)) in LOWER_IS_BETTER else 1
    parts = [
        "<!doctype html><meta charset='utf-8'><title>mcunet_tf search</title>",
        f"<style>{_STYLE}</style>",
        f"<h1>A network for {html.escape(result.board.name)}</h1>",
        _table(("", "needs", "budget"), _cost_rows(result)),
        _table(
            ("on the validation images, float32", ""),
            [(name, f"{value:.4f}") for name, value in result.scores.items()],
        ),
        *_units(result.objective),
        *_spaces(result),
        *_standings(result, sign),
        "<h2>Network</h2>",
        _table(("layer", "input", "output", "kernel", "stride", "MACs"), _layer_rows(result)),
        "<h2>Evaluated networks that none beats</h2>",
        _table(
            ("M MACs", f"{next(iter(result.scores))} when they were compared"),
            [(f"{p.macs / 1e6:.2f}", f"{sign * p.score:.4f}") for p in result.pareto],
        ),
        "<h2>Training</h2>",
        _table(("epoch", "phase", "loss", *_validated(result)), _epoch_rows(result)),
    ]
    return "\n".join(parts) + "\n"


def _spaces(result: Found) -> list[str]:
    """The spaces that a search chose from, if it did."""
    if not result.spaces:
        return []
    chosen = result.spaces[result.chosen]
    return [
        "<h2>Search spaces</h2>",
        f"<p>{len(result.spaces)} spaces, {chosen.samples} sub-networks drawn from each; of the "
        f"chosen one {100 * chosen.fitting_share:.1f} % fit. Where a simple plan does not fit, "
        f"the planner decided up to {max(s.planned for s in result.spaces)} per space, which stand "
        "for the rest.</p>",
        cdf_svg(result.spaces, result.chosen),
    ]


def _standings(result: Found, sign: int) -> list[str]:
    """The networks that were trained side by side, if any were."""
    if not result.standings:
        return []
    rounds = max(len(standing.scores) for standing in result.standings)
    metric = next(iter(result.scores))
    rows = [
        (
            standing.name,
            standing.family,
            f"{standing.macs / 1e6:.2f}",
            f"{standing.parameters:,}",
            *(f"{sign * score:.4f}" for score in standing.scores),
            *("" for _ in range(rounds - len(standing.scores))),
        )
        for standing in result.standings
    ]
    head = [f"{metric}, round {number + 1}" for number in range(rounds)]
    return [
        "<h2>Networks trained side by side</h2>",
        f"<p>{html.escape(verdict(result.standings, result.objective))}.</p>",
        _table(("network", "family", "M MACs", "parameters", *head), rows),
    ]


def _validated(result: Found) -> list[str]:
    """What was measured at the end of epochs."""
    return [f"val_{name}" for name in ("loss", *result.scores)]


def _epoch_rows(result: Found) -> list[tuple[Any, ...]]:
    def shown(value: float | None) -> str:
        return "" if value is None else f"{value:.4f}"

    return [
        (r["epoch"], r["phase"], *(shown(r.get(k)) for k in ("loss", *_validated(result))))
        for r in result.history
    ]


def _units(objective: Objective) -> list[str]:
    """How outputs of a regression become values in the targets' own units."""
    pairs = enumerate(zip(objective.mean, objective.deviation, strict=True))
    rows = [(index, f"{mean:.6g} + {deviation:.6g} * output") for index, (mean, deviation) in pairs]
    return [_table(("target", "value"), rows)] if rows else []


def _cost_rows(result: Found) -> list[tuple[Any, ...]]:
    cost, budget = result.cost, result.budget

    def limit(value: float | None, unit: str) -> str:
        return "none" if value is None else f"{value:,} {unit}"

    latency = []
    if cost.latency_ms is not None:
        shown = f"{cost.latency_ms:.2f} ms"
        latency = [("latency (modelled)", shown, limit(budget.latency_ms, "ms"))]
    return [
        ("SRAM (arena)", f"{cost.sram_bytes:,} B", limit(budget.sram_bytes, "B")),
        ("flash (weights and code)", f"{cost.flash_bytes:,} B", limit(budget.flash_bytes, "B")),
        ("MACs", f"{cost.macs:,}", ""),
        ("parameters", f"{cost.parameters:,}", ""),
        ("instructions (modelled)", f"{cost.instructions:,}", ""),
        *latency,
    ]


def _layer_rows(result: Found) -> list[tuple[Any, ...]]:
    return [
        (
            layer.name,
            f"{layer.height} x {layer.width} x {layer.in_channels}",
            f"{layer.out_height} x {layer.out_width} x {layer.out_channels}",
            " x ".join(map(str, layer.kernel)),
            " x ".join(map(str, layer.stride)),
            f"{layer.macs:,}",
        )
        for layer in result.arch.layers(result.num_classes)
    ]


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    def line(cells: Sequence[Any], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(str(c))}</{tag}>" for c in cells) + "</tr>"

    body = "\n".join(line(row, "td") for row in rows)
    return f"<table>{line(head, 'th')}\n{body}</table>"
