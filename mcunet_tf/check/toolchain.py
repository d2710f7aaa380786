# SPDX-License-Identifier: Apache-2.0
"""Compiles and links firmware, one cached object per preprocessed source."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from mcunet_tf.boards import Board, linker_script, memory_blocks, package_of
from mcunet_tf.check.cache import cached, content_key
from mcunet_tf.errors import BudgetError, ToolError

LIBRARY_FLAGS = ("-O3",)
"""Optimisation of the emitted project and its kernels, on every board."""

FIRMWARE_FLAGS = ("-Os",)
"""Optimisation of the runner around them, which is never measured."""

C_FLAGS = ("-std=gnu11",)

CXX_FLAGS = (
    *("-std=gnu++17", "-fno-exceptions", "-fno-rtti"),
    *("-fno-threadsafe-statics", "-fno-use-cxa-atexit"),
)

COMMON_FLAGS = ("-ffunction-sections", "-fdata-sections", "-fno-common")

SOURCE_SUFFIXES = (".c", ".cc", ".S")

_PREPROCESSED = {".c": "cpp-output", ".cc": "c++-cpp-output", ".S": "assembler"}
"""What the compiler calls a file of each suffix that went through the preprocessor."""

_LINE_MARKER = re.compile(r"^# \d.*\n", re.MULTILINE)

_TIMEOUT_S = 300.0


@dataclass(frozen=True)
class Source:
    """One file to compile.

    Attributes:
        path: the file; its stem names the object, and so the linker's section for it.
        flags: flags that only this file needs; later flags win.
        prefix: put before the object's name ("firmware_" puts it into the harness section).
    """

    path: Path
    flags: tuple[str, ...] = ()
    prefix: str = ""


def find_tool(name: str) -> str:
    """Finds a program on the PATH.

    Raises:
        ToolError: it is not there; the message says which package brings it.
    """
    candidates = [os.environ.get("CC", "cc"), "cc", "gcc", "clang"] if name == "cc" else [name]
    for candidate in candidates:
        found = shutil.which(candidate)
        if found:
            return found
    raise ToolError(f"{name} is not installed: on Debian or Ubuntu, apt install {package_of(name)}")


def require_tools(board: Board) -> None:
    """Makes sure that a board's compiler and, where it is emulated, its emulator are there.

    Raises:
        ToolError: one is not; the message says which package brings it.
    """
    architecture = board.core.architecture
    for tool in filter(None, (architecture.compiler, architecture.emulator)):
        find_tool(tool)


# The user's own C in an emitted project.
_CUSTOM_SOURCE = re.compile(r"\S*/kernels/custom/(\w+\.c):(.*)")


def run_tool(
    command: Sequence[str], timeout_s: float = _TIMEOUT_S, given: str | None = None
) -> str:
    """Runs a build tool and returns its standard output.

    Args:
        command: program and arguments.
        timeout_s: seconds that it may take.
        given: its standard input.

    Raises:
        ToolError: it fails or takes too long; the message holds its first error line.
    """
    done = _run(command, timeout_s, given)
    if done.returncode != 0:
        problem = _first_error(done.stderr)
        custom = _CUSTOM_SOURCE.match(problem)
        if custom:
            raise ToolError(
                f"{custom[1]} of a custom operator does not compile: {custom[1]}:{custom[2]}: "
                "correct it (its type: kernels/custom/custom.h)"
            )
        raise ToolError(f"{Path(command[0]).name} failed: {problem}")
    return done.stdout


def _run(
    command: Sequence[str], timeout_s: float, given: str | None = None
) -> subprocess.CompletedProcess[str]:
    """What a tool did, however it ended, unless it does not end."""
    try:
        return subprocess.run(
            command,
            input=given,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"{Path(command[0]).name} did not end within {timeout_s:.0f} s") from error


def _first_error(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower() or "undefined" in line]
    return (errors or lines or ["no message"])[0]


@functools.cache
def tool_version(name: str) -> str:
    """First line of `name --version`."""
    return run_tool([find_tool(name), "--version"]).splitlines()[0]


def compiler_of(board: Board) -> str:
    """The compiler driver for a board."""
    return find_tool(board.core.architecture.compiler)


def require_cxx_library(board: Board) -> None:
    """Makes sure that the cross compiler has a C++ library, which Debian packs apart.

    Raises:
        ToolError: it has none; the message says which package brings it.
    """
    compiler = compiler_of(board)
    try:
        run_tool(
            [compiler, *board.compiler_flags, "-E", "-x", "c++", "-include", "new", os.devnull]
        )
    except ToolError as error:
        raise ToolError(
            f"{compiler} has no C++ library: on Debian or Ubuntu, "
            f"apt install {board.core.architecture.cxx_library}"
        ) from error


@functools.cache
def _known_features(compiler: str, flags: tuple[str, ...]) -> str:
    """The compiler's own macros: `-march=native` is another core on another computer."""
    return run_tool([compiler, *flags, "-dM", "-E", "-x", "c", os.devnull])


