# SPDX-License-Identifier: Apache-2.0
"""Builds a compiled model for a board, runs it there, and reports exactly what it cost."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from mcunet_tf.benchmark.device import ByteLink, Device, Invocation, ProcessLink, SerialLink
from mcunet_tf.benchmark.flash import flash_image
from mcunet_tf.benchmark.image import ImageSizes, image_sizes
from mcunet_tf.benchmark.plugin import LayerCount, RegionCount, plugin_refusal
from mcunet_tf.benchmark.qemu import FIRMWARE_DIR, firmware_folders, firmware_sources, running
from mcunet_tf.boards import Board, emulate, load_board
from mcunet_tf.check.build_inputs import (
    External,
    library_files,
    library_sources,
    model_header,
)
from mcunet_tf.check.host import run_on_host
from mcunet_tf.check.tensors import Array, Compiled, decode_outputs, encode_inputs
from mcunet_tf.check.toolchain import LIBRARY_FLAGS, Source, compile_sources, link
from mcunet_tf.errors import BoardError, ToolError

_CLOCKS = {"systick": "SysTick", "minstret": "minstret", "ccount": "CCOUNT"}

INVOKE_TIMEOUT_S = 120.0
"""Generous: an emulated board executes some 200 M counted instructions per second."""


COUNTED_BY_TIME = (
    "instructions are counted by {counter} under QEMU's -icount, in steps and without layers or "
    "cycles, as the exact counter is missing: {reason}"
)


@dataclass(frozen=True)
class RunResult:
    """What came out and what it cost.

    Attributes:
        outputs: per input, a tuple of arrays.
        instructions: per input, executed within `invoke`; None where nothing counts them.
        instructions_precision: how far each may be off: 0 with the plugin.
        counting_note: how they were counted where the plugin could not, and why; else "".
        modelled_cycles: per input, by `cycle_model`: an estimate; None without a model.
        cycle_model: its name, or "".
        cycle_error_percent: the largest error of such cycles on silicon, as the board's calibration
            knows it; None where nobody knows.
        measured_cycles: per input, by the cycle counter of a real board; None elsewhere.
        stack_bytes: high-water mark of `invoke` over all inputs; None on the host.
        sizes: the sizes of the linked image; None on the host.
        layers: counts by layer for the first input; index -1 is what comes before layer 0.
        wall_seconds: per input, the fastest run on the host; None on boards.
        image: the ELF file that ran; None on the host.
    """

    outputs: tuple[tuple[Array, ...], ...]
    instructions: tuple[int, ...] | None = None
    instructions_precision: int = 0
    counting_note: str = ""
    modelled_cycles: tuple[int, ...] | None = None
    cycle_model: str = ""
    cycle_error_percent: float | None = None
    measured_cycles: tuple[int, ...] | None = None
    stack_bytes: int | None = None
    sizes: ImageSizes | None = None
    layers: tuple[LayerCount, ...] = ()
    wall_seconds: tuple[float, ...] | None = None
    image: Path | None = None


class BoardAccess(Protocol):
    """The way to a core that counts its own cycles."""

    @property
    def timeout_s(self) -> float:
        """Longest time for one inference."""

    def opened(self, board: Board, image: Path) -> AbstractContextManager[ByteLink]:
        """The link to the image, which runs on the board when this is entered."""


@dataclass(frozen=True)
class Connection:
    """The way to a real board.

    Attributes:
        port: its serial port, e.g. /dev/ttyACM0.
        flash_command: puts an image onto it; `{image}` stands for the ELF file, "pyocd" alone for
            pyOCD's own command. Empty: the board holds the image already.
        timeout_s: longest time for one inference.
    """

    port: str
    flash_command: str = ""
    timeout_s: float = INVOKE_TIMEOUT_S

    @contextlib.contextmanager
    def opened(self, board: Board, image: Path) -> Iterator[SerialLink]:
        """See `BoardAccess`."""
        if self.flash_command:
            flash_image(self.flash_command, image)
        with contextlib.closing(SerialLink(self.port, board.runner.baud)) as link_to_board:
            yield link_to_board


def run_on_board(
    compiled: Compiled,
    board: Board | str,
    inputs: Sequence[tuple[Array, ...]],
    *,
    connection: BoardAccess | None = None,
    sanitize: bool = False,
    repeats: int = 1,
) -> RunResult:
    """Builds the project, runs every input on the board, returns outputs and costs.

    Args:
        compiled: the model's C project and its tensors.
        board: a board or its name. A real board without a connection is emulated on QEMU's machine
            of the same core, with its true memory sizes.
        inputs: per inference a tuple with one array per model input.
        connection: how a real board, or a simulated core, is reached.
        sanitize: host only: with the address and undefined-behaviour sanitizers.
        repeats: host only: runs of each input, the fastest of which is its wall time.

    Raises:
        BudgetError: the model does not fit the board.
        ToolError: a tool is missing or fails, the firmware faults or stops answering.
        BoardError: the board cannot be run this way.
    """
    target = load_board(board) if isinstance(board, str) else board
    data = [encode_inputs(compiled, arrays) for arrays in inputs]
    if target.runner.kind == "host":
        return _run_on_host(compiled, target, data, sanitize, repeats)
    if sanitize:
        raise BoardError(f"the sanitizers run on the host, not on board {target.name}")
    if connection is not None:
        return _run_connected(compiled, target, data, connection)
    return _run_emulated(compiled, emulate(target), data)


def _run_on_host(
    compiled: Compiled, board: Board, data: list[list[bytes]], sanitize: bool, repeats: int
) -> RunResult:
    runs = run_on_host(compiled, board, data, sanitize=sanitize, repeats=repeats)
    return RunResult(
        outputs=tuple(decode_outputs(compiled, run.outputs) for run in runs),
        wall_seconds=tuple(run.wall_seconds for run in runs),
    )


def build_image(compiled: Compiled, board: Board, *, counter: str) -> Path:
    """Compiles and links the project with the runner for exactly this board; returns the ELF.

    Args:
        compiled: the model's C project.
        board: a board with a memory map; a real board's image goes onto the real board.
        counter: "none", or one of the architecture's.
    """
    leave = "exit_halt.c" if board.runner.kind == "serial" else "exit_semihosting.c"
    with tempfile.TemporaryDirectory(prefix="mcunet_tf-") as name:
        folder = Path(name)
        library = library_sources(folder, compiled.name, library_files(compiled))
        header = model_header(compiled.name, library_files(compiled), *_counts(compiled))
        (folder / "model_under_test.h").write_text(header, encoding="utf-8")
        marks = ["-include", str(FIRMWARE_DIR / "mark_layers.h")]
        runner = firmware_sources(board, leave, f"counter_{counter}.c", "runner.c")
        runner = [Source(s.path, (*s.flags, f"-I{name}"), s.prefix) for s in runner]
        objects = compile_sources(board, runner, [f"-I{path}" for path in firmware_folders(board)])
        external: External = getattr(compiled, "external", External())
        library += [Source(path, LIBRARY_FLAGS) for path in external.sources]
        flags = [f"-I{name}", *external.compiler_flags, *marks]
        objects += compile_sources(board, library, flags)
        return link(board, objects, external.archives)


def _run_emulated(compiled: Compiled, board: Board, data: list[list[bytes]]) -> RunResult:
    refusal = plugin_refusal(board.core.architecture.emulator)
    counting = not refusal
    counter = "none" if counting else board.core.architecture.emulated_counter
    elf = build_image(compiled, board, counter=counter)
    outputs, invocations, regions = _session(compiled, board, elf, data, counting)
    stack_bytes = max((i.stack_bytes for i in invocations), default=0)
    sizes = image_sizes(elf)
    if not counting:
        return RunResult(
            outputs=outputs,
            instructions=tuple(i.ticks * 10**9 // board.runner.systick_hz for i in invocations),
            instructions_precision=2 * 10**9 // board.runner.systick_hz,
            counting_note=COUNTED_BY_TIME.format(counter=_CLOCKS[counter], reason=refusal),
            stack_bytes=stack_bytes,
            sizes=sizes,
            image=elf,
        )
    cycles = tuple(board.calibration.cycles(region.modelled_cycles) for region in regions)
    layers = regions[0].layers if regions else ()
    return RunResult(
        outputs=outputs,
        instructions=tuple(region.instructions for region in regions),
        modelled_cycles=cycles if board.core.cycle_model else None,
        cycle_model=board.core.cycle_model,
        cycle_error_percent=board.calibration.error_percent,
        stack_bytes=stack_bytes,
        sizes=sizes,
        layers=tuple(_calibrated(layer, board) for layer in layers),
        image=elf,
    )


def _calibrated(layer: LayerCount, board: Board) -> LayerCount:
    """A layer's count with the board's cycles in place of the static model's, if it has a model."""
    if not board.core.cycle_model or layer.modelled_cycles is None:
        return replace(layer, modelled_cycles=None)
    return replace(layer, modelled_cycles=board.calibration.cycles(layer.modelled_cycles))


