# SPDX-License-Identifier: Apache-2.0
"""A cascade's energy over presence, against its last stage looking always, as a picture."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

from mcunet_tf.vision.checks import require
from mcunet_tf.vision.duty_cycle import Energy

CURVE = tuple(10 ** (-3 + k / 10) for k in range(31))
"""Presences of a smooth curve: from one in a thousand to all the time."""
_WIDTH, _HEIGHT = 720, 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 20, 44, 48
_INK, _GRID = "var(--soft, #6b7280)", "var(--line, #e5e7eb)"
_CASCADE, _ALWAYS = "var(--accent, #0f766e)", "var(--second, #b8741a)"


def energy_svg(energy: Energy) -> str:
    """The curve, with the modelled times' error as a band.

    Args:
        energy: of some presences above 0; `CURVE` has enough.

    Raises:
        VisionError: a presence is 0, which has no place on a logarithm's axis.
    """
    hours = sorted(energy.cascade, key=lambda hour: hour.presence)
    require(len(hours) > 1, f"{len(hours)} presences: give two or more for a curve")
    least, most = hours[0].presence, hours[-1].presence
    require(least > 0, "presence=0.0: a curve begins above 0: leave it out")
    always = energy.always.joules
    step = _step(max(always, hours[-1].joules) + (energy.always.error or 0))
    top = step * math.ceil((max(always, hours[-1].joules) + (energy.always.error or 0)) / step)

    def x(presence: float) -> float:
        share = math.log(presence / least) / max(math.log(most / least), 1e-9)
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * share

    def y(joules: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * max(joules, 0.0) / top

    parts = [*_grid(top, step, least, most, x, y)]
    curve = [(x(h.presence), h.joules, h.error or 0.0) for h in hours]
    flat = [(place, always, energy.always.error or 0.0) for place, _, _ in curve]
    for line, colour in ((flat, _ALWAYS), (curve, _CASCADE)):
        band = [(p, y(v + e)) for p, v, e in line] + [(p, y(v - e)) for p, v, e in line[::-1]]
        parts.append(f'<polygon points="{_points(band)}" fill="{colour}" opacity="0.15"/>')
        drawn = _points([(p, y(v)) for p, v, _ in line])
        parts.append(
            f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="2.4"/>'
        )
    parts.append(_text(_WIDTH - _RIGHT, 14, "the last stage always", "end", _ALWAYS))
    parts.append(_text(_WIDTH - _RIGHT, 32, "cascade", "end", _CASCADE))
    parts.append(_text(_LEFT - 50, 14, "J in an hour", "start"))
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(_text(middle, _HEIGHT - 8, "share of the time with somebody there", "middle"))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="system-ui,sans-serif" font-size="13">'
    )
    return "\n".join([head, *parts, "</svg>", ""])


def _grid(top: float, step: float, least: float, most: float, x: object, y: object) -> list[str]:
    assert callable(x) and callable(y)
    parts = []
    for number in range(round(top / step) + 1):
        place = y(number * step)
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{place:.1f}" y2="{place:.1f}" '
            f'stroke="{_GRID}"/>'
        )
        parts.append(_text(_LEFT - 8, place + 4, f"{number * step:g}", "end"))
    for power in range(
        math.ceil(math.log10(least) - 1e-9), math.floor(math.log10(most) + 1e-9) + 1
    ):
        share = 10.0**power
        parts.append(_text(x(share), _HEIGHT - _BOTTOM + 18, f"{100 * share:g} %", "middle"))
    return parts


def _step(most: float) -> float:
    """A round number of which three to six reach as far."""
    step = 10.0 ** math.floor(math.log10(max(most, 1e-9)))
    return next(step * f for f in (0.2, 0.5, 1, 2) if most / (step * f) <= 6)


def _points(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{px:.1f},{py:.1f}" for px, py in places)


def _text(x: float, y: float, text: str, anchor: str, colour: str = _INK) -> str:
    said = html.escape(text)
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{said}</text>'
