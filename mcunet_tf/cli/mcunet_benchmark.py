# SPDX-License-Identifier: Apache-2.0
"""`mcunet_benchmark MODEL.tflite...`: what models cost on boards, compared with the reference."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from absl import app, flags

from mcunet_tf.boards import DEFAULT_BOARD
from mcunet_tf.errors import McunetError

EXIT_OK, EXIT_FAILED, EXIT_PARTIAL = 0, 1, 2


def define_flags() -> None:
    """Declares the command's flags: by call, as several commands of one package share names."""
    flags.DEFINE_list("board", [DEFAULT_BOARD], "Boards to run on, comma separated.")
    flags.DEFINE_string("runtime", "tinyengine", "What compiles the models.")
    flags.DEFINE_integer("inputs", 10, "Random inputs per model.", lower_bound=1)
    flags.DEFINE_integer("seed", 0, "Seed of the random inputs.", lower_bound=0)
    flags.DEFINE_string("json", None, "File for the rows, as JSON.")
    flags.DEFINE_boolean("layers", False, "Print the counts of every layer.")
    flags.DEFINE_string("port", None, "Serial port of a real board, e.g. /dev/ttyACM0.")


def main(argv: Sequence[str]) -> int:
    """Measures what the command line asks for and returns the exit code of `measure`."""
    values = flags.FLAGS
    try:
        return measure(
            argv[1:],
            values.board,
            json_path=Path(values.json) if values.json else None,
            layers=values.layers,
            runtime=values.runtime,
            inputs=values.inputs,
            seed=values.seed,
            port=values.port,
        )
    except McunetError as error:
        print(f"mcunet_benchmark: {error}", file=sys.stderr)
        return EXIT_FAILED


def measure(
    models: Sequence[str],
    boards: Sequence[str],
    *,
    json_path: Path | None,
    layers: bool,
    **options: Any,
) -> int:
    """Measures models on boards, prints a table, writes JSON.

    Args:
        models: `.tflite` files.
        boards: names of boards.
        json_path: file for the rows, if any.
        layers: whether to print the counts of every layer too.
        **options: of `mcunet_tf.benchmark.benchmark`.

    Returns:
        0 if every row is there and bit exact; 1 if any is not bit exact or none is there; 2 if
        some are missing.

    Raises:
        McunetError: nothing can be measured this way, or the rows cannot be written.
    """
    from mcunet_tf.benchmark import benchmark, format_layers, format_table, write_rows

    if not models:
        raise McunetError("no model given: name one or more .tflite files")
    rows, failed = [], 0
    for outcome in benchmark(models, boards, **options):
        if outcome.row is None:
            failed += 1
            where = f"{outcome.model} on {outcome.board}"
            print(f"mcunet_benchmark: {where}: {outcome.error}", file=sys.stderr)
            continue
        rows.append(outcome.row)
        if layers and outcome.layers:
            print(format_layers(outcome))
    if json_path:
        write_rows(json_path, rows)
    if rows:
        print(format_table(rows))
    if not rows or not all(row.bit_exact for row in rows):
        return EXIT_FAILED
    return EXIT_PARTIAL if failed else EXIT_OK


def run() -> None:
    """Entry point of the console script."""
    define_flags()
    app.run(main)


if __name__ == "__main__":
    run()
