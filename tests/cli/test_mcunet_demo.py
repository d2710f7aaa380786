# SPDX-License-Identifier: Apache-2.0
"""The demonstration: its table, its refusals, and (slow) one short run from end to end."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from mcunet_tf.cli.demo_table import BoardRow, Demonstration, format_demonstration

ROW = BoardRow(
    board="qemu-m4",
    core="cortex-m4",
    images=200,
    accuracy=0.905,
    differing_images=0,
    arena_bytes=10000,
    static_bytes=100,
    stack_bytes=400,
    code_bytes=12000,
    weights_bytes=33000,
    instructions=2000000,
    modelled_cycles=2500000,
    cycle_model="cortex-m4",
    clock_hz=100_000_000,
)
BUDGET = (8192, 81_920)
RESULT = Demonstration(
    "Clothes", *BUDGET, 850_000, 10000, 0.91, 0.9095, (ROW, replace(ROW, board="b"))
)


def demo(*arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mcunet_tf.cli.mcunet_demo", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def line(text: str, label: str) -> str:
    (found,) = [line for line in text.splitlines() if line.startswith(label)]
    return found


def test_sram_is_arena_static_data_and_stack():
    assert ROW.sram_bytes == 10500
    assert "10,500" in line(format_demonstration(RESULT), "SRAM")


def test_latency_is_labelled_as_a_model():
    text = format_demonstration(RESULT)
    assert "modelled*" in line(text, "latency")
    assert "25.00 at 100 MHz" in line(text, "latency")
    assert "no measurement" in line(text, "*")


def test_the_host_has_no_figures_it_cannot_know():
    host = replace(
        ROW, static_bytes=None, stack_bytes=None, instructions=None, modelled_cycles=None
    )
    text = format_demonstration(replace(RESULT, boards=(host,)))
    for label in ("SRAM", "instructions", "latency"):
        assert line(text, label).endswith(" -")


def test_the_result_is_json():
    row = json.loads(json.dumps(RESULT.as_dict()))["boards"][0]
    assert (row["sram_bytes"], row["flash_bytes"], row["modelled_latency_ms"]) == (10500, 45000, 25)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--boards=qemu-m44"], "qemu-m44"),
        (["--boards="], "--boards is empty"),
        (["model.tflite"], "'model.tflite' is no flag"),
        (["--reuse", "--boards=host"], "run once without --reuse"),
        (["--output_dir={tmp}/file/below", "--boards=host"], "--output_dir"),
    ],
    ids=["unknown-board", "no-board", "argument", "nothing-to-reuse", "folder-is-a-file"],
)
def test_bad_flags_give_one_line(tmp_path, arguments, message):
    (tmp_path / "file").write_text("")
    given = [argument.replace("{tmp}", str(tmp_path)) for argument in arguments]
    run = demo(f"--output_dir={tmp_path}/out", *given)
    assert run.returncode == 1
    (complaint,) = run.stderr.splitlines()
    assert complaint.startswith("mcunet_demo: ")
    assert message in complaint


@pytest.mark.slow
@pytest.mark.qemu
def test_a_short_search_from_end_to_end(tmp_path):
    short = ["--train_images=12000", "--supernet_epochs=2", "--epochs=2", "--board_images=50"]
    run = demo(f"--output_dir={tmp_path}", *short, timeout=1200)
    assert run.returncode == 0, run.stderr
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["int8_accuracy"] > 0.7
    assert abs(result["int8_accuracy"] - result["float_accuracy"]) < 0.02
    assert [row["board"] for row in result["boards"]] == ["qemu-m4", "qemu-m7"]
    for row in result["boards"]:
        assert row["differing_images"] == 0
        assert row["images"] == 50
        assert row["arena_bytes"] <= BUDGET[0]
        assert row["flash_bytes"] <= BUDGET[1]
    assert (tmp_path / "fashion.tflite").stat().st_size > 20000
    assert (tmp_path / "project-qemu-m4" / "fashion.c").is_file()
    assert "<svg" in (tmp_path / "report.html").read_text()
