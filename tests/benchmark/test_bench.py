# SPDX-License-Identifier: Apache-2.0
"""Rows tell the truth: a wrong output is seen, failures are outcomes, files are all or nothing."""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from mcunet_tf.benchmark import bench
from mcunet_tf.benchmark.bench import Row, benchmark, format_table, write_rows
from mcunet_tf.cli import mcunet_benchmark
from mcunet_tf.errors import BoardError, ModelError, OutputError, ToolError
from tests.benchmark.tiny_project import Tensor, expected, tiny_project

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
    monkeypatch.setattr(bench, "RUNTIMES", {"tinyengine": compile_stand_in})
    return path


def compile_stand_in(path, board):
    if board.name == "stm32f412":
        raise ModelError("no such luck")
    return WithCosts(tiny_project())


@pytest.mark.qemu
def test_a_row_holds_what_was_measured(model):
    (outcome,) = benchmark([model], ["qemu-m4"], inputs=3)
    row = outcome.row
    assert row.bit_exact
    assert row.differing_inputs == 0
    assert row.emulated
    assert len(row.instructions_per_input) == row.inputs == 3
    assert row.instructions == max(row.instructions_per_input)
    assert row.instructions_per_mac == pytest.approx(row.instructions / 32, abs=1e-4)
    assert row.modelled_latency_ms == pytest.approx(row.modelled_cycles / 100e3, abs=1e-4)
    assert row.sram_bytes == row.arena_bytes + row.static_bytes + row.stack_bytes
    assert sum(layer.instructions for layer in outcome.layers) == row.instructions_per_input[0]
    assert set(row.tools) == {"mcunet_tf", "reference", "gcc", "qemu"}


def test_one_wrong_byte_is_seen(model, monkeypatch):
    monkeypatch.setattr(StandInReference, "wrong_inputs", 2)
    (outcome,) = benchmark([model], ["host"], inputs=5)
    assert not outcome.row.bit_exact
    assert outcome.row.differing_inputs == 2


def test_a_failure_does_not_stop_the_rest(model):
    failed, ran = benchmark([model], ["stm32f412", "host"], inputs=1)
    assert isinstance(failed.error, ModelError)
    assert ran.row.board == "host"


def test_equal_seeds_draw_equal_inputs():
    first, again, other = (bench.random_inputs(StandInReference, 4, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for (a,), (b,) in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for (a,), (b,) in zip(first, other, strict=True))


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"boards": ["host", "qemu-m9"]}, BoardError),
        ({"boards": ["host"], "runtime": "other"}, ToolError),
        ({"boards": ["host"], "inputs": 0}, ToolError),
    ],
)
def test_wrong_arguments_stop_before_anything_runs(model, arguments, error):
    with pytest.raises(error):
        next(iter(benchmark([model], **arguments)))


@pytest.mark.parametrize(
    ("boards", "wrong_inputs", "code", "rows"),
    [
        (["host"], 0, 0, 1),
        (["host"], 1, 1, 1),
        (["host", "stm32f412"], 0, 2, 1),
        (["stm32f412"], 0, 1, 0),
    ],
)
def test_exit_codes_and_json(model, monkeypatch, capsys, boards, wrong_inputs, code, rows):
    monkeypatch.setattr(StandInReference, "wrong_inputs", wrong_inputs)
    json_path = model.parent / "rows.json"
    result = mcunet_benchmark.measure(
        [str(model)], boards, json_path=json_path, layers=True, inputs=2
    )
    assert result == code
    written = json.loads(json_path.read_text())
    assert len(written) == rows
    assert all(set(row) >= REQUIRED for row in written)
    assert all(row["bit_exact"] == (wrong_inputs == 0) for row in written)
    told = capsys.readouterr()
    assert ("no such luck" in told.err) == ("stm32f412" in boards)
    assert told.err.count("\n") == boards.count("stm32f412")


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


def a_row(**changes) -> Row:
    values = {field.name: None for field in dataclasses.fields(Row)}
    values |= {"model": "kws", "board": "qemu-m4", "runtime": "tinyengine", "bit_exact": True}
    values |= {"instructions_precision": 0, "cycle_model": "cortex-m4", "macs": 2_656_768}
    return Row(**(values | changes))


def test_the_table_labels_models_and_precision():
    table = format_table([a_row(instructions=3_000_000), a_row(bit_exact=False)])
    assert "3.000" in table
    assert "NO" in table
    assert "static cycle model (cortex-m4), no measurement" in table
    assert table.splitlines()[-2].endswith("exact")
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
