# SPDX-License-Identifier: Apache-2.0
"""The stages of the compiler, in order."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import os
import pathlib
import stat
from collections.abc import Callable, Mapping, Sequence

from mcunet_tf.boards import Board, load_board
from mcunet_tf.errors import BudgetError, McunetError, ModelError
from mcunet_tf.tinyengine.cost import cost_model
from mcunet_tf.tinyengine.custom_ops import CustomOps, bind_custom_ops
from mcunet_tf.tinyengine.dump import Dump
from mcunet_tf.tinyengine.edge_layout import LAYOUTS, EdgeLayout, leave_layout
from mcunet_tf.tinyengine.emit import bill
from mcunet_tf.tinyengine.emit.assemble import emit_library
from mcunet_tf.tinyengine.emit.cost_report import Report, make_report
from mcunet_tf.tinyengine.emit.formats import (
    DEFAULT_FORMATS,
    any_core,
    check_library_name,
    checked_formats,
    lay_out,
)
from mcunet_tf.tinyengine.emit.hot_weights import placed_notes
from mcunet_tf.tinyengine.emit.memory_map import memory_map
from mcunet_tf.tinyengine.emit.names import checked_name, derived_name, edge_names
from mcunet_tf.tinyengine.emit.placement import Places, checked_place
from mcunet_tf.tinyengine.emit.project import HOOKS, Project
from mcunet_tf.tinyengine.emit.variants import with_fallback
from mcunet_tf.tinyengine.emit.write import Written, write_project
from mcunet_tf.tinyengine.ir import QUANTISED_TYPES, Graph
from mcunet_tf.tinyengine.limits import check_flash, check_memory, fit_notes
from mcunet_tf.tinyengine.notes import notes_of
from mcunet_tf.tinyengine.passes import SCORES, run_passes, unwatched
from mcunet_tf.tinyengine.plan.grouping import TOLERANCE, plan_model
from mcunet_tf.tinyengine.plan.plan import Plan, state_bytes
from mcunet_tf.tinyengine.plan_text import plan_text
from mcunet_tf.tinyengine.read_tflite import read_tflite
from mcunet_tf.tinyengine.schedule.nodes import (
    Node,
    make_row_source,
    storage_roots,
)
from mcunet_tf.tinyengine.select import Costs, select_nodes
from mcunet_tf.tinyengine.stream_report import check_stream, stream_report
from mcunet_tf.tinyengine.streams import Stream, make_stream
from mcunet_tf.tinyengine.validate import validate_plan
from mcunet_tf.tinyengine.variables import LSTM_STATES
from mcunet_tf.version import __version__

DEFAULT_BOARD = "qemu-m4"
# Of the emitted project's own CMake build; the benchmark states its own.
PROJECT_FLAGS = ("-O3", "-ffunction-sections", "-fdata-sections")
_CHOICES = {
    "edges": ("int8", "model"),
    "layout": LAYOUTS,
    "input_mode": ("frame", "rows", "stream"),
    "scores": SCORES,
    "lstm": LSTM_STATES,
    "optimize": tuple(TOLERANCE),
}
MAX_MODEL_BYTES = 256 << 20
REPORT_FILES = ("report.txt", "memory.svg")
PORTABLE = "portable"


Model = str | os.PathLike[str] | bytes | bytearray | memoryview
"""A `.tflite` file: its path, or its bytes."""


@dataclasses.dataclass(frozen=True)
class TensorInfo:
    """An input or output of the compiled model.

    `axes` is the order in which it has the axes of the file's; () where it has them as they are.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float
    zero_point: int
    axes: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True, eq=False)
