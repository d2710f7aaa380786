# SPDX-License-Identifier: Apache-2.0
"""The compiler's report: what runs, with which kernel, at which cost, and where it lies."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

from mcunet_tf.boards import Calibration, error_text
from mcunet_tf.tinyengine.cost import CallCost, CostModel
from mcunet_tf.tinyengine.emit.project import Project
from mcunet_tf.tinyengine.plan.plan import Plan
from mcunet_tf.tinyengine.schedule.nodes import is_row_source, node_macs
from mcunet_tf.tinyengine.select import passed_over

# In the names of kernels that take what faster ones refuse.
_SECOND_CHOICES = ("_portable", "_any_", "_wide_")

# How kernels for one size or stride refuse all others.
_OTHER_SHAPES = "only "


@dataclasses.dataclass(frozen=True)
class LayerReport:
    """One operator of the compiled model.

    `passed_over` names the kernels that come before the chosen one in the table of its operator,
    fastest first, and why each was not taken: what would have to be otherwise for it to serve.
    `instructions` and `cycles` are predicted by the report's cost model, the emitted code around
    the kernel included; `measured_instructions` were counted on a board. None: not known.
    `weights_bytes` are those of the constants that this layer is the first to read.
    """

    index: int
    stage: int
    op: str
    name: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    kernel: str
    passed_over: tuple[tuple[str, str], ...]
    macs: int
    weights_bytes: int
    scratch_bytes: int
    live_bytes: int
    output_offset: int
    output_rows: int
    instructions: int | None = None
    cycles: int | None = None
    measured_instructions: int | None = None


@dataclasses.dataclass(frozen=True)
class StreamReport:
    """What a call of a model that takes rows of time brings, beside the cost of a whole window.

    `window_instructions` and `window_cycles` are those of the model that takes windows, layer by
    layer; None where they are not known.
    """

    form: str
    hop: int
    window: int
    warm_up: int
    delay: tuple[int, ...]
    window_macs: int
    window_instructions: int | None = None
    window_cycles: int | None = None


@dataclasses.dataclass(frozen=True)
class Report:
    """Figures of a compiled model; `layers` in execution order.

    `state_bytes` outlast an inference, in a memory of their own beside the arena.

    `instructions`, `cycles` and `code_bytes` are predictions of `cost_model`; None where it does
    not know a kernel. Cycles, those of layers too, are the board's, whose calibration knows
    `cycle_error_percent`; None where nobody knows. `measured_instructions` are those of one
    inference on `measured_on`.
    """

    model: str
    board: str
    macs: int
    arena_bytes: int
    arena_lower_bound_bytes: int
    weights_bytes: int
    layers: tuple[LayerReport, ...]
    state_bytes: int = 0
    notes: tuple[str, ...] = ()
    instructions: int | None = None
    cycles: int | None = None
    code_bytes: int | None = None
    cycle_error_percent: float | None = None
    cost_model: str = ""
    measured_instructions: int | None = None
    measured_on: str = ""
    stream: StreamReport | None = None

    def with_measured(self, board: str, total: int, layers: Mapping[int, int]) -> Report:
        """The report with instructions that were counted on a board, by layer."""
        measured = tuple(
            dataclasses.replace(layer, measured_instructions=layers.get(layer.index))
            for layer in self.layers
        )
        return dataclasses.replace(
            self, layers=measured, measured_instructions=total, measured_on=board
        )

    def calibrated(self, calibration: Calibration | None) -> Report:
        """The report with a board's cycles in place of those of the static model.

        None: the board's core has no such model.
        """

        def scaled(cycles: int | None) -> int | None:
            return None if cycles is None or calibration is None else calibration.cycles(cycles)

        stream = self.stream and dataclasses.replace(
            self.stream, window_cycles=scaled(self.stream.window_cycles)
        )
        return dataclasses.replace(
            self,
            layers=tuple(dataclasses.replace(n, cycles=scaled(n.cycles)) for n in self.layers),
            cycles=scaled(self.cycles),
            cycle_error_percent=None if calibration is None else calibration.error_percent,
            stream=stream,
        )

    def as_dict(self) -> dict[str, Any]:
        """All figures as plain data."""
        return dataclasses.asdict(self)

    def text(self) -> str:
        """The report as a table of plain text."""
        head, rows = self._table()
        widths = [max(len(r[i]) for r in (head, *rows)) for i in range(len(head))]
        lines = [_line(row, widths) for row in (head, *rows)]
        lines.insert(1, "  ".join("-" * w for w in widths))
        gap = self.arena_bytes - self.arena_lower_bound_bytes
        bound = "the least these stages can do with" if gap < 16 else f"{gap:,} B above the bound"
        summary = [
            f"{self.model} for {self.board}",
            f"  MACs     {self.macs:>12,}",
            f"  arena    {self.arena_bytes:>12,} B  input, output, activations, scratch; {bound}",
            *self._state(),
            f"  weights  {self.weights_bytes:>12,} B  constants in flash, code not counted",
            *self._costs(),
            *self._stream(),
            *(f"  note: {note}" for note in self.notes),
            "",
        ]
        return "\n".join([*summary, *lines, *self._reasons()]) + "\n"

    @property
    def _unit(self) -> str:
        """What figures are of."""
        return "one call" if self.stream else "one inference"

    def _state(self) -> list[str]:
        told = f"  state    {self.state_bytes:>12,} B  what outlasts an inference, beside the arena"
        return [told] if self.state_bytes else []

    def _stream(self) -> list[str]:
        """What a call takes, beside what a window would."""
        told = self.stream
        if told is None:
            return []
        rows = "new row" if told.hop == 1 else "new rows"
        late = f", {max(told.delay)} rows late" * (max(told.delay, default=0) > 0)
        form = f"windows of {told.window} rows"
        if told.form != "windows":
            form = f"an endless signal, {told.window} rows of it at a time"
        lines = [
            f"  stream   {told.hop:>12,}    {rows} a call; {form}{late}; the first "
            f"{told.warm_up} results are of less"
        ]
        for unit, call, window in (
            ("MACs", self.macs, told.window_macs),
            ("instr.", self.instructions, told.window_instructions),
            ("cycles", self.cycles, told.window_cycles),
        ):
            if call is not None and window:
                share = 100.0 * call / window
                lines.append(
                    f"  {unit:<8} {window:>12,}    of a window; a call takes {share:.1f} %"
                )
        return lines

    def _reasons(self) -> list[str]:
        """Why layers run on kernels that serve where faster ones cannot."""
        lines = []
        for layer in self.layers:
            reasons = [
                f"      {name}: {reason}"
                for name, reason in layer.passed_over
                if not reason.startswith(_OTHER_SHAPES)
            ]
            if reasons and any(mark in layer.kernel for mark in _SECOND_CHOICES):
                lines += [f"  {layer.index} {layer.op}: {layer.kernel}, as", *reasons]
        return ["", "Layers whose fastest kernels were not taken:", *lines] if lines else []

    def _table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        head = ["#", "op", "input", "output", "kernel", "MACs", "weights B", "live B", "offset"]
        head += ["instr*", "cycles*"] * bool(self.cost_model)
        head += ["measured"] * bool(self.measured_on)
        rows = []
        for layer in self.layers:
            cells = [
                str(layer.index),
                layer.op,
                "x".join(map(str, layer.input_shape)),
                "x".join(map(str, layer.output_shape)),
                layer.kernel,
                f"{layer.macs:,}",
                f"{layer.weights_bytes:,}",
                f"{layer.live_bytes:,}",
                f"{layer.output_offset:,}",
            ]
            if self.cost_model:
                cells += [_number(layer.instructions), _number(layer.cycles)]
            if self.measured_on:
                cells.append(_number(layer.measured_instructions))
            rows.append(tuple(cells))
        return tuple(head), rows

    def _costs(self) -> list[str]:
        """The summary's lines on time and code."""
        lines = []
        if self.cost_model:
            lines = [
                f"  code     {_number(self.code_bytes):>12} B  predicted*",
                f"  instr.   {_number(self.instructions):>12}    predicted*, {self._unit}",
                f"  cycles   {_number(self.cycles):>12}    {error_text(self.cycle_error_percent)}, "
                f"predicted*, {self._unit}",
                f"  * {self.cost_model}",
            ]
        if self.measured_instructions is not None:
            error = ""
            if self.instructions is not None:
                share = 100.0 * (self.instructions / self.measured_instructions - 1.0)
                error = f"; the prediction is {share:+.2f} % off"
            measured = _number(self.measured_instructions)
            lines.append(f"  measured {measured:>12}    instructions on {self.measured_on}{error}")
        return lines


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    left = [cell.ljust(w) for cell, w in zip(row[:5], widths[:5], strict=True)]
    right = [cell.rjust(w) for cell, w in zip(row[5:], widths[5:], strict=True)]
    return "  ".join([*left, *right]).rstrip()


