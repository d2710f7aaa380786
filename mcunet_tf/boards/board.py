# SPDX-License-Identifier: Apache-2.0
"""Boards are frozen values read from TOML; every wrong key is named with its remedy."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

from mcunet_tf.boards.calibration import UNCALIBRATED, Calibration, read_calibration
from mcunet_tf.boards.core import ISA_FEATURES, Core, load_core
from mcunet_tf.boards.toml_table import TomlTable
from mcunet_tf.errors import BoardError

DEFAULT_BOARD = "qemu-m4"
"""The generic Cortex-M4: DSP kernels, memory far larger than any model needs."""

REGION_KINDS = ("flash", "ram")
REGION_ROLES = {"flash": ("code", "weights"), "ram": ("arena", "data")}
RUNNER_KINDS = ("host", "qemu", "serial", "application")

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class MemoryRegion:
    """One memory of a board, with what the firmware may put there.

    Attributes:
        name: the linker's name for it.
        kind: "flash" or "ram".
        origin: first address.
        size_bytes: its length.
        roles: some of "code", "weights" (flash) and "arena", "data" (ram; data includes the stack).
            A region without a role is left to the application and counts in no budget.
        sections: sections of the application's linker script that lie in it.
    """

    name: str
    kind: str
    origin: int
    size_bytes: int
    roles: tuple[str, ...]
    sections: tuple[str, ...] = ()

    @property
    def end(self) -> int:
        """First address behind the region."""
        return self.origin + self.size_bytes


@dataclass(frozen=True)
class SupplyCurrent:
    """Supply current in some mode, as its source states it, and the voltage it is drawn at."""

    milliamperes: float
    volts: float
    source: str

    @property
    def milliwatts(self) -> float:
        """The power."""
        return self.milliamperes * self.volts


@dataclass(frozen=True)
class Runner:
    """How code gets onto the board.

    Attributes:
        kind: "host", "qemu", "serial" (a real board behind a serial port) or "application" (a real
            board that the package has no driver for: it compiles for it, and runs on its emulator).
        machine: QEMU's machine name; empty unless kind is "qemu".
        cpu: QEMU's name of the processor with its properties; empty for the machine's own.
        systick_hz: QEMU's SysTick clock; 0 unless kind is "qemu".
        baud: bits per second of the serial port; 0 unless kind is "serial".
        emulated_on: the QEMU board that stands in where no serial port is given, or empty.
    """

    kind: str
    machine: str = ""
    cpu: str = ""
    systick_hz: int = 0
    baud: int = 0
    emulated_on: str = ""


@dataclass(frozen=True)
class Board:
    """The only truth on a target's core, instruction set, memories, clock and runner.

    Attributes:
        name: what `--board` takes.
        description: one line for people.
        core: the processor, with its tools and cost models.
        compiler_flags: the architecture's, and those that select core and float ABI; on the host
            whatever else makes code fast.
        linker_flags: given to the compiler driver behind them when it links.
        isa: those of its core's instruction sets whose kernels may be chosen.
        memory: all regions; empty for the host.
        clock_hz: turns cycles into latency; 0 for the host.
        stack_reserve_bytes: RAM that the linker sets aside for the stack.
        run_current: while it computes, where a data sheet states it.
        sleep_current: while it sleeps with all memory kept and a clock that wakes it, likewise.
        runner: how code gets there.
        firmware_sources: the board's own drivers in `mcunet_tf/benchmark/firmware`.
        firmware_defines: (macro, value) pairs for them.
        calibration: what modelled cycles are worth: the board's own, or else its core's.
    """

    name: str
    description: str
    core: Core
    compiler_flags: tuple[str, ...]
    linker_flags: tuple[str, ...]
    isa: tuple[str, ...]
    memory: tuple[MemoryRegion, ...]
    clock_hz: int
    stack_reserve_bytes: int
    run_current: SupplyCurrent | None
    runner: Runner
    firmware_sources: tuple[str, ...]
    firmware_defines: tuple[tuple[str, int], ...]
    calibration: Calibration = UNCALIBRATED
    sleep_current: SupplyCurrent | None = None

    @property
    def ram_bytes(self) -> int | None:
        """RAM that a model may use, stack and statics included; None where there is no limit."""
        return self._sum("ram")

    @property
    def flash_bytes(self) -> int | None:
        """Flash that code and weights may use; None where there is no limit."""
        return self._sum("flash")

    def _sum(self, kind: str) -> int | None:
        if not self.memory:
            return None
        return sum(r.size_bytes for r in self.memory if r.kind == kind and r.roles)


def list_boards() -> tuple[str, ...]:
    """Names the boards that come with the package, sorted."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def load_board(name_or_path: str | Path) -> Board:
    """Reads a board by its name, or from a `.toml` file of the user's own.

    Raises:
        BoardError: the board is unknown, or its file is malformed.
    """
    text = str(name_or_path)
    path = Path(text) if text.endswith(".toml") else _FOLDER / f"{text}.toml"
    if path.parent == _FOLDER and path.stem not in list_boards():
        raise BoardError(f"unknown board {text!r}: choose one of {', '.join(list_boards())}")
    return _read(path)


