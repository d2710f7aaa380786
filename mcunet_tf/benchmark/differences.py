# SPDX-License-Identifier: Apache-2.0
"""What two benchmark files say differently: figures first, then the tools that explain them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mcunet_tf.benchmark.rows import Row

_FIGURES = (
    *("instructions", "modelled_cycles", "measured_cycles", "arena_bytes", "static_bytes"),
    *("stack_bytes", "sram_bytes", "flash_code_bytes", "flash_weights_bytes", "flash_bytes"),
    *("bit_exact", "differing_inputs", "inputs", "compiler_flags", "error"),
)
# Wall time is left out: it differs from run to run.


@dataclass(frozen=True)
class Change:
    """One field of one row, before and after; None where the row or figure is not there."""

    key: tuple[str, str, str]
    field: str
    before: Any
    after: Any

    @property
    def percent(self) -> float | None:
        """How much larger the figure has become."""
        if isinstance(self.before, bool) or not self.before:
            return None
        if not isinstance(self.before, int | float) or not isinstance(self.after, int | float):
            return None
        return 100.0 * (self.after / self.before - 1.0)


def compare_rows(before: Sequence[Row], after: Sequence[Row]) -> list[Change]:
    """Every difference between two sets of rows, in the order of the rows."""
    old, new = {row.key: row for row in before}, {row.key: row for row in after}
    changes: list[Change] = []
    for key in dict.fromkeys((*old, *new)):
        if key not in old or key not in new:
            missing = key not in old
            changes.append(Change(key, "row", *((None, "there") if missing else ("there", None))))
            continue
        a, b = old[key], new[key]
        for field in _FIGURES:
            if getattr(a, field) != getattr(b, field):
                changes.append(Change(key, field, getattr(a, field), getattr(b, field)))
        for name in dict.fromkeys((*a.tools, *b.tools)):
            if a.tools.get(name) != b.tools.get(name):
                changes.append(Change(key, name, a.tools.get(name), b.tools.get(name)))
        if a.hashes.get("model_sha256") != b.hashes.get("model_sha256"):
            hashes = (x.hashes.get("model_sha256", "")[:12] for x in (a, b))
            changes.append(Change(key, "model file", *hashes))
    return changes


def format_changes(changes: Sequence[Change]) -> str:
    """The differences for people."""
    if not changes:
        return "no differences"
    lines = []
    last: tuple[str, str, str] | None = None
    for change in changes:
        if change.key != last:
            lines.append(" ".join(change.key))
            last = change.key
        percent = "" if change.percent is None else f"  {change.percent:+.2f} %"
        lines.append(
            f"  {change.field:20} {_figure(change.before)} -> {_figure(change.after)}{percent}"
        )
    return "\n".join(lines)


def _figure(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)
