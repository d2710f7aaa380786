# SPDX-License-Identifier: Apache-2.0
"""What a runner must know of an emitted project: its library files, and its names as macros."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mcunet_tf.benchmark.toolchain import LIBRARY_FLAGS, Source, write_sources

EXAMPLE_MAIN = "main.c"


@dataclass(frozen=True)
class External:
    """What a project links beside its own files, used where it is installed.

    Attributes:
        sources: compiled like the project's own.
        include_dirs: for the project's files too.
        archives: linked behind everything else.
        flags: for the project's files and the sources.
    """

    sources: tuple[Path, ...] = ()
    include_dirs: tuple[Path, ...] = ()
    archives: tuple[Path, ...] = ()
    flags: tuple[str, ...] = ()

    @property
    def compiler_flags(self) -> tuple[str, ...]:
        """Include paths and flags as the compiler takes them."""
        return (*(f"-I{path}" for path in self.include_dirs), *self.flags)


def library_sources(folder: Path, name: str, files: Mapping[str, str]) -> list[Source]:
    """Writes the project into a folder and returns its library: all sources but the example."""
    paths = write_sources(folder, files)
    example = folder / EXAMPLE_MAIN
    return [Source(path, LIBRARY_FLAGS) for path in paths if path != example]


def model_header(name: str, files: Mapping[str, str], inputs: int, outputs: int) -> str:
    """Text of `model_under_test.h`, through which the runners reach any model by fixed names.

    Where rows are pushed, the frame they come from is the harness's own, as a camera would be.
    """
    upper = name.upper()
    if f"{name}_push_row(" in files[f"{name}.h"]:
        invoke, access = "model_push_frame", _pushed_frame(name)
    else:
        invoke, access = f"{name}_invoke", _tensor_access(name, "input", "void *", inputs)
    lines = [
        f'#include "{name}.h"',
        f'#define MODEL_NAME "{name}"',
        f"#define MODEL_ARENA_BYTES {upper}_ARENA_BYTES",
        f"#define MODEL_ARENA_ALIGNMENT {upper}_ARENA_ALIGNMENT",
        f"#define MODEL_INVOKE {invoke}",
        f"#define MODEL_INPUTS {inputs}u",
        f"#define MODEL_OUTPUTS {outputs}u",
        *access,
        *_tensor_access(name, "output", "const void *", outputs),
    ]
    return "\n".join(lines) + "\n"


def _pushed_frame(name: str) -> list[str]:
    macro = f"{name.upper()}_INPUT_0"
    return [
        f"static const uint32_t model_input_bytes[] = {{{macro}_BYTES}};",
        f"static uint8_t model_frame[{macro}_BYTES]",
        '    __attribute__((section(".frame"), aligned(4)));',
        "static inline void *model_input(uint32_t index, void *arena) {",
        "  (void)index;",
        "  (void)arena;",
        "  return model_frame;",
        "}",
        "static inline void model_push_frame(void *arena) {",
        f"  {name}_begin(arena);",
        f"  for (uint32_t y = 0; y < {macro}_ROWS; y++) {{",
        f"    {name}_push_row(arena, (const void *)&model_frame[y * {macro}_ROW_BYTES]);",
        "  }",
        f"  {name}_finish(arena);",
        "}",
    ]


def _tensor_access(name: str, kind: str, pointer: str, count: int) -> list[str]:
    sizes = ", ".join(f"{name.upper()}_{kind.upper()}_{i}_BYTES" for i in range(count))
    cases = [f"  if (index == {i}u) return {name}_{kind}_{i}(arena);" for i in range(count - 1)]
    return [
        f"static const uint32_t model_{kind}_bytes[] = {{{sizes}}};",
        f"static inline {pointer}model_{kind}(uint32_t index, {pointer}arena) {{",
        "  (void)index;",
        *cases,
        f"  return {name}_{kind}_{count - 1}(arena);",
        "}",
    ]
