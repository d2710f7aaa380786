# SPDX-License-Identifier: Apache-2.0
"""Holds the static cycle models against published measurements of code that anyone can build.

`calibration.toml` has, by board, what was published and what the same networks count here. A
board's factor is the geometric mean of measured over modelled cycles on the points that are marked
as fitted; its error is the largest on the others. Of boards that nobody measured, the factor is the
geometric mean over the boards of the same static model, and the error the largest that any of these
boards has when it is predicted by the others.

    python -m mcunet_tf.benchmark.calibrate            prints model against measurement
    python -m mcunet_tf.benchmark.calibrate --write    rewrites the table of kernels/README.md

The `[cycles]` tables of cores and boards are what this prints; a test holds them equal.
"""

from __future__ import annotations

import argparse
import math
import re
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcunet_tf.benchmark.rows import write_text
from mcunet_tf.boards import Calibration
from mcunet_tf.boards.toml_table import TomlTable
from mcunet_tf.errors import DataError, McunetError

BEGIN, END = "<!-- cycles:begin -->\n", "<!-- cycles:end -->"
MEASUREMENTS = Path(__file__).with_name("calibration.toml")


@dataclass(frozen=True)
class MeasuredPoint:
    """One network on one board.

    Attributes:
        network: its name.
        measured_cycles: the published latency at the board's clock, or the core's own counter.
        instructions: counted here.
        static_cycles: counted here and priced by the static model.
        fitted: whether the board's factor is fitted on it; else it is held out.
    """

    network: str
    measured_cycles: float
    instructions: int
    static_cycles: int
    fitted: bool

    def error_percent(self, scale: float) -> float:
        """Modelled cycles over measured ones, less 1, in per cent."""
        return 100.0 * (scale * self.static_cycles / self.measured_cycles - 1.0)


@dataclass(frozen=True)
class MeasuredBoard:
    """A board that somebody measured, with one kind of code.

    Attributes:
        name: what its makers call it.
        key: the board of this package that takes its factor, or "".
        core: the package's name of its core, also where the package has no such core.
        group: boards that the same static model should suit, whatever their memory.
        conditions: clock, where there is one, and memory.
        simulated: whether this is a core in a simulation, which has no clock and nothing around it.
        code: what ran there.
        counted: what was counted here in its place.
        source: where the measurements are published.
        points: at least one fitted; with a key, one held out.
    """

    name: str
    key: str
    core: str
    group: str
    conditions: str
    simulated: bool
    code: str
    counted: str
    source: str
    points: tuple[MeasuredPoint, ...]

    @property
    def scale(self) -> float:
        """Measured cycles for each static one: the geometric mean over the fitted points."""
        return _mean([p.measured_cycles / p.static_cycles for p in self.points if p.fitted])

    @property
    def held_out_errors(self) -> tuple[float, ...]:
        """In per cent, of the points that the factor was not fitted on."""
        return tuple(p.error_percent(self.scale) for p in self.points if not p.fitted)

    def calibration(self) -> Calibration:
        """The `[cycles]` table of this board."""
        held_out = sum(not p.fitted for p in self.points)
        return Calibration(
            scale=round(self.scale, 3),
            error_percent=float(math.ceil(max(map(abs, self.held_out_errors)))),
            source=f"{self.name}: {held_out} networks held out",
        )


def _mean(values: Sequence[float]) -> float:
    return statistics.geometric_mean(values)


def read_measurements(path: Path = MEASUREMENTS) -> tuple[MeasuredBoard, ...]:
    """All measured boards.

    Raises:
        BoardError: the file is malformed.
        DataError: a board lacks fitted points, or held-out ones for the error that it states.
    """
    boards = tuple(_board(table) for table in TomlTable.read("calibration", path).tables("board"))
    for board in boards:
        fitted = [point.fitted for point in board.points]
        if not any(fitted) or (board.key and all(fitted)):
            wanted = "fitted and held-out points" if board.key else "a fitted point"
            raise DataError(f"{path.name}: {board.name} needs {wanted}")
    return boards


def _board(table: TomlTable) -> MeasuredBoard:
    table.no_unknown_keys("name key core group clock_hz memory code counted source point")
    clock_hz = table.positive("clock_hz") if "clock_hz" in table.entries else None
    clock = f"{clock_hz / 1e6:.0f} MHz, " if clock_hz else ""
    return MeasuredBoard(
        name=table.text("name"),
        key=table.text("key", ""),
        core=table.text("core"),
        group=table.text("group"),
        conditions=f"{clock}{table.text('memory')}",
        simulated=clock_hz is None,
        code=table.text("code"),
        counted=table.text("counted"),
        source=table.text("source"),
        points=tuple(_point(entry, clock_hz) for entry in table.tables("point")),
    )


