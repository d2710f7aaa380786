# SPDX-License-Identifier: Apache-2.0
"""The picture at the head of README.md: what goes in, what comes out, and what it costs.

The bars are geometric means of measured rows. The ground is white, so that the picture can be read
on pages of any colour.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from mcunet_tf.benchmark.ratios import BASELINE, METRICS, ratios
from mcunet_tf.benchmark.rows import Row

_SHOWN = ("instructions", "sram_bytes")
_OURS = "mcunet_tf"
_LONGEST = 120
"""Length of the longest bar."""


@dataclass(frozen=True)
class PictureBar:
    """One runtime's bar.

    Attributes:
        label: the runtime, as readers know it.
        times: how many times as much as ours.
        length: length of the bar.
        own: whether it is ours.
    """

    label: str
    times: float
    length: float
    own: bool


@dataclass(frozen=True)
class PictureBars:
    """Bars of one figure, all in one scale.

    Attributes:
        title: what is compared.
        bars: ours, then one for each peer.
    """

    title: str
    bars: tuple[PictureBar, ...]


def overview_picture(rows: Sequence[Row], board: str, peers: Mapping[str, str]) -> str:
    """An SVG of the way from data to C, with bars for a board.

    Args:
        rows: measured rows of all runtimes.
        board: the board whose rows are drawn.
        peers: what readers know each peer as, by runtime.
    """
    here = [row for row in rows if row.board == board]
    networks = len({row.model for row in here if row.runtime == BASELINE and row.error is None})
    environment = Environment(
        loader=PackageLoader("mcunet_tf.benchmark.report"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    template = environment.get_template("overview.svg.j2")
    return template.render(groups=_groups(here, peers), board=board, networks=networks)


def _groups(rows: Sequence[Row], peers: Mapping[str, str]) -> list[PictureBars]:
    found = ratios(rows)
    groups = []
    for metric in METRICS:
        if metric.key not in _SHOWN:
            continue
        means = {_OURS: 1.0}
        for runtime, label in peers.items():
            values = [r.value for r in found if r.runtime == runtime and r.metric is metric]
            if values:
                means[label] = math.exp(sum(map(math.log, values)) / len(values))
        scale = _LONGEST / max(means.values())
        bars = (PictureBar(name, mean, mean * scale, name == _OURS) for name, mean in means.items())
        groups.append(PictureBars(metric.title, tuple(bars)))
    return groups
