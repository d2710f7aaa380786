# SPDX-License-Identifier: Apache-2.0
"""Plans of a planner with a fault: what the validator says, and what their C gives."""

from __future__ import annotations

import functools
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np

from mcunet_tf.benchmark.qemu import run_elf
from mcunet_tf.check.tensors import encode_inputs
from mcunet_tf.check.toolchain import find_tool
from mcunet_tf.errors import McunetError
from mcunet_tf.tinyengine import compile_tflite, compiler
from mcunet_tf.tinyengine.evaluate import evaluate
from mcunet_tf.tinyengine.validate import PlanError, validate_plan
from tests.ops.case import Case, case_inputs
from tests.ops.programs import BOARD_HEAD, HOST_HEAD, Job, main_source, project_files, write_files
from tests.plan.mutations import HOST, Fault
from tests.plan.random_networks import (
    averaged_network,
    depthwise_network,
    offset_network,
    random_network,
    streamed_network,
)

INPUTS = 2
_SECONDS = 5
_FLAGS = ("-std=c11", "-O1", "-w")


@dataclass(frozen=True, eq=False)
class Planted:
    """A network, compiled by a planner with a fault.

    Attributes:
        seed: of the network.
        job: what came out.
        refused: why the validator refuses the plan; None if it does not.
    """

    seed: int
    job: Job
    refused: str | None


_SPECIAL = (averaged_network, streamed_network, depthwise_network, offset_network)


def network(seed: int, dtype: str = "int8") -> bytes:
    """A random network; below 0 one that has what few of those have."""
    return random_network(seed, dtype=dtype) if seed >= 0 else _SPECIAL[-1 - seed]()


@functools.cache
def _sound_c(seed: int, dtype: str, board: str, input_mode: str, optimize: str) -> str | None:
    """The C of the same network without a fault; None where it cannot be compiled."""
    try:
        compiled = compile_tflite(
            network(seed, dtype), board, name="c", optimize=optimize, input_mode=input_mode
        )
    except McunetError:
        return None  # two inputs, or one that is read again later
    return compiled.files["c.c"]


def plant(fault: Fault, seed: int, dtype: str = "int8") -> Planted | None:
    """Compiles a network with a fault; None where that makes no other C, or no plan at all."""
    sound = _sound_c(seed, dtype, fault.board, fault.input_mode, fault.optimize)
    if sound is None:
        return None
    refused: list[str] = []

    def judge(graph: object, plan: object) -> None:
        try:
            validate_plan(graph, plan)
        except PlanError as error:
            refused.append(str(error))

    options = {"optimize": fault.optimize, "input_mode": fault.input_mode}
    case = Case("NETWORK", str(seed), network(seed, dtype))
    try:
        with fault.plant(), mock.patch.object(compiler, "validate_plan", judge):
            compiled = compile_tflite(case.model, fault.board, name="c", **options)
    except (AssertionError, LookupError, ValueError, McunetError):
        return None  # the planner itself notices
    if compiled.files["c.c"] == sound:
        return None
    job = Job(case, compiled, case_inputs(case, compiled.graph, INPUTS))
    return Planted(seed, job, refused[0] if refused else None)


def wrong(found: Sequence[Planted], board: str) -> list[Planted]:
    """Those whose C gives other outputs than the graph, or none."""
    if board == HOST:
        # Each in a process of its own: what is wrong may not end, or not well.
        with ThreadPoolExecutor(2) as pool:
            outputs = list(pool.map(_run_on_host, found))
    else:
        outputs = [_run_on_emulator(planted, board) for planted in found]
    return [p for p, output in zip(found, outputs, strict=True) if output != _wanted(p)]


def _wanted(planted: Planted) -> bytes:
    job = planted.job
    outputs = [evaluate(job.compiled.graph, arrays) for arrays in job.inputs]
    return b"".join(np.ascontiguousarray(o).tobytes() for arrays in outputs for o in arrays)


def _stdin(job: Job) -> bytes:
    return b"".join(part for arrays in job.inputs for part in encode_inputs(job.compiled, arrays))


def _run_on_host(planted: Planted) -> bytes | None:
    job = planted.job
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = {**project_files([job]), "main.c": main_source([job], HOST_HEAD)}
        write_files(folder, files)
        kernels = [_kernel(p, files) for p in sorted(files) if p.endswith(".c") and "/" in p]
        own = [str(folder / "models.c"), str(folder / "main.c")]
        program = str(folder / "program")
        command = [find_tool("cc"), *_FLAGS, f"-I{folder}", *own, *kernels, "-lm", "-o", program]
        if subprocess.run(command, capture_output=True).returncode:
            return None
        try:
            done = subprocess.run(
                [program], input=_stdin(job), capture_output=True, timeout=_SECONDS
            )
        except subprocess.TimeoutExpired:
            return None
    return done.stdout if done.returncode == 0 else None


_objects: dict[str, str] = {}
_objects_lock = threading.Lock()
_folder = tempfile.TemporaryDirectory()


def _kernel(path: str, files: dict[str, str]) -> str:
    """The object of a kernel, compiled once."""
    with _objects_lock:
        if path not in _objects:
            folder = Path(_folder.name)
            write_files(folder, {p: text for p, text in files.items() if p.startswith("kernels/")})
            source, out = folder / path, folder / (path.replace("/", "_") + ".o")
            command = [find_tool("cc"), *_FLAGS, f"-I{folder}", "-c", str(source), "-o", str(out)]
            subprocess.run(command, check=True, capture_output=True)
            _objects[path] = str(out)
        return _objects[path]


def _run_on_emulator(planted: Planted, board: str) -> bytes | None:
    job = planted.job
    stream = ",".join(map(str, np.frombuffer(_stdin(job), np.uint8).tolist()))
    head = BOARD_HEAD.replace("DATA", f"static const uint8_t stream[] = {{{stream}}};")
    files = {**project_files([job]), "main.c": main_source([job], head)}
    try:
        return run_elf(files, board, timeout_s=_SECONDS).stdout
    except McunetError:
        return None
