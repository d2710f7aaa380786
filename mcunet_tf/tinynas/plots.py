# SPDX-License-Identifier: Apache-2.0
"""Plots of a search as SVG, in the colours of the page that they stand in.

Colours are CSS variables with a default, so that a plot is readable alone, and in light and dark.
"""

from __future__ import annotations

import dataclasses
import html
import math
from collections.abc import Iterable, Sequence

from mcunet_tf.tinynas.statistics import SpaceStatistics

_WIDTH, _HEIGHT = 720, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 20, 22, 48
_INK, _GRID = "var(--soft, #6b7280)", "var(--line, #e5e7eb)"
_QUIET, _CHOSEN = "var(--quiet, #b8bec6)", "var(--accent, #c2410c)"
SERIES = ("var(--accent, #0f766e)", "var(--second, #d08a2e)", "var(--quiet, #94a3b8)")


@dataclasses.dataclass(frozen=True)
class Point:
    """A point of a scatter plot.

    Attributes:
        x: place along the horizontal axis.
        y: place along the vertical axis.
        label: what it is called.
        filled: whether it is drawn filled, in the accent's colour.
        hollow: whether it is drawn as a ring.
    """

    x: float
    y: float
    label: str
    filled: bool = False
    hollow: bool = False


@dataclasses.dataclass(frozen=True)
class Line:
    """A curve.

    Attributes:
        label: what it is called.
        points: its places, along both axes.
    """

    label: str
    points: tuple[tuple[float, float], ...]


class _Axes:
    """Turns values into places, and draws the grid; the horizontal axis may be a logarithm."""

    def __init__(
        self, xs: Sequence[float], ys: Sequence[float], titles: tuple[str, str], log: bool = False
    ):
        self.log = log
        self.titles = titles
        self.x_ticks = _log_ticks(min(xs), max(xs)) if log else _ticks(min(xs), max(xs))
        self.y_ticks = _ticks(min(ys), max(ys))
        low, high = min(self.x_ticks[0], min(xs)), max(self.x_ticks[-1], max(xs))
        self.x_range = (math.log(low), math.log(high)) if log else (low, high)
        self.y_range = (min(self.y_ticks[0], min(ys)), max(self.y_ticks[-1], max(ys)))

    def x(self, value: float) -> float:
        low, high = self.x_range
        place = math.log(value) if self.log else value
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (place - low) / max(high - low, 1e-12)

    def y(self, value: float) -> float:
        low, high = self.y_range
        share = (value - low) / max(high - low, 1e-12)
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * share

    def draw(self) -> Iterable[str]:
        for tick in self.y_ticks:
            y = self.y(tick)
            yield (
                f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
                f'stroke="{_GRID}"/>'
            )
            yield _text(_LEFT - 8, y + 4, f"{tick:g}", "end")
        for tick in self.x_ticks:
            yield _text(self.x(tick), _HEIGHT - _BOTTOM + 18, f"{tick:g}", "middle")
        middle = (_LEFT + _WIDTH - _RIGHT) / 2
        yield _text(middle, _HEIGHT - 8, self.titles[0], "middle")
        yield _text(_LEFT - 50, 13, self.titles[1], "start")


def scatter_svg(points: Sequence[Point], titles: tuple[str, str]) -> str:
    """Points over a logarithmic horizontal axis, each with its name.

    Args:
        points: at least one, with x above 0.
        titles: of the horizontal and the vertical axis.
    """
    axes = _Axes([p.x for p in points], [p.y for p in points], titles, log=True)
    parts = [*axes.draw()]
    taken: list[tuple[float, float]] = []
    for point in sorted(points, key=lambda p: -p.y):
        x, y = axes.x(point.x), axes.y(point.y)
        colour = _CHOSEN if point.filled else _INK
        fill = "none" if point.hollow else colour
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{fill}" stroke="{colour}" '
            f'stroke-width="2"><title>{html.escape(point.label)}</title></circle>'
        )
        # Names that would lie on one another stand below.
        at = y + 4
        while any(abs(at - other) < 14 and abs(x - place) < 130 for place, other in taken):
            at += 14
        taken.append((x, at))
        right = x > _WIDTH - 170
        shift = -10 if right else 10
        parts.append(_text(x + shift, at, point.label, "end" if right else "start", colour))
    return _svg(parts)


