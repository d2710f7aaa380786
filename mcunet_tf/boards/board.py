# SPDX-License-Identifier: Apache-2.0
"""Boards are frozen values read from TOML; every wrong key is named with its remedy."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcunet_tf.errors import BoardError

if sys.version_info >= (3, 11):
    import tomllib
else:  # Python 3.10: the package metadata asks for tomli there
    import tomli as tomllib

DEFAULT_BOARD = "qemu-m4"
"""The generic Cortex-M4: DSP kernels, memory far larger than any model needs."""

ISA_FEATURES = ("dsp", "mve", "simd")
REGION_KINDS = ("flash", "ram")
REGION_ROLES = {"flash": ("code", "weights"), "ram": ("arena", "data")}
RUNNER_KINDS = ("host", "qemu", "serial")
CYCLE_MODELS = ("cortex-m4", "cortex-m55")

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class MemoryRegion:
    """One memory of a board, with what the firmware may put there.

    Attributes:
        name: the linker's name for it.
        kind: "flash" or "ram".
        origin: first address.
        size_bytes: its length.
        roles: of "code", "weights" (flash) and "arena", "data" (ram; data includes the stack).
            A region without a role is left to the application and counts in no budget.
    """

    name: str
    kind: str
    origin: int
    size_bytes: int
    roles: tuple[str, ...]

    @property
    def end(self) -> int:
        """First address behind the region."""
        return self.origin + self.size_bytes


@dataclass(frozen=True)
class RunCurrent:
    """Supply current while computing, as its source states it, and the voltage it is drawn at."""

    milliamperes: float
    volts: float
    source: str


@dataclass(frozen=True)
class Runner:
    """How code gets onto the board.

    Attributes:
        kind: "host", "qemu" or "serial" (a real board behind a serial port).
        machine: QEMU's machine name; empty unless kind is "qemu".
        systick_hz: QEMU's SysTick clock; 0 unless kind is "qemu".
        baud: of the serial port; 0 unless kind is "serial".
        emulated_on: the QEMU board that stands in where no serial port is given, or empty.
    """

    kind: str
    machine: str = ""
    systick_hz: int = 0
    baud: int = 0
    emulated_on: str = ""


@dataclass(frozen=True)
class Board:
    """The only truth on a target's core, instruction set, memories, clock and runner.

    Attributes:
        name: what `--board` takes.
        description: one line for people.
        core: "host", "cortex-m4", "cortex-m7" or "cortex-m55".
        compiler_flags: select core and float ABI; on the host whatever else makes code fast.
        isa: of `ISA_FEATURES`: the kernel rows that may be chosen.
        memory: all regions; empty for the host.
        clock_hz: turns cycles into latency; 0 for the host.
        cycle_model: which static cycle model the counts are priced with; empty for the host.
        stack_reserve_bytes: RAM that the linker sets aside for the stack.
        run_current: where a data sheet states it.
        runner: how code gets there.
        firmware_sources: the board's own drivers in `mcunet_tf/benchmark/firmware`.
        firmware_defines: (macro, value) pairs for them.
    """

    name: str
    description: str
    core: str
    compiler_flags: tuple[str, ...]
    isa: tuple[str, ...]
    memory: tuple[MemoryRegion, ...]
    clock_hz: int
    cycle_model: str
    stack_reserve_bytes: int
    run_current: RunCurrent | None
    runner: Runner
    firmware_sources: tuple[str, ...]
    firmware_defines: tuple[tuple[str, int], ...]

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
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise BoardError(f"cannot read board file {path}: {reason}") from error
    except tomllib.TOMLDecodeError as error:
        raise BoardError(f"board file {path} is not valid TOML: {error}") from error
    return _Reader(path.name).board(path.stem, data)


class _Reader:
    """Turns a TOML table into a `Board`, checking every key on the way."""

    def __init__(self, file: str) -> None:
        self._file = file

    def board(self, name: str, data: Mapping[str, Any]) -> Board:
        runner = self._runner(self._table(data, "runner"))
        host = runner.kind == "host"
        firmware = {} if host else self._table(data, "firmware")
        memory = () if host else self._memory(data)
        self._no_unknown_keys(
            data,
            "",
            "description core compiler_flags isa clock_hz cycle_model stack_reserve_bytes "
            "memory run_current runner firmware",
        )
        return Board(
            name=name,
            description=self._get(data, "description", str),
            core=self._get(data, "core", str),
            compiler_flags=self._strings(data, "compiler_flags"),
            isa=self._strings(data, "isa", ISA_FEATURES),
            memory=memory,
            clock_hz=self._get(data, "clock_hz", int),
            cycle_model="" if host else self._choice(data, "cycle_model", CYCLE_MODELS),
            stack_reserve_bytes=0 if host else self._positive(data, "stack_reserve_bytes"),
            run_current=self._run_current(data.get("run_current")),
            runner=runner,
            firmware_sources=() if host else self._strings(firmware, "sources"),
            firmware_defines=self._defines(firmware),
        )

    def _runner(self, table: Mapping[str, Any]) -> Runner:
        kind = self._choice(table, "kind", RUNNER_KINDS)
        if kind == "qemu":
            return Runner(
                kind,
                machine=self._get(table, "machine", str),
                systick_hz=self._positive(table, "systick_hz"),
            )
        if kind == "serial":
            emulated_on = table.get("emulated_on", "")
            if emulated_on and emulated_on not in list_boards():
                raise self._error(f"emulated_on = {emulated_on!r} is not a board", "name a board")
            return Runner(kind, baud=self._positive(table, "baud"), emulated_on=emulated_on)
        return Runner(kind)

    def _memory(self, data: Mapping[str, Any]) -> tuple[MemoryRegion, ...]:
        tables = self._get(data, "memory", list)
        regions = tuple(self._region(table) for table in tables)
        for role in ("code", "weights", "arena", "data"):
            if not any(role in region.roles for region in regions):
                raise self._error(f"no memory has the role {role!r}", "give it to one region")
        ordered = sorted(regions, key=lambda region: region.origin)
        for low, high in itertools.pairwise(ordered):
            if low.end > high.origin:
                raise self._error(
                    f"memory {low.name!r} overlaps {high.name!r}", "correct origin or size_bytes"
                )
        return regions

    def _region(self, table: object) -> MemoryRegion:
        if not isinstance(table, Mapping):
            raise self._error("memory holds something that is not a table", "write [[memory]]")
        self._no_unknown_keys(table, "memory.", "name kind origin size_bytes roles")
        kind = self._choice(table, "kind", REGION_KINDS)
        return MemoryRegion(
            name=self._get(table, "name", str),
            kind=kind,
            origin=self._get(table, "origin", int),
            size_bytes=self._positive(table, "size_bytes"),
            roles=self._strings(table, "roles", REGION_ROLES[kind]),
        )

    def _run_current(self, table: Mapping[str, Any] | None) -> RunCurrent | None:
        if table is None:
            return None
        return RunCurrent(
            milliamperes=float(self._get(table, "milliamperes", (int, float))),
            volts=float(self._get(table, "volts", (int, float))),
            source=self._get(table, "source", str),
        )

    def _defines(self, firmware: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
        defines = firmware.get("defines", {})
        if not isinstance(defines, Mapping) or not all(
            isinstance(v, int) for v in defines.values()
        ):
            raise self._error("firmware.defines is wrong", "write a table of whole numbers")
        return tuple(sorted(defines.items()))

    def _table(self, data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        table: Mapping[str, Any] = self._get(data, key, dict)
        return table

    def _strings(
        self, data: Mapping[str, Any], key: str, allowed: tuple[str, ...] | None = None
    ) -> tuple[str, ...]:
        values = self._get(data, key, list)
        for value in values:
            if not isinstance(value, str) or (allowed is not None and value not in allowed):
                wanted = f"one of {', '.join(allowed)}" if allowed else "a string"
                raise self._error(f"{key} holds {value!r}", f"each entry is {wanted}")
        return tuple(values)

    def _choice(self, data: Mapping[str, Any], key: str, allowed: tuple[str, ...]) -> str:
        value: str = self._get(data, key, str)
        if value not in allowed:
            raise self._error(f"{key} = {value!r}", f"use one of {', '.join(allowed)}")
        return value

    def _positive(self, data: Mapping[str, Any], key: str) -> int:
        value: int = self._get(data, key, int)
        if value <= 0:
            raise self._error(f"{key} = {value}", "use a number above 0")
        return value

    def _get(self, data: Mapping[str, Any], key: str, kind: Any) -> Any:
        names = {str: "text", int: "a whole number", list: "a list", dict: "a table"}
        wanted = names.get(kind, "a number")
        if key not in data:
            raise self._error(f"key {key!r} is missing", f"add it: {wanted}")
        value = data[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self._error(f"{key} = {value!r}", f"it must be {wanted}")
        return value

    def _no_unknown_keys(self, data: Mapping[str, Any], prefix: str, known: str) -> None:
        for key in data:
            if key not in known.split():
                raise self._error(f"unknown key {prefix}{key}", f"known: {known}")

    def _error(self, what: str, remedy: str) -> BoardError:
        return BoardError(f"board file {self._file}: {what}; {remedy}")
