# SPDX-License-Identifier: Apache-2.0
"""Says a planned model in C: the same text for the same model, byte for byte.

Python finds the facts (`library.py`), the templates give them the form of C, and `formats/` lays
the files out for a build system.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

from mcunet_tf.tinyengine.constant_pool import ConstantPool, collect_constants
from mcunet_tf.tinyengine.emit import constants, sources
from mcunet_tf.tinyengine.emit.formats import DEFAULT_FORMAT, find_format
from mcunet_tf.tinyengine.emit.library import (
    ARENA_ALIGNMENT_BYTES,
    Arena,
    Edge,
    Library,
    Rows,
)
from mcunet_tf.tinyengine.emit.names import edge_names, function_names
from mcunet_tf.tinyengine.emit.render import comment, render
from mcunet_tf.tinyengine.ir import QUANTISED_TYPES, Graph
from mcunet_tf.tinyengine.kernel_tables.table import ALL_INPUTS, Style
from mcunet_tf.tinyengine.plan.plan import Plan, Storage
from mcunet_tf.tinyengine.schedule.calls import Calls
from mcunet_tf.tinyengine.schedule.nodes import Node, is_row_source, is_window, pixels_of
from mcunet_tf.tinyengine.schedule.reach import Pull
from mcunet_tf.tinyengine.schedule.stage import Stage
from mcunet_tf.tinyengine.streams import Stream

CTYPES = {
    "int8": "int8_t",
    "uint8": "uint8_t",
    "bool": "uint8_t",
    "int16": "int16_t",
    "int32": "int32_t",
    "int64": "int64_t",
    "float32": "float",
}
# What an example prints values as: a format, and the type that it takes.
_PRINTED = {"float32": ("%g", "(double)"), "int32": ("%ld", "(long)"), "int64": ("%ld", "(long)")}


@dataclasses.dataclass(frozen=True, eq=False)
class Project:
    """What the templates are filled with.

    Attributes:
      name: C identifier that prefixes every symbol.
      source: the model file's name, for comments.
      board: the board's name, for comments.
      version: mcunet_tf's version.
      flags: compiler flags for CMake.
      stream: what calls bring and give, of a model that takes rows of time.
    """

    name: str
    source: str
    board: str
    version: str
    flags: tuple[str, ...]
    graph: Graph
    plan: Plan
    stream: Stream | None = None

    @property
    def macro(self) -> str:
        """Prefix of the header's macros."""
        return self.name.upper()

    @property
    def arena_bytes(self) -> int:
        """Bytes of all memories together."""
        return sum(self.plan.used_bytes)

    @property
    def arenas(self) -> tuple[Arena, ...]:
        """Each memory that the caller provides."""
        used = self.plan.used_bytes
        found = [
            Arena(f"arena_{i}", f"{self.macro}_ARENA_{i}_BYTES", size)
            for i, size in enumerate(used)
        ]
        if len(used) == 1:
            found = [Arena("arena", f"{self.macro}_ARENA_BYTES", used[0])]
        if self.plan.state_bytes:
            found.append(Arena("state", f"{self.macro}_STATE_BYTES", self.plan.state_bytes))
        return tuple(found)

    @functools.cached_property
    def pool(self) -> ConstantPool:
        """All constants, each once."""
        stages = self.plan.stages
        return collect_constants(self.name, (n for stage in stages for n in stage.nodes))

    def storage(self, tensor: int) -> Storage:
        """Where a tensor lies."""
        return self.plan.locate(self.graph, tensor)


def emit_project(project: Project, project_format: str = DEFAULT_FORMAT) -> dict[str, str]:
    """All files of the project by relative path."""
    return dict(find_format(project_format).project_files(emit_library(project)))


