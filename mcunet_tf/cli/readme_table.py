# SPDX-License-Identifier: Apache-2.0
"""`make bench`: measures the stock models, and writes README's table and picture from the rows."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from absl import flags

from mcunet_tf.benchmark.bench import measure
from mcunet_tf.benchmark.ratios import METRICS, ratios
from mcunet_tf.benchmark.report.overview import overview_picture
from mcunet_tf.benchmark.rows import Row, read_rows, write_text
from mcunet_tf.benchmark.runtimes import RuntimeOptions
from mcunet_tf.benchmark.table import BenchmarkTable
from mcunet_tf.cli.command import run_command
from mcunet_tf.cli.mcunet_shapes import shape_model
from mcunet_tf.errors import DataError

BEGIN, END = "<!-- bench:begin -->\n", "<!-- bench:end -->"
BASELINE = "tinyengine"
PEERS = {"cmsis_nn": "CMSIS-NN", "tflm": "TFLM"}
HOST = "host"
_ARCHITECTURES = "mcunet_architectures.json"
_DRAWN = "qemu-m4"
_NAMES = {"cmsis_nn": "CMSIS-NN", "tflm": "TF-Lite Micro"}


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
    flags.DEFINE_string(
        "tflm_dir",
        os.environ.get("TFLM_DIR"),
        "TF-Lite Micro with its library; boards whose core it was not built for go without.",
    )
    flags.DEFINE_string("from_json", None, "Take the rows from this file instead of measuring.")
    flags.DEFINE_string("output_dir", "out/bench", "Folder for bench.json, bench.csv, bench.html.")
    flags.DEFINE_string("readme", "README.md", "File whose table is rewritten.")
    flags.DEFINE_string("picture", "docs/pictures/overview.svg", "Picture that is drawn anew.")


def main(_: Sequence[str]) -> int:
    """Measures, or reads what was measured, and rewrites table and picture."""
    values = flags.FLAGS
    rows = read_rows(Path(values.from_json)) if values.from_json else _measure()
    rewrite_table(Path(values.readme), rows)
    write_text(Path(values.picture), overview_picture(rows, _DRAWN, _NAMES))
    refused = [row for row in rows if row.error is not None and row.runtime != "tflm"]
    for row in refused:
        print(f"readme_table: {' '.join(row.key)}: {row.error}", file=sys.stderr)
    own = [row for row in rows if row.runtime == BASELINE]
    return 1 if refused or not all(row.bit_exact for row in own) else 0


def _measure() -> list[Row]:
    values = flags.FLAGS
    folder = Path(values.models_dir)
    models = sorted(folder.glob("*.tflite"))
    if not models:
        raise DataError(f"no .tflite files in {folder}: name their folder with --models_dir")
    cache = Path(".cache") / "models"
    models += [shape_model(folder / _ARCHITECTURES, shape, cache) for shape in values.shapes]
    rows = []
    options = RuntimeOptions(tflm_dir=Path(values.tflm_dir) if values.tflm_dir else None)
    runtimes = [BASELINE, *(peer for peer in PEERS if peer != "tflm" or options.tflm_dir)]
    for boards, chosen in ((values.board, runtimes), ([HOST], [BASELINE, "tflm"])):
        for outcome in measure(
            models, boards, runtimes=chosen, inputs=values.inputs, options=options
        ):
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
    """One line per model and board: our figures, and how many times more each peer takes."""
    host, rows = [r for r in rows if r.board == HOST], [r for r in rows if r.board != HOST]
    peers = [peer for peer in PEERS if any(r.runtime == peer and r.error is None for r in rows)]
    titles = [f"× {PEERS[peer]}" for peer in peers]
    metrics = {key: scale for key, (_, scale) in _FIGURES.items()}
    head = ["model", "board"]
    for title, _ in _FIGURES.values():
        head += [title, *titles]
    head.append("bit exact")
    lines = [_line(head), "|---|---|" + "---:|" * (len(head) - 3) + "---|"]
    quotients = {(r.model, r.board, r.runtime, r.metric.key): r.value for r in ratios(rows)}
    for row in rows:
        if row.runtime != BASELINE or row.error is not None:
            continue
        cells = [row.model, f"`{row.board}`"]
        for metric, scale in metrics.items():
            cells.append(f"**{getattr(row, metric) / scale:,.2f}**")
            for peer in peers:
                quotient = quotients.get((row.model, row.board, peer, metric))
                cells.append(f"{quotient:.2f}" if quotient else "-")
        lines.append(_line([*cells, "yes" if row.bit_exact else "NO"]))
    return "\n".join([*lines, "", *_notes(rows, peers), *_on_host(host), "", _method(rows), ""])


_FIGURES = {
    "instructions": ("M instructions", 1e6),
    "sram_bytes": ("SRAM, kB", 1e3),
    "flash_bytes": ("flash, kB", 1e3),
}


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _notes(rows: Sequence[Row], peers: Sequence[str]) -> list[str]:
    """Which peers, how far apart, measured with what."""
    notes = []
    for peer in peers:
        own = [r for r in ratios(rows) if r.runtime == peer and r.metric.key in _FIGURES]
        spans = []
        for metric in METRICS:
            values = [r.value for r in own if r.metric is metric]
            if values:
                spans.append(f"{metric.title} {min(values):.2f} to {max(values):.2f} times")
        versions = sorted({r.notes[0] for r in rows if r.runtime == peer and r.notes})
        notes += [f"* × {PEERS[peer]} ({'; '.join(versions) or peer}): {', '.join(spans)}."]
    return notes


def _on_host(rows: Sequence[Row]) -> list[str]:
    """Wall time on this computer, where the peer is TF-Lite Micro's wheel."""
    found = [r for r in ratios(rows) if r.metric.key == "measured_latency_ms"]
    if not found:
        return []
    times = ", ".join(f"{r.model} {r.value:.0f}" for r in found)
    return [
        f"* On the computer that ran this (`--board={HOST}`), the tflite-micro wheel with its "
        f"reference kernels takes so many times longer: {times}. These are best wall times: "
        "where other programs run too, they differ by half from run to run."
    ]


def _method(rows: Sequence[Row]) -> str:
    tools = {name: version for row in rows for name, version in row.tools.items()}
    versions = [tools[name] for name in ("gcc", "qemu") if name in tools]
    return (
        "Instructions are counted exactly, and are the most that any input took; kB are 1,000 "
        f"bytes, SRAM with the stack. Written by `make bench` with {' and '.join(versions)}."
    )


def run() -> None:
    """Entry point of `python -m mcunet_tf.cli.readme_table`."""
    define_flags()
    run_command(main, __name__, "readme_table [flags]")


if __name__ == "__main__":
    run()