class CompiledModel:
    """A model as C.

    Attributes:
      name: the C prefix.
      files: text by relative path: a project that builds as it stands.
      inputs, outputs: the tensors that the C code takes and gives.
      graph: what was compiled, after all passes; `evaluate` runs it in numpy.
      plan: what runs when, and where every byte lies.
      report: costs and layout.
      input_mode: "frame", "rows" or "stream".
      examples: files that are the application's once they are edited.
      project: what the plan is emitted from.
      portable_project: compiles the model once more, for any core.
      stream: of a model that takes rows of time: what its calls bring and give.
    """

    name: str
    files: dict[str, str]
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    graph: Graph
    plan: Plan
    report: Report
    input_mode: str = "frame"
    examples: tuple[str, ...] = ()
    project: Project | None = None
    portable_project: Callable[[], Project] | None = None
    stream: Stream | None = None

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return self.report.macs

    @property
    def arena_bytes(self) -> int:
        """Memory that the caller provides."""
        return self.report.arena_bytes

    @property
    def state_bytes(self) -> int:
        """What the caller must provide besides, and keep from one inference to the next."""
        return self.report.state_bytes

    def write(self, output_dir: str | os.PathLike[str]) -> Written:
        """Writes the project; an earlier one is replaced as a whole or not at all.

        Raises:
          OutputError: the folder cannot be written or holds something else.
        """
        return write_project(self.files, pathlib.Path(output_dir), self.examples)

    def laid_out(self, formats: str | Sequence[str]) -> CompiledModel:
        """The same model as a project of other formats; see `compile_tflite`.

        Raises:
          McunetError: a format is unknown, or cannot have a library of this name.
        """
        assert self.project is not None
        names = checked_formats(formats)
        check_library_name(self.name, names)
        library = emit_library(self.project)
        if any_core(names) and library.condition and (other := self.anywhere()):
            library = with_fallback(library, emit_library(other))
        laid = lay_out(names, library)
        more = {path: self.files[path] for path in REPORT_FILES if path in self.files}
        files = laid.files | more
        files[bill.FILE] = bill.bill_of_materials(library, files)
        return dataclasses.replace(self, files=files, examples=laid.examples)

    def anywhere(self) -> Project | None:
        """The model in portable C; None where memories of given sizes do not hold that plan.

        The library then has a line that stops a compiler for any other core.
        """
        assert self.portable_project is not None
        try:
            return self.portable_project()
        except BudgetError:
            return None

    @property
    def sources(self) -> dict[str, str]:
        """The library alone, in one folder, whatever the project's formats are."""
        if f"{self.name}.c" in self.files or self.project is None:
            return self.files
        return dict(emit_library(self.project).files)


def compile_tflite(
    model: Model,
    board: str | Board = DEFAULT_BOARD,
    output_dir: str | os.PathLike[str] | None = None,
    *,
    name: str | None = None,
    edges: str = "int8",
    layout: str = "model",
    input_mode: str = "frame",
    hop: int | None = None,
    stream: str = "auto",
    timed: str | Sequence[str] = (),
    scores: str = "model",
    lstm: str = "auto",
    optimize: str = "balanced",
    sram_budget_bytes: int | None = None,
    region_bytes: Sequence[int] = (),
    flash_budget_bytes: int | None = None,
    costs: Costs | None = None,
    formats: str | Sequence[str] = DEFAULT_FORMATS,
    place: str | Mapping[str, str] | None = None,
    hooks: Sequence[str] = (),
    debug: bool = False,
    dump_dir: str | os.PathLike[str] | None = None,
    custom_ops: CustomOps | None = None,
) -> CompiledModel:
    """Compiles an int8 `.tflite` file to interpreter-free C.

    Args:
      model: path of the file, or its bytes.
      board: name or description of the target; it decides which kernels may be used.
      output_dir: where to write the project, if anywhere.
      name: C prefix; the file's name by default.
      edges: "int8" leaves float32 conversion at the edges to the application; "model" keeps it.
      layout: "nhwc" leaves transposes from and to channels first, at the edges, to the application,
        which then has images with channels last; "model" keeps the file's order.
      input_mode: "frame" holds the input in the arena; "rows" emits an interface through which the
        application pushes image rows; "stream" takes `hop` new rows of time in each call, and
        computes only what is new.
      hop: rows of time that a call of a stream brings.
      stream: "windows" gives what the model gives for the window that ends with the newest row,
        "endless" what its layers give on an endless signal; "auto" takes the first unless the model
        pads in time. See `streams`.
      timed: names of the inputs that bring rows of a stream, where there are several; by default
        those with as many rows as the first one. The others, as a speaker's embedding, are kept
        from call to call in the state, where the application sets them.
      scores: "model" leaves the first output as it is, "logits" puts a SOFTMAX behind it, so that
        it gives probabilities; "auto" does so unless its values go from 0 to 1 already.
      lstm: "keep" lets LSTMs go on where the inference before ended, "reset" lets them begin at
        zero; "auto" keeps where an inference is one step or the model remembers otherwise.
      optimize: "sram", "balanced" or "speed"; see `plan.grouping.plan_model`.
      sram_budget_bytes: the most that arena and states may take; the fastest plan that fits
        is chosen.
      region_bytes: sizes of separate memories to spread the arena over, the preferred one first;
        the emitted functions take one pointer for each. Empty: one memory.
      flash_budget_bytes: the most that code and constants may take, as the cost model knows them.
      costs: what kernels are chosen by; by default the fitted model of the board's core.
      formats: what the files are laid out for, all in one folder: "cmake", "make", "arduino",
        "platformio", "zephyr", "esp-idf", "pico-sdk", "cmsis-pack", "conan", "wasm" (a page
        that runs it in a browser); a list, or a text with commas.
      place: sections of the application's linker script, by what goes there: "weights",
        "hot_weights" (those that are read most, as many as fit), "arena", "state", "code"; a
        mapping, or a text such as "weights:.ext_flash,arena:.dtcm".
      hooks: functions of the application's that are called between layers: "layer" learns which one
        runs next, for a profiler, "yield" lets other tasks run. Without them nothing is called.
      debug: whether the C checks alignment and guards of its memories, which are a little larger
        then, and shows every row that a layer makes.
      dump_dir: where to write the graph behind every pass and the plan as text, if anywhere.
      custom_ops: C files of custom operators, by the operators' names; see `custom_ops.py`.

    Returns:
      The project and its figures.

    Raises:
      ModelError: the file is damaged or cannot be compiled; the message says why.
      BudgetError: the arena, or code and constants, are larger than the budget.
      BoardError, OutputError: as their names say.
    """
    options = _Options(
        edges,
        layout,
        input_mode,
        optimize,
        sram_budget_bytes,
        tuple(region_bytes),
        flash_budget_bytes,
        costs,
        hop=hop,
        stream=stream,
        scores=scores,
        lstm=lstm,
        timed=tuple(filter(None, timed.split(",") if isinstance(timed, str) else timed)),
    )
    options.check()
    target = load_board(board) if isinstance(board, str) else board
    names = checked_formats(formats)
    placed = checked_place({} if place is None else place, target)
    options = dataclasses.replace(options, place=placed, hooks=_checked_hooks(hooks), debug=debug)
    data, source = _read_bytes(model)
    prefix = derived_name(pathlib.Path(source).stem) if name is None else checked_name(name)
    check_library_name(prefix, names)
    dump = None if dump_dir is None else Dump(pathlib.Path(dump_dir))
    read = bind_custom_ops(read_tflite(data, source, lstm), custom_ops or {})
    compiled = _emitted(read, data, source, prefix, target, options, dump).laid_out(names)
    if output_dir is not None:
        compiled.write(output_dir)
    return compiled


