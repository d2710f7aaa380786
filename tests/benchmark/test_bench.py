# SPDX-License-Identifier: Apache-2.0
"""Rows tell the truth: a wrong output is seen, failures are outcomes, files are all or nothing."""

import dataclasses
import functools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from absl import flags

from mcunet_tf.benchmark import bench, benchmark
from mcunet_tf.benchmark.bench import energy, measure
from mcunet_tf.benchmark.differences import compare_rows, format_changes
from mcunet_tf.benchmark.ratios import format_ratios, ratios, summary
from mcunet_tf.benchmark.rows import Row, read_rows, rows_to_csv, write_rows, write_text
from mcunet_tf.benchmark.text import format_table
from mcunet_tf.boards import load_board
from mcunet_tf.check.reference import random_inputs
from mcunet_tf.cli import mcunet_benchmark
from mcunet_tf.errors import BoardError, DataError, ModelError, OutputError, ToolError
from mcunet_tf.tinyengine import compile_tflite
from tests.benchmark.tiny_project import Tensor, expected, tiny_project
from tests.plan.random_networks import streamed_network

REQUIRED = {
    *("model", "board", "runtime", "instructions", "modelled_cycles", "arena_bytes"),
    *("static_bytes", "stack_bytes", "flash_code_bytes", "flash_weights_bytes", "macs"),
    *("bit_exact", "instructions_per_mac", "tools", "modelled_latency_ms"),
}


class StandInReference:
    """Computes what the hand-written project computes, with one wrong byte where asked for."""

    version = "numpy"
    inputs = (Tensor("in", (1, 16)),)
    wrong_inputs = 0

    def __init__(self, model: bytes) -> None:
        pass

    def run(self, inputs):
        outputs = [(expected(data).copy(),) for (data,) in inputs]
        for (output,) in outputs[: self.wrong_inputs]:
            output[0, 5] += 1
        return outputs

    def other(self):
        return None


@dataclasses.dataclass(frozen=True)
class WithCosts:
    project: object
    macs: int = 32
    arena_bytes: int = 32

    def __getattr__(self, name):
        return getattr(self.project, name)


@pytest.fixture
def model(tmp_path, monkeypatch):
    path = tmp_path / "tiny.tflite"
    path.write_bytes(b"")
    monkeypatch.setattr(bench, "Reference", StandInReference)
    monkeypatch.setattr(bench, "RUNTIMES", {"tinyengine": compile_stand_in, "cmsis_nn": refuse})
    return path


def refuse(path, board, options):
    raise ModelError("not for me")


def compile_stand_in(path, board, options):
    if board.name == "stm32f412":
        raise ModelError("no such luck")
    return WithCosts(tiny_project())


@pytest.mark.qemu
def test_a_row_holds_what_was_measured(model):
    (outcome,) = measure([model], ["qemu-m4"], inputs=3)
    row = outcome.row
    assert row.bit_exact
    assert row.differing_inputs == 0
    assert row.emulated
    assert len(row.instructions_per_input) == row.inputs == 3
    assert row.instructions == max(row.instructions_per_input)
    assert row.instructions_per_mac == pytest.approx(row.instructions / 32, abs=1e-4)
    assert row.modelled_latency_ms == pytest.approx(row.modelled_cycles / 100e3, abs=1e-4)
    assert row.sram_bytes == row.arena_bytes + row.static_bytes + row.stack_bytes
    assert row.flash_bytes == row.flash_code_bytes + row.flash_weights_bytes
    assert sum(layer.instructions for layer in row.layers) == row.instructions_per_input[0]
    assert "-O3" in row.compiler_flags
    assert set(row.hashes) == {"model_sha256", "project_sha256", "image_sha256"}
    assert set(row.tools) == {"mcunet_tf", "reference", "gcc", "qemu"}


def test_one_wrong_byte_is_seen(model, monkeypatch):
    monkeypatch.setattr(StandInReference, "wrong_inputs", 2)
    (outcome,) = measure([model], ["host"], inputs=5)
    assert not outcome.row.bit_exact
    assert outcome.row.differing_inputs == 2


def test_a_failure_does_not_stop_the_rest(model):
    failed, ran = measure([model], ["stm32f412", "host"], inputs=1)
    assert isinstance(failed.error, ModelError)
    assert failed.row.error == "no such luck"
    assert ran.row.board == "host"
    assert ran.row.measured_latency_ms > 0
    assert ran.row.error is None


def test_a_runtime_that_refuses_does_not_stop_the_others(model):
    refused, ran = measure([model], ["host"], runtimes=["cmsis_nn", "tinyengine"], inputs=1)
    assert refused.row.error == "not for me"
    assert ran.row.bit_exact


