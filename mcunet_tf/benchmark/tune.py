# SPDX-License-Identifier: Apache-2.0
"""Counts on a board what the kernels that could serve a model cost there.

`tflite_to_tinyengine --tune` does so for one model: each (kernel, shape) is counted once and kept
in a file. To fit the cost model that answers where nothing was counted, after every change of a
kernel:

    python -m mcunet_tf.benchmark.tune --fit [--board=qemu-m4,...] [--kernel=GLOB]
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mcunet_tf.benchmark.fit import fit_board, read_coefficients, write_coefficients
from mcunet_tf.benchmark.kernel_case import Array
from mcunet_tf.benchmark.kernel_programs import Program, count_programs, make_program
from mcunet_tf.benchmark.runner import run_on_board
from mcunet_tf.boards import Board, load_board
from mcunet_tf.check.cache import cache_dir, content_key
from mcunet_tf.check.toolchain import LIBRARY_FLAGS, tool_version
from mcunet_tf.errors import BoardError, McunetError, OutputError, ToolError
from mcunet_tf.tinyengine.compiler import CompiledModel
from mcunet_tf.tinyengine.cost import CallCost, MeasuredCosts, cost_key, cost_model
from mcunet_tf.tinyengine.cost.call_counts import whole_calls
from mcunet_tf.tinyengine.emit.sources import collect_sources, kernel_path
from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.kernel_tables.table import Kernel
from mcunet_tf.tinyengine.ops.spec import view
from mcunet_tf.tinyengine.schedule.nodes import make_node
from mcunet_tf.tinyengine.select import usable_kernels

FIT_BOARDS = ("qemu-m4", "qemu-m7", "qemu-m55", "qemu-m0plus", "qemu-rv32", "qemu-rv32v")

_NEAR = 2.0
"""Portable kernels that are predicted to take at most so many times a faster one's cycles count."""


def default_cache() -> Path:
    """Where measured costs are kept: in the user's cache folder."""
    return cache_dir() / "kernel_costs.json"


def tuned_costs(graph: Graph, board: Board, cache: Path | None = None) -> MeasuredCosts:
    """Costs of every kernel that may serve an operator of a graph, counted on a board.

    Portable kernels far behind faster ones are left to the model: they only matter for their size.

    Args:
        graph: after all passes.
        board: an emulated board, or a real one that can be emulated.
        cache: JSON file of costs that are known; it is written with the new ones.

    Raises:
        BoardError: the board cannot be measured.
        ToolError: a tool fails, or a kernel computes something else than its definition.
        OutputError: the file cannot be written.
    """
    # A real board's twin with large memories: many kernels are measured in one image.
    target = load_board(board.runner.emulated_on) if board.runner.emulated_on else board
    model = cost_model(target.core.cost_model)
    if target.runner.kind != "qemu" or model is None:
        raise BoardError(f"kernels cannot be measured on board {board.name}: name an emulated one")
    path = cache or default_cache()
    known = read_costs(path)
    wanted = _wanted(graph, target)
    missing = {key: work for key, work in wanted.items() if key not in known}
    if missing:
        known |= _measure(missing, target)
        write_costs(path, known)
    table = {work.key: known[key] for key, work in wanted.items()}
    return MeasuredCosts(model, table)


def count_model(compiled: CompiledModel, board: Board) -> CompiledModel:
    """Runs a compiled model once and puts the counts into its report.

    Args:
        compiled: a model compiled for the board's core.
        board: a board with an emulator.

    Raises:
        BudgetError, ToolError: as `run_on_board`.
    """
    rng = np.random.default_rng(0)
    arrays = tuple(_random_array(rng, info.shape, info.dtype) for info in compiled.inputs)
    result = run_on_board(compiled, board, [arrays])
    if result.instructions is None or not result.layers:
        raise ToolError(f"layers cannot be counted one by one: {result.counting_note}")
    layers = {layer.index: layer.instructions for layer in result.layers}
    report = compiled.report.with_measured(board.name, result.instructions[0], layers)
    files = {**compiled.files, "report.txt": report.text()}
    return dataclasses.replace(compiled, report=report, files=files)


