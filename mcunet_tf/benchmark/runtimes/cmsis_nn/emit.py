# SPDX-License-Identifier: Apache-2.0
"""Writes the C of a model that calls CMSIS-NN: the project contract of TinyEngine's own output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mcunet_tf.benchmark.runtimes.cmsis_nn.functions import Call
from mcunet_tf.tinyengine.emit import constants, sources
from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.kernel_tables.table import ALL_INPUTS, Blob, Style
from mcunet_tf.tinyengine.plan.plan import Plan
from mcunet_tf.tinyengine.schedule.nodes import Node

_PRELUDE = """\
#ifndef TINYENGINE_LAYER
#define TINYENGINE_LAYER(index)
#endif

/* A call that CMSIS-NN refuses must not pass for a result. */
#define CHECKED(call)                  \\
  do {                                 \\
    if ((call) != ARM_CMSIS_NN_SUCCESS) { \\
      __builtin_trap();                \\
    }                                  \\
  } while (0)
"""


@dataclass(frozen=True, eq=False)
class CmsisProject:
    """A planned model: layers with a call use CMSIS-NN, the others a portable kernel of ours."""

    name: str
    graph: Graph
    plan: Plan
    calls: Mapping[int, Call]

    @property
    def nodes(self) -> list[Node]:
        """The operators in execution order, one per stage."""
        return [stage.nodes[0] for stage in self.plan.stages]

    @property
    def memory_bytes(self) -> int:
        """The arena, and the states behind it in the same memory."""
        plan = self.plan
        return plan.state_base + plan.state_bytes if plan.state_bytes else plan.arena_bytes

    def symbol(self, node: Node) -> str:
        """Prefix of all names of a layer."""
        return f"{self.name}_{node.index:02d}"

    def blobs(self, node: Node) -> dict[str, Blob]:
        """Constant arrays of a layer by suffix."""
        call = self.calls.get(node.index)
        return dict(call.constants) if call else node.kernel.arguments(node.view).blobs()


def emit_cmsis_project(project: CmsisProject) -> dict[str, str]:
    """All files by relative path; CMSIS-NN's own are compiled where they lie."""
    ours = [node for node in project.nodes if node.index not in project.calls]
    headers = sorted({f"{n.kernel.folder}/{n.kernel.folder}.h" for n in ours})
    paths = {sources.kernel_path(n.kernel.folder, n.kernel.name) for n in ours}
    copied = sources.collect_sources(sorted(paths | set(headers)))
    return {
        f"{project.name}.h": _header(project),
        f"{project.name}.c": _source(project, headers),
        f"{project.name}_weights.h": _weights_header(project),
        f"{project.name}_weights.c": _weights_source(project),
        **{f"kernels/{path}": text for path, text in copied.items()},
    }


def _header(project: CmsisProject) -> str:
    upper = project.name.upper()
    lines = [
        f"#ifndef {upper}_H_",
        f"#define {upper}_H_",
        "#include <stdint.h>",
        f"#define {upper}_ARENA_BYTES {project.memory_bytes}",
        f"#define {upper}_ARENA_ALIGNMENT 16",
    ]
    graph = project.graph
    for role, indices in (("input", graph.given), ("output", graph.made)):
        constant = "" if role == "input" else "const "
        for number, tensor in enumerate(indices):
            offset = project.plan.locate(graph, tensor).offset
            pointer = f"{constant}int8_t *"
            lines += [
                f"#define {upper}_{role.upper()}_{number}_BYTES {graph.tensors[tensor].size_bytes}",
                f"#define {upper}_{role.upper()}_{number}_OFFSET {offset}",
                f"static inline {pointer}{project.name}_{role}_{number}({constant}void *arena) {{",
                f"  return ({pointer})arena + {offset};",
                "}",
            ]
    if graph.states:
        lines.append(f"void {project.name}_reset(void *arena);")
    lines += [f"void {project.name}_invoke(void *arena);", "#endif"]
    return "\n".join(lines) + "\n"


def _weights_header(project: CmsisProject) -> str:
    lines = [f"#ifndef {project.name.upper()}_WEIGHTS_H_"]
    lines += [f"#define {project.name.upper()}_WEIGHTS_H_", "#include <stdint.h>"]
    lines += [constants.array_declaration(symbol, blob) for symbol, blob in _arrays(project)]
    return "\n".join([*lines, "#endif"]) + "\n"


def _weights_source(project: CmsisProject) -> str:
    definitions = [constants.array_definition(symbol, blob) for symbol, blob in _arrays(project)]
    return "\n".join([f'#include "{project.name}_weights.h"', *definitions])


def _arrays(project: CmsisProject) -> list[tuple[str, Blob]]:
    arrays = [
        (f"{project.symbol(node)}_{suffix}", blob)
        for node in project.nodes
        for suffix, blob in project.blobs(node).items()
    ]
    read = {t for node in project.nodes for t in node.inputs}
    for tensor in sorted(read):
        data = project.graph.tensors[tensor].data
        if data is not None:
            arrays.append((f"{project.name}_c{tensor}", Blob("int8_t", data.reshape(-1))))
    return arrays


