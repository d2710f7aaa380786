# SPDX-License-Identifier: Apache-2.0
"""The text form of a plan: stages, one operator a line, and where every byte lies."""

from __future__ import annotations

from mcunet_tf.tinyengine.emit.project import Project
from mcunet_tf.tinyengine.schedule.nodes import Node, is_row_source
from mcunet_tf.tinyengine.schedule.stage import Stage

_NAME_CHARACTERS = 60


def plan_text(project: Project) -> str:
    """What runs when, by which kernel, from where to where.

    `@offset rows/height` says where a tensor lies in the arena and how many of its rows are kept.
    """
    plan = project.plan
    lines = [
        f"plan of {project.name} for {project.board}: arena {plan.arena_bytes} B, lower bound "
        f"{plan.lower_bound_bytes} B, constants {project.pool.size_bytes} B"
    ]
    for number, (stage, scratch) in enumerate(zip(plan.stages, plan.scratch_offsets, strict=True)):
        lines.append(f"stage {number}: scratch {stage.scratch_bytes} B @{scratch}")
        lines += [
            f"  {_node_text(project, stage, position, node)}"
            for position, node in enumerate(stage.nodes)
        ]
    lines.append("buffers: bytes @offset, stages that they live in")
    for buffer, offset in zip(plan.buffers, plan.offsets, strict=True):
        lives, name = f"[{buffer.start}, {buffer.end})", buffer.name[:_NAME_CHARACTERS]
        lines.append(f"  {buffer.size_bytes:>8} @{offset:<8} {lives} {buffer.kind} {name}")
    return "\n".join(lines) + "\n"


def _node_text(project: Project, stage: Stage, position: int, node: Node) -> str:
    output = f"-> {_place(project, node.output)}"
    if is_row_source(node):
        return f"rows of the application {output}"
    inputs = ", ".join(_place(project, tensor) for tensor in node.inputs)
    return (
        f"{node.index} {node.op.kind} {node.kernel.name} {inputs} {output}, "
        f"{stage.bands[position]} rows a call, scratch {stage.scratch[position].size_bytes} B, "
        f"constants {project.pool.first_bytes[node.index]} B, {node.op.name[:_NAME_CHARACTERS]}"
    )


def _place(project: Project, index: int) -> str:
    """A tensor's type, shape, scale and place."""
    tensor = project.graph.tensors[index]
    text = f"{tensor.dtype}{list(tensor.shape)}".replace(" ", "")
    if tensor.quantization is not None and len(tensor.quantization.scale) == 1:
        text += f" {tensor.scale:.6g}/{tensor.zero_point}"
    if not project.plan.in_arena(index):
        return f"{text} constant"
    storage = project.storage(index)
    return f"{text} @{storage.offset} {storage.rows}/{storage.height}"
