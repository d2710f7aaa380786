# SPDX-License-Identifier: Apache-2.0
"""Says what a search found, as one HTML page that needs nothing else to be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from markupsafe import Markup

from mcunet_tf.boards import Board
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.contenders import KNOWN
from mcunet_tf.tinynas.cost import Budget, Cost
from mcunet_tf.tinynas.ear import Ear
from mcunet_tf.tinynas.halving import Standing, verdict
from mcunet_tf.tinynas.metrics import LOWER_IS_BETTER
from mcunet_tf.tinynas.objective import Objective
from mcunet_tf.tinynas.pareto import ParetoPoint
from mcunet_tf.tinynas.plots import Line, Point, cdf_svg, curves_svg, scatter_svg
from mcunet_tf.tinynas.statistics import SpaceStatistics


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

    @property
    def ear(self) -> Ear | None: ...  # noqa: D102


def report_html(result: Found) -> str:
    """The whole report of a search."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("search.html.j2").render(
        board=result.board.name,
        metric=next(iter(result.scores)),
        scores=[(name, f"{value:.4f}") for name, value in result.scores.items()],
        figures=_figures(result),
        units=_units(result.objective),
        verdict=verdict(result.standings, result.objective) if result.standings else "",
        standings=_standings(result),
        spaces=_spaces(result),
        pareto=[(f"{p.macs / 1e6:.2f}", _score(result, p.score)) for p in result.pareto],
        layers=_layers(result),
        curves=_curves(result),
        epoch_head=["epoch", "phase", "loss", *_validated(result)],
        epochs=_epochs(result),
    )


def _score(result: Found, score: float) -> str:
    """A score in the metric's own sense."""
    sign = -1 if next(iter(result.scores)) in LOWER_IS_BETTER else 1
    return f"{sign * score:.4f}"


def _figures(result: Found) -> list[dict[str, Any]]:
    cost, budget = result.cost, result.budget

    def figure(name: str, value: float, limit: float | None, unit: str) -> dict[str, Any]:
        shown = f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"
        return {
            "name": name,
            "value": f"{shown} {unit}".strip(),
            "limit": None if limit is None else f"{limit:,} {unit}",
            "percent": None if limit is None else f"{min(100 * value / limit, 100):.1f}",
        }

    found = [
        figure("SRAM (arena)", cost.sram_bytes, budget.sram_bytes, "B"),
        figure("flash (weights and code)", cost.flash_bytes, budget.flash_bytes, "B"),
        figure("MACs", cost.macs, None, ""),
        figure("instructions (modelled)", cost.instructions, None, ""),
        figure("parameters", cost.parameters, None, ""),
    ]
    if cost.latency_ms is not None:
        found.append(figure("latency (modelled)", cost.latency_ms, budget.latency_ms, "ms"))
    return found


def _spaces(result: Found) -> dict[str, Any] | None:
    """The spaces that a search chose from, if it did."""
    if not result.spaces:
        return None
    chosen = result.spaces[result.chosen]
    text = (
        f"{len(result.spaces)} spaces, {chosen.samples} sub-networks drawn from each; of the "
        f"chosen one {100 * chosen.fitting_share:.1f} % fit. Where a simple plan does not fit, "
        f"the planner decided up to {max(s.planned for s in result.spaces)} per space, which stand "
        "for the rest."
    )
    return {"text": text, "plot": Markup(cdf_svg(result.spaces, result.chosen))}


def _standings(result: Found) -> dict[str, Any] | None:
    """The networks that were trained side by side, if any were."""
    if not result.standings:
        return None
    rounds = max(len(standing.scores) for standing in result.standings)
    metric = next(iter(result.scores))
    rows = [
        {
            "name": standing.name,
            "family": standing.family,
            "macs": f"{standing.macs / 1e6:.2f}",
            "parameters": f"{standing.parameters:,}",
            "scores": [
                *(_score(result, score) for score in standing.scores),
                *("" for _ in range(rounds - len(standing.scores))),
            ],
        }
        for standing in result.standings
    ]
    points = [
        Point(
            standing.macs / 1e6,
            float(_score(result, standing.scores[-1])),
            standing.name,
            filled=index == 0,
            hollow=standing.family == KNOWN,
        )
        for index, standing in enumerate(result.standings)
        if standing.scores
    ]
    plot = scatter_svg(points, ("M MACs", f"{metric} after the network's last round"))
    return {"rounds": rounds, "rows": rows, "plot": Markup(plot)}


def _curves(result: Found) -> Any:
    """Loss and validation loss by epoch."""
    found = []
    for key, label in (("loss", "training loss"), ("val_loss", "validation loss")):
        places = tuple(
            (float(number + 1), float(row[key]))
            for number, row in enumerate(result.history)
            if row.get(key) is not None
        )
        if places:
            found.append(Line(label, places))
    return Markup(curves_svg(found, ("epoch", "loss"))) if found else ""


def _validated(result: Found) -> list[str]:
    """What was measured at the end of epochs."""
    return [f"val_{name}" for name in ("loss", *result.scores)]


def _epochs(result: Found) -> list[tuple[Any, ...]]:
    def shown(value: float | None) -> str:
        return "" if value is None else f"{value:.4f}"

    return [
        (r["epoch"], r["phase"], *(shown(r.get(k)) for k in ("loss", *_validated(result))))
        for r in result.history
    ]


def _units(objective: Objective) -> list[tuple[int, str]]:
    """How outputs of a regression become values in the targets' own units."""
    pairs = enumerate(zip(objective.mean, objective.deviation, strict=True))
    return [(index, f"{mean:.6g} + {deviation:.6g} * output") for index, (mean, deviation) in pairs]


def _layers(result: Found) -> list[dict[str, Any]]:
    layers = result.arch.layers(result.num_classes)
    most = max(layer.macs for layer in layers)

    def by_axis(pair: tuple[int, int]) -> str:
        return "" if pair == (1, 1) else " x ".join(map(str, pair))

    return [
        {
            "name": layer.name,
            "input": f"{layer.height} x {layer.width} x {layer.in_channels}",
            "output": f"{layer.out_height} x {layer.out_width} x {layer.out_channels}",
            "window": by_axis(layer.kernel),
            "stride": by_axis(layer.stride),
            "weights": f"{layer.weights:,}" if layer.weights else "",
            "macs": f"{layer.macs:,}" if layer.macs else "",
            "percent": f"{100 * layer.macs / most:.1f}",
        }
        for layer in layers
    ]
