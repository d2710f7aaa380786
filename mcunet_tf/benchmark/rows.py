# SPDX-License-Identifier: Apache-2.0
"""Rows: what one model costs on one board with one runtime, and their way into files and back."""

from __future__ import annotations

import csv
import dataclasses
import errno
import io
import json
import os
import tempfile
import types
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from mcunet_tf.errors import DataError, OutputError


@dataclass(frozen=True)
class LayerRow:
    """One operator: what was compiled for it, and what it executed for the first input.

    Attributes:
        index: position in execution order; -1 is what `invoke` does before layer 0.
        op: TensorFlow Lite's name of the operator.
        name: the name of the layer, as in the model file.
        output_tensor: name of the tensor it writes.
        kernel: the C function.
        input_shape: the shape of the first operand.
        output_shape: the shape of the result.
        macs: multiply-accumulates.
        weights_bytes: its constants in flash.
        scratch_bytes: its scratch in the arena.
        live_bytes: top of the arena that is in use while it runs.
        instructions: executed, None where nothing counts them.
        modelled_cycles: cycles by the row's cycle model.
    """

    index: int
    op: str = ""
    name: str = ""
    output_tensor: str = ""
    kernel: str = ""
    input_shape: tuple[int, ...] = ()
    output_shape: tuple[int, ...] = ()
    macs: int = 0
    weights_bytes: int = 0
    scratch_bytes: int = 0
    live_bytes: int = 0
    instructions: int | None = None
    modelled_cycles: int | None = None


@dataclass(frozen=True)
class MemoryBlock:
    """Bytes [offset, offset + size_bytes) of the arena during layers [first_layer, end_layer)."""

    name: str
    offset: int
    size_bytes: int
    first_layer: int
    end_layer: int


