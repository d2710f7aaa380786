# SPDX-License-Identifier: Apache-2.0
"""Fits the compiler's cost model to exact counts on an emulated board."""

from __future__ import annotations

import dataclasses
import fnmatch
import json
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mcunet_tf.benchmark.fit_cases import feed_chains, fit_cases, int8_cases
from mcunet_tf.benchmark.image import image_sizes, read_sections
from mcunet_tf.benchmark.kernel_case import OpCase
from mcunet_tf.benchmark.kernel_cases import chain_graphs, make_graph
from mcunet_tf.benchmark.kernel_programs import (
    WHOLE_BAND,
    Count,
    Program,
    count_programs,
    layer_by_layer,
    make_program,
    one_stage,
)
from mcunet_tf.benchmark.nonnegative import nonnegative_least_squares
from mcunet_tf.benchmark.runner import build_image
from mcunet_tf.boards import Board
from mcunet_tf.check.toolchain import (
    LIBRARY_FLAGS,
    Source,
    compile_sources,
    tool_version,
    write_sources,
)
from mcunet_tf.errors import ToolError
from mcunet_tf.tinyengine import cost
from mcunet_tf.tinyengine.cost.call_counts import code_counts, feed_counts, stage_calls
from mcunet_tf.tinyengine.cost.counts import Counts
from mcunet_tf.tinyengine.cost.features import features_of
from mcunet_tf.tinyengine.cost.model import COEFFICIENTS
from mcunet_tf.tinyengine.emit.sources import (
    collect_sources,
    kernel_path,
    shared_implementations,
)
from mcunet_tf.tinyengine.ir import Graph, Tensor
from mcunet_tf.tinyengine.kernel_tables import KERNELS
from mcunet_tf.tinyengine.kernel_tables.table import Kernel
from mcunet_tf.tinyengine.ops.spec import view
from mcunet_tf.tinyengine.select import usable_kernels

COEFFICIENTS_PATH = Path(cost.__file__).parent / COEFFICIENTS

# Rows of one operator alternate between these: most output rows per call.
_BAND_LIMITS = (WHOLE_BAND, 2, 3, 1)
# Instructions, or bytes: around a layer on its own there are fewer, and they hardly matter.
_FEED_FLOOR = 300.0
_LINKED_PROGRAMS = 6
# Of portable kernels where faster ones exist: their loops are simple, and they are slow to run. The
# first few are always measured: with as many weights as samples, a fit says nothing of others.
_PORTABLE_EVERY, _PORTABLE_FIRST = 3, 12


@dataclass(frozen=True)
class Sample:
    """One measurement: loop counts, and what they took."""

    case: str
    counts: Counts
    instructions: int
    cycles: int


@dataclass(frozen=True)
class Fit:
    """Weights of a fit, and the relative errors of its instructions."""

    weights: Mapping[str, tuple[float, float]]
    errors: Mapping[str, float]

    @property
    def worst(self) -> float:
        """The largest error in magnitude."""
        return max(map(abs, self.errors.values()), default=0.0)


def fit_samples(samples: Sequence[Sample], floor: float = 1.0) -> Fit:
    """Fits non-negative weights; errors count relatively, so that small shapes matter too.

    Args:
        samples: samples of one kernel.
        floor: smaller measurements count as if they were this large.
    """
    names = list(dict.fromkeys(name for sample in samples for name in sample.counts))
    matrix = np.array([[s.counts.get(name, 0.0) for name in names] for s in samples], np.float64)
    results = []
    for measured in ([s.instructions for s in samples], [s.cycles for s in samples]):
        target = np.array(measured, np.float64)
        weight = 1.0 / np.maximum(target, floor)
        results.append(nonnegative_least_squares(matrix * weight[:, None], target * weight))
    predicted = matrix @ results[0]
    errors = {
        s.case: float((p - s.instructions) / max(s.instructions, floor))
        for s, p in zip(samples, predicted, strict=True)
    }
    pairs = zip(names, zip(*results, strict=True), strict=True)
    weights = {name: (float(a), float(b)) for name, (a, b) in pairs if a > 0 or b > 0}
    return Fit(weights, errors)


