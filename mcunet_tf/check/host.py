# SPDX-License-Identifier: Apache-2.0
"""Runs a compiled model in a process of this computer, with the sanitizers if asked for."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mcunet_tf.boards import Board
from mcunet_tf.check.build_inputs import library_files, library_sources, model_header
from mcunet_tf.check.cache import cached, content_key
from mcunet_tf.check.tensors import Compiled, tensor_bytes
from mcunet_tf.check.toolchain import (
    Source,
    compile_sources,
    find_tool,
    run_tool,
    tool_version,
)
from mcunet_tf.errors import ToolError

# Checks of every access cost more than -O3 gains, and take twice as long to compile.
SANITIZER_FLAGS = (
    "-O1",
    "-g",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
    "-fno-omit-frame-pointer",
)
_RUNNER = Path(__file__).with_name("host_runner.c")
_TIMEOUT_S = 300.0
_TIME_BYTES = 8  # the uint64 behind the outputs


@dataclass(frozen=True)
class HostRun:
    """One inference on the host: the bytes of its outputs and the fastest run's wall time."""

    outputs: list[bytes]
    wall_seconds: float


def run_on_host(
    compiled: Compiled,
    board: Board,
    data: Sequence[Sequence[bytes]],
    *,
    sanitize: bool = False,
    repeats: int = 1,
) -> list[HostRun]:
    """Builds the project for this computer and runs every inference in one process.

    Args:
        compiled: the model's C project and its tensors.
        board: the host.
        data: per inference the bytes of each input. A model that remembers begins anew, and each
            inference sees those before it.
        sanitize: finds memory errors and undefined behaviour, and fails on them.
        repeats: how often each inference is run; the fastest counts.

    Raises:
        ToolError: no host compiler, a file that does not compile, a crash or a sanitizer's report.
    """
    name, output_bytes = compiled.name, [tensor_bytes(info) for info in compiled.outputs]
    counts, files = (len(compiled.inputs), len(compiled.outputs)), library_files(compiled)
    program = build_host_program(name, files, counts, board, sanitize)
    stream = b"".join(tensor for tensors in data for tensor in tensors)
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
    if f"{name}_reset(" in files[f"{name}.h"]:
        repeats = 1  # another run of an inference would see that inference
    command = [str(program), str(repeats)]
    try:
        done = subprocess.run(
            command, input=stream, capture_output=True, timeout=_TIMEOUT_S, env=environment
        )
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"model {name} did not end on the host in {_TIMEOUT_S:.0f} s") from error
    if done.returncode != 0:
        lines = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
        told = next(
            (line for line in lines if "error" in line.lower()), f"exit status {done.returncode}"
        )
        raise ToolError(f"model {name} failed on the host: {told.strip()}")
    if len(done.stdout) != (sum(output_bytes) + _TIME_BYTES) * len(data):
        raise ToolError(f"model {name} wrote {len(done.stdout)} bytes on the host: not all outputs")
    return _split(done.stdout, output_bytes)


def _split(stream: bytes, output_bytes: Sequence[int]) -> list[HostRun]:
    """Cuts what the program wrote into inferences."""
    ends = list(itertools.accumulate(output_bytes))
    runs = []
    step = sum(output_bytes) + _TIME_BYTES
    for start in range(0, len(stream), step):
        record = stream[start : start + step]
        pieces = [record[end - n : end] for end, n in zip(ends, output_bytes, strict=True)]
        runs.append(HostRun(pieces, int.from_bytes(record[-_TIME_BYTES:], sys.byteorder) / 1e9))
    return runs


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
        if sanitize:
            library = [replace(source, flags=()) for source in library]
        sources = [Source(_RUNNER), *library]
        objects = compile_sources(board, sources, [f"-I{folder}", *flags])
    key = content_key(tool_version("cc"), *flags, *map(str, objects))
    command = [find_tool("cc"), *board.compiler_flags, *flags, *map(str, objects), "-lm", "-o"]

    return cached(f"programs/{key[:2]}/{key}", lambda out: run_tool([*command, str(out)]))
