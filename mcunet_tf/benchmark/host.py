# SPDX-License-Identifier: Apache-2.0
"""Runs a compiled model in a process of this computer, with the sanitizers if asked for."""

from __future__ import annotations

import itertools
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from mcunet_tf.benchmark.cache import cached, content_key
from mcunet_tf.benchmark.project import library_sources, model_header
from mcunet_tf.benchmark.qemu import FIRMWARE_DIR
from mcunet_tf.benchmark.toolchain import (
    Source,
    compile_sources,
    find_tool,
    run_tool,
    tool_version,
)
from mcunet_tf.boards import Board
from mcunet_tf.errors import ToolError

SANITIZER_FLAGS = (
    "-g",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
    "-fno-omit-frame-pointer",
)
_TIMEOUT_S = 300.0


def run_on_host(
    name: str,
    files: Mapping[str, str],
    inputs: int,
    output_bytes: Sequence[int],
    board: Board,
    data: Sequence[Sequence[bytes]],
    sanitize: bool,
) -> list[list[bytes]]:
    """Builds the project for this computer and runs every inference in one process.

    Args:
        name: the model's.
        files: the emitted project.
        inputs: how many it has.
        output_bytes: size of each output.
        board: the host.
        data: per inference the bytes of each input.
        sanitize: finds memory errors and undefined behaviour, and fails on them.

    Returns:
        Per inference the bytes of each output.

    Raises:
        ToolError: no host compiler, a file that does not compile, a crash or a sanitizer's report.
    """
    program = build_host_program(name, files, (inputs, len(output_bytes)), board, sanitize)
    stream = b"".join(tensor for tensors in data for tensor in tensors)
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
    try:
        done = subprocess.run(
            [str(program)], input=stream, capture_output=True, timeout=_TIMEOUT_S, env=environment
        )
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"model {name} did not end on the host in {_TIMEOUT_S:.0f} s") from error
    if done.returncode != 0:
        lines = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
        told = next(
            (line for line in lines if "error" in line.lower()), f"exit status {done.returncode}"
        )
        raise ToolError(f"model {name} failed on the host: {told.strip()}")
    if len(done.stdout) != sum(output_bytes) * len(data):
        raise ToolError(f"model {name} wrote {len(done.stdout)} bytes on the host: not all outputs")
    ends = list(itertools.accumulate(list(output_bytes) * len(data)))
    sizes = itertools.cycle(output_bytes)
    pieces = [done.stdout[end - size : end] for end, size in zip(ends, sizes, strict=False)]
    width = len(output_bytes)
    return [pieces[i * width : (i + 1) * width] for i in range(len(data))]


def build_host_program(
    name: str,
    files: Mapping[str, str],
    tensor_counts: tuple[int, int],
    board: Board,
    sanitize: bool,
) -> Path:
    """Compiles and links the project with the host's runner; returns the cached program."""
    flags = SANITIZER_FLAGS if sanitize else ()
    with tempfile.TemporaryDirectory(prefix="mcunet_tf-") as folder_name:
        folder = Path(folder_name)
        library = library_sources(folder, name, files)
        header = model_header(name, files, *tensor_counts)
        (folder / "model_under_test.h").write_text(header, encoding="utf-8")
        sources = [Source(FIRMWARE_DIR / "host_runner.c"), *library]
        objects = compile_sources(board, sources, [f"-I{folder}", *flags])
    key = content_key(tool_version("cc"), *flags, *map(str, objects))
    command = [find_tool("cc"), *board.compiler_flags, *flags, *map(str, objects), "-lm", "-o"]

    return cached(f"programs/{key[:2]}/{key}", lambda out: run_tool([*command, str(out)]))
