# SPDX-License-Identifier: Apache-2.0
"""Runs images on QEMU's machines, always against a clock."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mcunet_tf.benchmark.frames import FrameKind, describe_fault, split_frames
from mcunet_tf.benchmark.image import layer_marks
from mcunet_tf.benchmark.plugin import RegionCount, plugin_path, plugin_refusal, read_regions
from mcunet_tf.boards import Board, emulate, load_board
from mcunet_tf.check.build_inputs import External
from mcunet_tf.check.toolchain import (
    FIRMWARE_FLAGS,
    LIBRARY_FLAGS,
    Source,
    compile_sources,
    find_tool,
    link,
    write_sources,
)
from mcunet_tf.errors import BoardError, ToolError

FIRMWARE_DIR = Path(__file__).parent / "firmware"


class ElfRun(NamedTuple):
    """What a small program did.

    Attributes:
        regions: what was counted, in the order of the regions' ends; none without the plugin.
        stdout: what the program wrote.
        uncounted: why regions were not counted: QEMU loads no plugin; "" where it does.
    """

    regions: list[RegionCount]
    stdout: bytes
    uncounted: str = ""


@dataclass
class QemuProcess:
    """A running machine: its standard streams are the link to the firmware."""

    process: subprocess.Popen[bytes]
    counts_path: Path

    def regions(self) -> list[RegionCount]:
        """Regions that have ended so far."""
        if not self.counts_path.exists():
            return []
        return read_regions(self.counts_path.read_text(encoding="ascii"))


def qemu_command(board: Board, elf: Path, counts_path: Path | None) -> list[str]:
    """The command line of a machine whose link is the standard streams.

    Args:
        board: an emulated board.
        elf: the image.
        counts_path: where the plugin writes, in a folder of its own; None counts time instead,
            one nanosecond of virtual time per instruction.
    """
    command = [
        find_tool(board.core.architecture.emulator), "-M", board.runner.machine,
        *(("-cpu", board.runner.cpu) if board.runner.cpu else ()),
        *board.core.architecture.emulator_flags, "-display", "none",
        "-monitor", "none", "-serial", "none", "-no-reboot",
        "-semihosting-config", "enable=on,target=native", "-kernel", str(elf),
    ]  # fmt: skip
    if counts_path is None:
        return [*command, "-icount", "shift=0"]
    marks_path = counts_path.with_name("marks.txt")
    lines = (f"{address} {layer}\n" for address, layer in layer_marks(elf))
    marks_path.write_text("".join(lines), encoding="ascii")
    options = f"arch={board.core.architecture.name},model={board.core.cycle_model}"
    options += f",marks={marks_path},out={counts_path}"
    return [*command, "-plugin", f"{plugin_path(board.core.architecture.emulator)},{options}"]


@contextmanager
def running(board: Board, elf: Path, *, counting: bool = True) -> Iterator[QemuProcess]:
    """Starts a machine and ends it, whatever happens in between."""
    with tempfile.TemporaryDirectory(prefix="mcunet_tf-") as folder:
        counts = Path(folder) / "counts.txt"
        process = subprocess.Popen(
            qemu_command(board, elf, counts if counting else None),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        try:
            yield QemuProcess(process, counts)
        finally:
            process.kill()
            process.communicate()


def firmware_folders(board: Board) -> tuple[Path, ...]:
    """Where the firmware's headers lie; what its architecture has no C for is in `core.h`."""
    return FIRMWARE_DIR, FIRMWARE_DIR / board.core.architecture.name


def firmware_sources(board: Board, *extra: str) -> list[Source]:
    """The runner's files for a board, `extra` ones included, compiled into the harness section."""
    names = [*board.core.architecture.startup, "frames.c", *board.firmware_sources, *extra]
    defines = tuple(f"-D{name}=0x{value:X}u" for name, value in board.firmware_defines)
    flags = (*FIRMWARE_FLAGS, *defines)
    return [Source(FIRMWARE_DIR / name, flags, prefix="firmware_") for name in names]


def run_elf(
    sources: Mapping[str, str],
    board: Board | str,
    *,
    include_dirs: Sequence[Path] = (),
    source_paths: Sequence[Path] = (),
    flags: Sequence[str] = LIBRARY_FLAGS,
    external: External | None = None,
    timeout_s: float = 60.0,
) -> ElfRun:
    r"""Compiles a small program, runs it on an emulated board and counts its marked regions.

    Where QEMU loads no plugin, it runs all the same and nothing is counted.

    The program has a `main`; it ends when `main` returns 0. `region.h` offers REGION_BEGIN(),
    REGION_END() and `region_write(data, size_bytes)`; printf works too.

    Example:
        >>> run = run_elf({"main.c": r'''
        ... #include "region.h"
        ... int main(void) {
        ...   REGION_BEGIN();
        ...   __asm__ volatile("movw r0, #1000\n1: subs r0, #1\n bne 1b" ::: "r0", "cc");
        ...   REGION_END();
        ...   region_write("done", 4);
        ...   return 0;
        ... }'''}, "qemu-m4")
        >>> run.regions[0].instructions, run.stdout
        (2001, b'done')

    Args:
        sources: relative path -> text; `.c` and `.S` files are compiled, the rest can be included.
        board: a board or its name; a real board is emulated with its true memory sizes.
        include_dirs: further include paths, the kernels' folder for instance.
        source_paths: further files to compile where they lie.
        flags: optimisation and defines for all of them.
        external: a library to compile and link with them.
        timeout_s: after which the machine is stopped.

    Raises:
        BudgetError: the program does not fit the board.
        ToolError: a tool is missing, a file does not compile, the program faults, returns
            something else than 0, or does not end in time.
    """
    target = emulate(load_board(board) if isinstance(board, str) else board)
    if target.runner.kind != "qemu":
        raise BoardError(f"board {target.name} is not emulated: give one that QEMU runs")
    with tempfile.TemporaryDirectory(prefix="mcunet_tf-") as folder:
        library = external or External()
        paths = [*write_sources(Path(folder), sources), *source_paths, *library.sources]
        user = [Source(path, tuple(flags)) for path in paths]
        c_library = target.core.architecture.c_library
        runner = firmware_sources(target, "exit_semihosting.c", "region.c", c_library)
        folders = (folder, *firmware_folders(target), *include_dirs)
        includes = [f"-I{path}" for path in folders]
        includes += library.compiler_flags
        objects = compile_sources(target, [*runner, *user], includes)
        elf = link(target, objects, library.archives)
    return _run_to_end(target, elf, timeout_s)


def _run_to_end(board: Board, elf: Path, timeout_s: float) -> ElfRun:
    uncounted = plugin_refusal(board.core.architecture.emulator)
    with running(board, elf, counting=not uncounted) as machine:
        try:
            stdout, stderr = machine.process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired as error:
            raise ToolError(
                f"the program on {board.name} did not end within {timeout_s:.0f} s"
            ) from error
        regions = machine.regions()
        status = machine.process.returncode
    if status == 0:
        return ElfRun(regions, stdout, uncounted)
    for frame in split_frames(stdout):
        if frame.kind is FrameKind.FAULT:
            raise ToolError(f"the program on {board.name} faulted: {describe_fault(frame.payload)}")
    told = stderr.decode(errors="replace").strip().splitlines()
    reason = told[-1] if told else f"exit status {status}"
    raise ToolError(f"the program on {board.name} failed: {reason}")
