# SPDX-License-Identifier: Apache-2.0
"""Cores from their public descriptions: built, run, and held against QEMU.

The simulations need Verilator and the packages of the descriptions, and take minutes to build.
"""

import importlib.util
import shutil
from dataclasses import replace

import numpy as np
import pytest

from mcunet_tf.benchmark import calibrate, rtl
from mcunet_tf.benchmark.rtl import CORES, SimulatedCore, build_simulator, measure_rtl
from mcunet_tf.benchmark.runner import build_image, run_on_board
from mcunet_tf.boards.toml_table import TomlTable
from mcunet_tf.errors import ToolError
from mcunet_tf.tinyengine import compile_tflite
from tests.benchmark.small_net import small_net
from tests.benchmark.tiny_project import tiny_project

NAMES = sorted(CORES)
ONE_INPUT = [(np.arange(16, dtype=np.int8).reshape(1, 16),)]


def missing(core: rtl.RtlCore) -> list[str]:
    tools = [tool for tool in ("verilator", "make", "g++") if shutil.which(tool) is None]
    package = core.package.replace("-", "_")
    return tools + ([core.package] if importlib.util.find_spec(package) is None else [])


@pytest.fixture(params=NAMES)
def simulated(request):
    """A core whose description can be built here."""
    core = CORES[request.param]
    if missing(core):
        pytest.skip(f"{' and '.join(missing(core))} not installed")
    return core


@pytest.mark.slow
def test_a_description_computes_what_qemu_does_in_no_fewer_cycles_than_instructions(simulated):
    content = small_net()
    compiled = compile_tflite(content, board=simulated.board, name="small")
    point = measure_rtl(compiled, content, simulated)
    assert point.equal
    assert point.instructions < point.cycles < 2 * point.instructions
    assert point.cycles == pytest.approx(point.modelled_cycles, rel=0.2)


# Cycles of a loop by the simulation's register less those by the core's counter, behind which the
# reading of each lies; and the loop's share of both.
BOTH_COUNTERS = """
  volatile const uint32_t *chip = (const uint32_t *)0x10000008u;
  uint32_t core[2], seen[2];
  for (int k = 0; k < 2; k++) {
    for (volatile int i = 0; i < 500; i++) {}
    seen[k] = *chip;
    __asm__ volatile(".option push\\n\\t.option arch, +zicsr\\n\\tcsrr %0, mcycle\\n\\t"
                     ".option pop" : "=r"(core[k]));
  }
  ((int8_t *)arena)[16] = (int8_t)((core[1] - core[0]) - (seen[1] - seen[0]));
  ((int8_t *)arena)[17] = (int8_t)((core[1] - core[0]) > 2000u);
"""


@pytest.mark.slow
def test_the_counter_of_the_core_counts_cycles_of_the_simulation(simulated):
    access = SimulatedCore(build_simulator(simulated))
    project = tiny_project(extra=BOTH_COUNTERS)
    result = run_on_board(project, simulated.board, ONE_INPUT, connection=access)
    apart, counted = result.outputs[0][0].reshape(-1)[:2]
    assert (apart, counted) == (0, 1)


@pytest.mark.slow
def test_a_program_that_writes_where_no_ram_is_ends_the_simulation(simulated):
    """The model's arena lies in flash: its first store is refused by address."""
    board = simulated.board
    flash, ram = board.memory
    half = flash.size_bytes // 2
    arena = replace(ram, name="A", origin=flash.origin + half, size_bytes=half, roles=("arena",))
    memory = (replace(flash, size_bytes=half), arena, replace(ram, roles=("data",)))
    wrong = replace(board, memory=memory)
    access = SimulatedCore(build_simulator(simulated))
    with pytest.raises(ToolError, match=r"the program writes 0x80[0-3].*, where no RAM is"):
        run_on_board(tiny_project(), wrong, ONE_INPUT, connection=access)


@pytest.mark.qemu
@pytest.mark.parametrize("name", NAMES)
def test_the_boards_link_and_run_on_qemu(name):
    board = CORES[name].board
    missing_compiler = shutil.which(board.core.architecture.compiler) is None
    if missing_compiler:
        pytest.skip(f"{board.core.architecture.compiler} not found")
    assert build_image(tiny_project(), board, counter="mcycle").stat().st_size > 1000
    result = run_on_board(tiny_project(), board, ONE_INPUT)
    assert result.outputs


def test_what_is_missing_is_named(monkeypatch):
    core = replace(CORES["ibex"], package="pythondata-cpu-none")
    with pytest.raises(ToolError, match="pip install pythondata-cpu-none"):
        build_simulator(core)
    monkeypatch.setattr(rtl.shutil, "which", lambda tool: None)
    monkeypatch.setattr(rtl.RtlCore, "folder", lambda self: rtl.SOC_DIR)
    with pytest.raises(ToolError, match=r"verilator is not installed: .*apt install verilator"):
        build_simulator(core)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["model.tflite", "--core=hazard3"], "--core=hazard3: unknown core; choose some of"),
        (["none.tflite", "--core=ibex"], "none.tflite: No such file or directory; give the path"),
    ],
)
def test_bad_input_is_one_line(arguments, told, capsys):
    assert rtl.main(arguments) == 1
    assert told in capsys.readouterr().err


def test_points_are_lines_of_the_calibration(tmp_path):
    point = rtl.RtlPoint("net", "ibex", 900, 1000, 1060, True)
    path = tmp_path / "points.toml"
    path.write_text(f"point = [\n{rtl._toml(point)}\n]\n")
    (table,) = TomlTable.read("points", path).tables("point")
    measured = calibrate._point(table, None)
    assert (measured.network, measured.measured_cycles) == ("net", 1060)
    assert (measured.instructions, measured.static_cycles) == (900, 1000)
    assert point.modelled_cycles == CORES["ibex"].board.calibration.cycles(1000) != 1000