def _rows_for(graph: Graph, board: Board) -> tuple[Kernel, ...]:
    """The kernels that may take a graph's one operator."""
    return usable_kernels(view(graph, graph.ops[0]), board.isa)


def measure_rows(board: Board, pattern: str, log: Callable[[str], None]) -> dict[str, list[Sample]]:
    """Measures every kernel that matches on the cases it takes.

    Raises:
        ToolError: a kernel computes something else than `evaluate`, or a tool fails.
    """
    programs: list[Program] = []
    runs: list[tuple[OpCase, Kernel]] = []
    skipped: dict[str, int] = {}
    for number, case in enumerate(fit_cases()):
        graph = make_graph(case)
        usable = _rows_for(graph, board)
        for kernel in usable:
            if not fnmatch.fnmatch(kernel.name, pattern):
                continue
            if kernel.isa == "portable" and len(usable) > 1:
                seen = skipped[kernel.name] = skipped.get(kernel.name, -1) + 1
                if seen >= _PORTABLE_FIRST and seen % _PORTABLE_EVERY:
                    continue
            limit = _BAND_LIMITS[number % len(_BAND_LIMITS)]
            if kernel.chunk_rows and number // len(_BAND_LIMITS) % 2:
                # As in a stage of several operators: band by band.
                kernel = dataclasses.replace(kernel, chunk_rows=0, band_rows=kernel.chunk_rows)
            groups = layer_by_layer(graph, limit)
            programs.append(make_program(graph, [kernel], board, f"p{len(programs)}", groups))
            runs.append((case, kernel))
    log(f"{board.name}: {len(programs)} programs")
    samples: dict[str, list[Sample]] = {}
    for (case, kernel), program, count in zip(
        runs, programs, count_programs(programs, board), strict=True
    ):
        if not count.exact:
            raise ToolError(f"{kernel.name} computes {case} wrongly on {board.name}")
        samples.setdefault(kernel.name, []).append(_sample(case, kernel, program, count))
    return samples


def _sample(case: OpCase, kernel: Kernel, program: Program, count: Count) -> Sample:
    (stage,) = program.plan.stages
    (calls,) = stage_calls(stage)
    features = features_of(kernel.name, case.kind, kernel.isa, kernel.style)
    counts = features(stage.nodes[0].view, calls)
    return Sample(str(case), counts, count.instructions, count.cycles)


def feed_programs(board: Board) -> list[Program]:
    """Single operators, and runs of them: streamed, layer by layer, and as rows come in."""
    programs: list[Program] = []
    for number, case in enumerate(int8_cases()[::12]):
        graph = make_graph(case)
        kernels = [_rows_for(graph, board)[0]]
        groups = layer_by_layer(graph, _BAND_LIMITS[number % len(_BAND_LIMITS)])
        programs.append(make_program(graph, kernels, board, f"p{len(programs)}", groups))
    for chain in feed_chains():
        graphs = [make_graph(case) for case in chain]
        kernels = [_rows_for(graph, board)[0] for graph in graphs]
        whole = chain_graphs(graphs)
        for groups in (one_stage(whole, 2), one_stage(whole, 1), layer_by_layer(whole, 2)):
            programs.append(make_program(whole, kernels, board, f"p{len(programs)}", groups))
        for band in (1, 2):
            program = make_program(whole, kernels, board, f"p{len(programs)}", pushed_band=band)
            programs.append(program)
    return programs


