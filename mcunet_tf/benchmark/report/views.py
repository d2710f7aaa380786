# SPDX-License-Identifier: Apache-2.0
"""Rows arranged for the page: nothing is computed in its templates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from mcunet_tf.benchmark.ratios import BASELINE, METRICS, ratios
from mcunet_tf.benchmark.report.arena_plot import memory_map
from mcunet_tf.benchmark.rows import LayerRow, Row
from mcunet_tf.benchmark.text import figure, model_error


@dataclass(frozen=True)
class Headline:
    """The mean ratios of one board against one runtime."""

    board: str
    runtime: str
    models: int
    figures: tuple[tuple[str, str, str], ...]  # (what, mean, range)


@dataclass(frozen=True)
class Bar:
    """One runtime's figure: the share of the longest bar, in parts, and its label."""

    runtime: str
    parts: tuple[tuple[str, float, str], ...]  # (tone, percent of the width, title)
    label: str
    error: str = ""


@dataclass(frozen=True)
class MetricCard:
    """One metric: a row per model, a column per board, a bar per runtime in each cell."""

    title: str
    note: str
    boards: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[Bar, ...], ...]], ...]
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class LayerLine:
    """One layer in all runtimes that have it."""

    index: str
    op: str
    shape: str
    macs: str
    cells: tuple[tuple[str, float, str], ...]  # (instructions, percent of the largest, kernel)


@dataclass(frozen=True)
class LayerSection:
    """Layers and memory of one model on one board."""

    model: str
    board: str
    runtimes: tuple[str, ...]
    lines: tuple[LayerLine, ...]
    maps: tuple[tuple[str, Markup], ...] = field(default=())


def verdict(rows: Sequence[Row]) -> str:
    """How many rows equal the reference, for each runtime."""
    parts = []
    for runtime in dict.fromkeys(row.runtime for row in rows):
        here = [row for row in rows if row.runtime == runtime]
        ran = [row for row in here if row.error is None]
        exact = sum(bool(row.bit_exact) for row in ran)
        part = f"{runtime}: {exact} of {len(ran)} bit exact"
        if len(ran) < len(here):
            part += f", {len(here) - len(ran)} refused"
        parts.append(part)
    return "; ".join(parts)


def headlines(rows: Sequence[Row]) -> list[Headline]:
    """Mean and range of every ratio, per board and runtime."""
    found = ratios(rows)
    result = []
    for board, runtime in dict.fromkeys((r.board, r.runtime) for r in found):
        here = [r for r in found if (r.board, r.runtime) == (board, runtime)]
        figures = []
        for metric in METRICS:
            values = [r.value for r in here if r.metric is metric]
            if values:
                mean = math.exp(sum(map(math.log, values)) / len(values))
                spread = f"{min(values):.2f} to {max(values):.2f}" if len(values) > 1 else ""
                figures.append((metric.title, f"{mean:.2f}", spread))
        result.append(Headline(board, runtime, len({r.model for r in here}), tuple(figures)))
    return result


_CARDS = (
    ("Instructions", "executed by one inference, counted", "M", ("instructions",)),
    ("Latency", "milliseconds, static cycle model: an estimate", "ms", ("modelled_latency_ms",)),
    ("Time", "milliseconds, measured", "ms", ("measured_latency_ms",)),
    (
        "SRAM",
        "arena, static data and measured stack",
        "kB",
        ("arena_bytes", "static_bytes", "stack_bytes"),
    ),
    ("Flash", "code and weights", "kB", ("flash_weights_bytes", "flash_code_bytes")),
    ("Energy", "microjoules, data sheet's power times latency: an estimate", "uJ", ("energy_uj",)),
)
_PART_NAMES = {
    "arena_bytes": "arena",
    "static_bytes": "static",
    "stack_bytes": "stack",
    "flash_weights_bytes": "weights",
    "flash_code_bytes": "code",
}


def metric_cards(rows: Sequence[Row]) -> list[MetricCard]:
    """The bars; a metric or board without any figure is left out."""
    cards = []
    for title, note, unit, keys in _CARDS:
        boards = tuple(
            dict.fromkeys(
                r.board for r in rows if any(getattr(r, key) is not None for key in keys[-1:])
            )
        )
        if not boards:
            continue
        models = dict.fromkeys(row.model for row in rows)
        lines = []
        for model in models:
            cells = tuple(
                _bars([r for r in rows if (r.model, r.board) == (model, b)], keys, unit)
                for b in boards
            )
            lines.append((model, cells))
        parts = tuple(_PART_NAMES[key] for key in keys) if len(keys) > 1 else ()
        cards.append(MetricCard(title, note, boards, tuple(lines), parts))
    return cards


