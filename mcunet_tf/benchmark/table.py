# SPDX-License-Identifier: Apache-2.0
"""The result of a benchmark as one object: prints, shows in a notebook, becomes a DataFrame."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcunet_tf.benchmark.bench import DEFAULT_INPUTS, measure
from mcunet_tf.benchmark.ratios import format_ratios
from mcunet_tf.benchmark.rows import Row, read_rows, rows_to_csv, write_rows, write_text
from mcunet_tf.benchmark.runner import Connection
from mcunet_tf.benchmark.runtimes import RuntimeOptions
from mcunet_tf.benchmark.text import format_table
from mcunet_tf.boards import DEFAULT_BOARD
from mcunet_tf.errors import ToolError


@dataclass(frozen=True)
class BenchmarkTable:
    """Rows of a benchmark, in the order in which they were measured."""

    rows: tuple[Row, ...]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __str__(self) -> str:
        return "\n\n".join(filter(None, [format_table(self.rows), format_ratios(self.rows)]))

    def to_records(self) -> list[dict[str, Any]]:
        """One dictionary per row, nested values left out: what a DataFrame is made of."""
        nested = ("layers", "memory", "tools", "hashes")
        names = [f.name for f in dataclasses.fields(Row) if f.name not in nested]
        return [{name: getattr(row, name) for name in names} for row in self.rows]

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame`, one line per row.

        Raises:
            ToolError: pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise ToolError("a DataFrame needs pandas: pip install pandas") from error
        return pandas.DataFrame(self.to_records())

    def to_html(self) -> str:
        """The whole report as one page."""
        from mcunet_tf.benchmark.report import render_page

        return render_page(self.rows)

    def _repr_html_(self) -> str:
        from mcunet_tf.benchmark.report import render_fragment

        return render_fragment(self.rows)

    def write(self, path: Path | str, form: str = "") -> None:
        """Writes the table as JSON, CSV or one HTML page.

        Args:
            path: the file.
            form: "json", "csv" or "html"; by default the file's suffix.

        Raises:
            OutputError: the file cannot be written.
            ToolError: the form is another one.
        """
        path = Path(path)
        form = form or path.suffix.removeprefix(".")
        if form == "json":
            write_rows(path, self.rows)
        elif form == "csv":
            write_text(path, rows_to_csv(self.rows))
        elif form == "html":
            write_text(path, self.to_html())
        else:
            raise ToolError(f"{path}: a table is written as json, csv or html")

    @classmethod
    def read(cls, path: Path | str) -> BenchmarkTable:
        """Reads a `.json` file that `write` wrote.

        Raises:
            DataError: it cannot be read or holds something else.
        """
        return cls(tuple(read_rows(Path(path))))


def benchmark(
    models: Path | str | Sequence[Path | str],
    boards: str | Sequence[str] = DEFAULT_BOARD,
    runtimes: str | Sequence[str] = "tinyengine",
    *,
    inputs: int = DEFAULT_INPUTS,
    seed: int = 0,
    connection: Connection | None = None,
    cmsis_nn_dir: Path | str | None = None,
    tflm_dir: Path | str | None = None,
    optimize: str = "balanced",
    input_mode: str = "frame",
    sram_budget_bytes: int | None = None,
) -> BenchmarkTable:
    """Measures models on boards with runtimes and compares every output with the reference.

    A model that a runtime cannot take gives a row whose `error` says why; the others still run.

    Args:
        models: one or more `.tflite` files.
        boards: names of boards.
        runtimes: names among "tinyengine", "cmsis_nn" and "tflm".
        inputs: random inputs per model.
        seed: the seed of the inputs.
        connection: how a real board is reached.
        cmsis_nn_dir: a release of CMSIS-NN other than that of the `bench` extra.
        tflm_dir: a tree of TF-Lite Micro with its library built, for "tflm" on boards.
        optimize: what plans of "tinyengine" aim at, as for `compile_tflite`.
        input_mode: "rows": it is given row by row, and holds no frame.
        sram_budget_bytes: the most that its arena may take.

    Raises:
        BoardError: a board is unknown.
        ToolError: a runtime is unknown.
    """
    options = RuntimeOptions(
        Path(cmsis_nn_dir) if cmsis_nn_dir else None,
        Path(tflm_dir) if tflm_dir else None,
        optimize,
        input_mode,
        sram_budget_bytes,
    )
    outcomes = measure(
        [models] if isinstance(models, (str, Path)) else models,
        [boards] if isinstance(boards, str) else boards,
        runtimes=[runtimes] if isinstance(runtimes, str) else runtimes,
        inputs=inputs,
        seed=seed,
        connection=connection,
        options=options,
    )
    return BenchmarkTable(tuple(outcome.row for outcome in outcomes))
