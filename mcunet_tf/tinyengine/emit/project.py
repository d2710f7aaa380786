# SPDX-License-Identifier: Apache-2.0
"""Says a planned model in C: the same text for the same model, byte for byte.

Python finds the facts (`library.py`), the templates give them the form of C, and `formats/` lays
the files out for a build system.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

from mcunet_tf.boards import feature_test
from mcunet_tf.tinyengine.constant_pool import ConstantPool, Content, collect_constants
from mcunet_tf.tinyengine.emit import constants, sources
from mcunet_tf.tinyengine.emit.layers import layer_table
from mcunet_tf.tinyengine.emit.library import ARENA_ALIGNMENT_BYTES, Arena, Edge, Network, Rows
from mcunet_tf.tinyengine.emit.names import edge_names, function_names
from mcunet_tf.tinyengine.emit.parts import Part
from mcunet_tf.tinyengine.emit.placement import Places, placed_memories
from mcunet_tf.tinyengine.emit.render import comment, render
from mcunet_tf.tinyengine.ir import QUANTISED_TYPES, Graph
from mcunet_tf.tinyengine.kernel_tables.table import ALL_INPUTS, Style
from mcunet_tf.tinyengine.ops.lstm import lstms_remember
from mcunet_tf.tinyengine.plan.plan import Plan, Storage
from mcunet_tf.tinyengine.schedule.calls import Calls
from mcunet_tf.tinyengine.schedule.nodes import Node, is_row_source, is_window, pixels_of
from mcunet_tf.tinyengine.schedule.reach import Pull
from mcunet_tf.tinyengine.schedule.stage import Stage
from mcunet_tf.tinyengine.streams import Stream

_WIDTHS = (8, 16, 32, 64)
CTYPES = {f"{kind}{bits}": f"{kind}{bits}_t" for kind in ("int", "uint") for bits in _WIDTHS}
CTYPES |= {"bool": "uint8_t", "float32": "float"}

HOOKS = ("layer", "yield")
GUARD_BYTES = 16


@dataclasses.dataclass(frozen=True, eq=False)
class Project:
    """What the templates are filled with.

    Attributes:
      name: C identifier that prefixes every symbol.
      source: the model file's name, for comments.
      board: the board's name, for comments.
      version: mcunet_tf's version.
      flags: compiler flags for CMake.
      constants: name of the file of constants, without its suffix; by default of the model's own.
      known: symbols of contents in that file that other models brought.
      place: what goes where.
      sha256: digest of the model file; "" where there is none.
      hooks: some of HOOKS: functions of the application's that are called between layers.
      debug: whether memories are checked before and after, and rows are shown as they are made.
      cycles: predicted cycles by layer, as far as they are known.
      stream: what calls bring and give, of a model that takes rows of time.
      parts: what is emitted beside it.
    """

    name: str
    source: str
    board: str
    version: str
    flags: tuple[str, ...]
    graph: Graph
    plan: Plan
    constants: str = ""
    known: Mapping[Content, str] = dataclasses.field(default_factory=dict)
    place: Places = dataclasses.field(default_factory=Places)
    sha256: str = ""
    hooks: tuple[str, ...] = ()
    debug: bool = False
    cycles: Mapping[int, int] = dataclasses.field(default_factory=dict)
    stream: Stream | None = None
    parts: tuple[Part, ...] = ()

    @property
    def weights(self) -> str:
        """The file of constants, without its suffix."""
        return self.constants or f"{self.name}_weights"

    @property
    def nodes(self) -> list[Node]:
        """Whatever calls a kernel, in execution order."""
        return [n for stage in self.plan.stages for n in stage.nodes if not is_row_source(n)]

    @property
    def conditions(self) -> frozenset[str]:
        """What the preprocessor must know of a core for the kernels that are called."""
        return frozenset(filter(None, (feature_test(n.kernel.isa) for n in self.nodes)))

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
        guard = GUARD_BYTES if self.debug else 0
        return tuple(dataclasses.replace(a, size_bytes=a.size_bytes + guard) for a in found)

    @functools.cached_property
    def pool(self) -> ConstantPool:
        """All constants, each once."""
        stages = self.plan.stages
        nodes = (n for stage in stages for n in stage.nodes)
        return collect_constants(self.name, nodes, self.known)

    def storage(self, tensor: int) -> Storage:
        """Where a tensor lies."""
        return self.plan.locate(self.graph, tensor)


@dataclasses.dataclass(frozen=True, eq=False)
class Emitted:
    """A model as C, without the file of its constants.

    Attributes:
      network: how an application calls it.
      files: its header and its source, by path.
      headers: headers of the kernels that it calls, by path under `kernels/`.
      kernels: files of these kernels.
      custom: C text of custom operators, by function.
      context: what the templates were filled with.
      examples: what projects are begun with, by format and path.
    """

    network: Network
    files: Mapping[str, str]
    headers: tuple[str, ...]
    kernels: tuple[str, ...]
    custom: Mapping[str, str]
    context: Mapping[str, Any]
    examples: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)


def emit_model(project: Project) -> Emitted:
    """The model's own files, and what they need."""
    nodes, name = project.nodes, project.name
    own = {n.kernel.name: n.kernel.source for n in nodes if n.kernel.source is not None}
    kernel_files = {
        sources.kernel_path(n.kernel.folder, n.kernel.name)
        for n in nodes
        if n.kernel.source is None
    }
    headers = sorted({f"{n.kernel.folder}/{n.kernel.folder}.h" for n in nodes} | {"common/rows.h"})
    arenas = project.arenas
    edges = _edges(project)
    context = {
        "model": project,
        "source": comment(project.source),
        "board": comment(project.board),
        "alignment": ARENA_ALIGNMENT_BYTES,
        "edges": edges,
        "headers": headers,
        "customs": sorted(own),
        "tensors": _tensors(project),
        "nodes": [n for s in _stages(project) for n in s["nodes"]],
        "stages": [
            _stage_call(project, stage, scratch)
            for stage, scratch in zip(
                project.plan.stages, project.plan.scratch_offsets, strict=True
            )
        ],
        "pushed": _pushed(project),
        "parameters": ", ".join(f"void *{arena.name}" for arena in arenas),
        "arguments": ", ".join(arena.name for arena in arenas),
        "array": _array(project),
        "states": _states(project),
        "condition": " && ".join(sorted(project.conditions)),
        "placed": placed_memories(project.macro, arenas, project.place),
        "guard_bytes": GUARD_BYTES,
        "stream": project.stream,
        "lstms_remember": lstms_remember(project.graph),
    }
    files = {f"{name}.h": render("model.h.j2", context), f"{name}.c": render("model.c.j2", context)}
    if "layer" in project.hooks:
        context["layers"] = layer_table(project.nodes, project.cycles)
        files[f"{name}_profile.h"] = render("profile.h.j2", context)
    first = project.plan.stages[0].nodes[0]
    rows = project.graph.tensors[first.output].rows if is_row_source(first) else None
    network = Network(
        name=name,
        macro=project.macro,
        source=comment(project.source),
        arenas=arenas,
        places=tuple(arena.name for arena in arenas),
        edges=edges,
        pushed=Rows(*rows) if rows else None,
        has_state=bool(project.plan.state_bytes),
        sha256=project.sha256,
    )
    return Emitted(network, files, tuple(headers), tuple(sorted(kernel_files)), own, context)


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
    for role, indices in (("Input", graph.edges), ("Output", graph.made)):
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
                kept=index in graph.entries,
            )
            found.append(edge)
    return tuple(found)