def emit_library(project: Project) -> Library:
    """The network as C, and what there is to say of it."""
    nodes = [n for stage in project.plan.stages for n in stage.nodes if not is_row_source(n)]
    own = {n.kernel.name: n.kernel.source for n in nodes if n.kernel.source is not None}
    kernel_files = {
        sources.kernel_path(n.kernel.folder, n.kernel.name)
        for n in nodes
        if n.kernel.source is None
    }
    headers = sorted({f"{n.kernel.folder}/{n.kernel.folder}.h" for n in nodes} | {"common/rows.h"})
    copied = sources.collect_sources(sorted({*kernel_files, *headers}))
    copied |= {f"custom/{function}.c": text for function, text in own.items()}
    compiled = [f"kernels/{path}" for path in copied if path.endswith((".c", ".S"))]
    name, arenas = project.name, project.arenas
    context = {
        "model": project,
        "source": comment(project.source),
        "board": comment(project.board),
        "alignment": ARENA_ALIGNMENT_BYTES,
        "edges": _edges(project),
        "headers": headers,
        "customs": sorted(own),
        "tensors": _tensors(project),
        "nodes": [n for s in _stages(project) for n in s["nodes"]],
        "stages": [_stage_call(project, stage) for stage in project.plan.stages],
        "pushed": _pushed(project),
        "parameters": ", ".join(f"void *{arena.name}" for arena in arenas),
        "arguments": ", ".join(arena.name for arena in arenas),
        "array": _array(project),
        "states": _states(project),
        "stream": project.stream,
    }
    files = {
        f"{name}.h": render("model.h.j2", context),
        f"{name}.c": render("model.c.j2", context),
        f"{name}_weights.h": _weights_header(project, headers),
        f"{name}_weights.c": _weights_source(project),
    }
    files.update({f"kernels/{path}": text for path, text in copied.items()})
    first = project.plan.stages[0].nodes[0]
    rows = project.graph.tensors[first.output].rows if is_row_source(first) else None
    return Library(
        name=name,
        macro=project.macro,
        source=comment(project.source),
        board=comment(project.board),
        version=project.version,
        arenas=arenas,
        edges=_edges(project),
        pushed=Rows(*rows) if rows else None,
        constant_bytes=project.pool.size_bytes,
        files=files,
        sources=(f"{name}.c", f"{name}_weights.c", *compiled),
        constants=f"{name}_weights.c",
        flags=project.flags,
        example=render("main.c.j2", {**context, "printed": _printed}),
    )


def _states(project: Project) -> list[dict[str, Any]]:
    """What each state is before the first inference."""
    graph, found = project.graph, []
    for number, (index, first) in enumerate(zip(graph.entries, graph.states, strict=True)):
        found.append(
            {
                "label": comment(graph.tensors[index].name),
                "offset": project.plan.region(project.storage(index).offset)[1],
                "size_bytes": first.nbytes,
                "value": constants.uniform_byte(first),
                "symbol": f"{project.name}_state_{number}",
                "bytes": ", ".join(map(str, constants.raw_bytes(first))),
            }
        )
    return found


def _edges(project: Project) -> tuple[Edge, ...]:
    """The model's inputs and outputs."""
    graph, found = project.graph, []
    for role, indices in (("Input", graph.given), ("Output", graph.made)):
        names = edge_names(graph, role.lower())
        aliases = function_names(names)
        for number, index in enumerate(indices):
            tensor = graph.tensors[index]
            quantised = tensor.dtype in QUANTISED_TYPES and tensor.quantization is not None
            region, offset = project.plan.region(project.storage(index).offset)
            edge = Edge(
                role=role,
                index=number,
                label=comment(names[number]),
                dtype=tensor.dtype,
                ctype=CTYPES[tensor.dtype],
                shape=tensor.shape,
                elements=tensor.elements,
                size_bytes=tensor.size_bytes,
                region=region,
                offset=offset,
                scale=constants.real(tensor.scale) if quantised else None,
                zero_point=tensor.zero_point if quantised else 0,
                macro=f"{project.macro}_{role.upper()}_{number}",
                function=f"{project.name}_{role.lower()}_{number}",
                alias=f"{project.name}_{role.lower()}_{aliases[number]}" if aliases[number] else "",
            )
            found.append(edge)
    return tuple(found)


def _printed(edge: Edge) -> str:
    """Arguments with which an example prints value i: as it is, and what it stands for."""
    text, cast = _PRINTED.get(edge.dtype, ("%d", ""))
    value = f"output_{edge.index}[i]"
    if edge.scale is None:
        return f'"{text}\\n", {cast}{value}'
    real = f"{edge.macro}_SCALE * (float)({value} - {edge.macro}_ZERO_POINT)"
    return f'"{text} %g\\n", {cast}{value}, (double)({real})'


def _symbol(project: Project, node: Node) -> str:
    return f"{project.name}_{node.index:02d}"


def _tensor_symbol(project: Project, tensor: int) -> str:
    return f"{project.name}_t{tensor}"


def _tensors(project: Project) -> list[dict[str, Any]]:
    used = {t for s in project.plan.stages for n in s.nodes for t in (*n.inputs, n.output)}
    return [
        {
            "symbol": _tensor_symbol(project, tensor),
            "region": project.plan.region(storage.offset)[0],
            "offset": project.plan.region(storage.offset)[1],
            "row_bytes": storage.row_bytes,
            "height": storage.height,
            "rows": storage.rows,
            "shift": storage.shift,
            "label": comment(project.graph.tensors[tensor].name),
        }
        for tensor in sorted(used)
        if project.plan.in_arena(tensor)
        for storage in [project.storage(tensor)]
    ]


