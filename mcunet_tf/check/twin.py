# SPDX-License-Identifier: Apache-2.0
"""A board's own plan as C for this computer: portable kernels in the place of the board's.

The twin has everything of the plan that was compiled for the board: order, calls and their rows,
pulls, rings, offsets, memories, scratch. Only kernels whose instructions this computer lacks are
others, of the same calling style. They do not work in place as the board's do, so each of their
calls writes beside the arena first and is copied when it ends; and as they need other scratch, the
board's is overwritten before and after each call, as the board's kernel may do. What happens within
a call of the board's kernel is left to a run on the board, and to the validator.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from mcunet_tf.errors import CompilerError
from mcunet_tf.tinyengine import CompiledModel
from mcunet_tf.tinyengine.emit.assemble import emit_project
from mcunet_tf.tinyengine.emit.project import Project
from mcunet_tf.tinyengine.emit.symbols import kernel_symbol
from mcunet_tf.tinyengine.ir import ITEM_BYTES, Graph
from mcunet_tf.tinyengine.kernel_tables import kernels_for
from mcunet_tf.tinyengine.kernel_tables.table import ALL_INPUTS, Kernel, Style
from mcunet_tf.tinyengine.plan.plan import Plan
from mcunet_tf.tinyengine.schedule.nodes import Node, is_row_source, make_node
from mcunet_tf.version import __version__

_ON_ANY = "portable"

_HELPERS = """\
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TINYENGINE_LAYER(index) (check_layer = (index))

/* Of each layer: bytes of what a kernel counts its output by, and of the board's scratch. */
static const struct {{
  size_t unit;
  size_t scratch;
}} check_layers[] = {{
{layers}
}};

static int check_layer;
static _Alignas(16) int8_t check_made[{made}];
static int8_t *check_made_rows[{rows}];
static int8_t *const *check_out_rows;
static int8_t *check_out;
static size_t check_count;
static void *check_board_scratch;
static int64_t check_scratch[{scratch}];

static inline void check_overwrite(void) {{
  if (check_board_scratch != NULL) {{
    memset(check_board_scratch, 0x5A, check_layers[check_layer].scratch);
  }}
}}

static inline int8_t *const *check_rows(int8_t *const *out, int32_t rows, void *scratch) {{
  check_out_rows = out;
  check_count = (size_t)rows;
  check_board_scratch = scratch;
  for (size_t r = 0; r < check_count; r++) {{
    check_made_rows[r] = &check_made[r * check_layers[check_layer].unit];
  }}
  check_overwrite();
  return check_made_rows;
}}

static inline void check_copy_rows(void) {{
  const size_t unit = check_layers[check_layer].unit;
  for (size_t r = 0; r < check_count; r++) {{
    memcpy(check_out_rows[r], &check_made[r * unit], unit);
  }}
  check_overwrite();
}}

static inline int8_t *check_block(void *out, int32_t units, void *scratch) {{
  check_out = out;
  check_count = (size_t)units;
  check_board_scratch = scratch;
  check_overwrite();
  return check_made;
}}