def _emitted(
    read: Graph,
    data: bytes,
    source: str,
    prefix: str,
    target: Board,
    options: _Options,
    dump: Dump | None,
) -> CompiledModel:
    """The model with its figures, not laid out for a build system yet."""
    project, laid = _plan(read, source, prefix, target, options, dump)
    graph = laid.graph
    notes = (*notes_of(read, graph), *placed_notes(project))
    report = make_report(project, notes, model=cost_model(target.core.cost_model), isa=target.isa)
    if flow := project.stream:
        nodes = _select_nodes(flow.whole, target, options.costs, None)
        told = stream_report(flow, nodes, cost_model(target.core.cost_model))
        report = dataclasses.replace(report, stream=told)
    unfit = fit_notes(report, target, options.place, options.region_bytes)
    report = dataclasses.replace(report, notes=(*report.notes, *unfit))
    report = report.calibrated(target.calibration if target.core.cycle_model else None)
    check_memory(report, options.sram_budget_bytes)
    check_flash(report, options.flash_budget_bytes)
    cycles = {layer.index: layer.cycles for layer in report.layers if layer.cycles is not None}
    digest = hashlib.sha256(data).hexdigest()
    project = dataclasses.replace(project, sha256=digest, cycles=cycles)
    return CompiledModel(
        prefix,
        {"report.txt": report.text(), "memory.svg": memory_map(project)},
        _edges(laid, "input"),
        _edges(laid, "output"),
        graph,
        project.plan,
        report,
        options.input_mode,
        project=project,
        portable_project=functools.partial(_portable, read, source, prefix, options),
        stream=project.stream,
    )


@dataclasses.dataclass(frozen=True)
class _Options:
    """What a model is compiled by, besides the board; as `compile_tflite`."""

    edges: str
    layout: str
    input_mode: str
    optimize: str
    sram_budget_bytes: int | None
    region_bytes: tuple[int, ...]
    flash_budget_bytes: int | None
    costs: Costs | None
    place: Places = dataclasses.field(default_factory=Places)
    hooks: tuple[str, ...] = ()
    debug: bool = False
    hop: int | None = None
    stream: str = "auto"
    scores: str = "model"
    lstm: str = "auto"
    timed: tuple[str, ...] = ()

    def check(self) -> None:
        """Holds words against those that are known.

        Raises:
          McunetError: one is not.
        """
        for name, known in _CHOICES.items():
            if (value := getattr(self, name)) not in known:
                raise McunetError(f"{name} '{value}' is unknown: use one of {', '.join(known)}")
        if any(size < 1 for size in self.region_bytes):
            sizes = ", ".join(map(str, self.region_bytes))
            raise McunetError(f"regions of {sizes} B: give sizes of 1 byte or more")
        check_stream(self.input_mode, self.hop, self.stream, self.timed)