def _stages(project: Project) -> list[dict[str, Any]]:
    return [
        {
            "nodes": [
                _node(project, stage, i, scratch)
                for i, node in enumerate(stage.nodes)
                if not is_row_source(node)
            ]
        }
        for stage, scratch in zip(project.plan.stages, project.plan.scratch_offsets, strict=True)
    ]


def _array(project: Project) -> str:
    names = [arena.name for arena in project.arenas]
    return f"int8_t *const arenas[{len(names)}] = {{{', '.join(names)}}};"


def _stage_call(project: Project, stage: Stage) -> dict[str, Any]:
    last = stage.nodes[-1]
    owed = [n for n in stage.nodes[:-1] if n.output not in stage.rings]
    calls = [{"symbol": _symbol(project, n), "height": n.height} for n in (last, *owed)]
    return {"nodes": len(stage.nodes), "calls": calls}


def _pushed(project: Project) -> dict[str, Any] | None:
    """What the row-fed interface needs, or None where a whole frame is given."""
    stage = project.plan.stages[0]
    source = stage.nodes[0]
    if not is_row_source(source):
        return None
    tensor = project.graph.tensors[source.output]
    return {
        "tensor": _tensor_symbol(project, source.output),
        "state": _address(project, project.plan.state_offset),
        "rows": tensor.rows[0],
        "row_bytes": tensor.rows[1],
        "nodes": len(stage.nodes),
        "symbols": [_symbol(project, node) for node in stage.nodes[1:]],
        "readers": _readers(project, stage, source),
    }


def _readers(project: Project, stage: Stage, node: Node) -> list[str]:
    return [_symbol(project, n) for n in stage.nodes if node.output in n.inputs]


def _node(project: Project, stage: Stage, position: int, scratch: int) -> dict[str, Any]:
    node = stage.nodes[position]
    symbol = _symbol(project, node)
    struct = project.pool.structs[node.index]
    if node.kernel.chunk_rows:
        calls = stage.calls[position]
        chunk = calls.chunk or calls.band + calls.band % 2
        struct = dataclasses.replace(struct, fields={**struct.fields, "chunk_rows": chunk})
    shapes = [list(t.shape) for t in (node.view.input(0), node.view.output)]
    return {
        "index": node.index,
        "title": comment(f"{node.op.kind} {shapes[0]} -> {shapes[1]}, {node.op.name}"),
        "symbol": symbol,
        "struct": struct.ctype,
        "fields": constants.field_values(struct, project.pool.fields[node.index]),
        "position": position,
        "band": _band(stage.calls[position]),
        "height": node.height,
        "pushed": is_row_source(stage.nodes[0]),
        "pulls": _pulls(project, stage, position),
        "readers": _readers(project, stage, node),
        "body": _body(project, stage, position, scratch),
    }


def _band(calls: Calls) -> str:
    """The rows of the next call after y."""
    return str(calls.band) if calls.first == calls.band else f"y ? {calls.band} : {calls.first}"


def _pulls(project: Project, stage: Stage, position: int) -> list[dict[str, Any]]:
    return [
        {
            "symbol": _symbol(project, stage.nodes[pull.position]),
            "position": pull.position,
            "end": _pulled_rows(pull, stage.nodes[position]),
        }
        for pull in stage.pulls[position]
    ]


def _pulled_rows(pull: Pull, node: Node) -> str:
    """`Pull.rows` of the band's end, y + rows, as C."""
    if pull.stride == 0:
        return str(pull.height)
    if is_window(node):
        reach = f"(y + rows) * {pull.stride} + {_term(pull.offset)}"
        return f"tinyengine_rows_needed({reach}, {pull.height})"
    # Inputs in step with the output are never asked for more rows than they have.
    return "y + rows" if pull.growth == 1 else f"(y + rows) / {pull.growth}"


def _term(value: int) -> str:
    return str(value) if value >= 0 else f"({value})"