def _bars(rows: Sequence[Row], keys: tuple[str, ...], unit: str) -> tuple[Bar, ...]:
    totals = [sum(getattr(row, key) or 0 for key in keys) for row in rows]
    longest = max(totals, default=0) or 1
    bars = []
    for row, total in zip(rows, totals, strict=True):
        if row.error is not None:
            bars.append(Bar(row.runtime, (), "", row.error))
            continue
        parts = tuple(
            (
                f"tone-{number}",
                100 * (getattr(row, key) or 0) / longest,
                f"{_PART_NAMES.get(key, key)}: {getattr(row, key) or 0:,}",
            )
            for number, key in enumerate(keys)
        )
        label = f"{_label(total, unit)} {model_error(row, keys[0])}".rstrip() if total else "-"
        bars.append(Bar(row.runtime, parts, label))
    return tuple(bars)


def _label(value: float, unit: str) -> str:
    if unit == "M":
        return f"{value / 1e6:.2f} M"
    if unit == "kB":
        return f"{value / 1e3:.1f} kB"
    return f"{value:,.3g} {unit}" if value < 100 else f"{value:,.0f} {unit}"


_TABLE = (
    ("bit exact", "bit_exact", ""),
    ("M MAC", "macs", "M"),
    ("M instructions", "instructions", "M"),
    ("per MAC", "instructions_per_mac", "f"),
    ("M cycles, modelled", "modelled_cycles", "M"),
    ("ms, modelled", "modelled_latency_ms", "f"),
    ("ms, measured", "measured_latency_ms", "f"),
    ("uJ, estimate", "energy_uj", "f"),
    ("arena B", "arena_bytes", "n"),
    ("static B", "static_bytes", "n"),
    ("stack B", "stack_bytes", "n"),
    ("code B", "flash_code_bytes", "n"),
    ("weights B", "flash_weights_bytes", "n"),
)


def result_table(rows: Sequence[Row]) -> dict[str, object]:
    """Head and lines of the table of all rows; columns without any figure are left out."""
    whole = [row for row in rows if row.error is None]
    columns = [c for c in _TABLE if any(getattr(row, c[1]) is not None for row in whole)]
    lines = []
    for row in rows:
        cells = [figure(row, key, kind) for _, key, kind in columns]
        lines.append({"key": row.key, "cells": cells, "error": row.error})
    return {"head": [title for title, _, _ in columns], "lines": lines}


def layer_sections(rows: Sequence[Row]) -> list[LayerSection]:
    """Layers and memory maps of every model on every board."""
    sections = []
    for model, board in dict.fromkeys((row.model, row.board) for row in rows):
        here = [r for r in rows if (r.model, r.board) == (model, board) and r.layers]
        here = [r for r in here if any(layer.op for layer in r.layers)]
        if not here:
            continue
        scale = max(row.arena_bytes or 0 for row in here) or 1
        maps = tuple((r.runtime, Markup(memory_map(r, scale))) for r in here)
        runtimes = tuple(row.runtime for row in here)
        sections.append(LayerSection(model, board, runtimes, _layer_lines(here), maps))
    return sections


def _layer_lines(rows: Sequence[Row]) -> tuple[LayerLine, ...]:
    tables = [{layer.index: layer for layer in row.layers} for row in rows]
    indices = sorted({index for table in tables for index in table})
    largest = max((x.instructions or 0 for table in tables for x in table.values()), default=0) or 1
    lines = []
    for index in indices:
        first = next(table[index] for table in tables if index in table)
        cells = tuple(_layer_cell(table.get(index), largest) for table in tables)
        shapes = (first.input_shape, first.output_shape)
        shape = " → ".join("x".join(map(str, s)) for s in shapes if s)
        macs = f"{first.macs:,}" if first.macs else ""
        name = "entry" if index < 0 else str(index)
        lines.append(LayerLine(name, first.op, shape, macs, cells))
    return tuple(lines)


def _layer_cell(layer: LayerRow | None, largest: int) -> tuple[str, float, str]:
    if layer is None or layer.instructions is None:
        return "-", 0.0, ""
    return f"{layer.instructions:,}", 100 * layer.instructions / largest, layer.kernel


def provenance(rows: Sequence[Row]) -> dict[str, object]:
    """What must be the same to get the same figures: tools, flags, model files."""
    whole = [row for row in rows if row.error is None]
    return {
        "tools": sorted({item for row in whole for item in row.tools.items()}),
        "flags": sorted({(r.board, r.compiler_flags) for r in whole if r.compiler_flags}),
        "models": sorted({(r.model, r.hashes.get("model_sha256", "")[:16]) for r in whole}),
        "inputs": max((row.inputs or 0 for row in whole), default=0),
        "baseline": BASELINE,
    }