def _source(project: CmsisProject, headers: list[str]) -> str:
    lines = [
        f'#include "{project.name}.h"',
        "#include <stddef.h>",
        '#include "arm_nnfunctions.h"',
        *(f'#include "kernels/{header}"' for header in headers),
        f'#include "{project.name}_weights.h"',
        _PRELUDE,
    ]
    for node in project.nodes:
        lines += _definitions(project, node)
    lines += _reset(project)
    lines += [f"void {project.name}_invoke(void *memory) {{", "  int8_t *const arena = memory;"]
    for node, scratch in zip(project.nodes, project.plan.scratch_offsets, strict=True):
        lines += ["  {", *(f"    {line}" for line in _invocation(project, node, scratch)), "  }"]
    return "\n".join([*lines, "}"]) + "\n"


def _reset(project: CmsisProject) -> list[str]:
    """Brings states to what they are before the first inference."""
    graph = project.graph
    if not graph.states:
        return []
    lines = ["#include <string.h>", f"void {project.name}_reset(void *memory) {{"]
    for entry, first in zip(graph.entries, graph.states, strict=True):
        place = f"(int8_t *)memory + {project.plan.locate(graph, entry).offset}"
        value = constants.uniform_byte(first)
        if value is not None:
            lines.append(f"  memset({place}, {value}, {first.nbytes});")
            continue
        values = ", ".join(map(str, constants.raw_bytes(first)))
        lines.append(f"  static const uint8_t first_{entry}[] = {{{values}}};")
        lines.append(f"  memcpy({place}, first_{entry}, {first.nbytes});")
    return [*lines, "}"]


def _definitions(project: CmsisProject, node: Node) -> list[str]:
    call, symbol = project.calls.get(node.index), project.symbol(node)
    if call is None:
        struct = node.kernel.arguments(node.view)
        symbols = {name: f"{symbol}_{name}" for name in struct.blobs()}
        values = ", ".join(
            f".{name} = {value}" for name, value in constants.field_values(struct, symbols)
        )
        return [f"static const {struct.ctype} {symbol} = {{{values}}};"]
    return [
        f"static const {ctype} {symbol}_{suffix} = {value.replace('{symbol}', symbol)};"
        for ctype, suffix, value in call.definitions
    ]


def _invocation(project: CmsisProject, node: Node, scratch: int) -> list[str]:
    """The statements that run one layer, its mark first."""
    mark = f"TINYENGINE_LAYER({node.index});"
    inputs = [_address(project, tensor) for tensor in node.inputs]
    output = _address(project, node.output)
    call, symbol = project.calls.get(node.index), project.symbol(node)
    if call is None:
        operands = node.kernel.operands(node.op.inputs)
        texts = [_address(project, index) if index >= 0 else "NULL" for index in operands]
        return [mark, *_portable(node, symbol, texts, output, scratch)]
    names = {f"{{in{i}}}": text for i, text in enumerate(inputs)}
    names |= {"{out}": output, "{symbol}": symbol}
    arguments = [_fill(argument, names) for argument in call.arguments]
    lines = []
    if call.context:
        arguments.insert(0, "&context")
        lines.append(f"const cmsis_nn_context context = {_context(project, node, call, scratch)};")
    text = f"{call.function}({', '.join(arguments)})"
    return [*lines, mark, f"CHECKED({text});" if call.status else f"{text};"]


def _context(project: CmsisProject, node: Node, call: Call, scratch: int) -> str:
    if call.context_constant:
        return f"{{(void *)(uintptr_t){project.symbol(node)}_{call.context_constant}, 0}}"
    size = node.scratch_bytes(1)
    return f"{{arena + {scratch}, {size}}}" if size else "{NULL, 0}"


def _portable(node: Node, symbol: str, inputs: list[str], output: str, scratch: int) -> list[str]:
    memory = f"arena + {scratch}" if node.scratch_bytes(1) else "NULL"
    kernel = node.kernel
    array: list[str] = []
    if kernel.data_inputs == ALL_INPUTS:
        joined = ", ".join(inputs)
        array, inputs = [f"const int8_t *const in[{len(inputs)}] = {{{joined}}};"], ["in"]
    arguments = [f"&{symbol}", *inputs, output]
    if kernel.style is Style.PIXELS:
        arguments.append(str(node.view.output.elements // kernel.pixel_values(node.view)))
    return [*array, f"{kernel.name}({', '.join([*arguments, memory])});"]


def _address(project: CmsisProject, tensor: int) -> str:
    if project.graph.tensors[tensor].data is not None:
        return f"{project.name}_c{tensor}"
    return f"arena + {project.plan.locate(project.graph, tensor).offset}"


def _fill(text: str, names: Mapping[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(name, value)
    return text
