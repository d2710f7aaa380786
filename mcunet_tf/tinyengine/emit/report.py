# SPDX-License-Identifier: Apache-2.0
"""The compiler's report: what runs, with which kernel, at which cost, and where it lies."""

from __future__ import annotations

import dataclasses
from typing import Any

from mcunet_tf.tinyengine.emit.project import Project
from mcunet_tf.tinyengine.plan.nodes import is_row_source, node_macs


@dataclasses.dataclass(frozen=True)
class LayerReport:
    """One operator of the compiled model."""

    index: int
    stage: int
    op: str
    name: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    kernel: str
    macs: int
    weights_bytes: int
    scratch_bytes: int
    live_bytes: int
    output_offset: int
    output_rows: int


@dataclasses.dataclass(frozen=True)
class Report:
    """Figures of a compiled model; `layers` in execution order."""

    model: str
    board: str
    macs: int
    arena_bytes: int
    arena_lower_bound_bytes: int
    weights_bytes: int
    layers: tuple[LayerReport, ...]
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    def text(self) -> str:
        """The report as a table of plain text."""
        head = ("#", "op", "input", "output", "kernel", "MACs", "weights B", "live B", "offset")
        rows = [
            (
                str(layer.index),
                layer.op,
                "x".join(map(str, layer.input_shape)),
                "x".join(map(str, layer.output_shape)),
                layer.kernel,
                f"{layer.macs:,}",
                f"{layer.weights_bytes:,}",
                f"{layer.live_bytes:,}",
                f"{layer.output_offset:,}",
            )
            for layer in self.layers
        ]
        widths = [max(len(r[i]) for r in (head, *rows)) for i in range(len(head))]
        lines = [_line(row, widths) for row in (head, *rows)]
        lines.insert(1, "  ".join("-" * w for w in widths))
        gap = self.arena_bytes - self.arena_lower_bound_bytes
        bound = "the least these stages can do with" if gap < 16 else f"{gap:,} B above the bound"
        summary = [
            f"{self.model} for {self.board}",
            f"  MACs     {self.macs:>12,}",
            f"  arena    {self.arena_bytes:>12,} B  input, output, activations, scratch; {bound}",
            f"  weights  {self.weights_bytes:>12,} B  constants in flash, code not counted",
            *(f"  note: {note}" for note in self.notes),
            "",
        ]
        return "\n".join([*summary, *lines]) + "\n"


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    left = [cell.ljust(w) for cell, w in zip(row[:5], widths[:5], strict=True)]
    right = [cell.rjust(w) for cell, w in zip(row[5:], widths[5:], strict=True)]
    return "  ".join([*left, *right]).rstrip()


def make_report(project: Project, notes: tuple[str, ...] = ()) -> Report:
    """Collects the figures of a planned project."""
    plan = project.plan
    live = _live_bytes(project)
    layers = []
    for number, stage in enumerate(plan.stages):
        for node, band in zip(stage.nodes, stage.bands, strict=True):
            if is_row_source(node):
                continue
            storage = project.storage(node.output)
            blobs = node.kernel.arguments(node.view).blobs()
            layers.append(
                LayerReport(
                    index=node.index,
                    stage=number,
                    op=node.op.kind,
                    name=node.op.name,
                    input_shape=node.view.input(0).shape,
                    output_shape=node.view.output.shape,
                    kernel=node.kernel.name,
                    macs=node_macs(node),
                    weights_bytes=sum(b.size_bytes for b in blobs.values()),
                    scratch_bytes=node.scratch_bytes(band) + node.pad_row_bytes,
                    live_bytes=live[number],
                    output_offset=storage.offset,
                    output_rows=storage.rows,
                )
            )
    return Report(
        model=project.name,
        board=project.board,
        macs=sum(layer.macs for layer in layers),
        arena_bytes=plan.arena_bytes,
        arena_lower_bound_bytes=plan.lower_bound_bytes,
        weights_bytes=sum(layer.weights_bytes for layer in layers),
        layers=tuple(layers),
        notes=notes,
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
