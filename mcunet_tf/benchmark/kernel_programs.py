# SPDX-License-Identifier: Apache-2.0
"""Runs many small projects in one image on an emulated board, and counts their kernels.

What is measured is the code that the compiler emits: a mark before each kernel call and one behind
it tell the kernel's instructions from those of the code that feeds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mcunet_tf.benchmark.kernel_case import Array
from mcunet_tf.benchmark.kernel_cases import case_inputs
from mcunet_tf.benchmark.plugin import RegionCount
from mcunet_tf.benchmark.qemu import run_elf
from mcunet_tf.boards import Board
from mcunet_tf.check.compare import unequal
from mcunet_tf.check.toolchain import LIBRARY_FLAGS
from mcunet_tf.errors import ToolError
from mcunet_tf.tinyengine.emit.assemble import emit_project
from mcunet_tf.tinyengine.emit.project import Project
from mcunet_tf.tinyengine.evaluate import evaluate
from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.kernel_tables.table import Kernel
from mcunet_tf.tinyengine.plan.plan import Group, Plan, plan_stages
from mcunet_tf.tinyengine.schedule.nodes import (
    is_row_source,
    make_node,
    make_row_source,
    storage_roots,
)

WHOLE_BAND = 1 << 15
_FILES_LEFT_OUT = ("main.c", "CMakeLists.txt", "report.txt")
_MAX_IMAGE_BYTES = 600_000  # of tensors and constants: fits the smallest emulated memory
_TIMEOUT_S = 300.0
_CALL = re.compile(r"^(\s*)TINYENGINE_LAYER\((\d+)\);\n(.*\);)$", re.MULTILINE)


@dataclass(frozen=True, eq=False)
class Program:
    """One operator, or a few that are streamed, as C.

    Attributes:
        name: C prefix.
        graph: the operators.
        plan: how they are called.
        files: the project, `<name>_invoke` and the accessors of the tensors among them.
        include_dirs: what else it includes.
        sources: what else it links.
    """

    name: str
    graph: Graph
    plan: Plan
    files: Mapping[str, str]
    include_dirs: tuple[Path, ...] = ()
    sources: tuple[Path, ...] = ()

    @property
    def pushed(self) -> bool:
        """Whether the input is given row by row."""
        return is_row_source(self.plan.stages[0].nodes[0])


@dataclass(frozen=True)
class Count:
    """What one inference of a program took.

    Attributes:
        instructions: the instructions of the kernels' calls.
        cycles: cycles of the kernels' calls, by the board's cycle model.
        feed_instructions: instructions of the emitted code around them.
        feed_cycles: cycles of that code.
        exact: whether the output equals `evaluate`, bit for bit; float32 to the tolerance.
    """

    instructions: int
    cycles: int
    feed_instructions: int
    feed_cycles: int
    exact: bool


def one_stage(graph: Graph, band_limit: int = WHOLE_BAND) -> tuple[Group, ...]:
    """All operators of a graph streamed together, at most `band_limit` rows per call."""
    return (Group(0, len(graph.ops), band_limit),)


def layer_by_layer(graph: Graph, band_limit: int = WHOLE_BAND) -> tuple[Group, ...]:
    """Every operator of a graph on its own."""
    return tuple(Group(i, i + 1, band_limit) for i in range(len(graph.ops)))


def make_program(
    graph: Graph,
    kernels: Sequence[Kernel],
    board: Board,
    name: str,
    groups: Sequence[Group] = (),
    pushed_band: int = 0,
) -> Program:
    """Emits a graph with the given kernels.

    Args:
        graph: a graph of `kernel_cases`, or an operator cut out of a model.
        kernels: a row for each operator that takes it.
        board: the board that comments in the code name.
        name: C prefix.
        groups: which operators are streamed together; by default each is on its own.
        pushed_band: instead of them, all operators run as rows come in, at most so many at once.
    """
    nodes = [
        make_node(graph, index, op, kernel)
        for index, (op, kernel) in enumerate(zip(graph.ops, kernels, strict=True))
    ]
    if pushed_band:
        nodes.insert(0, make_row_source(graph))
        groups = (Group(0, len(nodes), pushed_band),)
    plan = plan_stages(graph, storage_roots(graph), nodes, groups or layer_by_layer(graph))
    project = Project(name, "a measurement", board.name, "", (), graph, plan)
    return Program(name, graph, plan, emit_project(project))


def count_programs(programs: Sequence[Program], board: Board) -> list[Count]:
    """Runs every program once on random inputs, several to an image; order is kept.

    Raises:
        ToolError: a tool is missing or fails, or the counts cannot be told apart.
    """
    counts: list[Count] = []
    for batch in _batches(programs):
        counts += _count_batch(batch, board)
    return counts


def _batches(programs: Sequence[Program]) -> Iterator[list[Program]]:
    batch: list[Program] = []
    total = 0
    for program in programs:
        size = sum(tensor.size_bytes for tensor in program.graph.tensors)
        if batch and total + size > _MAX_IMAGE_BYTES:
            yield batch
            batch, total = [], 0
        batch.append(program)
        total += size
    if batch:
        yield batch


def _count_batch(programs: list[Program], board: Board) -> list[Count]:
    inputs = [case_inputs(program.graph) for program in programs]
    run = run_elf(
        {**_merged_files(programs), "main.c": _main(programs, inputs)},
        board,
        include_dirs=list(dict.fromkeys(d for p in programs for d in p.include_dirs)),
        source_paths=list(dict.fromkeys(s for p in programs for s in p.sources)),
        flags=LIBRARY_FLAGS,
        timeout_s=_TIMEOUT_S,
    )
    if run.uncounted:
        raise ToolError(f"kernels cannot be counted one by one: {run.uncounted}")
    if len(run.regions) != len(programs):
        raise ToolError(f"{len(run.regions)} of {len(programs)} kernel runs were counted")
    counts, position = [], 0
    for first, program, arrays, region in zip(
        _first_marks(programs), programs, inputs, run.regions, strict=True
    ):
        wanted = evaluate(program.graph, arrays)
        length = sum(array.nbytes for array in wanted)
        got = run.stdout[position : position + length]
        position += length
        marks = range(first, first + 2 * len(program.graph.ops), 2)
        counts.append(_split(region, marks, _is_equal(got, wanted)))
    return counts


def _first_marks(programs: Sequence[Program]) -> list[int]:
    """The mark of each program's first kernel: two for every operator before it."""
    sizes = [2 * len(program.graph.ops) for program in programs]
    return [sum(sizes[:index]) for index in range(len(sizes))]


