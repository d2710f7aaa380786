# SPDX-License-Identifier: Apache-2.0
"""Measures models on boards: one row of facts per (model, board), comparable between runtimes."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mcunet_tf.benchmark.edges import inputs_for, outputs_from
from mcunet_tf.benchmark.plugin import LayerCount
from mcunet_tf.benchmark.reference import Array, Reference, random_inputs
from mcunet_tf.benchmark.runner import RunResult, run_on_board
from mcunet_tf.benchmark.toolchain import tool_version
from mcunet_tf.boards import Board, load_board
from mcunet_tf.errors import McunetError, OutputError, ToolError

DEFAULT_INPUTS = 10


@dataclass(frozen=True)
class Row:
    """What one model costs on one board. Sizes in bytes; None where it cannot be known there.

    Attributes:
        model: file name without its suffix.
        board: the board's name.
        runtime: what compiled the model.
        emulated: whether QEMU stood in for the board.
        inputs: how many random inputs were run.
        bit_exact: whether every output of every input equals the reference.
        differing_inputs: how many inputs gave an output that does not.
        macs: multiply-accumulates of one inference.
        instructions: executed by one `invoke`, the largest over the inputs.
        instructions_precision: how far `instructions` may be off; 0 is exact.
        instructions_per_input: the same for each input.
        instructions_per_mac: their quotient.
        modelled_cycles: static estimate for `cycle_model`, no measurement; largest over inputs.
        cycle_model: what the estimate models.
        modelled_latency_ms: modelled cycles at `clock_hz`.
        measured_cycles: by the cycle counter of a real board; largest over inputs.
        clock_hz: the board's nominal clock.
        arena_bytes: activations, input, output and kernel scratch.
        static_bytes: other static data, the runner's own included.
        stack_bytes: measured high-water mark of `invoke`.
        sram_bytes: arena, static data and stack together.
        flash_code_bytes: all flash but weights and harness.
        flash_weights_bytes: constant tensors.
        flash_harness_bytes: the runner around the model, which a product does not have.
        tools: versions of all that took part.
    """

    model: str
    board: str
    runtime: str
    emulated: bool
    inputs: int
    bit_exact: bool
    differing_inputs: int
    macs: int
    instructions: int | None
    instructions_precision: int
    instructions_per_input: tuple[int, ...] | None
    instructions_per_mac: float | None
    modelled_cycles: int | None
    cycle_model: str
    modelled_latency_ms: float | None
    measured_cycles: int | None
    clock_hz: int
    arena_bytes: int
    static_bytes: int | None
    stack_bytes: int | None
    sram_bytes: int | None
    flash_code_bytes: int | None
    flash_weights_bytes: int | None
    flash_harness_bytes: int | None
    tools: Mapping[str, str]


@dataclass(frozen=True)
class Outcome:
    """One (model, board): a row and its counts by layer, or the error that came instead."""

    model: str
    board: str
    row: Row | None = None
    layers: tuple[LayerCount, ...] = ()
    error: McunetError | None = None


CompileModel = Callable[[Path, Board], Any]


def _compile_tinyengine(path: Path, board: Board) -> Any:
    from mcunet_tf.tinyengine import compile_tflite

    return compile_tflite(path, board=board)


RUNTIMES: dict[str, CompileModel] = {"tinyengine": _compile_tinyengine}
"""Each compiles a model for a board to a project of the contract in `runner.Compiled`, plus
`macs` and `arena_bytes`."""


def benchmark(
    models: Sequence[Path | str],
    boards: Sequence[str],
    *,
    runtime: str = "tinyengine",
    inputs: int = DEFAULT_INPUTS,
    seed: int = 0,
    port: str | None = None,
) -> Iterator[Outcome]:
    """Measures every model on every board, one outcome as soon as it is there.

    Args:
        models: `.tflite` files.
        boards: names of boards.
        runtime: of `RUNTIMES`.
        inputs: random inputs per model, at least 1; each is compared with the reference.
        seed: of the inputs.
        port: serial port of a real board.

    Raises:
        BoardError: a board is unknown, before anything runs.
        ToolError: the runtime is unknown.
    """
    targets = [load_board(name) for name in boards]
    if runtime not in RUNTIMES:
        raise ToolError(f"unknown runtime {runtime!r}: choose one of {', '.join(RUNTIMES)}")
    if inputs < 1:
        raise ToolError(f"inputs = {inputs}: at least one input is needed to run a model")
    for model in map(Path, models):
        expected: _Expected | None = None
        for board in targets:
            try:
                # first the compiler, whose reader proves the file sound, then the reference
                compiled = RUNTIMES[runtime](model, board)
                expected = expected or _Expected(model, inputs, seed)
                inputs_here = [inputs_for(compiled.inputs, arrays) for arrays in expected.inputs]
                result = run_on_board(compiled, board, inputs_here, port=port)
            except McunetError as error:
                yield Outcome(model.stem, board.name, error=error)
                continue
            row = _row(model.stem, board, runtime, compiled, result, expected, port)
            yield Outcome(model.stem, board.name, row, result.layers)


class _Expected:
    """Random inputs of a model and what the reference makes of them."""

    def __init__(self, model: Path, count: int, seed: int) -> None:
        reference = Reference(model.read_bytes())
        self.version = reference.version
        self.inputs = random_inputs(reference, count, seed)
        self.outputs = reference.run(self.inputs)

    def differing(self, infos: Sequence[Any], outputs: Sequence[tuple[Array, ...]]) -> int:
        """Counts inputs of which any output byte differs."""
        count = 0
        for raw, wanted in zip(outputs, self.outputs, strict=True):
            got = outputs_from(infos, raw, wanted)
            count += not all(_same(a, b) for a, b in zip(got, wanted, strict=True))
        return count


def _same(got: Array, wanted: Array) -> bool:
    return got.dtype == wanted.dtype and bool(
        np.array_equal(got.reshape(-1), wanted.reshape(-1), equal_nan=got.dtype.kind == "f")
    )


def _row(
    model: str,
    board: Board,
    runtime: str,
    compiled: Any,
    result: RunResult,
    expected: _Expected,
    port: str | None,
) -> Row:
    differing = expected.differing(compiled.outputs, result.outputs)
    instructions = max(result.instructions) if result.instructions else None
    cycles = max(result.modelled_cycles) if result.modelled_cycles else None
    sizes = result.sizes
    sram = None
    if sizes and result.stack_bytes is not None:
        sram = sizes.arena_bytes + sizes.static_bytes + result.stack_bytes
    return Row(
        model=model,
        board=board.name,
        runtime=runtime,
        emulated=board.runner.kind != "host" and port is None,
        inputs=len(expected.inputs),
        bit_exact=differing == 0,
        differing_inputs=differing,
        macs=compiled.macs,
        instructions=instructions,
        instructions_precision=result.instructions_precision,
        instructions_per_input=result.instructions,
        instructions_per_mac=round(instructions / compiled.macs, 4)
        if instructions and compiled.macs
        else None,
        modelled_cycles=cycles,
        cycle_model=result.cycle_model,
        modelled_latency_ms=round(1e3 * cycles / board.clock_hz, 4) if cycles else None,
        measured_cycles=max(result.measured_cycles) if result.measured_cycles else None,
        clock_hz=board.clock_hz,
        arena_bytes=sizes.arena_bytes if sizes else compiled.arena_bytes,
        static_bytes=sizes.static_bytes if sizes else None,
        stack_bytes=result.stack_bytes,
        sram_bytes=sram,
        flash_code_bytes=sizes.code_bytes if sizes else None,
        flash_weights_bytes=sizes.weights_bytes if sizes else None,
        flash_harness_bytes=sizes.harness_bytes if sizes else None,
        tools=_tools(board, expected.version, port),
    )


def _tools(board: Board, reference: str, port: str | None) -> dict[str, str]:
    import mcunet_tf

    tools = {"mcunet_tf": mcunet_tf.__version__, "reference": reference}
    if board.runner.kind == "host":
        tools["cc"] = tool_version("cc")
    else:
        tools["gcc"] = tool_version("arm-none-eabi-gcc")
        if port is None:
            tools["qemu"] = tool_version("qemu-system-arm")
    return tools


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Writes rows as JSON, all or nothing.

    Raises:
        OutputError: the file cannot be written.
    """
    text = json.dumps([asdict(row) for row in rows], indent=2) + "\n"
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(name, 0o666 & ~mask)
            os.replace(name, path)
        except OSError:
            os.unlink(name)
            raise
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: {error.strerror}; name a file in a folder that can be written"
        ) from error