def _body(project: Project, stage: Stage, position: int, scratch: int) -> list[str]:
    node = stage.nodes[position]
    argument = f"&{_symbol(project, node)}"
    own = stage.scratch[position]
    memory = _address(project, scratch + own.start) if own.size_bytes else "NULL"
    mark = f"TINYENGINE_LAYER({node.index});"
    output = f"&{_tensor_symbol(project, node.output)}"
    if node.kernel.style is Style.WINDOW:
        lines = _window_rows(project, stage, position, scratch)
        call = f"{node.kernel.name}({argument}, in, out, rows, {memory});"
        return [*lines, mark, call]
    sources_text = [_source(project, node, t) for t in node.inputs]
    out = f"tinyengine_row_at(arenas, {output}, y)"
    array: list[str] = []
    if node.kernel.data_inputs == ALL_INPUTS:
        joined = ", ".join(sources_text)
        array, sources_text = (
            [f"const int8_t *const in[{len(sources_text)}] = {{{joined}}};"],
            ["in"],
        )
    if node.kernel.style is Style.PIXELS:
        pixels = f"rows * {pixels_of(node, 1)}"
        if node.window.growth > 1:
            pixels = f"rows / {node.window.growth}"
        arguments = [argument, *sources_text, out, pixels, memory]
        return [*array, mark, f"{node.kernel.name}({', '.join(arguments)});"]
    if node.kernel.style is Style.REDUCE:
        whole = f"tinyengine_row_at(arenas, {output}, 0)"
        arguments = [argument, *sources_text, whole, "y", "rows", memory]
        return [mark, f"{node.kernel.name}({', '.join(arguments)});"]
    arguments = [argument, *sources_text, out, memory]
    return [*array, mark, f"{node.kernel.name}({', '.join(arguments)});"]


def _address(project: Project, offset: int) -> str:
    region, local = project.plan.region(offset)
    return f"arenas[{region}] + {local}"


def _source(project: Project, node: Node, tensor: int) -> str:
    in_step = tensor in node.streamed and node.height > 1
    growth = node.window.growth if node.kernel.style is Style.PIXELS else 1
    row = "y" if growth == 1 else f"y / {growth}"
    constant = project.graph.tensors[tensor]
    if constant.data is not None:
        step = f" + {row} * {constant.rows[1]}" if in_step else ""
        symbol = project.pool.operands[tensor]
        bytes_of = symbol if constant.dtype == "int8" else f"(const int8_t *){symbol}"
        return f"{bytes_of}{step}"
    row = row if tensor in node.streamed else "0"
    return f"tinyengine_row_at(arenas, &{_tensor_symbol(project, tensor)}, {row})"


def _window_rows(project: Project, stage: Stage, position: int, scratch: int) -> list[str]:
    node, window = stage.nodes[position], stage.nodes[position].window
    band = stage.bands[position]
    first = f"y * {window.stride} - {window.pad_top}" if window.pad_top else f"y * {window.stride}"
    count = f"(rows - 1) * {window.stride} + {window.extent}"
    source = f"&{_tensor_symbol(project, node.inputs[0])}"
    if node.pad_row_bytes:
        in_ring = stage.padded_in_ring[position]
        place = scratch + stage.scratch[position].pad_start
        pad_row = "NULL" if in_ring else _address(project, place)
        zero_point = node.view.input(0).zero_point
        edges = f"{source}, {first}, {count}, {pad_row}, {zero_point}"
        fill = f"tinyengine_rows_in_padded(in, arenas, {edges});"
    else:
        fill = f"tinyengine_rows_in(in, arenas, {source}, {first}, {count});"
    return [
        f"const int8_t *in[{window.count(band)}];",
        f"int8_t *out[{band}];",
        fill,
        f"tinyengine_rows_out(out, arenas, &{_tensor_symbol(project, node.output)}, y, rows);",
    ]


def _weights_header(project: Project, headers: list[str]) -> str:
    guard = f"{project.macro}_WEIGHTS_H_"
    arrays = project.pool.arrays.items()
    declarations = [constants.array_declaration(symbol, blob) for symbol, blob in arrays]
    includes = [f'#include "kernels/{header}"' for header in headers]
    lines = [
        f"/* Constants of {project.name}. Do not edit. */",
        f"#ifndef {guard}",
        f"#define {guard}",
        "",
        "#include <stdint.h>",
        "",
        *includes,
        "",
        *declarations,
        "",
        f"#endif /* {guard} */",
    ]
    return "\n".join(lines) + "\n"


def _weights_source(project: Project) -> str:
    arrays = project.pool.arrays.items()
    definitions = [constants.array_definition(symbol, blob) for symbol, blob in arrays]
    head = f'/* Constants of {project.name}. Do not edit. */\n#include "{project.name}_weights.h"\n'
    if any("INFINITY" in text or "NAN" in text for text in definitions):
        head += "\n#include <math.h>\n"
    return "\n".join([head, *definitions])