def make_report(
    project: Project,
    notes: tuple[str, ...] = (),
    model: CostModel | None = None,
    isa: Collection[str] = (),
) -> Report:
    """Collects the figures of a planned project.

    Args:
      project: the plan and its graph.
      notes: sentences for the reader.
      model: predicts instructions and code; None where there is none for the board.
      isa: instruction sets that the kernels were chosen from; none: it is not said why.
    """
    plan = project.plan
    live = _live_bytes(project)
    layers = []
    for number, stage in enumerate(plan.stages):
        costs = model.stage(stage) if model else [None] * len(stage.nodes)
        for position, (node, cost) in enumerate(zip(stage.nodes, costs, strict=True)):
            if is_row_source(node):
                continue
            storage = project.storage(node.output)
            layers.append(
                LayerReport(
                    index=node.index,
                    stage=number,
                    op=node.op.kind,
                    name=node.op.name,
                    input_shape=node.view.input(0).shape,
                    output_shape=node.view.output.shape,
                    kernel=node.kernel.name,
                    passed_over=passed_over(node.view, node.kernel, isa) if isa else (),
                    macs=node_macs(node),
                    weights_bytes=project.pool.first_bytes[node.index],
                    scratch_bytes=stage.scratch[position].size_bytes + node.pad_row_bytes,
                    live_bytes=live[number],
                    output_offset=storage.offset,
                    output_rows=storage.rows,
                    instructions=None if cost is None else round(cost.instructions),
                    cycles=None if cost is None else round(cost.cycles),
                )
            )
    report = Report(
        model=project.name,
        board=project.board,
        macs=sum(layer.macs for layer in layers),
        arena_bytes=plan.arena_bytes,
        arena_lower_bound_bytes=plan.lower_bound_bytes,
        weights_bytes=project.pool.size_bytes,
        layers=tuple(layers),
        state_bytes=plan.state_bytes,
        notes=notes,
    )
    return report if model is None else _with_predictions(report, plan, model)