def compile_sources(
    board: Board, sources: Sequence[Source], flags: Sequence[str] = ()
) -> list[Path]:
    """Compiles sources to objects in the cache, on all cores; order is kept.

    Args:
        board: gives compiler and core flags.
        sources: files to compile.
        flags: flags for all of them, include paths too.

    Raises:
        ToolError: the compiler is missing or rejects a file.
    """
    compiler = compiler_of(board)
    tool = board.core.architecture.compiler
    shared = (*board.compiler_flags, *COMMON_FLAGS, *flags)
    core = _known_features(compiler, board.compiler_flags)

    def build(source: Source) -> Path:
        suffix = source.path.suffix
        language = CXX_FLAGS if suffix == ".cc" else C_FLAGS
        options = [*language, *shared, *source.flags]
        text = run_tool([compiler, *options, "-E", str(source.path)])
        # What is compiled is the text that the key is made of, whatever an editor saves meanwhile;
        # its line markers would tie the key to the place of the source.
        kept = [o for o in options if not o.startswith(("-I", "-include", "/"))]
        unmarked = _LINE_MARKER.sub("", text)
        key = content_key(tool_version(tool), core, " ".join(kept), suffix, unmarked)
        name = f"{source.prefix}{source.path.stem}.o"

        def make(out: Path) -> None:
            command = [compiler, *kept, "-x", _PREPROCESSED[suffix], "-c", "-", "-o", str(out)]
            run_tool(command, given=text)

        return cached(f"objects/{key[:2]}/{key}/{name}", make)

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(build, sources))


def link(board: Board, objects: Sequence[Path], archives: Sequence[Path] = ()) -> Path:
    """Links objects for a board with a memory map; returns the cached ELF file.

    Args:
        board: gives compiler and memory map.
        objects: all objects, that with the entry point among them.
        archives: searched for what is still missing.

    Raises:
        BudgetError: a memory overflows; the message names it and the bytes needed and available.
        ToolError: anything else the linker objects to.
    """
    compiler = compiler_of(board)
    script = linker_script(board)
    contents = [path.read_bytes() for path in archives]
    key = content_key(
        script,
        " ".join((*board.compiler_flags, *board.linker_flags)),
        tool_version(board.core.architecture.compiler),
        *map(str, objects),
        *contents,
    )

    def make(out: Path) -> None:
        with tempfile.TemporaryDirectory() as folder:
            script_path = Path(folder) / "board.ld"
            script_path.write_text(script, encoding="utf-8")
            command = [
                compiler, *board.compiler_flags, *board.linker_flags,
                "-nostartfiles", "-Wl,--gc-sections",
                f"-T{script_path}", "-o", str(out),
                *map(str, objects), "-Wl,--start-group", *map(str, archives),
                "-lc", "-lm", "-lgcc", "-Wl,--end-group",
            ]  # fmt: skip
            done = _run(command, _TIMEOUT_S)
            if done.returncode != 0:
                _raise_overflow(board, done.stderr)
                raise ToolError(f"the linker failed: {_first_error(done.stderr)}")

    return cached(f"images/{key[:2]}/{key}.elf", make)


def _raise_overflow(board: Board, message: str) -> None:
    overflows = re.findall(r"region `(\w+)' overflowed by (\d+) bytes", message)
    if not overflows:
        return
    sizes = {block.name: block.size_bytes for block in memory_blocks(board)}
    name, excess = overflows[0]
    available = sizes[name]
    raise BudgetError(
        f"board {board.name}: {name} needs {available + int(excess)} bytes but has {available}; "
        "use a smaller model or a larger board"
    )


def write_sources(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Writes a project's files into a folder and returns the paths of those to compile."""
    for relative, text in files.items():
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return [folder / name for name in sorted(files) if name.endswith(SOURCE_SUFFIXES)]
