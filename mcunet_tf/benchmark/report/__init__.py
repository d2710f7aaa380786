# SPDX-License-Identifier: Apache-2.0
"""Rows as one HTML page that needs nothing else: no script, no font, no network."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import jinja2

from mcunet_tf.benchmark.report.claims import claims_beside
from mcunet_tf.benchmark.report.views import (
    headlines,
    layer_sections,
    metric_cards,
    provenance,
    result_table,
    verdict,
)
from mcunet_tf.benchmark.rows import Row
from mcunet_tf.benchmark.text import legend


def render_page(rows: Sequence[Row]) -> str:
    """The whole report: ratios, bars, table, published claims, layers and memory, tools."""
    return _render(
        "page.html.j2",
        rows,
        cards=metric_cards(rows),
        claims=claims_beside(rows),
        sections=layer_sections(rows),
        provenance=provenance(rows),
    )


def render_fragment(rows: Sequence[Row]) -> str:
    """Ratios and table alone, for a cell of a notebook."""
    return _render("fragment.html.j2", rows)


def _render(template: str, rows: Sequence[Row], **more: object) -> str:
    whole = [row for row in rows if row.error is None]
    return (
        _environment()
        .get_template(template)
        .render(
            verdict=verdict(rows),
            headlines=headlines(rows),
            table=result_table(rows),
            legend=legend(whole).splitlines(),
            **more,
        )
    )


@functools.lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("mcunet_tf.benchmark.report", "templates"),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
