# SPDX-License-Identifier: Apache-2.0
"""CMSIS-NN ahead of time: our graph and planner, Arm's kernels, layer by layer.

What an interpreter costs is left out on purpose: the difference to TinyEngine is the kernels and
the plan of memory, nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mcunet_tf.benchmark.runtimes.cmsis_nn.choose import make_call
from mcunet_tf.benchmark.runtimes.cmsis_nn.emit import CmsisProject, emit_cmsis_project
from mcunet_tf.benchmark.runtimes.cmsis_nn.functions import Call
from mcunet_tf.benchmark.runtimes.cmsis_nn.release import CmsisNn, find_cmsis_nn
from mcunet_tf.benchmark.runtimes.cmsis_nn.scratch import scratch_sizes
from mcunet_tf.boards import Board
from mcunet_tf.check.build_inputs import External
from mcunet_tf.errors import BoardError, UnsupportedError
from mcunet_tf.tinyengine.compiler import TensorInfo
from mcunet_tf.tinyengine.emit.cost_report import Report, make_report
from mcunet_tf.tinyengine.emit.names import derived_name
from mcunet_tf.tinyengine.emit.project import Project
from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.kernel_tables import kernels_for
from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style
from mcunet_tf.tinyengine.ops.spec import view
from mcunet_tf.tinyengine.passes import run_passes
from mcunet_tf.tinyengine.plan.plan import Group, plan_stages
from mcunet_tf.tinyengine.read_tflite import read_tflite
from mcunet_tf.tinyengine.schedule.nodes import make_node, storage_roots
from mcunet_tf.tinyengine.validate import validate_plan


@dataclass(frozen=True, eq=False)
class CmsisNnModel:
    """A model as C that calls CMSIS-NN; see `check.tensors.Compiled`.

    Attributes:
        external: CMSIS-NN's own files, compiled where they are installed.
        report: layers with their functions, and where everything lies.
        notes: what a reader of the figures must know.
    """

    name: str
    files: dict[str, str]
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    graph: Graph
    report: Report
    external: External
    notes: tuple[str, ...]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return self.report.macs

    @property
    def arena_bytes(self) -> int:
        """Activations, input, output and CMSIS-NN's scratch."""
        return self.report.arena_bytes


def compile_cmsis_nn(model: Path, board: Board, cmsis_nn_dir: Path | None = None) -> CmsisNnModel:
    """Compiles an int8 `.tflite` file to C that calls CMSIS-NN.

    Args:
        model: the file.
        board: a Cortex-M board.
        cmsis_nn_dir: folder of a release; by default the one of the `bench` extra.

    Raises:
        ToolError: CMSIS-NN or a tool is missing.
        BoardError: the board is no Cortex-M.
        ModelError: the model cannot be read or holds what neither CMSIS-NN nor a portable kernel
            of ours takes.
    """
    if board.runner.kind == "host":
        raise BoardError("CMSIS-NN is for Cortex-M: choose another board")
    library = find_cmsis_nn(cmsis_nn_dir)
    graph = run_passes(read_tflite(model.read_bytes(), model.name), as_spelt=True)
    ops = [op for op in graph.ops if op.kind != "RESHAPE"]
    calls = {
        index: call
        for index, op in enumerate(ops)
        for call in [make_call(library, view(graph, op), board.isa)]
        if call is not None
    }
    sizes = scratch_sizes(library, board, calls)
    nodes = [
        make_node(
            graph,
            index,
            op,
            cmsis_row(calls[index], sizes[index]) if index in calls else _portable_row(graph, op),
        )
        for index, op in enumerate(ops)
    ]
    groups = [Group(i, i + 1, band_limit=1 << 15) for i in range(len(nodes))]
    plan = plan_stages(graph, storage_roots(graph), nodes, groups)
    validate_plan(graph, plan)
    name = derived_name(model.stem)
    project = CmsisProject(name, graph, plan, calls)
    notes = _notes(library, ops, calls)
    description = Project(name, model.name, board.name, library.version, (), graph, plan)
    return CmsisNnModel(
        name,
        emit_cmsis_project(project),
        _edges(graph, graph.given),
        _edges(graph, graph.made),
        graph,
        make_report(description, notes),
        _external(library, calls),
        notes,
    )


def cmsis_row(call: Call, scratch_bytes: int) -> Kernel:
    """A function of CMSIS-NN in the form of our kernel tables, for planner and report."""
    return Kernel(
        call.function,
        "cmsis_nn",
        "portable",
        Style.WHOLE,
        lambda _: Struct("", call.constants),
        scratch_bytes=lambda *_: scratch_bytes,
        data_inputs=call.inputs,
        streamed_inputs=(),
    )


def _portable_row(graph: Graph, op: Op) -> Kernel:
    seen = view(graph, op)
    for kernel in kernels_for(seen):
        usable = kernel.isa == "portable" and kernel.style in (Style.WHOLE, Style.PIXELS)
        if usable and kernel.rejects(seen) is None:
            return kernel
    raise UnsupportedError(f"CMSIS-NN as installed has no function for {op.kind} '{op.name}'")


def _external(library: CmsisNn, calls: dict[int, Call]) -> External:
    functions = {call.function for call in calls.values()}
    return External(library.sources(functions), library.include_dirs)


def _notes(library: CmsisNn, ops: list[Op], calls: dict[int, Call]) -> tuple[str, ...]:
    ours = sorted({op.kind for index, op in enumerate(ops) if index not in calls})
    notes = [f"CMSIS-NN {library.version}, ahead of time, layer by layer"]
    if ours:
        notes.append(f"portable kernels of mcunet_tf for {', '.join(ours)}: not in this copy of it")
    return tuple(notes)


def _edges(graph: Graph, indices: tuple[int, ...]) -> tuple[TensorInfo, ...]:
    found = []
    for tensor in (graph.tensors[index] for index in indices):
        quantised = tensor.quantization is not None and tensor.dtype != "float32"
        scale, zero_point = (tensor.scale, tensor.zero_point) if quantised else (0.0, 0)
        found.append(TensorInfo(tensor.name, tensor.shape, tensor.dtype, scale, zero_point))
    return tuple(found)
