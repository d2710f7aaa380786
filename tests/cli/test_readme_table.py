# SPDX-License-Identifier: Apache-2.0
"""README's figures are written by a command from rows, and from nothing else."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mcunet_tf.benchmark.report.overview import overview_picture
from mcunet_tf.benchmark.rows import write_rows
from mcunet_tf.cli.mcunet_shapes import shape_model
from mcunet_tf.cli.readme_table import BEGIN, END, markdown_table, rewrite_table
from mcunet_tf.errors import DataError
from tests.benchmark.example_rows import a_row, example_rows

ROOT = Path(__file__).resolve().parents[2]


def test_one_line_per_model_and_board():
    rows = [*example_rows("kws", "qemu-m4"), *example_rows("vww", "qemu-m4")]
    lines = markdown_table(rows).splitlines()
    assert len([line for line in lines if line.startswith("| ")]) == 1 + 2
    assert lines[0].startswith("| model | board | M instructions | × CMSIS-NN | SRAM, kB |")
    assert lines[2].startswith("| kws | `qemu-m4` | **0.00** | 2.50 |")
    assert lines[2].endswith("| yes |")
    assert "instructions 2.50 to 2.50 times" in lines[5]


def test_each_peer_has_a_column():
    rows = [*example_rows()[:2], a_row("mcunet_vww1", "qemu-m7", "tflm", 4)]
    lines = markdown_table(rows).splitlines()
    assert "× CMSIS-NN | × TFLM |" in lines[0]
    assert "| 2.50 | 4.00 |" in lines[2]
    assert len({line.count("|") for line in lines[:3]}) == 1


def test_a_wrong_result_is_not_hidden():
    rows = example_rows()
    changed = [type(row)(**{**vars(row), "bit_exact": False}) for row in rows]
    assert "| NO |" in markdown_table(changed)


def test_wall_times_of_the_host_stand_below_the_table():
    own, peer = (
        replace(a_row("kws", "host", runtime, 1), measured_latency_ms=ms)
        for runtime, ms in (("tinyengine", 0.25), ("tflm", 5.0))
    )
    table = markdown_table([*example_rows(), own, peer])
    assert "`host`" not in table.split("\n\n")[0]
    assert "longer: kws 20. These are best wall times" in table
    assert "wall times" not in markdown_table(example_rows())


def test_only_what_lies_between_the_markers_changes(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}old\n{END}\nafter\n")
    rewrite_table(readme, example_rows())
    text = readme.read_text()
    assert text.startswith(f"before\n{BEGIN}| model |")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    rewrite_table(readme, example_rows())
    assert readme.read_text() == text
    readme.write_text("no markers")
    with pytest.raises(DataError, match="lacks the lines"):
        rewrite_table(readme, example_rows())
    with pytest.raises(DataError, match="cannot read"):
        rewrite_table(tmp_path / "none.md", example_rows())


def test_the_command_takes_a_file_of_rows(tmp_path):
    rows, readme = tmp_path / "rows.json", tmp_path / "README.md"
    write_rows(rows, example_rows()[:2])
    readme.write_text(f"{BEGIN}{END}\n")
    command = [sys.executable, "-m", "mcunet_tf.cli.readme_table", f"--from_json={rows}"]
    picture = tmp_path / "overview.svg"
    command += [f"--readme={readme}", f"--picture={picture}"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "mcunet_vww1" in readme.read_text()


def test_the_picture_has_the_means_of_its_board():
    times = {"cmsis_nn": (2, 8), "tflm": (3, 3)}
    rows = [a_row(model, "qemu-m4", "tinyengine", 1) for model in ("kws", "vww")]
    for runtime, factors in times.items():
        pairs = zip(("kws", "vww"), factors, strict=True)
        rows += [a_row(model, "qemu-m4", runtime, factor) for model, factor in pairs]
    rows.append(a_row("kws", "qemu-m7", "cmsis_nn", 100))
    text = overview_picture(rows, "qemu-m4", {"cmsis_nn": "CMSIS-NN", "tflm": "TF-Lite Micro"})
    root = ElementTree.fromstring(text)
    said = [element.text for element in root.iter() if element.text and element.text.strip()]
    assert "Measured on qemu-m4, 2 networks" in said
    first = said.index("instructions")
    labels = said[first + 1 : first + 7]
    assert labels[::2] == ["mcunet_tf", "CMSIS-NN", "TF-Lite Micro"]
    assert labels[1::2] == ["1", "4.0 times as much", "3.0 times as much"]


def test_the_readme_has_a_place_for_it():
    text = (ROOT / "README.md").read_text()
    assert text.index(BEGIN) < text.index(END)


def test_unknown_shapes_are_named(tmp_path):
    lists = tmp_path / "lists.json"
    lists.write_text(json.dumps({"key": {"net_id": "tiny-net", "blocks": []}}))
    with pytest.raises(DataError, match="choose one of tiny-net"):
        shape_model(lists, "other", tmp_path)
    with pytest.raises(DataError, match="cannot read block lists"):
        shape_model(tmp_path / "none.json", "other", tmp_path)


@pytest.mark.slow
def test_a_shape_is_built_once_and_runs(tmp_path):
    block = {"cin": 8, "cmid": 16, "cout": 8, "k": 3, "s": 1, "residual": True}
    first = {"cin": 8, "cmid": 8, "cout": 8, "k": 5, "s": 2, "residual": False}
    shape = {
        "net_id": "tiny-net",
        "resolution": 16,
        "stem": {"k": 3, "s": 2, "cout": 8},
        "blocks": [first, block],
        "feature_mix": None,
        "classifier": {"cin": 8, "cout": 4},
    }
    lists = tmp_path / "lists.json"
    lists.write_text(json.dumps({"key": shape}))
    path = shape_model(lists, "tiny-net", tmp_path / "made")
    made = path.stat().st_mtime_ns
    assert shape_model(lists, "tiny-net", tmp_path / "made").stat().st_mtime_ns == made

    from mcunet_tf.benchmark import benchmark

    (row,) = benchmark(path, "host", inputs=2)
    assert row.bit_exact
    assert row.macs > 0