def _symbol(project: Project, node: Node) -> str:
    return f"{project.name}_{node.index:02d}"


def _tensor_symbol(project: Project, tensor: int) -> str:
    return f"{project.name}_t{tensor}"


def _tensors(project: Project) -> list[dict[str, Any]]:
    """Tensors whose rows the code finds as it runs; a debug build shows those of all layers."""
    stages = [stage for stage in project.plan.stages if not stage.is_direct]
    used = {t for s in stages for n in s.nodes for t in (*n.inputs, n.output)}
    used |= {n.output for n in project.nodes} if project.debug else set()
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


def _stage_call(project: Project, stage: Stage, scratch: int) -> dict[str, Any]:
    last = stage.nodes[-1]
    if stage.is_direct:
        lines = [*_body(project, stage, 0, scratch), *_shown(project, last, whole=True)]
        return {"direct": True, "title": f"{last.index}: {_title(last)}", "lines": lines}
    owed = [n for n in stage.nodes[:-1] if n.output not in stage.rings]
    calls = [{"symbol": _symbol(project, n), "height": n.height} for n in (last, *owed)]
    return {"direct": False, "nodes": len(stage.nodes), "calls": calls}


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
    return {
        "index": node.index,
        "title": _title(node),
        "symbol": symbol,
        "struct": struct.ctype,
        "fields": constants.field_values(struct, project.pool.fields[node.index]),
        "position": position,
        "band": _band(stage.calls[position]),
        "height": node.height,
        "pushed": is_row_source(stage.nodes[0]),
        "direct": stage.is_direct,
        "pulls": _pulls(project, stage, position),
        "readers": _readers(project, stage, node),
        "body": [*_body(project, stage, position, scratch), *_shown(project, node)],
    }