def _with_predictions(report: Report, plan: Plan, model: CostModel) -> Report:
    """The report with the totals of a cost model."""
    known = [layer.cycles is not None for layer in report.layers]
    total: CallCost | None = None
    if all(known):
        total = CallCost(
            model.entry.instructions + sum(layer.instructions or 0 for layer in report.layers),
            model.entry.cycles + sum(layer.cycles or 0 for layer in report.layers),
        )
    stages = [[n for n in stage.nodes if not is_row_source(n)] for stage in plan.stages]
    kernels = {node.kernel.name: node.kernel for nodes in stages for node in nodes}
    sizes = [model.code_bytes(kernel) for kernel in kernels.values()]
    code = None
    if None not in sizes:
        code = model.other_code_bytes(stages) + sum(size or 0 for size in sizes)
    return dataclasses.replace(
        report,
        instructions=None if total is None else round(total.instructions),
        cycles=None if total is None else round(total.cycles),
        code_bytes=code,
        cost_model=model.label,
    )


def _live_bytes(project: Project) -> list[int]:
    """The top of what is in use during each stage."""
    plan = project.plan
    tops = []
    for stage, scratch in zip(plan.stages, plan.scratch_offsets, strict=True):
        used = {t for n in stage.nodes for t in (*n.inputs, n.output) if plan.in_arena(t)}
        places = [project.storage(t) for t in used]
        ends = [place.offset + place.size_bytes for place in places]
        tops.append(max([scratch + stage.scratch_bytes, *ends]))
    return tops
