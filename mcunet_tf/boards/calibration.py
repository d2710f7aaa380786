# SPDX-License-Identifier: Apache-2.0
"""What a core's static cycle model is worth on silicon: a factor, and the error that remains."""

from __future__ import annotations

from dataclasses import dataclass

from mcunet_tf.boards.toml_table import TomlTable

_KEYS = "scale error_percent source"


@dataclass(frozen=True)
class Calibration:
    """How the cycles of a static model become those of a board; the `[cycles]` table of a file.

    The static model prices instructions as if memory never made the core wait and as if it issued
    one at a time. What flash, caches and dual issue make of that is one factor, by board where
    somebody has published measurements of it, else by core. `benchmark/calibration.toml` holds the
    measurements, and `python -m mcunet_tf.benchmark.calibrate` fits.

    Attributes:
        scale: cycles of the board for each cycle of the static model.
        error_percent: the largest error, in per cent of the measurement, on measurements that the
            factor was not fitted on; None where nothing was published that could tell.
        source: what the figures rest on.
    """

    scale: float = 1.0
    error_percent: float | None = None
    source: str = "never held against silicon"

    def cycles(self, static_cycles: float) -> int:
        """The board's cycles for those of the static model."""
        return round(self.scale * static_cycles)

    @property
    def error(self) -> str:
        """The error as it stands beside a figure: "+-15 %", or "+-? %" where it is unknown."""
        return error_text(self.error_percent)


UNCALIBRATED = Calibration()
"""Of cores whose cycles nobody has published: the static model as it is, its error unknown."""


def error_text(error_percent: float | None) -> str:
    """An error as it stands beside a modelled figure."""
    return "+-? %" if error_percent is None else f"+-{error_percent:.0f} %"


def read_calibration(table: TomlTable, default: Calibration) -> Calibration:
    """The `[cycles]` table of a core or board, or the default where there is none.

    Raises:
        BoardError: the table is malformed.
    """
    if "cycles" not in table.entries:
        return default
    cycles = table.table("cycles")
    cycles.no_unknown_keys(_KEYS, "cycles.")
    for key in ("scale", "error_percent"):
        if key in cycles.entries and cycles.number(key) <= 0:
            raise table.error(f"cycles.{key} = {cycles.entries[key]}", "use a number above 0")
    known = "error_percent" in cycles.entries
    return Calibration(
        scale=cycles.number("scale"),
        error_percent=cycles.number("error_percent") if known else None,
        source=cycles.text("source"),
    )
