# SPDX-License-Identifier: Apache-2.0
"""`make bench`: measures the stock models, and writes README's table from the figures."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from absl import flags

from mcunet_tf.benchmark.bench import measure
from mcunet_tf.benchmark.ratios import METRICS, ratios
from mcunet_tf.benchmark.rows import Row, read_rows, write_text
from mcunet_tf.benchmark.table import BenchmarkTable
from mcunet_tf.cli.command import run_command
from mcunet_tf.cli.mcunet_shapes import shape_model
from mcunet_tf.errors import DataError

BEGIN, END = "<!-- bench:begin -->\n", "<!-- bench:end -->"
BASELINE, PEER = "tinyengine", "cmsis_nn"
_ARCHITECTURES = "mcunet_architectures.json"


def define_flags() -> None:
    """Declares the command's flags."""
    flags.DEFINE_string(
        "models_dir",
        os.environ.get("MCUNET_TF_SHARED") or str(Path("..") / "shared" / "models"),
        "Folder of the stock .tflite files and of the block lists.",
    )
    flags.DEFINE_list("shapes", ["mcunet-in3"], "Shapes of the block lists, weights at random.")
    flags.DEFINE_list("board", ["qemu-m4", "qemu-m7", "qemu-m55"], "Boards to run on.")
    flags.DEFINE_integer("inputs", 10, "Random inputs per model.", lower_bound=1)
    flags.DEFINE_string("from_json", None, "Take the rows from this file instead of measuring.")
    flags.DEFINE_string("output_dir", "out/bench", "Folder for bench.json, bench.csv, bench.html.")
    flags.DEFINE_string("readme", "README.md", "File whose table is rewritten.")


def main(_: Sequence[str]) -> int:
    """Measures, or reads what was measured, and rewrites the table."""
    values = flags.FLAGS
    rows = read_rows(Path(values.from_json)) if values.from_json else _measure()
    rewrite_table(Path(values.readme), rows)
    refused = [row for row in rows if row.error is not None]
    for row in refused:
        print(f"readme_table: {' '.join(row.key)}: {row.error}", file=sys.stderr)
    return 1 if refused or not all(row.bit_exact for row in rows) else 0


def _measure() -> list[Row]:
    values = flags.FLAGS
    folder = Path(values.models_dir)
    models = sorted(folder.glob("*.tflite"))
    if not models:
        raise DataError(f"no .tflite files in {folder}: name their folder with --models_dir")
    cache = Path(".cache") / "models"
    models += [shape_model(folder / _ARCHITECTURES, shape, cache) for shape in values.shapes]
    rows = []
    for outcome in measure(models, values.board, runtimes=(BASELINE, PEER), inputs=values.inputs):
        print(f"measured {' '.join(outcome.row.key)}", flush=True)
        rows.append(outcome.row)
    output = Path(values.output_dir)
    output.mkdir(parents=True, exist_ok=True)
    table = BenchmarkTable(tuple(rows))
    for form in ("json", "csv", "html"):
        table.write(output / f"bench.{form}")
    print(table)
    return rows


def rewrite_table(readme: Path, rows: Sequence[Row]) -> None:
    """Puts the table between the markers of a file.

    Raises:
        DataError: the file or its markers are not there.
    """
    try:
        text = readme.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"cannot read {readme}: {error.strerror}") from error
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    if not pattern.search(text):
        raise DataError(f"{readme} lacks the lines {BEGIN.strip()} and {END}")
    block = f"{BEGIN}{markdown_table(rows)}{END}"
    write_text(readme, pattern.sub(lambda _: block, text))


def markdown_table(rows: Sequence[Row]) -> str:
    """One line per model and board: our figures, the peer's, and how many times more it takes."""
    head = ["model", "board", "M instructions", "×", "SRAM, kB", "×", "flash, kB", "×", "bit exact"]
    lines = [f"| {' | '.join(head)} |", "|---|---|" + "---:|" * 6 + "---|"]
    by_key = {row.key: row for row in rows}
    quotients = {(r.model, r.board, r.metric.key): r.value for r in ratios(rows)}
    for model, board in dict.fromkeys((row.model, row.board) for row in rows):
        own, peer = (by_key.get((model, board, runtime)) for runtime in (BASELINE, PEER))
        if own is None or own.error is not None:
            continue
        cells = [model, f"`{board}`"]
        for metric, scale in zip(
            ("instructions", "sram_bytes", "flash_bytes"), _SCALES, strict=True
        ):
            figures = [_figure(row, metric, scale) for row in (own, peer)]
            quotient = quotients.get((model, board, metric))
            cells += [f"**{figures[0]}** / {figures[1]}", f"{quotient:.2f}" if quotient else "-"]
        cells.append("yes" if own.bit_exact else "NO")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", *_notes(rows), ""])


_SCALES = (1e6, 1e3, 1e3)


def _figure(row: Row | None, metric: str, scale: float) -> str:
    value = getattr(row, metric) if row is not None else None
    return (
        "-" if value is None else f"{value / scale:.2f}" if scale > 1e3 else f"{value / scale:.1f}"
    )


def _notes(rows: Sequence[Row]) -> list[str]:
    tools = {name: version for row in rows for name, version in row.tools.items()}
    versions = [tools[name] for name in ("gcc", "qemu") if name in tools]
    peers = sorted({row.notes[0] for row in rows if row.runtime == PEER and row.notes})
    means = []
    for metric in METRICS:
        values = [r.value for r in ratios(rows) if r.metric is metric]
        if values and metric.key != "measured_latency_ms":
            means.append(f"{metric.title} {min(values):.2f} to {max(values):.2f}")
    return [
        f"**mcunet_tf** / peer ({', '.join(peers) or 'none'}), and the quotient of the two: "
        f"{'; '.join(means)}. Written by `make bench`; {', '.join(versions)}."
    ]


def run() -> None:
    """Entry point of `python -m mcunet_tf.cli.readme_table`."""
    define_flags()
    run_command(main, __name__, "readme_table [flags]")


if __name__ == "__main__":
    run()