_COLUMNS = (
    ("model", "model", ""),
    ("board", "board", ""),
    ("runtime", "runtime", ""),
    ("exact", "bit_exact", ""),
    ("M MAC", "macs", "M"),
    ("M instr", "instructions", "M"),
    ("/MAC", "instructions_per_mac", "f"),
    ("M cycles*", "modelled_cycles", "M"),
    ("ms*", "modelled_latency_ms", "f"),
    ("arena B", "arena_bytes", "n"),
    ("static B", "static_bytes", "n"),
    ("stack B", "stack_bytes", "n"),
    ("code B", "flash_code_bytes", "n"),
    ("weights B", "flash_weights_bytes", "n"),
)


def format_table(rows: Sequence[Row]) -> str:
    """A table for people, with a line that says what its figures are."""
    cells = [[title for title, _, _ in _COLUMNS]]
    cells += [[_cell(getattr(row, key), kind) for _, key, kind in _COLUMNS] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(_COLUMNS))]
    lines = [
        "  ".join(
            cell.ljust(width) if kind == "" else cell.rjust(width)
            for cell, width, (_, _, kind) in zip(line, widths, _COLUMNS, strict=True)
        ).rstrip()
        for line in cells
    ]
    lines.append(_legend(rows))
    return "\n".join(lines)


def _legend(rows: Sequence[Row]) -> str:
    text = "instructions: executed by one inference, largest over the inputs; exact"
    worst = max((row.instructions_precision for row in rows), default=0)
    if worst:
        text = text.replace("exact", f"within {worst} (no host compiler for the exact counter)")
    models = ", ".join(sorted({row.cycle_model for row in rows} - {""})) or "none"
    return (
        f"{text}\n* static cycle model ({models}), no measurement: no caches, wait states or dual "
        "issue; ms at the board's nominal clock"
    )


def _cell(value: Any, kind: str) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if kind == "M":
        return f"{value / 1e6:.3f}"
    if kind == "f":
        return f"{value:.3f}"
    return f"{value:,}" if kind == "n" else str(value)


def format_layers(outcome: Outcome) -> str:
    """Counts by layer of one outcome, for people."""
    lines = [f"{outcome.model} on {outcome.board}: layer, instructions, modelled cycles"]
    total = sum(layer.instructions for layer in outcome.layers) or 1
    for layer in outcome.layers:
        name = "entry" if layer.index < 0 else str(layer.index)
        lines.append(
            f"{name:>6} {layer.instructions:>12,} {100 * layer.instructions / total:5.1f} % "
            f"{layer.modelled_cycles:>12,}"
        )
    return "\n".join(lines)