def _read(path: Path) -> Board:
    table = TomlTable.read("board", path)
    runner = _runner(table.table("runner"))
    table.no_unknown_keys(
        "description core compiler_flags linker_flags isa clock_hz stack_reserve_bytes memory "
        "run_current sleep_current runner firmware cycles"
    )
    host = runner.kind == "host"
    firmware = table.table("firmware") if not host else None
    core = load_core(table.text("core"), path.parent)
    return Board(
        name=path.stem,
        description=table.text("description"),
        core=core,
        compiler_flags=(*core.architecture.compiler_flags, *table.strings("compiler_flags")),
        linker_flags=table.optional_strings("linker_flags"),
        isa=_isa(table, core),
        memory=() if host else _memory(table),
        clock_hz=table.get("clock_hz", int),
        stack_reserve_bytes=0 if host else table.positive("stack_reserve_bytes"),
        run_current=_current(table, "run_current"),
        runner=runner,
        firmware_sources=firmware.strings("sources") if firmware else (),
        firmware_defines=_defines(firmware) if firmware else (),
        calibration=read_calibration(table, core.calibration),
        sleep_current=_current(table, "sleep_current"),
    )


def _isa(table: TomlTable, core: Core) -> tuple[str, ...]:
    """The instruction sets that a board allows: all of them are its core's."""
    isa = table.strings("isa", ISA_FEATURES)
    for feature in isa:
        if feature not in core.isa:
            has = ", ".join(core.isa) or "none of them"
            raise table.error(f"isa holds {feature!r}", f"a {core.name} has {has}: leave it out")
    return isa


def _runner(table: TomlTable) -> Runner:
    kind = table.choice("kind", RUNNER_KINDS)
    if kind == "qemu":
        return Runner(
            kind,
            machine=table.text("machine"),
            cpu=table.text("cpu", ""),
            systick_hz=table.positive("systick_hz"),
        )
    if kind in ("serial", "application"):
        emulated_on = table.text("emulated_on", "")
        if emulated_on and emulated_on not in list_boards():
            raise table.error(f"emulated_on = {emulated_on!r} is not a board", "name a board")
        baud = table.positive("baud") if kind == "serial" else 0
        return Runner(kind, baud=baud, emulated_on=emulated_on)
    return Runner(kind)


def _memory(table: TomlTable) -> tuple[MemoryRegion, ...]:
    regions = tuple(_region(entry) for entry in table.tables("memory"))
    for role in ("code", "weights", "arena", "data"):
        if not any(role in region.roles for region in regions):
            raise table.error(f"no memory has the role {role!r}", "give it to one region")
    ordered = sorted(regions, key=lambda region: region.origin)
    for low, high in itertools.pairwise(ordered):
        if low.end > high.origin:
            raise table.error(
                f"memory {low.name!r} overlaps {high.name!r}", "correct origin or size_bytes"
            )
    return regions


def _region(table: TomlTable) -> MemoryRegion:
    table.no_unknown_keys("name kind origin size_bytes roles sections", "memory.")
    kind = table.choice("kind", REGION_KINDS)
    return MemoryRegion(
        name=table.text("name"),
        kind=kind,
        origin=table.get("origin", int),
        size_bytes=table.positive("size_bytes"),
        roles=table.strings("roles", REGION_ROLES[kind]),
        sections=table.strings("sections") if "sections" in table.entries else (),
    )


def _current(table: TomlTable, key: str) -> SupplyCurrent | None:
    if key not in table.entries:
        return None
    current = table.table(key)
    return SupplyCurrent(
        milliamperes=current.number("milliamperes"),
        volts=current.number("volts"),
        source=current.text("source"),
    )


def _defines(firmware: TomlTable) -> tuple[tuple[str, int], ...]:
    if "defines" not in firmware.entries:
        return ()
    defines = firmware.table("defines").entries
    if not all(isinstance(value, int) for value in defines.values()):
        raise firmware.error("firmware.defines is wrong", "write a table of whole numbers")
    return tuple(sorted(defines.items()))