def measure_feed(board: Board, programs: Sequence[Program]) -> list[Sample]:
    """Measures the emitted code around kernels."""
    samples = []
    for program, count in zip(programs, count_programs(programs, board), strict=True):
        counts: Counts = {"entry": 1}
        for stage in program.plan.stages:
            for position in range(len(stage.nodes)):
                _add(counts, feed_counts(stage, position))
        name = " + ".join(op.name for op in program.graph.ops)
        samples.append(Sample(name, counts, count.feed_instructions, count.feed_cycles))
    return samples


def _add(counts: Counts, more: Counts) -> None:
    for name, value in more.items():
        counts[name] = counts.get(name, 0) + value


def object_bytes(path: Path) -> int:
    """Code and constants of an object file: what the linker puts into flash for it."""
    sections = read_sections(path)
    kept = (".text", ".rodata")
    return sum(s.size_bytes for name, s in sections.items() if name.startswith(kept))


def kernel_code_bytes(board: Board, kernels: Sequence[Kernel]) -> dict[str, int]:
    """Flash that each kernel's code takes, compiled for a board."""
    with tempfile.TemporaryDirectory(prefix="mcunet_tf-") as name:
        folder = Path(name)
        sources = []
        for kernel in kernels:
            path = kernel_path(kernel.folder, kernel.name)
            write_sources(folder, collect_sources([path]))
            sources.append(Source(folder / path, LIBRARY_FLAGS))
        objects = compile_sources(board, sources)
    return {k.name: object_bytes(o) for k, o in zip(kernels, objects, strict=True)}


def shared_code(board: Board, kernels: Sequence[Kernel]) -> dict[str, dict[str, Any]]:
    """What kernels call that is linked once, by its name: its flash and those kernels' names."""
    users: dict[str, list[str]] = {}
    for kernel in kernels:
        for path in shared_implementations([kernel_path(kernel.folder, kernel.name)]):
            users.setdefault(path, []).append(kernel.name)
    with tempfile.TemporaryDirectory(prefix="mcunet_tf-") as name:
        folder = Path(name)
        write_sources(folder, collect_sources(users))
        sources = [Source(folder / path, LIBRARY_FLAGS) for path in users]
        objects = compile_sources(board, sources)
    return {
        Path(path).stem: {"code_bytes": object_bytes(made), "kernels": sorted(names)}
        for (path, names), made in zip(users.items(), objects, strict=True)
    }


@dataclass(frozen=True)
class _Linkable:
    """A program as `runner.build_image` takes it."""

    name: str
    files: Mapping[str, str]
    inputs: Sequence[Tensor]
    outputs: Sequence[Tensor]


def code_weights(
    board: Board,
    programs: Sequence[Program],
    sizes: Mapping[str, int],
    shared: Mapping[str, Mapping[str, Any]],
) -> dict[str, float]:
    """Flash of all code but the kernels', in bytes by what it is for.

    Args:
        board: the board to compile for.
        programs: the programs of `feed_programs`; the last few are linked.
        sizes: the sizes of the kernels' code.
        shared: as `shared_code` gives it.
    """
    with tempfile.TemporaryDirectory(prefix="mcunet_tf-") as name:
        folder = Path(name)
        sources = []
        for program in programs:
            write_sources(folder, dict(program.files))
            sources.append(Source(folder / f"{program.name}.c", LIBRARY_FLAGS))
        objects = compile_sources(board, sources, [f"-I{folder}"])
    own = [object_bytes(path) for path in objects]
    samples = []
    for program, size in zip(programs, own, strict=True):
        counts: Counts = {"source": 1}
        for stage in program.plan.stages:
            _add(counts, code_counts(stage.nodes))
        samples.append(Sample(program.name, counts, size, size))
    weights = {name: pair[0] for name, pair in fit_samples(samples, _FEED_FLOOR).weights.items()}
    rests = []
    for program, size in list(zip(programs, own, strict=True))[-_LINKED_PROGRAMS:]:
        tensors = program.graph.tensors
        edges = ([tensors[i] for i in e] for e in (program.graph.inputs, program.graph.outputs))
        image = build_image(_Linkable(program.name, program.files, *edges), board, counter="none")
        nodes = [node for stage in program.plan.stages for node in stage.nodes]
        names = {node.kernel.name for node in nodes}
        together = [it["code_bytes"] for it in shared.values() if names & set(it["kernels"])]
        kernels = sum(sizes[name] for name in names) + sum(together)
        rests.append(image_sizes(image).code_bytes - size - kernels)
    weights["image"] = float(np.mean(rests))
    return {name: round(value, 1) for name, value in sorted(weights.items())}