@dataclass(frozen=True)
class Row:
    """What one model costs on one board with one runtime.

    Sizes in bytes; None where a figure cannot be known there. A row with an `error` holds nothing
    else but what was asked for.

    Attributes:
        model: file name without its suffix.
        board: the board's name.
        runtime: what ran the model.
        emulated: whether QEMU stood in for the board.
        inputs: how many random inputs were run.
        bit_exact: whether every output of every input equals the reference.
        differing_inputs: how many inputs gave an output that does not.
        macs: multiply-accumulates of one inference.
        instructions: executed by one `invoke`, the largest over the inputs.
        instructions_precision: how far `instructions` may be off; 0 is exact.
        instructions_per_input: instructions of each input.
        instructions_per_mac: their quotient.
        modelled_cycles: `cycle_model` times the board's calibration, no measurement; largest over
            inputs.
        cycle_model: what the estimate models.
        cycle_error_percent: the largest error that such an estimate had on published measurements;
            None: nothing was published. It is that of latency and energy too.
        modelled_latency_ms: modelled cycles at `clock_hz`: an estimate.
        measured_cycles: cycles by the counter of a real board; the largest over all inputs.
        measured_latency_ms: measured: cycles at `clock_hz`, or the best wall time on the host.
        clock_hz: the board's nominal clock.
        energy_uj: estimate: latency times the supply power that `energy_source` states.
        energy_source: where current and voltage come from.
        arena_bytes: activations, input, output, kernel scratch, and what outlasts an inference.
        static_bytes: other static data, the runner's own included.
        stack_bytes: measured high-water mark of `invoke`.
        sram_bytes: arena, static data and stack together.
        flash_code_bytes: all flash but weights and harness.
        flash_weights_bytes: constant tensors.
        flash_harness_bytes: the runner around the model, which a product does not have.
        flash_bytes: code and weights together.
        tools: versions of all that took part.
        compiler_flags: flags that model and kernels are compiled with.
        hashes: sha256 of the model file, the emitted project and the linked image.
        notes: what a reader must know of this runtime's figures.
        layers: what each operator takes, for the first input.
        memory: what lies where in the arena, and how long.
        error: why there are no figures: the runtime's own refusal.
    """

    model: str
    board: str
    runtime: str
    emulated: bool | None = None
    inputs: int | None = None
    bit_exact: bool | None = None
    differing_inputs: int | None = None
    macs: int | None = None
    instructions: int | None = None
    instructions_precision: int = 0
    instructions_per_input: tuple[int, ...] | None = None
    instructions_per_mac: float | None = None
    modelled_cycles: int | None = None
    cycle_model: str = ""
    cycle_error_percent: float | None = None
    modelled_latency_ms: float | None = None
    measured_cycles: int | None = None
    measured_latency_ms: float | None = None
    clock_hz: int | None = None
    energy_uj: float | None = None
    energy_source: str = ""
    arena_bytes: int | None = None
    static_bytes: int | None = None
    stack_bytes: int | None = None
    sram_bytes: int | None = None
    flash_code_bytes: int | None = None
    flash_weights_bytes: int | None = None
    flash_harness_bytes: int | None = None
    flash_bytes: int | None = None
    tools: Mapping[str, str] = dataclasses.field(default_factory=dict)
    compiler_flags: str = ""
    hashes: Mapping[str, str] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()
    layers: tuple[LayerRow, ...] = ()
    memory: tuple[MemoryBlock, ...] = ()
    error: str | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells a row from the others of a table."""
        return self.model, self.board, self.runtime


_NOT_IN_CSV = ("layers", "memory")


def rows_to_json(rows: Sequence[Row]) -> str:
    """All fields of all rows as a list of objects."""
    return json.dumps([asdict(row) for row in rows], indent=2) + "\n"


def rows_to_csv(rows: Sequence[Row]) -> str:
    """One line per row; lists and mappings as JSON; layers are in the JSON file only."""
    names = [f.name for f in dataclasses.fields(Row) if f.name not in _NOT_IN_CSV]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_csv_cell(getattr(row, name)) for name in names])
    return out.getvalue()


def _csv_cell(value: object) -> object:
    if isinstance(value, Mapping):
        return json.dumps(dict(value))
    return json.dumps(value) if isinstance(value, tuple) else value


def read_rows(path: Path) -> list[Row]:
    """Reads what `write_text(path, rows_to_json(rows))` wrote; unknown fields are left out.

    Raises:
        DataError: the file cannot be read or does not hold rows.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}; give a --json file") from error
    except ValueError as error:
        raise DataError(f"{path} is not JSON: {error}; give a --json file") from error
    try:
        return [_build(Row, item) for item in data]
    except (TypeError, KeyError, AttributeError) as error:
        raise DataError(f"{path} holds no rows of a benchmark; give a --json file") from error


def _build(kind: Any, value: Any) -> Any:
    """An object of a dataclass from JSON's objects, lists and numbers."""
    if dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        known = {f.name for f in dataclasses.fields(kind)}
        fields = {n: _build(hints[n], v) for n, v in value.items() if n in known}
        return kind(**fields)  # type: ignore[operator]
    if get_origin(kind) in (Union, types.UnionType):
        return None if value is None else _build(get_args(kind)[0], value)
    if get_origin(kind) is tuple:
        return tuple(_build(get_args(kind)[0], item) for item in value)
    return value


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Writes rows as JSON, all or nothing.

    Raises:
        OutputError: the file cannot be written.
    """
    write_text(path, rows_to_json(rows))


def write_text(path: Path, text: str) -> None:
    """Writes a file completely or not at all; a link stays, and a pipe or a device is written to.

    Raises:
        OutputError: the file cannot be written, or nobody reads from the pipe.
    """
    try:
        target = Path(os.path.realpath(path))
        if target.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        if target.exists() and not target.is_file() and not target.is_dir():
            _write_through(target, text)
            return
        handle, name = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(name, 0o666 & ~mask)
            os.replace(name, target)
        except OSError:
            os.unlink(name)
            raise
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: {error.strerror}; name a file in a folder that can be written"
        ) from error


def _write_through(target: Path, text: str) -> None:
    """Writes into what is no plain file, without waiting for a reader who never comes."""
    handle = os.open(target, os.O_WRONLY | os.O_NONBLOCK)
    os.set_blocking(handle, True)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