def _session(
    compiled: Compiled, board: Board, elf: Path, data: list[list[bytes]], counting: bool
) -> tuple[tuple[tuple[Array, ...], ...], list[Invocation], list[RegionCount]]:
    with running(board, elf, counting=counting) as machine:
        device = Device(ProcessLink(machine.process))
        outputs, invocations = _infer_all(compiled, device, data, INVOKE_TIMEOUT_S)
        regions = machine.regions() if counting else []
    if counting and len(regions) != len(data):
        raise ToolError(f"the counting plugin saw {len(regions)} of {len(data)} inferences")
    return outputs, invocations, regions


def _run_connected(
    compiled: Compiled, board: Board, data: list[list[bytes]], connection: BoardAccess
) -> RunResult:
    if board.runner.kind != "serial":
        raise BoardError(f"board {board.name} has no serial port: leave out --port")
    image = build_image(compiled, board, counter=board.core.architecture.cycle_counter)
    with connection.opened(board, image) as link_to_board:
        device = Device(link_to_board)
        outputs, invocations = _infer_all(compiled, device, data, connection.timeout_s)
    return RunResult(
        outputs=outputs,
        measured_cycles=tuple(i.ticks for i in invocations),
        stack_bytes=max((i.stack_bytes for i in invocations), default=0),
        sizes=image_sizes(image),
        image=image,
    )


def _infer_all(
    compiled: Compiled,
    device: Device,
    data: list[list[bytes]],
    timeout_s: float,
) -> tuple[tuple[tuple[Array, ...], ...], list[Invocation]]:
    info = device.hello()
    if info.name != compiled.name:
        raise ToolError(f"the board holds model {info.name!r}, not {compiled.name!r}: flash it")
    results = [device.infer(d, len(info.output_bytes), timeout_s) for d in data]
    outputs = tuple(decode_outputs(compiled, raw) for raw, _ in results)
    return outputs, [invocation for _, invocation in results]


def _counts(compiled: Compiled) -> tuple[int, int]:
    return len(compiled.inputs), len(compiled.outputs)