static inline void check_copy_block(void) {{
  memcpy(check_out, check_made, check_count * check_layers[check_layer].unit);
  check_overwrite();
}}
"""


@dataclasses.dataclass(frozen=True, eq=False)
class Twin:
    """What runs on this computer for a board's project.

    Attributes:
        kernels: number of layers that run with another kernel than the board's.
    """

    compiled: CompiledModel
    kernels: int


def host_twin(compiled: CompiledModel) -> Twin:
    """The project of a board under the board's own plan, with kernels that run anywhere.

    Args:
        compiled: a model compiled for any board.

    Raises:
        CompilerError: a kernel has no portable one of the same calling style.
    """
    others: list[tuple[Node, Node]] = []
    stages = []
    for stage in compiled.plan.stages:
        nodes = tuple(_portable(compiled.graph, node) for node in stage.nodes)
        others += [(a, b) for a, b in zip(stage.nodes, nodes, strict=True) if a is not b]
        stages.append(dataclasses.replace(stage, nodes=nodes))
    plan = dataclasses.replace(compiled.plan, stages=tuple(stages))
    name = compiled.name
    project = Project(name, name, "host", __version__, (), compiled.graph, plan)
    files = emit_project(project)
    wrapped = {b.kernel.name: b for _, b in others if b.kernel.style is not Style.REDUCE}
    if wrapped:
        files["check_twin.h"] = _header(plan, wrapped)
        files[f"{name}.c"] = f'#include "check_twin.h"\n{files[f"{name}.c"]}'
    return Twin(dataclasses.replace(compiled, files=files, plan=plan), len(others))


def _portable(graph: Graph, node: Node) -> Node:
    """The operator with a portable kernel that is called in the same way."""
    if is_row_source(node) or node.kernel.isa == _ON_ANY:
        return node
    for kernel in kernels_for(node.view):
        if _stands_for(graph, node, kernel):
            return dataclasses.replace(node, kernel=kernel)
    raise CompilerError(
        f"{node.op.kind} '{node.op.name}': no portable kernel is called as "
        f"{node.kernel.name} is: verify on the board (--verify_on)"
    )


def _stands_for(graph: Graph, node: Node, kernel: Kernel) -> bool:
    board = node.kernel
    if kernel.isa != _ON_ANY or kernel.style is not board.style or kernel.rejects(node.view):
        return False
    made = make_node(graph, node.index, node.op, kernel)
    same = (made.inputs, made.streamed, made.height, made.window, made.pad_row_bytes) == (
        node.inputs,
        node.streamed,
        node.height,
        node.window,
        node.pad_row_bytes,
    )
    # Sums last from call to call, so they must be where the plan has them.
    return same and (
        kernel.style is not Style.REDUCE or made.scratch_bytes(1) <= node.scratch_bytes(1)
    )


def _header(plan: Plan, wrapped: Mapping[str, Node]) -> str:
    """C that stands before the network's: what each call of a wrapped kernel becomes.

    Args:
        plan: a plan with the nodes that run here, and the board's scratch.
        wrapped: an operator for each kernel that stands for another.
    """
    nodes = [
        (node, own.size_bytes)
        for stage in plan.stages
        for node, own in zip(stage.nodes, stage.scratch, strict=True)
        if not is_row_source(node)
    ]
    facts = {node.index: f"{{{_unit_bytes(node)}, {size}}}" for node, size in nodes}
    layers = [facts.get(index, "{0, 0}") for index in range(max(facts) + 1)]
    own = max(n.scratch_bytes(n.height) for n, _ in nodes if n.kernel.name in wrapped)
    text = _HELPERS.format(
        layers=",\n".join(f"    {layer}" for layer in layers),
        made=max(node.view.output.size_bytes for node, _ in nodes),
        rows=max(node.view.output.rows[0] for node, _ in nodes),
        scratch=own // 8 + 1,
    )
    folders = sorted({node.kernel.folder for node in wrapped.values()})
    lines = [f'#include "kernels/{folder}/{folder}.h"' for folder in folders]
    return "\n".join([text, *lines, "", *map(_macro, wrapped.values())]) + "\n"


def _unit_bytes(node: Node) -> int:
    """Bytes of one row, pixel or tensor, as the kernel counts its output."""
    output = node.view.output
    if node.kernel.style is Style.WINDOW:
        return output.rows[1]
    if node.kernel.style is Style.PIXELS:
        return node.kernel.pixel_values(node.view) * ITEM_BYTES[output.dtype]
    return output.size_bytes


def _macro(node: Node) -> str:
    name, style = kernel_symbol(node.kernel.folder, node.kernel.name), node.kernel.style
    if style is Style.WINDOW:
        return (
            f"#define {name}(op, in, out, rows, scratch) \\\n"
            f"  (({name})(op, in, check_rows(out, rows, scratch), rows, check_scratch), \\\n"
            "   check_copy_rows())"
        )
    count = 1 if node.kernel.data_inputs == ALL_INPUTS else len(node.kernel.data_inputs)
    sources = ", ".join(f"in_{i}" for i in range(count))
    if style is Style.PIXELS:
        return (
            f"#define {name}(op, {sources}, out, pixels, scratch) \\\n"
            f"  (({name})(op, {sources}, check_block(out, pixels, scratch), pixels, \\\n"
            "   check_scratch), check_copy_block())"
        )
    return (
        f"#define {name}(op, {sources}, out, scratch) \\\n"
        f"  (({name})(op, {sources}, check_block(out, 1, scratch), check_scratch), \\\n"
        "   check_copy_block())"
    )