def _point(table: TomlTable, clock_hz: int | None) -> MeasuredPoint:
    """A point, whose measurement is inferences a second, milliseconds, or cycles with no clock."""
    table.no_unknown_keys(
        "network per_second milliseconds cycles instructions static_cycles fitted"
    )
    if clock_hz is None:
        cycles = float(table.positive("cycles"))
    elif "per_second" in table.entries:
        cycles = clock_hz / table.number("per_second")
    else:
        cycles = clock_hz * table.number("milliseconds") / 1e3
    return MeasuredPoint(
        network=table.text("network"),
        measured_cycles=cycles,
        instructions=table.positive("instructions"),
        static_cycles=table.positive("static_cycles"),
        fitted=bool(table.entries.get("fitted", False)),
    )


def group_calibration(boards: Sequence[MeasuredBoard]) -> Calibration:
    """The `[cycles]` table of cores, for boards that nobody measured and for code of other kinds.

    Args:
        boards: all that was measured of one group; of a single one nothing can be held out, and of
            simulated ones nothing about memory is known, so that the error of others is unknown.
    """
    errors = transferred_errors(boards)
    worst = float(math.ceil(max(map(abs, errors)))) if errors else None
    names = "; ".join(board.name for board in boards)
    if any(board.simulated for board in boards):
        said = f"{names}: the core alone; what flash and caches add is unknown"
        worst = None
    elif errors:
        said = f"{names}: each predicted by the others"
    else:
        said = f"{names} alone: other boards' memories are unknown"
    return Calibration(round(_mean([board.scale for board in boards]), 3), worst, said)


def transferred_errors(boards: Sequence[MeasuredBoard]) -> list[float]:
    """In per cent, of every point of every board when the others' factors predict it."""
    errors = []
    for board in boards:
        others = [other.scale for other in boards if other is not board]
        if others:
            errors += [point.error_percent(_mean(others)) for point in board.points]
    return errors


def groups(boards: Sequence[MeasuredBoard]) -> dict[str, list[MeasuredBoard]]:
    """Measured boards by their group, in the file's order."""
    found: dict[str, list[MeasuredBoard]] = {}
    for board in boards:
        found.setdefault(board.group, []).append(board)
    return found


def markdown(boards: Sequence[MeasuredBoard]) -> str:
    """Model against measurement: the table of every point, the errors, and what was measured."""
    lines = [
        "| board | network | M instructions | M cycles, static | x factor | M cycles, measured "
        "| error | |",
        "|---|---|---:|---:|---:|---:|---:|---|",
    ]
    for board in boards:
        lines += [_line(board, p) for p in sorted(board.points, key=lambda p: not p.fitted)]
    lines += [
        "",
        "| what | factor | points | median error | worst error |",
        "|---|---:|---:|---:|---:|",
    ]
    for board in boards:
        errors = board.held_out_errors
        lines.append(
            f"| {board.name} ({board.core}), held out | {board.scale:.3f} {_errors(errors)}"
        )
    for name, members in groups(boards).items():
        transferred = transferred_errors(members)
        scale = group_calibration(members).scale
        lines.append(
            f"| another board or code of the group {name} | {scale:.3f} {_errors(transferred)}"
        )
    lines.append("")
    lines += [
        f"* {b.name}: {b.conditions}. Measured: {b.code}; {b.source}. Counted: {b.counted}."
        for b in boards
    ]
    return "\n".join(lines) + "\n"


def _line(board: MeasuredBoard, point: MeasuredPoint) -> str:
    return (
        f"| {board.name} | {point.network} | {point.instructions / 1e6:.3f} "
        f"| {point.static_cycles / 1e6:.3f} | {board.scale * point.static_cycles / 1e6:.3f} "
        f"| {point.measured_cycles / 1e6:.3f} | {point.error_percent(board.scale):+.1f} % "
        f"| {'fitted' if point.fitted else 'held out'} |"
    )


def _errors(errors: Sequence[float]) -> str:
    if not errors:
        return "| 0 | unknown | unknown |"
    sizes = [abs(error) for error in errors]
    return f"| {len(sizes)} | {statistics.median(sizes):.1f} % | {max(sizes):.1f} % |"


def rewritten(text: str, boards: Sequence[MeasuredBoard]) -> str:
    """A document with the table between its markers.

    Raises:
        DataError: the markers are not there.
    """
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    if not pattern.search(text):
        raise DataError(f"the document lacks the lines {BEGIN.strip()} and {END}")
    return pattern.sub(lambda _: f"{BEGIN}{markdown(boards)}{END}", text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints or writes the table; 0, or 1 with one line on stderr."""
    parser = argparse.ArgumentParser(prog="python -m mcunet_tf.benchmark.calibrate")
    parser.add_argument("--write", action="store_true", help="rewrite the document's table")
    parser.add_argument("--document", default="kernels/README.md", help="[kernels/README.md]")
    options = parser.parse_args(arguments)
    try:
        boards = read_measurements()
        if options.write:
            path = Path(options.document)
            write_text(path, rewritten(path.read_text(encoding="utf-8"), boards))
        else:
            print(markdown(boards))
            for board in (b for b in boards if b.key):
                print(board.key, board.calibration())
            for name, members in groups(boards).items():
                print(name, group_calibration(members))
    except McunetError as error:
        print(f"calibrate: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
