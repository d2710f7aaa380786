# SPDX-License-Identifier: Apache-2.0
"""The counting plugin speaks to every QEMU; where one loads none, time is counted and said so."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from mcunet_tf.benchmark.bench import measure
from mcunet_tf.benchmark.plugin import NEWEST_API, plugin_path, plugin_refusal, read_regions
from mcunet_tf.benchmark.qemu import run_elf
from mcunet_tf.benchmark.runner import run_on_board
from mcunet_tf.benchmark.text import format_table
from mcunet_tf.boards import load_board
from mcunet_tf.errors import ToolError
from tests.benchmark.small_net import small_net
from tests.benchmark.tiny_project import expected, random_inputs, tiny_project

STAND_IN = Path(__file__).with_name("qemu_stand_in.c")
REQUIRES = f"Could not load plugin x.so: plugin requires API version {NEWEST_API}, but this QEMU"
REFUSALS = {
    "built without plugins": "qemu-system-arm: -plugin: invalid option",
    "older than ours": f"{REQUIRES} supports only up to version 0",
    "newer than ours": f"{REQUIRES} supports only a minimum version of {NEWEST_API + 1}",
}
requires_cc = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="no host compiler"
)


def put_first(folder, monkeypatch):
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def refuse_plugins(tmp_path, monkeypatch):
    """Puts a QEMU first on the PATH that runs as the installed one but for plugins."""

    def refuse(message, emulator="qemu-system-arm"):
        real = shutil.which(emulator)
        script = tmp_path / emulator
        script.write_text(
            '#!/bin/sh\nfor word; do\n  if [ "$word" = -plugin ]; then\n'
            f"    echo '{message}' >&2\n    exit 1\n  fi\ndone\nexec {real} \"$@\"\n"
        )
        script.chmod(0o755)
        put_first(tmp_path, monkeypatch)

    return refuse


@requires_cc
@pytest.mark.parametrize(
    ("least", "newest"), [(0, 1), (2, 2), (2, 3), (2, 4), (2, 5), (3, 6), (2, 7), (7, 9)]
)
@pytest.mark.sampled(2)
def test_every_version_of_the_interface_is_spoken(least, newest, tmp_path, monkeypatch):
    """QEMU 7.2 speaks (0, 1), QEMU 9.0 (2, 2), 10.0 (2, 4), 11.1 up to 7; the last is to come."""
    qemu = tmp_path / "qemu-system-arm"
    subprocess.run(
        ["cc", "-rdynamic", f"-DLEAST={least}", f"-DNEWEST={newest}", STAND_IN, "-o", qemu, "-ldl"],
        check=True,
    )
    put_first(tmp_path, monkeypatch)
    assert plugin_refusal("qemu-system-arm") == ""
    counts, marks = tmp_path / "counts.txt", tmp_path / "marks.txt"
    marks.write_text(f"{0x1004} 3\n")  # layer 3 begins with the multiplication
    options = f"model=cortex-m4,marks={marks},out={counts}"
    subprocess.run([qemu, "-plugin", f"{plugin_path('qemu-system-arm')},{options}"], check=True)
    (region,) = read_regions(counts.read_text())
    assert region.instructions == 2
    assert {name: n for name, n in region.classes.items() if n} == {"alu": 1, "mul": 1}
    assert [(layer.index, layer.instructions) for layer in region.layers] == [(3, 1), (-1, 1)]


@requires_cc
@pytest.mark.parametrize("case", REFUSALS)
def test_a_qemu_without_the_plugin_is_named(case, refuse_plugins):
    refuse_plugins(REFUSALS[case])
    assert (
        plugin_refusal("qemu-system-arm")
        == f"qemu-system-arm loads no counting plugin: {REFUSALS[case]}"
    )
    with pytest.raises(ToolError, match="loads no counting plugin"):
        plugin_path("qemu-system-arm")


@requires_cc
def test_a_qemu_that_does_not_start_is_named(tmp_path, monkeypatch):
    (tmp_path / "qemu-system-arm").write_text("no program")
    (tmp_path / "qemu-system-arm").chmod(0o755)
    put_first(tmp_path, monkeypatch)
    assert "it does not start: Exec format error" in plugin_refusal("qemu-system-arm")


@pytest.mark.qemu
@pytest.mark.parametrize("board", ["qemu-m4", "qemu-m7", "qemu-m55", "qemu-rv32", "qemu-xtensa"])
@pytest.mark.sampled(2)
def test_without_the_plugin_time_is_counted(board, refuse_plugins):
    loop = "for (volatile int i = 0; i < 20000; i++) { }"
    exact = run_on_board(tiny_project(extra=loop), board, random_inputs(1))
    assert exact.counting_note == ""
    emulator = load_board(board).core.architecture.emulator
    refuse_plugins(REFUSALS["built without plugins"], emulator)
    inputs = random_inputs(2)
    timed = run_on_board(tiny_project(extra=loop), board, inputs)
    assert [out.tolist() for (out,) in timed.outputs] == [expected(x).tolist() for (x,) in inputs]
    assert timed.instructions_precision > 0
    assert timed.modelled_cycles is None
    clock = {"qemu-rv32": "minstret", "qemu-xtensa": "CCOUNT"}.get(board, "SysTick")
    assert f"counted by {clock} under QEMU's -icount" in timed.counting_note
    assert "-plugin: invalid option" in timed.counting_note
    # beside the ticks: what is executed between reading the clock and the markers
    allowed = timed.instructions_precision + 40
    assert abs(timed.instructions[0] - exact.instructions[0]) <= allowed


@pytest.mark.qemu
def test_without_a_host_compiler_time_is_counted(monkeypatch):
    """The library may be cached, so that what is missing is its builder."""

    def missing(_):
        raise ToolError("cc is not installed")

    monkeypatch.setattr("mcunet_tf.benchmark.plugin._build", missing)
    timed = run_on_board(tiny_project(), "qemu-m4", random_inputs(1))
    assert timed.instructions_precision > 0
    assert "the exact counter is missing: cc is not installed" in timed.counting_note


@pytest.mark.qemu
def test_the_table_says_how_was_counted(refuse_plugins, tmp_path):
    refuse_plugins(REFUSALS["built without plugins"])
    model = tmp_path / "small.tflite"
    model.write_bytes(small_net())
    (outcome,) = measure([model], ["qemu-m4"], inputs=1)
    assert outcome.row.bit_exact
    assert outcome.row.instructions > 0
    table = format_table([outcome.row])
    assert f"within {outcome.row.instructions_precision}, see the note below" in table
    assert "tinyengine: instructions are counted by SysTick" in table
    assert "-plugin: invalid option" in table.splitlines()[-1]


@pytest.mark.qemu
def test_small_programs_run_without_the_plugin_too(refuse_plugins):
    source = """
    #include "region.h"
    int main(void) {
      REGION_BEGIN();
      REGION_END();
      region_write("done", 4);
      return 0;
    }"""
    counted = run_elf({"main.c": source}, "qemu-m4")
    assert (len(counted.regions), counted.uncounted) == (1, "")
    refuse_plugins(REFUSALS["built without plugins"])
    run = run_elf({"main.c": source}, "qemu-m4")
    assert (run.regions, run.stdout) == ([], b"done")
    assert "loads no counting plugin" in run.uncounted