def all_kernels(board: Board) -> list[Kernel]:
    """Every kernel that a board can run, each name once."""
    kernels = {
        kernel.name: kernel
        for table in KERNELS.values()
        for kernel in table
        if kernel.isa == "portable" or kernel.isa in board.isa
    }
    return list(kernels.values())


def fit_board(
    board: Board, pattern: str, known: Mapping[str, Any] | None, log: Callable[[str], None]
) -> dict[str, Any]:
    """The part of `coefficients.json` for a board's core.

    Args:
        board: an emulated board.
        pattern: glob of the kernels to fit; the others keep what is known of them.
        known: what the part was before, or None.
        log: takes a line of progress.
    """
    kernels = {kernel.name: kernel for kernel in all_kernels(board)}
    entry: dict[str, Any] = {"kernels": {}}
    if known is not None:
        entry["kernels"] = {name: it for name, it in known["kernels"].items() if name in kernels}
    sizes = kernel_code_bytes(board, list(kernels.values()))
    samples = measure_rows(board, pattern, log)
    for name in sorted(samples):
        fit = fit_samples(samples[name])
        worst = max(fit.errors, key=lambda case: abs(fit.errors[case]))
        log(
            f"{name}: {len(samples[name])} shapes, {len(fit.weights)} weights, "
            f"worst {100 * fit.errors[worst]:+.2f} % ({worst})"
        )
        entry["kernels"][name] = {
            "error": round(fit.worst, 5),
            "weights": _rounded(fit.weights),
        }
    for name, it in entry["kernels"].items():
        it["code_bytes"] = sizes[name]
    programs = feed_programs(board)
    feed = measure_feed(board, programs)
    fit = fit_samples(feed, _FEED_FLOOR)
    weights = dict(fit.weights)
    start = weights.pop("entry", (0.0, 0.0))
    log(f"code around kernels: {len(feed)} samples, worst {100 * fit.worst:.1f} %")
    entry["entry"] = [round(value, 3) for value in start]
    entry["feed"] = _rounded(weights)
    framed = [program for program in programs if not program.pushed]
    shared = shared_code(board, list(kernels.values()))
    entry["shared"] = shared
    entry["code"] = code_weights(board, framed, sizes, shared)
    entry["by_cycles"] = board.core.calibration.error_percent is not None
    release = re.search(r"\d+\.\d+\.\d+", tool_version(board.core.architecture.compiler))
    model = board.core.cycle_model
    entry["label"] = (
        f"linear model of {board.core.name} fitted to exact counts on {board.name} (gcc "
        f"{release.group() if release else 'unknown'} {' '.join(LIBRARY_FLAGS)})"
        + (f"; cycles by the static {model} model" if model else "")
    )
    return entry


def _rounded(weights: Mapping[str, tuple[float, float]]) -> dict[str, list[float]]:
    return {name: [round(a, 4), round(b, 4)] for name, (a, b) in weights.items()}


def read_coefficients(path: Path = COEFFICIENTS_PATH) -> dict[str, Any]:
    """The whole file; an empty one where there is none yet."""
    if not path.is_file():
        return {"cores": {}}
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


def write_coefficients(data: Mapping[str, Any], path: Path = COEFFICIENTS_PATH) -> None:
    """Writes the file with one loop per line."""
    path.write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", encoding="utf-8")
