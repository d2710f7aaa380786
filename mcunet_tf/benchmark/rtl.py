# SPDX-License-Identifier: Apache-2.0
"""Cycles of cores whose hardware description is public, from a simulation of that description.

Ibex and CV32E40P ship in chips, and their SystemVerilog is a package on PyPI. Verilator makes a
program of it, around which `rtl_soc/soc.cpp` puts memory that answers in the next cycle. The core's
own counter says what an inference took: cycles of the core, without what a chip's flash, bus and
caches add.

    apt install verilator g++ make
    pip install pythondata-cpu-cv32e40p pythondata-cpu-ibex
    python -m mcunet_tf.benchmark.rtl model.tflite --core=cv32e40p,ibex

prints instructions and modelled cycles of the same program under QEMU beside them. A simulation
takes some seconds for each million of cycles.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mcunet_tf.benchmark.device import ProcessLink
from mcunet_tf.benchmark.runner import run_on_board
from mcunet_tf.boards import Board, load_board
from mcunet_tf.boards.calibration import UNCALIBRATED
from mcunet_tf.check.cache import cached, content_key
from mcunet_tf.check.reference import Reference, random_inputs
from mcunet_tf.check.tensors import Compiled
from mcunet_tf.errors import McunetError, ToolError
from mcunet_tf.tinyengine import compile_tflite

SOC_DIR = Path(__file__).with_name("rtl_soc")
SIMULATION_TIMEOUT_S = 3600.0

# What is no fault of ours: lint, and that CV32E40P writes its counters in both ways (BLKANDNBLK); a
# test holds the cycle counter against the simulation's own.
_VERILATOR_FLAGS = (
    *("--cc", "--exe", "--build", "-O3", "--x-assign", "fast", "--x-initial", "fast"),
    *("--noassert", "-Wno-fatal", "-Wno-lint", "-Wno-style", "-Wno-BLKANDNBLK"),
    *("--top-module", "soc", "--prefix", "Vsoc", "-CFLAGS", "-O2"),
)


@dataclass(frozen=True)
class RtlCore:
    """A core and where its description lies in the package that brings it.

    Attributes:
        name: ours; `rtl_soc/<name>.sv` is the module around it, `rtl_soc/<name>.toml` the board.
        package: its name on PyPI.
        headers: folders of files that are included.
        modules: folders in which modules are looked up by their names.
        files: globs of what must be read first, in this order: packages of declarations.
        defines: macros.
    """

    name: str
    package: str
    headers: tuple[str, ...]
    modules: tuple[str, ...]
    files: tuple[str, ...]
    defines: tuple[str, ...] = ()

    @property
    def board(self) -> Board:
        """Its memories, and the driver of its link."""
        return load_board(SOC_DIR / f"{self.name}.toml")

    def folder(self) -> Path:
        """Where the package has the description.

        Raises:
            ToolError: it is not installed.
        """
        try:
            module = importlib.import_module(self.package.replace("-", "_"))
        except ImportError as error:
            raise ToolError(
                f"{self.package}, which has the description of {self.name}, is not installed: "
                f"pip install {self.package}"
            ) from error
        return Path(module.data_location)


_HEADING = """\
| model | core | M instructions | M cycles, model | M cycles, RTL | model is off by |
|---|---|---:|---:|---:|---:|"""

_PRIMITIVES = "vendor/lowrisc_ip/ip/prim"

CORES = {
    "cv32e40p": RtlCore(
        "cv32e40p",
        "pythondata-cpu-cv32e40p",
        headers=("rtl/include",),
        modules=("rtl", "bhv"),
        files=(
            *("rtl/include/*_core_pkg.sv", "rtl/include/*_fpu_pkg.sv", "rtl/include/*40p_pkg.sv"),
            *("rtl/cv32e40p_register_file_ff.sv", "bhv/cv32e40p_sim_clock_gate.sv"),
        ),
    ),
    "ibex": RtlCore(
        "ibex",
        "pythondata-cpu-ibex",
        headers=(f"{_PRIMITIVES}/rtl", "vendor/lowrisc_ip/dv/sv/dv_utils"),
        modules=("rtl", f"{_PRIMITIVES}/rtl", f"{_PRIMITIVES}_generic/rtl"),
        files=("rtl/ibex_pkg.sv", f"{_PRIMITIVES}/rtl/*_pkg.sv"),
        defines=("SYNTHESIS", "YOSYS"),
    ),
}


@dataclass(frozen=True)
class SimulatedCore:
    """The way to a core in a simulation, as `run_on_board` takes it.

    Attributes:
        simulator: the program, from `build_simulator`.
        timeout_s: longest time for one inference.
    """

    simulator: Path
    timeout_s: float = SIMULATION_TIMEOUT_S

    @contextlib.contextmanager
    def opened(self, board: Board, image: Path) -> Iterator[ProcessLink]:
        """Starts the simulation, and ends it whatever happens in between."""
        process = subprocess.Popen(
            [str(self.simulator), str(image)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        try:
            yield ProcessLink(process)
        finally:
            process.kill()
            process.communicate()


def build_simulator(core: RtlCore) -> Path:
    """Makes a program of a core's description, or finds the one that was made before.

    Raises:
        ToolError: Verilator or the description is missing, or the build fails.
    """
    folder = core.folder()
    for tool, package in (("verilator", "verilator"), ("make", "make"), ("g++", "g++")):
        if shutil.which(tool) is None:
            raise ToolError(f"{tool} is not installed: on Debian or Ubuntu, apt install {package}")
    own = [SOC_DIR / f"{core.name}.sv", SOC_DIR / "soc.cpp"]
    first = [path for pattern in core.files for path in sorted(folder.glob(pattern))]
    description = sorted(path for name in core.modules for path in (folder / name).glob("*.sv"))
    key = content_key(
        *(path.read_bytes() for path in (*own, *first, *description)),
        *_VERILATOR_FLAGS,
        *core.defines,
    )

    def make(out: Path) -> None:
        command = ["verilator", *_VERILATOR_FLAGS]
        command += [f"-D{name}" for name in core.defines]
        command += [f"-I{folder / name}" for name in core.headers]
        for name in core.modules:
            command += ["-y", str(folder / name)]
        with tempfile.TemporaryDirectory(prefix="mcunet_tf-") as scratch:
            command += ["-Mdir", scratch, *map(str, (*first, *own)), "-o", "soc"]
            done = subprocess.run(command, capture_output=True, text=True, errors="replace")
            if done.returncode:
                told = [line for line in done.stderr.splitlines() if "rror" in line]
                reason = told[0] if told else f"exit status {done.returncode}"
                raise ToolError(f"verilator makes nothing of {core.name}: {reason}")
            shutil.copy(Path(scratch) / "soc", out)

    return cached(f"rtl/{core.name}-{key}", make)


@dataclass(frozen=True)
class RtlPoint:
    """One model on one core.

    Attributes:
        model: its name.
        core: the core's.
        instructions: counted under QEMU, of the same program.
        static_cycles: what the core's static cycle model makes of them, before any factor.
        cycles: by the core's own counter.
        equal: whether both gave the same outputs.
    """

    model: str
    core: str
    instructions: int
    static_cycles: int
    cycles: int
    equal: bool

    @property
    def modelled_cycles(self) -> int:
        """Static cycles times the factor of such cores."""
        return CORES[self.core].board.calibration.cycles(self.static_cycles)


def measure_rtl(compiled: Compiled, content: bytes, core: RtlCore, seed: int = 0) -> RtlPoint:
    """Runs one random input of a model on a core's description, and on QEMU.

    Args:
        compiled: the model, compiled for `core.board`.
        content: the model's `.tflite` file.
        core: one of `CORES`.
        seed: of the random input.

    Raises:
        ToolError: a tool is missing, or a run fails.
        BudgetError: the model does not fit into 8 MB.
    """
    simulator = build_simulator(core)
    inputs = random_inputs(Reference(content), 1, seed)
    counted = run_on_board(compiled, replace(core.board, calibration=UNCALIBRATED), inputs)
    measured = run_on_board(compiled, core.board, inputs, connection=SimulatedCore(simulator))
    assert measured.measured_cycles
    if not counted.instructions or not counted.modelled_cycles:
        raise ToolError(f"instructions cannot be counted here: {counted.counting_note}")
    return RtlPoint(
        model=compiled.name,
        core=core.name,
        instructions=counted.instructions[0],
        static_cycles=counted.modelled_cycles[0],
        cycles=measured.measured_cycles[0],
        equal=all(
            (one == other).all()
            for one, other in zip(counted.outputs[0], measured.outputs[0], strict=True)
        ),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints a line for each model and core; 0, or 1 with one line on stderr."""
    parser = argparse.ArgumentParser(prog="python -m mcunet_tf.benchmark.rtl")
    parser.add_argument("models", nargs="+", type=Path, help=".tflite files")
    parser.add_argument("--core", default=",".join(CORES), help=f"some of {', '.join(CORES)}")
    parser.add_argument(
        "--points", action="store_true", help="lines of calibration.toml instead of a table"
    )
    options = parser.parse_args(arguments)
    try:
        cores = [_core(name) for name in options.core.split(",")]
        if not options.points:
            print(_HEADING, flush=True)
        different = False
        for path in options.models:
            for core in cores:
                point = _measure_file(path, core)
                different |= not point.equal
                print(_toml(point) if options.points else _line(point), flush=True)
    except McunetError as error:
        print(f"rtl: {error}", file=sys.stderr)
        return 1
    return int(different)


def _core(name: str) -> RtlCore:
    if name not in CORES:
        raise ToolError(f"--core={name}: unknown core; choose some of {', '.join(CORES)}")
    return CORES[name]


def _measure_file(path: Path, core: RtlCore) -> RtlPoint:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ToolError(f"{path}: {error.strerror}; give the path of a .tflite file") from error
    return measure_rtl(compile_tflite(path, board=core.board), content, core)


def _toml(point: RtlPoint) -> str:
    return (
        f'  {{ network = "{point.model}", cycles = {point.cycles}, '
        f"instructions = {point.instructions}, static_cycles = {point.static_cycles} }},"
    )


def _line(point: RtlPoint) -> str:
    off = 100.0 * (point.modelled_cycles / point.cycles - 1.0)
    return (
        f"| {point.model} | {point.core} | {point.instructions / 1e6:.3f} "
        f"| {point.modelled_cycles / 1e6:.3f} | {point.cycles / 1e6:.3f} | {off:+.1f} %"
        f"{'' if point.equal else ', outputs differ'} |"
    )


if __name__ == "__main__":
    sys.exit(main())