def _plan(
    read: Graph,
    source: str,
    prefix: str,
    target: Board,
    options: _Options,
    dump: Dump | None = None,
) -> tuple[Project, EdgeLayout]:
    """The graph behind the passes, its kernels, and where every byte lies; proven."""
    watch = dump.graph if dump else unwatched
    graph, flow = run_passes(read, edges=options.edges, scores=options.scores, watch=watch), None
    if options.input_mode == "stream":
        flow = make_stream(graph, options.hop, options.stream, watch, options.timed)
        graph = flow.graph
    graph = (laid := leave_layout(graph, options.layout)).graph
    roots = storage_roots(graph)
    nodes = _select_nodes(graph, target, options.costs, options.flash_budget_bytes)
    if options.input_mode == "rows":
        nodes.insert(0, make_row_source(graph))
    plan = plan_model(
        graph,
        roots,
        nodes,
        options.region_bytes,
        weighed_as=target.core.schedules_weighed_as,
        optimize=options.optimize,
        sram_budget_bytes=_beside_states(graph, options.sram_budget_bytes),
    )
    _check_regions(source, plan, options.region_bytes)
    validate_plan(graph, plan)
    flags = _project_flags(target)
    project = Project(
        prefix,
        source,
        target.name,
        __version__,
        flags,
        graph,
        plan,
        place=options.place,
        hooks=options.hooks,
        debug=options.debug,
        stream=flow,
    )
    if dump:
        dump.text("plan", plan_text(project))
    return project, laid


def _portable(read: Graph, source: str, prefix: str, options: _Options) -> Project:
    """The model for any core; budgets are the board's own."""
    anywhere = dataclasses.replace(
        options, sram_budget_bytes=None, flash_budget_bytes=None, costs=None
    )
    return _plan(read, source, prefix, load_board(PORTABLE), anywhere)[0]


def _checked_hooks(hooks: Sequence[str]) -> tuple[str, ...]:
    for name in hooks:
        if name not in HOOKS:
            raise McunetError(f"hook '{name}' is unknown: use one of {', '.join(HOOKS)}")
    return tuple(dict.fromkeys(hooks))


def read_graph(model: Model, edges: str = "int8", lstm: str = "auto") -> Graph:
    """The graph that `compile_tflite` compiles: read, checked, and after all passes.

    Raises:
      ModelError: as `compile_tflite`.
    """
    return run_passes(read_tflite(*_read_bytes(model), lstm), edges=edges)


def _select_nodes(
    graph: Graph, board: Board, costs: Costs | None, flash_budget_bytes: int | None
) -> list[Node]:
    ops = [op for op in graph.ops if op.kind != "RESHAPE"]
    known = costs or cost_model(board.core.cost_model)
    return select_nodes(graph, ops, board.isa, known, flash_budget_bytes)


def _project_flags(board: Board) -> tuple[str, ...]:
    """For CMake, which gets a microcontroller's core from the toolchain file of the application."""
    core = board.compiler_flags if board.runner.kind == "host" else ()
    return (*core, *PROJECT_FLAGS)


def _read_bytes(model: Model) -> tuple[bytes, str]:
    if isinstance(model, bytes | bytearray | memoryview):
        return bytes(model), "model.tflite"
    path = pathlib.Path(model)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            # A pipe may never end, and a device never does.
            raise ModelError(f"{path}: no plain file; give the path of a .tflite file")
        if status.st_size > MAX_MODEL_BYTES:
            raise ModelError(f"{path}: larger than {MAX_MODEL_BYTES >> 20} MiB; no MCU holds it")
        return path.read_bytes(), path.name
    except OSError as error:
        reason = error.strerror or str(error)
        raise ModelError(f"{path}: {reason}; give the path of a .tflite file") from error


def _check_regions(name: str, plan: Plan, region_bytes: Sequence[int]) -> None:
    if region_bytes and plan.arena_bytes > sum(region_bytes):
        raise BudgetError(
            f"{name}: no plan fits memories of {', '.join(map(str, region_bytes))} B; the smallest "
            f"found takes {plan.arena_bytes} B: name larger regions, or more of them"
        )


def _beside_states(graph: Graph, sram_budget_bytes: int | None) -> int | None:
    """What a budget of SRAM leaves to the arena."""
    if sram_budget_bytes is None:
        return None
    return max(sram_budget_bytes - state_bytes(graph), 0)


def _edges(laid: EdgeLayout, role: str) -> tuple[TensorInfo, ...]:
    graph, found = laid.graph, []
    indices, orders = (graph.edges, laid.inputs) if role == "input" else (graph.made, laid.outputs)
    for index, name, axes in zip(indices, edge_names(graph, role), orders, strict=True):
        tensor = graph.tensors[index]
        quantised = tensor.quantization is not None and tensor.dtype in QUANTISED_TYPES
        scale, zero_point = (tensor.scale, tensor.zero_point) if quantised else (0.0, 0)
        found.append(TensorInfo(name, tensor.shape, tensor.dtype, scale, zero_point, axes))
    return tuple(found)
