# SPDX-License-Identifier: Apache-2.0
"""Many compiled models in one program: names are prefixed, so a build serves hundreds of cases."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mcunet_tf.benchmark.qemu import run_elf
from mcunet_tf.boards import Board, load_board
from mcunet_tf.check.host import SANITIZER_FLAGS
from mcunet_tf.check.tensors import decode_outputs, encode_inputs
from mcunet_tf.check.toolchain import Source, compile_sources, find_tool, run_tool
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.compiler import CompiledModel
from tests.ops.case import INPUTS_PER_CASE, Arrays, Case, case_inputs

GARBAGE = 0xA5
WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wsign-conversion", "-Wvla", "-Werror")
_TIMEOUT_S = 120.0


@dataclass(frozen=True, eq=False)
class Job:
    """One case, compiled, with the inputs it is to be run on."""

    case: Case
    compiled: CompiledModel
    inputs: list[Arrays]

    @property
    def name(self) -> str:
        return self.compiled.name


def make_jobs(cases: Sequence[Case], board: str | Board, **options: Any) -> list[Job]:
    """Compiles every case under a name of its own.

    Args:
        cases: what to compile.
        board: for which board.
        options: those of `compile_tflite`, and `inputs`: how many inputs each case is run on.
    """
    count = options.pop("inputs", INPUTS_PER_CASE)
    jobs = []
    for number, case in enumerate(cases):
        compiled = compile_tflite(
            case.model, board, name=f"c{number}", **{"edges": "model"} | options
        )
        jobs.append(Job(case, compiled, case_inputs(case, compiled.graph, count)))
    return jobs


def run_on_host(
    cases: Sequence[Case], board: str | Board = "portable", **options: Any
) -> list[tuple[Job, list[Arrays]]]:
    """Runs all cases on this machine under the address and undefined-behaviour sanitizers."""
    board = load_board(board) if isinstance(board, str) else board
    jobs = make_jobs(cases, board, **options)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = write_files(folder, {**project_files(jobs), "main.c": main_source(jobs, HOST_HEAD)})
        sources = [Source(path, WARNINGS) for path in paths]
        objects = compile_sources(board, sources, [f"-I{folder}", *SANITIZER_FLAGS])
        program = folder / "program"
        run_tool([find_tool("cc"), *SANITIZER_FLAGS, *map(str, objects), "-lm", "-o", str(program)])
        done = subprocess.run(
            [str(program)],
            input=b"".join(_input_bytes(jobs)),
            capture_output=True,
            timeout=_TIMEOUT_S,
            env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"},
        )
    assert done.returncode == 0, done.stderr.decode(errors="replace")[:4000]
    return _split(jobs, done.stdout)


def run_on_emulator(
    cases: Sequence[Case], board: str, **options: Any
) -> list[tuple[Job, list[Arrays]]]:
    """Runs all cases on an emulated board, with the kernels that its core can run."""
    jobs = make_jobs(cases, board, **options)
    data = np.frombuffer(b"".join(_input_bytes(jobs)), np.uint8)
    stream = ",".join(map(str, data.tolist()))
    head = BOARD_HEAD.replace("DATA", f"static const uint8_t stream[] = {{{stream}}};")
    run = run_elf({**project_files(jobs), "main.c": main_source(jobs, head)}, board)
    return _split(jobs, run.stdout)


HOST_HEAD = """
#include <stdio.h>
static void get(void *data, uint32_t size) { if (fread(data, 1, size, stdin) != size) abort(); }
static void put(const void *data, uint32_t size) { fwrite(data, 1, size, stdout); }
"""
BOARD_HEAD = """
#include "region.h"
DATA
static uint32_t position;
static void get(void *data, uint32_t size) {
  memcpy(data, stream + position, size);
  position += size;
}
static void put(const void *data, uint32_t size) { region_write(data, size); }
"""


def project_files(jobs: Sequence[Job]) -> dict[str, str]:
    """The files of all models: theirs as one translation unit, the kernels once."""
    files: dict[str, str] = {}
    unity = []
    for job in jobs:
        own = {f"{job.name}.c": f"{job.name}.inc", f"{job.name}_weights.c": f"{job.name}_w.inc"}
        for path, text in job.compiled.files.items():
            if path == "main.c" or not path.endswith((".c", ".h", ".S", ".inc")):
                continue
            path = own.get(path, path)
            assert files.setdefault(path, text) == text, f"two texts of {path}"
        unity += [f'#include "{name}"\n' for name in own.values()]
    return {**files, "models.c": "".join(unity)}


def main_source(jobs: Sequence[Job], head: str) -> str:
    includes = "".join(f'#include "{job.name}.h"\n' for job in jobs)
    lines = []
    for job in jobs:
        upper = job.name.upper()
        lines.append(f"  for (int i = 0; i < {len(job.inputs)}; i++) {{")
        lines.append(f"    static int8_t arena[{upper}_ARENA_BYTES] ALIGNED;")
        lines.append("    if (i == 0) memset(arena, GARBAGE, sizeof arena);")
        if job.compiled.graph.states:
            lines.append(f"    static int8_t state[{upper}_STATE_BYTES] ALIGNED;")
            lines.append(f"    if (i == 0) {job.name}_reset(state);")
        lines += _push(job) if job.compiled.input_mode == "rows" else _invoke(job)
        for n in range(len(job.compiled.outputs)):
            lines.append(f"    put({job.name}_output_{n}(arena), {upper}_OUTPUT_{n}_BYTES);")
        lines.append("  }")
    return (
        "#include <stdint.h>\n#include <stdlib.h>\n#include <string.h>\n"
        f"{includes}#define GARBAGE {GARBAGE}\n#define ALIGNED __attribute__((aligned(16)))\n"
        f"{head}\nint main(void) {{\n" + "\n".join(lines) + "\n  return 0;\n}\n"
    )


def _invoke(job: Job) -> list[str]:
    upper = job.name.upper()
    fill = [
        f"    get({job.name}_input_{n}(arena), {upper}_INPUT_{n}_BYTES);"
        for n in range(len(job.compiled.inputs))
    ]
    memories = "arena, state" if job.compiled.graph.states else "arena"
    return [*fill, f"    {job.name}_invoke({memories});"]


def _push(job: Job) -> list[str]:
    """The image goes in row by row, through a buffer that is overwritten each time."""
    upper = job.name.upper()
    return [
        f"    static int8_t row[{upper}_INPUT_0_ROW_BYTES] ALIGNED;",
        f"    {job.name}_begin(arena);",
        f"    for (int y = 0; y < {upper}_INPUT_0_ROWS; y++) {{",
        "      get(row, sizeof row);",
        f"      {job.name}_push_row(arena, (const void *)row);",
        "    }",
        f"    {job.name}_finish(arena);",
    ]


def write_files(folder: Path, files: dict[str, str]) -> list[Path]:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return [folder / name for name in sorted(files) if name.endswith((".c", ".S"))]


def _input_bytes(jobs: Sequence[Job]) -> Iterator[bytes]:
    for job in jobs:
        for arrays in job.inputs:
            yield from encode_inputs(job.compiled, arrays)


def _split(jobs: Sequence[Job], stdout: bytes) -> list[tuple[Job, list[Arrays]]]:
    """Cuts what the program wrote into the outputs of each job."""
    results, position = [], 0
    for job in jobs:
        outputs = []
        for _ in job.inputs:
            pieces = []
            for info in job.compiled.outputs:
                size = int(np.prod(info.shape, dtype=int)) * np.dtype(info.dtype).itemsize
                pieces.append(stdout[position : position + size])
                position += size
            outputs.append(decode_outputs(job.compiled, pieces))
        results.append((job, outputs))
    assert position == len(stdout)
    return results
