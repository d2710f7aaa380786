# SPDX-License-Identifier: Apache-2.0
"""`mcunet_benchmark MODEL.tflite...`: what models cost on boards, head to head between runtimes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from mcunet_tf.boards import DEFAULT_BOARD, LIST, board_list
from mcunet_tf.cli.command import run_command
from mcunet_tf.errors import McunetError, OutputError

if TYPE_CHECKING:
    from mcunet_tf.benchmark import Row

_USAGE = "mcunet_benchmark MODEL.tflite... [flags]"
EXIT_OK, EXIT_FAILED, EXIT_PARTIAL = 0, 1, 2


def define_flags() -> None:
    """Declares the command's flags: by call, as several commands of one package share names."""
    flags.DEFINE_list("board", [DEFAULT_BOARD], "Boards to run on, comma separated, or list.")
    flags.DEFINE_list(
        "runtime", ["tinyengine"], "Of tinyengine, cmsis_nn, tflm: what runs the models."
    )
    flags.DEFINE_integer("inputs", 10, "Random inputs per model.", lower_bound=1)
    flags.DEFINE_enum(
        "input", "frame", ["frame", "rows"], "tinyengine: rows are pushed, no frame is held."
    )
    flags.DEFINE_enum(
        "optimize", "balanced", ["sram", "balanced", "speed"], "tinyengine: what plans aim at."
    )
    flags.DEFINE_integer("sram_budget", None, "tinyengine: most bytes of the arena.", 1)
    flags.DEFINE_integer("seed", 0, "Seed of the random inputs.", lower_bound=0)
    flags.DEFINE_string("json", None, "File for the rows, as JSON.")
    flags.DEFINE_string("csv", None, "File for the rows, as CSV.")
    flags.DEFINE_string("html", None, "File for the report, one page.")
    flags.DEFINE_string(
        "model_explorer", None, "File for costs by operator, for Google's Model Explorer."
    )
    flags.DEFINE_boolean("compare", False, "Compare two --json files: --compare A.json B.json.")
    flags.DEFINE_boolean("layers", False, "Print the counts of every layer.")
    flags.DEFINE_string("cmsis_nn_dir", None, "Folder of a CMSIS-NN release [the bench extra's].")
    flags.DEFINE_string("tflm_dir", None, "Tree of TF-Lite Micro with its library built.")
    flags.DEFINE_string("port", None, "Serial port of a real board, e.g. /dev/ttyACM0.")
    flags.DEFINE_string(
        "flash_command",
        "",
        "Puts an image onto the real board: a command with {image}, or pyocd.",
    )
    flags.DEFINE_float("timeout", 120.0, "Seconds that one inference may take on a real board.")


def main(argv: Sequence[str]) -> int:
    """Measures or compares what the command line asks for.

    Returns:
        0 if every row is there and bit exact (or both files say the same); 1 if any is not bit
        exact or none is there; 2 if some are missing.

    Raises:
        McunetError: nothing can be measured this way, or a file cannot be written.
    """
    if flags.FLAGS.board == [LIST]:
        print(board_list())
        return 0
    if flags.FLAGS.compare:
        return _compare(argv[1:])
    _check_outputs()
    rows = _measure(argv[1:])
    _write(rows)
    _print(rows)
    return exit_code(rows)


def _check_outputs() -> None:
    """Complains of a folder that is not there before minutes of measuring, not after them."""
    values = flags.FLAGS
    for name in ("json", "csv", "html", "model_explorer"):
        path = values[name].value
        if path and not Path(path).absolute().parent.is_dir():
            raise OutputError(f"--{name}={path}: there is no such folder; make it first")


def _measure(models: Sequence[str]) -> list[Row]:
    from mcunet_tf.benchmark import measure
    from mcunet_tf.benchmark.runner import Connection
    from mcunet_tf.benchmark.runtimes import RuntimeOptions

    values = flags.FLAGS
    if not models:
        raise McunetError("no model given: name one or more .tflite files")
    connection = None
    if values.port:
        connection = Connection(values.port, values.flash_command, values.timeout)
    options = RuntimeOptions(
        cmsis_nn_dir=Path(values.cmsis_nn_dir) if values.cmsis_nn_dir else None,
        tflm_dir=Path(values.tflm_dir) if values.tflm_dir else None,
        optimize=values.optimize,
        input_mode=values.input,
        sram_budget_bytes=values.sram_budget,
    )
    rows = []
    for outcome in measure(
        models,
        values.board,
        runtimes=values.runtime,
        inputs=values.inputs,
        seed=values.seed,
        connection=connection,
        options=options,
    ):
        rows.append(outcome.row)
        if outcome.error is not None:
            where = " ".join(outcome.row.key)
            print(f"mcunet_benchmark: {where}: {outcome.error}", file=sys.stderr)
    return rows


def _write(rows: Sequence[Row]) -> None:
    from mcunet_tf.benchmark import BenchmarkTable
    from mcunet_tf.benchmark.model_explorer import write_node_data

    values = flags.FLAGS
    table = BenchmarkTable(tuple(rows))
    for form, path in (("json", values.json), ("csv", values.csv), ("html", values.html)):
        if path:
            table.write(Path(path), form)
    if values.model_explorer:
        write_node_data(Path(values.model_explorer), rows)


def _print(rows: Sequence[Row]) -> None:
    from mcunet_tf.benchmark import format_layers, format_table
    from mcunet_tf.benchmark.ratios import format_ratios

    if flags.FLAGS.layers:
        for row in rows:
            if row.layers:
                print(format_layers(row))
    print(format_table(rows))
    compared = format_ratios(rows)
    if compared:
        print(f"\n{compared}")


def exit_code(rows: Sequence[Row]) -> int:
    """What the shell is told of the rows."""
    whole = [row for row in rows if row.error is None]
    if not whole or not all(row.bit_exact for row in whole):
        return EXIT_FAILED
    return EXIT_OK if len(whole) == len(rows) else EXIT_PARTIAL


def _compare(paths: Sequence[str]) -> int:
    from mcunet_tf.benchmark.differences import compare_rows, format_changes
    from mcunet_tf.benchmark.rows import read_rows

    if len(paths) != 2:
        raise McunetError("--compare takes two --json files: mcunet_benchmark --compare A B")
    before, after = (read_rows(Path(path)) for path in paths)
    changes = compare_rows(before, after)
    print(format_changes(changes))
    return EXIT_FAILED if changes else EXIT_OK


def run() -> None:
    """Entry point of the console script."""
    define_flags()
    run_command(main, __name__, _USAGE)


if __name__ == "__main__":
    run()
