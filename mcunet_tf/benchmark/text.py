# SPDX-License-Identifier: Apache-2.0
"""Rows as tables for a terminal, each figure labelled with what it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mcunet_tf.benchmark.rows import Row
from mcunet_tf.boards import error_text

_COLUMNS = (
    ("model", "model", ""),
    ("board", "board", ""),
    ("runtime", "runtime", ""),
    ("exact", "bit_exact", ""),
    ("M MAC", "macs", "M"),
    ("M instr", "instructions", "M"),
    ("/MAC", "instructions_per_mac", "f"),
    ("M cycles*", "modelled_cycles", "M"),
    ("ms*", "modelled_latency_ms", "f"),
    ("ms measured", "measured_latency_ms", "f"),
    ("uJ*", "energy_uj", "f"),
    ("arena B", "arena_bytes", "n"),
    ("static B", "static_bytes", "n"),
    ("stack B", "stack_bytes", "n"),
    ("SRAM B", "sram_bytes", "n"),
    ("code B", "flash_code_bytes", "n"),
    ("weights B", "flash_weights_bytes", "n"),
    ("flash B", "flash_bytes", "n"),
)
# Left out where no row has a figure.
_OPTIONAL = ("measured_latency_ms", "energy_uj")
# These rest on the cycle model, and have its error.
_MODELLED = ("modelled_cycles", "modelled_latency_ms", "energy_uj")


def format_table(rows: Sequence[Row]) -> str:
    """A table for people, with refusals below and a line that says what the figures are."""
    whole = [row for row in rows if row.error is None]
    columns = [
        column
        for column in _COLUMNS
        if column[1] not in _OPTIONAL or any(getattr(r, column[1]) is not None for r in whole)
    ]
    cells = [[title for title, _, _ in columns]]
    cells += [[figure(row, key, kind) for _, key, kind in columns] for row in whole]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    lines = [
        "  ".join(
            cell.ljust(width) if kind == "" else cell.rjust(width)
            for cell, width, (_, _, kind) in zip(line, widths, columns, strict=True)
        ).rstrip()
        for line in cells
    ]
    lines += [f"{' '.join(row.key)}: {row.error}" for row in rows if row.error is not None]
    lines.append(legend(whole))
    return "\n".join(lines)


def legend(rows: Sequence[Row]) -> str:
    """What the figures are: counted, measured or modelled."""
    text = "instructions: executed by one inference, largest over the inputs; exact"
    worst = max((row.instructions_precision for row in rows), default=0)
    if worst:
        text = text.replace("exact", f"within {worst}, see the note below")
    models = ", ".join(sorted({row.cycle_model for row in rows} - {""})) or "none"
    lines = [
        text,
        f"* static cycle model ({models}), no measurement, times a factor for what memory and "
        "dual issue make of it; +- is its largest error on published measurements, ? where "
        "there are none; ms at the board's nominal clock",
    ]
    lines += [
        f"* energy at {board}: {source}, times that latency: an estimate"
        for board, source in sorted({(r.board, r.energy_source) for r in rows if r.energy_uj})
    ]
    lines += dict.fromkeys(f"{row.runtime}: {note}" for row in rows for note in row.notes)
    return "\n".join(lines)


def figure(row: Row, key: str, kind: str) -> str:
    """One figure of a row, with its error where it rests on the cycle model."""
    return f"{format_cell(getattr(row, key), kind)} {model_error(row, key)}".rstrip()


def model_error(row: Row, key: str) -> str:
    """The error of a figure that rests on the cycle model; "" of another."""
    measured = key == "energy_uj" and row.measured_latency_ms is not None
    if key not in _MODELLED or measured or getattr(row, key) is None:
        return ""
    return error_text(row.cycle_error_percent)


def format_cell(value: Any, kind: str) -> str:
    """One figure: "M" in millions, "f" with decimals, "n" with separators."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if kind == "M":
        return f"{value / 1e6:.3f}"
    if kind == "f":
        return f"{value:.3f}"
    return f"{value:,}" if kind == "n" else str(value)


def format_layers(row: Row) -> str:
    """Counts by layer of one row."""
    error = error_text(row.cycle_error_percent)
    lines = [f"{' '.join(row.key)}: layer, instructions, share, modelled cycles {error}, function"]
    total = sum(layer.instructions or 0 for layer in row.layers) or 1
    for layer in row.layers:
        instructions = layer.instructions or 0
        name = "entry" if layer.index < 0 else str(layer.index)
        lines.append(
            f"{name:>6} {instructions:>12,} {100 * instructions / total:5.1f} % "
            f"{format_cell(layer.modelled_cycles, 'n'):>12}  {layer.kernel or layer.op}".rstrip()
        )
    return "\n".join(lines)