def _random_array(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    if dtype == "float32":
        return rng.normal(0, 1, shape).astype(np.float32)
    limits = np.iinfo(dtype)
    values = rng.integers(limits.min, limits.max, shape, endpoint=True)
    array: Array = values.astype(dtype)
    return array


class _Work:
    """A kernel and the operator that it is to be measured on."""

    def __init__(self, graph: Graph, op: Op, kernel: Kernel) -> None:
        self.graph = cut_operator(graph, op)
        self.kernel = kernel
        self.node = make_node(self.graph, 0, self.graph.ops[0], kernel)
        self.key = cost_key(kernel, self.node.view, whole_calls(self.node))


def _worth_measuring(works: Sequence[_Work], board: Board) -> list[_Work]:
    """The kernels that a plan might choose: portable ones only where they come near the others."""
    model = cost_model(board.core.cost_model)
    fast = [work for work in works if work.kernel.isa != "portable"]
    if not fast or model is None:
        return list(works)

    def predicted(work: _Work) -> float:
        cost = model.kernel(work.kernel, work.node.view, whole_calls(work.node))
        return math.inf if cost is None else cost.cycles

    most = _NEAR * min(map(predicted, fast))
    return [work for work in works if work in fast or predicted(work) <= most]


def _wanted(graph: Graph, board: Board) -> dict[str, _Work]:
    """What must be known, by what it depends on: core, kernel sources, tools and shape."""
    wanted: dict[str, _Work] = {}
    for op in graph.ops:
        if op.kind == "RESHAPE":
            continue
        works = [_Work(graph, op, kernel) for kernel in usable_kernels(view(graph, op), board.isa)]
        for work in _worth_measuring(works, board):
            kernel = work.kernel
            wanted.setdefault(f"{board.core.name} {row_version(kernel, board)} {work.key}", work)
    return wanted


def cut_operator(graph: Graph, op: Op) -> Graph:
    """A graph of one operator, its constants and its inputs."""
    used = list(dict.fromkeys(i for i in (*op.inputs, *op.outputs) if i >= 0))
    places = {index: place for place, index in enumerate(used)} | {-1: -1}
    tensors = tuple(graph.tensors[index] for index in used)
    inputs = tuple(
        places[i] for i in dict.fromkeys(op.inputs) if i >= 0 and graph.tensors[i].data is None
    )
    edges = [tuple(places[i] for i in edge) for edge in (op.inputs, op.outputs)]
    moved = Op(op.kind, op.name, edges[0], edges[1], op.attributes)
    return Graph("operator", tensors, (moved,), inputs, moved.outputs)


def row_version(kernel: Kernel, board: Board) -> str:
    """Hash of all that a kernel's machine code comes from."""
    sources = collect_sources([kernel_path(kernel.folder, kernel.name)])
    flags = " ".join((*board.compiler_flags, *LIBRARY_FLAGS))
    texts = [part for pair in sources.items() for part in pair]
    return content_key(
        tool_version(board.core.architecture.compiler), flags, board.core.cycle_model, *texts
    )


def _measure(missing: Mapping[str, _Work], board: Board) -> dict[str, CallCost]:
    programs: list[Program] = []
    for work in missing.values():
        programs.append(make_program(work.graph, [work.kernel], board, f"p{len(programs)}"))
    found: dict[str, CallCost] = {}
    for (key, work), count in zip(missing.items(), count_programs(programs, board), strict=True):
        if not count.exact:
            raise ToolError(
                f"{work.kernel.name} computes '{work.graph.ops[0].name}' wrongly on {board.name}"
            )
        found[key] = CallCost(count.instructions, count.cycles)
    return found


def read_costs(path: Path) -> dict[str, CallCost]:
    """Costs from a file; none where there is no such file or it is not one of these."""
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return {str(key): CallCost(float(a), float(b)) for key, (a, b) in data["costs"].items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        print(f"{path} is not a file of kernel costs: measuring anew", file=sys.stderr)
        return {}


def write_costs(path: Path, costs: Mapping[str, CallCost]) -> None:
    """Writes costs, all or nothing.

    Raises:
        OutputError: the file cannot be written.
    """
    text = json.dumps({"costs": costs}, indent=1, sort_keys=True) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: {error.strerror}; name another file with --tune_cache"
        ) from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Fits the cost model on the named boards; 0, or 1 with one line on stderr."""
    parser = argparse.ArgumentParser(prog="python -m mcunet_tf.benchmark.tune", description=__doc__)
    parser.add_argument("--fit", action="store_true", required=True, help="fit the cost model")
    parser.add_argument("--board", default=",".join(FIT_BOARDS), help="boards, comma separated")
    parser.add_argument("--kernel", default="*", help="glob of the kernels to fit anew [all]")
    options = parser.parse_args(arguments)
    try:
        for name in options.board.split(","):
            board = load_board(name)
            # One board at a time: what is done stays done.
            data = read_coefficients()
            known = data["cores"].get(board.core.name)
            data["cores"][board.core.name] = fit_board(board, options.kernel, known, _print)
            write_coefficients(data)
    except McunetError as error:
        print(f"tune: {error}", file=sys.stderr)
        return 1
    return 0


def _print(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