def _title(node: Node) -> str:
    """What a layer is, for comments."""
    shapes = [list(t.shape) for t in (node.view.input(0), node.view.output)]
    return comment(f"{node.op.kind} {shapes[0]} -> {shapes[1]}, {node.op.name}")


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
    if node.kernel.style is Style.WINDOW:
        lines = _window_rows(project, stage, position, scratch)
        call = f"{node.kernel.name}({argument}, in, out, rows, {memory});"
        return [*lines, mark, call]
    operands = node.kernel.operands(node.op.inputs)
    sources_text = [_source(project, stage, node, t) if t >= 0 else "NULL" for t in operands]
    rows = str(node.height) if stage.is_direct else "rows"
    out = _row_at(project, stage, node.output, "y")
    array: list[str] = []
    if node.kernel.data_inputs == ALL_INPUTS:
        joined = ", ".join(sources_text)
        array = [f"const int8_t *const in[{len(sources_text)}] = {{{joined}}};"]
        sources_text = ["in"]
    if node.kernel.style is Style.PIXELS:
        pixels = f"{rows} * {pixels_of(node, 1)}"
        if node.window.growth > 1:
            pixels = f"{rows} / {node.window.growth}"
        arguments = [argument, *sources_text, out, pixels, memory]
        return [*array, mark, f"{node.kernel.name}({', '.join(arguments)});"]
    if node.kernel.style is Style.REDUCE:
        whole = _row_at(project, stage, node.output, "0")
        y = "0" if stage.is_direct else "y"
        arguments = [argument, *sources_text, whole, y, rows, memory]
        return [mark, f"{node.kernel.name}({', '.join(arguments)});"]
    arguments = [argument, *sources_text, out, memory]
    return [*array, mark, f"{node.kernel.name}({', '.join(arguments)});"]


def _shown(project: Project, node: Node, whole: bool = False) -> list[str]:
    """In a debug build, the rows that a call has made; sums are shown once they are complete."""
    if not project.debug:
        return []
    output = f"&{_tensor_symbol(project, node.output)}"
    call = f"{project.name}_show(arenas, {node.index}, {output}"
    if node.kernel.style in (Style.WINDOW, Style.PIXELS) and not whole:
        return [f"{call}, y, rows);"]
    every = f"{call}, 0, {project.graph.tensors[node.output].rows[0]});"
    if node.kernel.style is Style.REDUCE and not whole:
        return [f"if (y + rows == {node.height}) {{", f"  {every}", "}"]
    return [every]


def _address(project: Project, offset: int) -> str:
    region, local = project.plan.region(offset)
    return f"arenas[{region}] + {local}"


def _row_at(project: Project, stage: Stage, tensor: int, row: str) -> str:
    """The address of a row; the first one where a stage is a single call."""
    if stage.is_direct:
        return _address(project, project.storage(tensor).row_offset(0))
    return f"tinyengine_row_at(arenas, &{_tensor_symbol(project, tensor)}, {row})"


def _source(project: Project, stage: Stage, node: Node, tensor: int) -> str:
    in_step = tensor in node.streamed and node.height > 1 and not stage.is_direct
    growth = node.window.growth if node.kernel.style is Style.PIXELS else 1
    row = "y" if growth == 1 else f"y / {growth}"
    constant = project.graph.tensors[tensor]
    if constant.data is not None:
        step = f" + {row} * {constant.rows[1]}" if in_step else ""
        symbol = project.pool.operands[tensor]
        bytes_of = symbol if constant.dtype == "int8" else f"(const int8_t *){symbol}"
        return f"{bytes_of}{step}"
    row = row if tensor in node.streamed else "0"
    return _row_at(project, stage, tensor, row)


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
