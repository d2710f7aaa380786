# SPDX-License-Identifier: Apache-2.0
"""Asks CMSIS-NN itself, on the emulated core, how much scratch each call needs.

The answer depends on the release and on the core (DSP, Helium), so no formula of ours stands in.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from mcunet_tf.benchmark.qemu import run_elf
from mcunet_tf.benchmark.runtimes.cmsis_nn.functions import Call
from mcunet_tf.benchmark.runtimes.cmsis_nn.release import CmsisNn
from mcunet_tf.boards import Board
from mcunet_tf.check.cache import cached, content_key
from mcunet_tf.check.toolchain import tool_version

_NEEDED = ("_params", "_input", "_filter", "_output")


def scratch_sizes(library: CmsisNn, board: Board, calls: Mapping[int, Call]) -> dict[int, int]:
    """Bytes of scratch for each call, by the same keys; 0 where a function asks for none.

    Args:
        library: the release.
        board: an emulated board, or a real one with an emulator of its core.
        calls: the library's calls by layer.

    Raises:
        ToolError: the cross compiler or the emulator is missing or fails.
    """
    asked = {index: call for index, call in calls.items() if call.buffer_size}
    if not asked:
        return dict.fromkeys(calls, 0)
    text = _program(asked)
    functions = [call.buffer_size.split("(")[0] for call in asked.values()]
    sources = library.sources(functions)
    key = content_key(
        text,
        " ".join(board.compiler_flags),
        tool_version(board.core.architecture.compiler),
        *(path.read_bytes() for path in sources),
    )

    def ask(out: object) -> None:
        run = run_elf(
            {"main.c": text}, board, include_dirs=library.include_dirs, source_paths=sources
        )
        assert hasattr(out, "write_bytes")
        out.write_bytes(run.stdout)

    answer = cached(f"scratch/{key}.bin", ask).read_bytes()
    sizes = struct.unpack(f"<{len(asked)}i", answer)
    return {**dict.fromkeys(calls, 0), **dict(zip(asked, sizes, strict=True))}


def _program(calls: Mapping[int, Call]) -> str:
    lines = ['#include "arm_nnfunctions.h"', '#include "region.h"', "int main(void) {"]
    expressions: list[str] = []
    for index, call in calls.items():
        lines += _definitions(index, call)
        expressions.append(call.buffer_size.replace("{symbol}", f"layer_{index}"))
    lines += [
        f"  const int32_t sizes[] = {{{', '.join(expressions)}}};",
        "  region_write(sizes, sizeof sizes);",
        "  return 0;",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _definitions(index: int, call: Call) -> Sequence[str]:
    """The parameters and dimensions that the size depends on."""
    return [
        f"  const {ctype} layer_{index}_{suffix} = {value};"
        for ctype, suffix, value in call.definitions
        if f"_{suffix}" in _NEEDED
    ]