def _is_equal(got: bytes, wanted: Sequence[Array]) -> bool:
    """Whether the bytes of all outputs are what they should be; float32 to the tolerance."""
    for array in wanted:
        own, got = got[: array.nbytes], got[array.nbytes :]
        found = np.frombuffer(own, array.dtype)
        if found.size != array.size or unequal(found, array.reshape(-1)).any():
            return False
    return not got


def _split(region: RegionCount, marks: range, exact: bool) -> Count:
    """Tells the kernels' share from the rest."""
    own = [layer for layer in region.layers if layer.index in marks]
    if len(own) != len(marks):
        raise ToolError("a kernel's mark was not seen by the counting plugin")
    instructions = sum(layer.instructions for layer in own)
    cycles = sum(layer.modelled_cycles or 0 for layer in own)
    return Count(
        instructions=instructions,
        cycles=cycles,
        feed_instructions=region.instructions - instructions,
        feed_cycles=region.modelled_cycles - cycles,
        exact=exact,
    )


def mark_calls(source: str, first: int) -> str:
    """Puts marks around each kernel call of an emitted `.c` file: layer i gets first + 2 i, what
    follows its call first + 2 i + 1.
    """

    def marked(match: re.Match[str]) -> str:
        indent, layer, call = match.group(1), first + 2 * int(match.group(2)), match.group(3)
        return f"{indent}TINYENGINE_LAYER({layer});\n{call}\n{indent}TINYENGINE_LAYER({layer + 1});"

    return _CALL.sub(marked, source)


def _merged_files(programs: Sequence[Program]) -> dict[str, str]:
    """The files of all programs: theirs as two translation units, the kernels once."""
    files: dict[str, str] = {}
    code, constants = [], []
    for first, program in zip(_first_marks(programs), programs, strict=True):
        own = {
            f"{program.name}.c": f"{program.name}.inc",
            f"{program.name}_weights.c": f"{program.name}_weights.inc",
        }
        for path, text in program.files.items():
            if path in _FILES_LEFT_OUT:
                continue
            if path == f"{program.name}.c":
                text = mark_calls(text, first)
            target = own.get(path, path)
            if files.setdefault(target, text) != text:
                raise AssertionError(f"two texts of {target}")
        code.append(f'#include "{program.name}.inc"\n')
        constants.append(f'#include "{program.name}_weights.inc"\n')
    return {
        **files,
        "programs.c": '#include "mark_layers.h"\n' + "".join(code),
        "programs_weights.c": "".join(constants),
    }


def _main(programs: Sequence[Program], inputs: Sequence[list[Array]]) -> str:
    """One place in the program counts them all.

    QEMU 7.2 hides an instruction at a page's edge from plugins now and then: an aligned function
    keeps the markers away from there.
    """
    names = [program.name for program in programs]
    lines = [
        "#include <stdint.h>",
        "#include <string.h>",
        '#include "region.h"',
        *(f'#include "{name}.h"' for name in names),
        "typedef void invoke_function(void *arena);",
        "__attribute__((noinline, aligned(64))) static void count(invoke_function *f, void *a) {",
        "  REGION_BEGIN();",
        "  f(a);",
        "  REGION_END();",
        "}",
    ]
    calls: list[str] = []
    for program, arrays in zip(programs, inputs, strict=True):
        name = program.name
        calls.append(f"  memset(arena, 0xA5, {name.upper()}_ARENA_BYTES);")
        for n, array in enumerate(arrays):
            data = ",".join(map(str, np.frombuffer(array.tobytes(), np.uint8).tolist()))
            lines.append(f"static const uint8_t {name}_data_{n}[] = {{{data}}};")
            if not program.pushed:
                calls.append(f"  memcpy({name}_input_{n}(arena), {name}_data_{n}, {array.nbytes});")
        if program.pushed:
            lines += _push_rows(name)
        calls.append(f"  count({name}_{'rows' if program.pushed else 'invoke'}, arena);")
        calls.append(f"  region_write({name}_output_0(arena), {name.upper()}_OUTPUT_0_BYTES);")
    union = " ".join(f"int8_t {name}[{name.upper()}_ARENA_BYTES];" for name in names)
    lines += [
        f"static union {{ {union} }} arena_memory __attribute__((aligned(16)));",
        "int main(void) {",
        "  void *const arena = &arena_memory;",
        *calls,
        "  return 0;",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _push_rows(name: str) -> list[str]:
    """A function that gives a program its input as an application with a camera would."""
    macro = f"{name.upper()}_INPUT_0"
    return [
        f"static void {name}_rows(void *arena) {{",
        f"  {name}_begin(arena);",
        f"  for (int32_t y = 0; y < {macro}_ROWS; y++) {{",
        f"    {name}_push_row(arena, (const void *)({name}_data_0 + y * {macro}_ROW_BYTES));",
        "  }",
        f"  {name}_finish(arena);",
        "}",
    ]