def test_equal_seeds_draw_equal_inputs():
    first, again, other = (random_inputs(StandInReference, 4, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for (a,), (b,) in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for (a,), (b,) in zip(first, other, strict=True))


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"boards": ["host", "qemu-m9"]}, BoardError),
        ({"boards": ["host"], "runtimes": ["other"]}, ToolError),
        ({"boards": ["host"], "inputs": 0}, ToolError),
    ],
)
def test_wrong_arguments_stop_before_anything_runs(model, arguments, error):
    with pytest.raises(error):
        next(iter(measure([model], **arguments)))


@pytest.mark.parametrize(
    ("boards", "wrong_inputs", "code"),
    [
        ("host", 0, 0),
        ("host", 1, 1),
        ("host,stm32f412", 0, 2),
        ("stm32f412", 0, 1),
    ],
)
def test_exit_codes_and_files(model, monkeypatch, capsys, boards, wrong_inputs, code):
    monkeypatch.setattr(StandInReference, "wrong_inputs", wrong_inputs)
    folder = model.parent
    assert run_command(monkeypatch, model, boards, folder) == code
    written = json.loads((folder / "rows.json").read_text())
    assert [row["board"] for row in written] == boards.split(",")
    assert all(set(row) >= REQUIRED for row in written)
    for row in written:
        refused = row["board"] == "stm32f412"
        assert row["error"] == ("no such luck" if refused else None)
        assert row["bit_exact"] == (None if refused else wrong_inputs == 0)
    lines = (folder / "rows.csv").read_text().splitlines()
    assert len(lines) == 1 + len(written)
    told = capsys.readouterr()
    assert told.err.count("no such luck") == boards.count("stm32f412")
    assert told.err.count("\n") == boards.count("stm32f412")


def run_command(monkeypatch, model, boards, folder):
    """Runs the command's main with flags of its own."""
    values = flags.FlagValues()
    monkeypatch.setattr(mcunet_benchmark.flags, "FLAGS", values)
    for name in ("DEFINE_list", "DEFINE_string", "DEFINE_boolean"):
        define = getattr(flags, name)
        monkeypatch.setattr(flags, name, functools.partial(define, flag_values=values))
    for name in ("DEFINE_integer", "DEFINE_float", "DEFINE_enum"):
        define = getattr(flags, name)
        monkeypatch.setattr(flags, name, functools.partial(define, flag_values=values))
    mcunet_benchmark.define_flags()
    outputs = (f"--json={folder / 'rows.json'}", f"--csv={folder / 'rows.csv'}")
    arguments = ["mcunet_benchmark", str(model), f"--board={boards}", "--inputs=2", *outputs]
    return mcunet_benchmark.main(values(arguments))


