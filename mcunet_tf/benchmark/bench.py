# SPDX-License-Identifier: Apache-2.0
"""Measures models on boards with runtimes: one row of facts for each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcunet_tf.benchmark.facts import hashes, layer_rows, memory_blocks, model_macs
from mcunet_tf.benchmark.rows import Row
from mcunet_tf.benchmark.runner import Connection, RunResult, run_on_board
from mcunet_tf.benchmark.runtimes import RUNTIMES, RunsItself, RuntimeOptions
from mcunet_tf.boards import Board, load_board
from mcunet_tf.check.compare import Answers, steps_allowed
from mcunet_tf.check.detections import written_rows
from mcunet_tf.check.edges import inputs_for
from mcunet_tf.check.reference import Reference, random_inputs
from mcunet_tf.check.toolchain import C_FLAGS, COMMON_FLAGS, LIBRARY_FLAGS, tool_version
from mcunet_tf.errors import McunetError, ModelError, ToolError
from mcunet_tf.version import __version__

DEFAULT_INPUTS = 10
HOST_REPEATS = 20


@dataclass(frozen=True)
class Outcome:
    """One (model, board, runtime): its row, and the error if that is all there is in it."""

    row: Row
    error: McunetError | None = None


def measure(
    models: Sequence[Path | str],
    boards: Sequence[str],
    *,
    runtimes: Sequence[str] = ("tinyengine",),
    inputs: int = DEFAULT_INPUTS,
    seed: int = 0,
    connection: Connection | None = None,
    options: RuntimeOptions | None = None,
) -> Iterator[Outcome]:
    """Measures every model on every board with every runtime, one outcome as soon as it is there.

    Args:
        models: `.tflite` files.
        boards: names of boards.
        runtimes: names of runtimes, as `runtimes.RUNTIMES` lists them.
        inputs: random inputs per model, at least 1; each is compared with the reference.
        seed: the seed of the inputs.
        connection: how a real board is reached.
        options: where other runtimes are installed, and what ours is asked for.

    Raises:
        BoardError: a board is unknown, before anything runs.
        ToolError: a runtime is unknown.
    """
    targets = [load_board(name) for name in boards]
    for name in runtimes:
        if name not in RUNTIMES:
            raise ToolError(f"unknown runtime {name!r}: choose one of {', '.join(RUNTIMES)}")
    if inputs < 1:
        raise ToolError(f"inputs = {inputs}: at least one input is needed to run a model")
    for path in map(Path, models):
        bench = _ModelBench(path, inputs, seed, connection, options or RuntimeOptions())
        for board in targets:
            for runtime in runtimes:
                yield bench.measure(board, runtime)


class _ModelBench:
    """Random inputs of a model, what the reference makes of them, and how others compare."""

    def __init__(
        self,
        path: Path,
        count: int,
        seed: int,
        connection: Connection | None,
        options: RuntimeOptions,
    ) -> None:
        self.path = path
        self.count = count
        self.seed = seed
        self.connection = connection
        self.options = options
        self.expected: Answers | None = None
        self.macs: int | None = None

    def measure(self, board: Board, runtime: str) -> Outcome:
        try:
            return Outcome(self._row(board, runtime))
        except McunetError as error:
            row = Row(self.path.stem, board.name, runtime, error=str(error))
            return Outcome(row, error)

    def _row(self, board: Board, runtime: str) -> Row:
        # First the compiler, whose reader proves the file sound, then the reference.
        compiled = RUNTIMES[runtime](self.path, board, self.options)
        if self.expected is None:
            self.expected = _expected(self.path, self.count, self.seed)
        if self.macs is None:
            # As the file has it, so that all runtimes are held against the same number.
            self.macs = model_macs(self.path) or compiled.macs
        result = self._run(compiled, board)
        differences = self.expected.differences(
            compiled.outputs,
            result.outputs,
            steps=steps_allowed(compiled),
            written=written_rows(compiled),
        )
        differing = min(map(len, differences.values()))
        # The one that it equals; where it equals none, the one that is asked first.
        reference = list(differences)[-1 if differing == 0 else 0]
        return Row(
            model=self.path.stem,
            board=board.name,
            runtime=runtime,
            emulated=result.image is not None and self.connection is None,
            inputs=self.count,
            bit_exact=differing == 0,
            differing_inputs=differing,
            macs=self.macs,
            clock_hz=board.clock_hz,
            **_costs(result, board, self.macs),
            **_sizes(result, compiled.arena_bytes + getattr(compiled, "state_bytes", 0)),
            tools=self._tools(board, compiled, reference),
            compiler_flags=_flags(board, compiled),
            hashes=hashes(self.path, compiled, result.image),
            notes=(
                *getattr(compiled, "notes", ()),
                *self.options.notes(runtime),
                *filter(None, [result.counting_note]),
            ),
            layers=layer_rows(compiled, result.layers),
            memory=memory_blocks(compiled),
        )

    def _run(self, compiled: Any, board: Board) -> RunResult:
        assert self.expected is not None
        arrays = [inputs_for(compiled.inputs, given) for given in self.expected.inputs]
        if isinstance(compiled, RunsItself):
            return compiled.run_inputs(arrays)
        connection = self.connection if board.runner.kind == "serial" else None
        return run_on_board(compiled, board, arrays, connection=connection, repeats=HOST_REPEATS)

    def _tools(self, board: Board, compiled: Any, reference: str) -> dict[str, str]:
        tools = {"mcunet_tf": __version__, "reference": reference}
        if isinstance(compiled, RunsItself):
            pass
        elif board.runner.kind == "host":
            tools["cc"] = tool_version("cc")
        else:
            tools["gcc"] = tool_version(board.core.architecture.compiler)
            if self.connection is None:
                tools["qemu"] = tool_version(board.core.architecture.emulator)
        return {**tools, **getattr(compiled, "tools", {})}


def _expected(model: Path, count: int, seed: int) -> Answers:
    """Random inputs of a model and what the references make of them."""
    try:
        content = model.read_bytes()
    except OSError as error:
        raise ModelError(f"{model}: {error.strerror}; give the path of a .tflite file") from error
    reference = Reference(content)
    return Answers(reference, random_inputs(reference, count, seed))


def _costs(result: RunResult, board: Board, macs: int | None) -> dict[str, Any]:
    """Instructions, cycles, latency and energy."""
    instructions = max(result.instructions) if result.instructions else None
    cycles = max(result.modelled_cycles) if result.modelled_cycles else None
    measured = max(result.measured_cycles) if result.measured_cycles else None
    modelled_ms = 1e3 * cycles / board.clock_hz if cycles else None
    measured_ms = 1e3 * measured / board.clock_hz if measured else None
    if result.wall_seconds:
        measured_ms = 1e3 * min(result.wall_seconds)
    energy_uj, source = energy(board, measured_ms if measured else modelled_ms)
    return {
        "instructions": instructions,
        "instructions_precision": result.instructions_precision,
        "instructions_per_input": result.instructions,
        "instructions_per_mac": round(instructions / macs, 4) if instructions and macs else None,
        "modelled_cycles": cycles,
        "cycle_model": result.cycle_model,
        "cycle_error_percent": result.cycle_error_percent,
        "modelled_latency_ms": round(modelled_ms, 4) if modelled_ms else None,
        "measured_cycles": measured,
        "measured_latency_ms": round(measured_ms, 6) if measured_ms else None,
        "energy_uj": energy_uj,
        "energy_source": source,
    }


def energy(board: Board, latency_ms: float | None) -> tuple[float | None, str]:
    """Microjoules of one inference and where current and voltage come from: an estimate.

    It is the data sheet's power while running, times the latency: no memory or peripheral of the
    board is in it. (None, "") where no data sheet's figure is known.
    """
    current = board.run_current
    if current is None or latency_ms is None:
        return None, ""
    # mA * V * ms = uJ
    microjoules = current.milliamperes * current.volts * latency_ms
    return round(
        microjoules, 2
    ), f"{current.milliamperes} mA at {current.volts} V: {current.source}"


def _sizes(result: RunResult, arena_bytes: int) -> dict[str, Any]:
    sizes = result.sizes
    if sizes is None:
        return {"arena_bytes": arena_bytes}
    stack = result.stack_bytes
    return {
        "arena_bytes": sizes.arena_bytes,
        "static_bytes": sizes.static_bytes,
        "stack_bytes": stack,
        "sram_bytes": None if stack is None else sizes.arena_bytes + sizes.static_bytes + stack,
        "flash_code_bytes": sizes.code_bytes,
        "flash_weights_bytes": sizes.weights_bytes,
        "flash_harness_bytes": sizes.harness_bytes,
        "flash_bytes": sizes.code_bytes + sizes.weights_bytes,
    }


def _flags(board: Board, compiled: Any) -> str:
    if isinstance(compiled, RunsItself):
        return ""
    return " ".join((*board.compiler_flags, *C_FLAGS, *COMMON_FLAGS, *LIBRARY_FLAGS))
