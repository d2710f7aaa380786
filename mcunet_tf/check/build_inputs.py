# SPDX-License-Identifier: Apache-2.0
"""What a runner must know of an emitted project: its library files, and its names as macros."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mcunet_tf.check.tensors import Compiled
from mcunet_tf.check.toolchain import LIBRARY_FLAGS, Source, write_sources

EXAMPLE_MAIN = "main.c"


@dataclass(frozen=True)
class External:
    """What a project links beside its own files, used where it is installed.

    Attributes:
        sources: compiled like the project's own.
        include_dirs: folders of headers, for the project's files too.
        archives: linked behind everything else.
        flags: the flags for the project's files and the sources.
    """

    sources: tuple[Path, ...] = ()
    include_dirs: tuple[Path, ...] = ()
    archives: tuple[Path, ...] = ()
    flags: tuple[str, ...] = ()

    @property
    def compiler_flags(self) -> tuple[str, ...]:
        """Include paths and flags as the compiler takes them."""
        return (*(f"-I{path}" for path in self.include_dirs), *self.flags)


def library_files(compiled: Compiled) -> Mapping[str, str]:
    """The files of a compiled model in one folder, however its project is laid out."""
    files: Mapping[str, str] = getattr(compiled, "sources", compiled.files)
    return files


def library_sources(folder: Path, name: str, files: Mapping[str, str]) -> list[Source]:
    """Writes the project into a folder and returns its library: all sources but the example."""
    paths = write_sources(folder, files)
    example = folder / EXAMPLE_MAIN
    return [Source(path, LIBRARY_FLAGS) for path in paths if path != example]


def model_header(name: str, files: Mapping[str, str], inputs: int, outputs: int) -> str:
    """Text of `model_under_test.h`, through which the runners reach any model by fixed names.

    Where rows are pushed, the frame they come from is the harness's own, as a camera would be.
    Several arenas are laid one behind the other.
    """
    upper = name.upper()
    header = files[f"{name}.h"]
    sizes = re.findall(rf"#define ({upper}_(?:ARENA(?:_\d+)?|STATE)_BYTES) ", header)
    arenas = [
        f"((uint8_t *)(uintptr_t)arena + ({' + '.join(['0', *sizes[:i]])}))"
        for i in range(len(sizes))
    ]
    if f"{name}_push_row(" in header:
        invoke, access = "tested_push_frame", _pushed_frame(name, ", ".join(arenas))
    else:
        invoke = "tested_invoke"
        access = [
            "static inline void tested_invoke(void *arena) {",
            f"  {name}_invoke({', '.join(arenas)});",
            "}",
            *_tensor_access(name, "input", "void *", inputs, header, arenas),
        ]
    lines = [
        f'#include "{name}.h"',
        f'#define TESTED_NAME "{name}"',
        f"#define TESTED_ARENA_BYTES ({' + '.join(sizes)})",
        f"#define TESTED_ARENA_ALIGNMENT {upper}_ARENA_ALIGNMENT",
        f"#define TESTED_INVOKE {invoke}",
        f"#define TESTED_INPUTS {inputs}u",
        f"#define TESTED_OUTPUTS {outputs}u",
        *([f"#define TESTED_SETUP {name}_setup"] if f"{name}_setup(" in header else []),
        *_reset(name, header, arenas),
        *access,
        *_tensor_access(name, "output", "const void *", outputs, header, arenas),
    ]
    return "\n".join(lines) + "\n"


def _reset(name: str, header: str, arenas: list[str]) -> list[str]:
    """Models that remember are brought to their beginning before the first inference."""
    if f"void {name}_reset(" not in header:
        return []
    return [
        "#define TESTED_SETUP tested_reset",
        "static inline void tested_reset(void *arena) {",
        f"  {name}_reset({arenas[-1]});",
        "}",
    ]


def _pushed_frame(name: str, arenas: str) -> list[str]:
    macro = f"{name.upper()}_INPUT_0"
    return [
        f"static const uint32_t tested_input_bytes[] = {{{macro}_BYTES}};",
        f"static uint8_t tested_frame[{macro}_BYTES]",
        '    __attribute__((section(".frame"), aligned(4)));',
        "static inline void *tested_input(uint32_t index, void *arena) {",
        "  (void)index;",
        "  (void)arena;",
        "  return tested_frame;",
        "}",
        "static inline void tested_push_frame(void *arena) {",
        f"  {name}_begin({arenas});",
        f"  for (uint32_t y = 0; y < {macro}_ROWS; y++) {{",
        f"    {name}_push_row({arenas}, (const void *)&tested_frame[y * {macro}_ROW_BYTES]);",
        "  }",
        f"  {name}_finish({arenas});",
        "}",
    ]


def _tensor_access(
    name: str, kind: str, pointer: str, count: int, header: str, arenas: list[str]
) -> list[str]:
    sizes = ", ".join(f"{name.upper()}_{kind.upper()}_{i}_BYTES" for i in range(count))

    def place(index: int) -> str:
        memory = r"(?:const )?void \*(?:arena_?(\d*)|(state))"
        found = re.search(rf"{name}_{kind}_{index}\({memory}\)", header)
        if found and found[2]:
            return arenas[-1]  # an input that is kept
        return arenas[int(found[1] or 0)] if found else arenas[0]

    cases = [
        f"  if (index == {i}u) return {name}_{kind}_{i}({place(i)});" for i in range(count - 1)
    ]
    return [
        f"static const uint32_t tested_{kind}_bytes[] = {{{sizes}}};",
        f"static inline {pointer}tested_{kind}(uint32_t index, {pointer}arena) {{",
        "  (void)index;",
        *cases,
        f"  return {name}_{kind}_{count - 1}({place(count - 1)});",
        "}",
    ]