def test_the_command_tells_errors_on_one_line():
    command = [
        sys.executable,
        "-m",
        "mcunet_tf.cli.mcunet_benchmark",
        "--board=qemu-m9",
        "x.tflite",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("mcunet_benchmark: unknown board 'qemu-m9': choose one of ")
    assert done.stderr.count("\n") == 1


def test_a_folder_that_is_not_there_is_told_before_anything_runs(model):
    command = [sys.executable, "-m", "mcunet_tf.cli.mcunet_benchmark", str(model)]
    command += [f"--html={model.parent / 'none' / 'report.html'}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert re.fullmatch(r"mcunet_benchmark: --html=.*: there is no such folder.*\n", done.stderr)


def a_row(**changes) -> Row:
    values = {"model": "kws", "board": "qemu-m4", "runtime": "tinyengine", "bit_exact": True}
    return Row(**(values | {"cycle_model": "cortex-m4", "macs": 2_656_768} | changes))


def test_the_table_labels_models_and_precision():
    table = format_table([a_row(instructions=3_000_000), a_row(bit_exact=False)])
    assert "3.000" in table
    assert "NO" in table
    assert "static cycle model (cortex-m4), no measurement" in table
    assert table.splitlines()[-2].endswith("exact")
    assert "no room" in format_table([a_row(), a_row(runtime="tflm", error="no room")])
    assert "within 80" in format_table([a_row(instructions_precision=80)])


def test_rows_are_written_completely_or_not_at_all(tmp_path):
    path = tmp_path / "rows.json"
    write_rows(path, [a_row()])
    assert json.loads(path.read_text())[0]["model"] == "kws"
    with pytest.raises(TypeError):
        write_rows(path, [a_row(model=object())])
    assert json.loads(path.read_text())[0]["model"] == "kws"
    assert [file.name for file in tmp_path.iterdir()] == ["rows.json"]
    with pytest.raises(OutputError, match=r"cannot write .*no/rows.json"):
        write_rows(tmp_path / "no" / "rows.json", [a_row()])


def test_rows_come_back_as_they_were_written(tmp_path):
    path = tmp_path / "rows.json"
    rows = [a_row(instructions_per_input=(3, 4), tools={"gcc": "12"}, notes=("slow",)), a_row()]
    write_rows(path, rows)
    assert read_rows(path) == rows
    assert rows_to_csv(rows).splitlines()[1].startswith("kws,qemu-m4,tinyengine,")
    path.write_text("[1, 2]")
    with pytest.raises(DataError, match="holds no rows"):
        read_rows(path)
    path.write_text("{")
    with pytest.raises(DataError, match="is not JSON"):
        read_rows(path)
    with pytest.raises(DataError, match="cannot read"):
        read_rows(tmp_path / "none.json")


def test_ratios_are_the_quotients_of_the_rows():
    rows = [
        a_row(instructions=100, sram_bytes=50, flash_bytes=10),
        a_row(instructions=250, sram_bytes=40, flash_bytes=10, runtime="cmsis_nn"),
        a_row(model="vww", instructions=10),
        a_row(model="vww", instructions=40, runtime="cmsis_nn"),
        a_row(model="lonely", instructions=40, runtime="cmsis_nn"),
        a_row(model="kws", board="host", runtime="tflm", error="no"),
    ]
    found = {(r.model, r.metric.key): r.value for r in ratios(rows)}
    assert found == {
        ("kws", "instructions"): 2.5,
        ("kws", "sram_bytes"): 0.8,
        ("kws", "flash_bytes"): 1.0,
        ("vww", "instructions"): 4.0,
    }
    (sentence,) = summary(rows)
    assert "executes 2.50 to 4.00 (mean 3.16) times fewer instructions" in sentence
    assert "needs 0.80 times less SRAM" not in sentence
    assert "needs 1.25 times more SRAM" in sentence
    assert "compared with cmsis_nn (over 2 models)" in sentence
    assert "3.16" in format_ratios(rows)
    assert format_ratios(rows[:1]) == ""


def test_two_files_are_compared_field_by_field():
    before = [a_row(instructions=100, tools={"gcc": "12"}), a_row(model="gone")]
    after = [a_row(instructions=150, tools={"gcc": "13"}), a_row(model="new")]
    changes = compare_rows(before, after)
    assert [(c.key[0], c.field) for c in changes] == [
        ("kws", "instructions"),
        ("kws", "gcc"),
        ("gone", "row"),
        ("new", "row"),
    ]
    assert changes[0].percent == pytest.approx(50)
    text = format_changes(changes)
    assert "100 -> 150  +50.00 %" in text
    assert format_changes(compare_rows(before, before)) == "no differences"


def test_energy_is_the_data_sheets_power_times_the_latency():
    board = load_board("stm32f412")
    microjoules, source = energy(board, 10.0)
    power_mw = board.run_current.milliamperes * board.run_current.volts
    assert microjoules == pytest.approx(power_mw * 10.0, rel=1e-4)
    assert board.run_current.source in source
    assert energy(load_board("qemu-m4"), 10.0) == (None, "")
    assert energy(board, None) == (None, "")


@pytest.mark.parametrize(
    ("options", "note"),
    [
        ({"input_mode": "rows"}, ("rows pushed one by one, no frame in the arena",)),
        ({"optimize": "speed"}, ("optimize=speed",)),
        ({"sram_budget_bytes": 5000}, ("the fastest plan within 5,000 bytes",)),
    ],
    ids=str,
)
def test_plans_are_measured_as_they_are_asked_for(tmp_path, options, note):
    path = tmp_path / "net.tflite"
    path.write_bytes(streamed_network())
    (plain,) = benchmark(path, "portable", inputs=2)
    (row,) = benchmark(path, "portable", inputs=2, **options)
    asked = compile_tflite(path, "portable", **options)
    assert row.bit_exact
    assert row.arena_bytes == asked.arena_bytes != plain.arena_bytes
    assert (plain.notes, row.notes) == ((), note)


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link.json").symlink_to(tmp_path / "rows.json")
    for text in ("first", "second"):
        write_text(tmp_path / "link.json", text)
        assert (tmp_path / "link.json").is_symlink()
        assert (tmp_path / "rows.json").read_text() == text
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link.json", "rows.json"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_written_to_or_refused(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OutputError, match="name a file in a folder that can be written"):
        write_text(pipe, "nobody reads this")
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_text(pipe, "rows")
        assert os.read(reader, 100) == b"rows"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    write_text(Path(os.devnull), "nothing")
    assert not Path(os.devnull).is_file()


def test_links_in_a_circle_are_one_line(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(OutputError, match=r"cannot write .*/a: Too many levels of symbolic links"):
        write_text(tmp_path / "a", "rows")
