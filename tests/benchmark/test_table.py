# SPDX-License-Identifier: Apache-2.0
"""`mcunet_tf.benchmark(...)` gives a table that prints, shows in notebooks and is kept in files."""

import subprocess
import sys

import pytest

import mcunet_tf
from mcunet_tf.benchmark.rows import Row
from mcunet_tf.benchmark.table import BenchmarkTable
from mcunet_tf.errors import BoardError, ToolError
from tests.benchmark.example_rows import example_rows
from tests.benchmark.small_net import small_net


@pytest.mark.parametrize("first", ["mcunet_tf", "mcunet_tf.benchmark", "mcunet_tf.benchmark.bench"])
def test_the_package_is_also_the_function(first):
    code = (
        f"import {first}\nimport mcunet_tf\nimport mcunet_tf.benchmark.rows\n"
        "assert callable(mcunet_tf.benchmark)\n"
        "assert mcunet_tf.benchmark.rows.Row is mcunet_tf.benchmark.Row\n"
        "assert callable(mcunet_tf.benchmark.benchmark)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_call_measures(tmp_path):
    path = tmp_path / "net.tflite"
    path.write_bytes(small_net())
    table = mcunet_tf.benchmark(path, "host", inputs=2)
    (row,) = table
    assert len(table) == 1
    assert row.bit_exact
    assert row.measured_latency_ms > 0
    assert "tinyengine" in str(table)
    with pytest.raises(BoardError):
        mcunet_tf.benchmark(path, "nowhere")


def test_a_refusal_is_a_row(tmp_path):
    path = tmp_path / "net.tflite"
    path.write_bytes(small_net())
    own, peer = mcunet_tf.benchmark([path], ["host"], ["tinyengine", "cmsis_nn"], inputs=1)
    assert own.bit_exact
    assert "CMSIS-NN is for Cortex-M" in peer.error


def test_a_missing_model_is_a_row_too(tmp_path):
    (row,) = mcunet_tf.benchmark(tmp_path / "none.tflite", "host")
    assert "none.tflite" in row.error


def test_it_becomes_a_data_frame():
    pandas = pytest.importorskip("pandas", reason="pandas is optional")
    frame = BenchmarkTable(tuple(example_rows())).to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame["runtime"]) == ["tinyengine", "cmsis_nn", "tflm"]
    assert frame["instructions"][1] == 10_000


def test_it_shows_in_a_notebook():
    page = BenchmarkTable(tuple(example_rows()))._repr_html_()
    assert "2.50×" in page
    assert "<html" not in page


def test_it_is_kept_in_files(tmp_path):
    table = BenchmarkTable(tuple(example_rows()))
    for suffix in ("json", "csv", "html"):
        table.write(tmp_path / f"rows.{suffix}")
    assert BenchmarkTable.read(tmp_path / "rows.json") == table
    table.write(tmp_path / "rows.txt", "csv")
    assert (tmp_path / "rows.txt").read_text() == (tmp_path / "rows.csv").read_text()
    with pytest.raises(ToolError, match="written as json, csv or html"):
        table.write(tmp_path / "rows.xml")


def test_records_hold_plain_values():
    (record,) = BenchmarkTable((Row("m", "b", "r", notes=("n",)),)).to_records()
    assert record["model"] == "m"
    assert "layers" not in record