def curves_svg(lines: Sequence[Line], titles: tuple[str, str]) -> str:
    """Curves over one pair of axes, named in a legend.

    Args:
        lines: curves of at least one point each.
        titles: of the horizontal and the vertical axis.
    """
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points]
    axes = _Axes(xs, ys, titles)
    parts = [*axes.draw()]
    for index, line in enumerate(lines):
        colour = SERIES[index % len(SERIES)]
        places = " ".join(f"{axes.x(x):.1f},{axes.y(y):.1f}" for x, y in line.points)
        parts.append(
            f'<polyline fill="none" stroke="{colour}" stroke-width="2.4" points="{places}"/>'
        )
        if len(line.points) == 1:
            x, y = line.points[0]
            parts.append(
                f'<circle cx="{axes.x(x):.1f}" cy="{axes.y(y):.1f}" r="4" fill="{colour}"/>'
            )
        parts.append(_text(_WIDTH - _RIGHT, 13 + 16 * index, line.label, "end", colour))
    return _svg(parts)


def cdf_svg(statistics: Sequence[SpaceStatistics], chosen: int) -> str:
    """The share of fitting sub-networks up to a number of MACs, one line per space."""
    drawn = [i for i, s in enumerate(statistics) if s.macs and i != chosen]
    most = max((s.macs[-1] for s in statistics if s.macs), default=1)
    axes = _Axes([0.0, most / 1e6], [0.0, 100.0], ("M MACs of fitting sub-networks", "%"))
    parts = [
        *axes.draw(),
        *(_steps(statistics[i], axes, _QUIET, 1.0) for i in drawn),
        _steps(statistics[chosen], axes, _CHOSEN, 2.6),
        _text(_LEFT + 10, 13, _space_title(statistics[chosen]), "start", _CHOSEN),
        _text(_WIDTH - _RIGHT, 13, f"{len(drawn)} other spaces", "end"),
    ]
    return _svg(parts)


def _space_title(statistics: SpaceStatistics) -> str:
    height, width, _ = statistics.space.input_shape
    return (
        f"chosen: {height} x {width}, width {statistics.space.width}, "
        f"mean {statistics.mean_macs / 1e6:.2f} M MACs"
    )


def _steps(statistics: SpaceStatistics, axes: _Axes, colour: str, width: float) -> str:
    total, below = sum(statistics.weights), 0.0
    if not total:
        return ""
    points = []
    for macs, weight in zip(statistics.macs, statistics.weights, strict=True):
        points.append(f"{axes.x(macs / 1e6):.1f},{axes.y(100 * below / total):.1f}")
        below += weight
        points.append(f"{axes.x(macs / 1e6):.1f},{axes.y(100 * below / total):.1f}")
    return (
        f'<polyline fill="none" stroke="{colour}" stroke-width="{width}" '
        f'points="{" ".join(points)}"/>'
    )


def _svg(parts: Iterable[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="system-ui,sans-serif" font-size="13">'
    )
    return "\n".join([head, *parts, "</svg>"])


def _text(x: float, y: float, text: str, anchor: str, colour: str = _INK) -> str:
    escaped = html.escape(text)
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escaped}</text>'


def _ticks(low: float, high: float) -> list[float]:
    """Three to nine round numbers around a range."""
    spread = max(high - low, abs(high) * 1e-3, 1e-9)
    step = 10.0 ** math.floor(math.log10(spread))
    factor = next(f for f in (0.2, 0.5, 1, 2, 5) if spread / (step * f) <= 6)
    step *= factor
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [round(i * step, 12) for i in range(first, max(last, first + 1) + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 of every power of ten around a range."""
    marks = [
        round(m * 10.0**power, 12)
        for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        for m in (1, 2, 5)
    ]
    first = max([i for i, mark in enumerate(marks) if mark <= low] or [0])
    last = min([i for i, mark in enumerate(marks) if mark >= high] or [len(marks) - 1])
    return marks[first : max(last, first + 1) + 1]
