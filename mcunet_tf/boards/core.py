# SPDX-License-Identifier: Apache-2.0
"""A core is data too: what it runs, what is known of its costs, and its architecture's tools."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from mcunet_tf.boards.calibration import UNCALIBRATED, Calibration, read_calibration
from mcunet_tf.boards.toml_table import TomlTable
from mcunet_tf.errors import BoardError

ISA_FEATURES = ("dsp", "mve", "rvv", "scalar", "simd", "thumb")
"""Instruction sets that kernels are written for besides portable C."""

_CORES = Path(__file__).with_name("cores")
_ARCHITECTURES = Path(__file__).with_name("architectures")


@dataclass(frozen=True)
class Architecture:
    """What the cores of one family share: `architectures/<name>.toml`.

    Attributes:
        name: the file's name.
        description: one line for people.
        compiler: the compiler driver.
        compiler_flags: what it needs whatever the core, the C library's for instance.
        disassembler: lists the instructions of an image.
        symbol_lister: lists the symbols of an object, as nm does.
        emulator: runs images, as QEMU's system emulators do; empty where programs run as they are.
        emulator_flags: what it needs whatever the machine.
        emulated_counter: `counter_<name>.c` counts where the emulator loads no plugin.
        cycle_counter: `counter_<name>.c` counts cycles on real boards.
        cxx_library: the package that brings the compiler's C++ library, or empty.
        linker_script: the template of linker scripts beside the file; empty on the host.
        startup: files of `mcunet_tf/benchmark/firmware` that start a program.
        c_library: the file beside them that gives the C library what printf asks for.
        packages: pairs of a tool and the packages of Debian and Ubuntu that bring it.
        feature_tests: pairs of an instruction set and the preprocessor's condition that a compiler
            fulfils when it compiles for a core that has it.
    """

    name: str
    description: str
    compiler: str
    compiler_flags: tuple[str, ...]
    disassembler: str
    symbol_lister: str
    emulator: str
    emulator_flags: tuple[str, ...]
    emulated_counter: str
    cycle_counter: str
    cxx_library: str
    linker_script: str
    startup: tuple[str, ...]
    c_library: str
    packages: tuple[tuple[str, str], ...]
    feature_tests: tuple[tuple[str, str], ...]

    @property
    def linker_template(self) -> Path | None:
        """The template's path, or None."""
        return _ARCHITECTURES / self.linker_script if self.linker_script else None


@dataclass(frozen=True)
class Core:
    """A processor core: `cores/<name>.toml`.

    Attributes:
        name: the file's name, for instance "cortex-m4".
        description: what people call it.
        architecture: its tools, start-up code and linker script.
        isa: those of `ISA_FEATURES` that a board of this core can allow.
        cost_model: the core in the compiler's `coefficients.json` whose instructions, cycles and
            code sizes are said to be this one's; empty where nothing is known.
        cycle_model: the model that counted instructions are priced by; empty where there is none.
        schedules_weighed_as: the core of `coefficients.json` whose instructions plans are compared
            by: `cost_model`, or where there is none, one that the file names. No core takes
            another's prices unless its file says so.
        calibration: what the cycle model is worth on boards that nobody has published
            measurements of.
    """

    name: str
    description: str
    architecture: Architecture
    isa: tuple[str, ...]
    cost_model: str
    cycle_model: str
    schedules_weighed_as: str
    calibration: Calibration = UNCALIBRATED


def list_cores() -> tuple[str, ...]:
    """Names the cores that come with the package, sorted."""
    return tuple(sorted(path.stem for path in _CORES.glob("*.toml")))


def list_architectures() -> tuple[str, ...]:
    """Names the architectures that come with the package, sorted."""
    return tuple(sorted(path.stem for path in _ARCHITECTURES.glob("*.toml")))


def load_core(name: str, folder: Path | None = None) -> Core:
    """Reads a core.

    Args:
        name: one of `list_cores()`, or the path of a user's own `.toml` file.
        folder: where a relative path starts.

    Raises:
        BoardError: the core is unknown, or its file is malformed.
    """
    own = name.endswith(".toml")
    if not own and name not in list_cores():
        raise BoardError(
            f"unknown core {name!r}: use one of {', '.join(list_cores())}, "
            "or give the path of a core's own .toml file"
        )
    path = (folder or Path()) / name if own else _CORES / f"{name}.toml"
    table = TomlTable.read("core", path)
    table.no_unknown_keys(
        "description architecture isa cost_model cycle_model schedules_weighed_as cycles"
    )
    cost_model = table.text("cost_model", "")
    return Core(
        name=path.stem,
        description=table.text("description"),
        architecture=load_architecture(table.choice("architecture", list_architectures())),
        isa=table.strings("isa", ISA_FEATURES),
        cost_model=cost_model,
        cycle_model=table.text("cycle_model", ""),
        schedules_weighed_as=table.text("schedules_weighed_as", cost_model or None),
        calibration=read_calibration(table, UNCALIBRATED),
    )


@functools.cache
def load_architecture(name: str) -> Architecture:
    """Reads one of `list_architectures()`.

    Raises:
        BoardError: its file is malformed.
    """
    table = TomlTable.read("architecture", _ARCHITECTURES / f"{name}.toml")
    table.no_unknown_keys(
        "description compiler compiler_flags disassembler symbol_lister emulator emulator_flags "
        "emulated_counter cycle_counter cxx_library linker_script startup c_library packages "
        "feature_tests"
    )
    packages = table.table("packages")
    tests = table.table("feature_tests") if "feature_tests" in table.entries else None
    return Architecture(
        name=name,
        description=table.text("description"),
        compiler=table.text("compiler"),
        compiler_flags=table.optional_strings("compiler_flags"),
        disassembler=table.text("disassembler"),
        symbol_lister=table.text("symbol_lister"),
        emulator=table.text("emulator", ""),
        emulator_flags=table.optional_strings("emulator_flags"),
        emulated_counter=table.text("emulated_counter", ""),
        cycle_counter=table.text("cycle_counter", ""),
        cxx_library=table.text("cxx_library", ""),
        linker_script=table.text("linker_script", ""),
        startup=table.optional_strings("startup"),
        c_library=table.text("c_library", ""),
        packages=tuple((tool, packages.text(tool)) for tool in packages.entries),
        feature_tests=tuple((isa, tests.text(isa)) for isa in tests.entries) if tests else (),
    )


@functools.cache
def package_of(tool: str) -> str:
    """The packages of Debian and Ubuntu that bring a tool: its own name where no file says."""
    for name in list_architectures():
        for known, package in load_architecture(name).packages:
            if known == tool:
                return package
    return tool


@functools.cache
def feature_test(isa: str) -> str:
    """The preprocessor's condition for an instruction set; "" where any compiler will do."""
    for name in list_architectures():
        for known, condition in load_architecture(name).feature_tests:
            if known == isa:
                return condition
    return ""
