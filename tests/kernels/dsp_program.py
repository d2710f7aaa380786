# SPDX-License-Identifier: Apache-2.0
"""Runs assembler rows on an emulated board: many cases in one program, memory compared outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mcunet_tf.benchmark.plugin import RegionCount
from mcunet_tf.benchmark.qemu import run_elf

KERNELS_DIR = Path(__file__).parents[2] / "kernels"
FILLER = 0xA5
GUARD_BYTES = 16

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Case:
    """One call of a kernel.

    Attributes:
        kernel: its symbol.
        struct: C type of its first argument.
        fields: C initialiser of the struct's members, without `weights`.
        weights: the packed stream, or None where the struct has none.
        memory: what the arena holds before the call; offsets below point into it.
        arguments: C arguments after the first; `arena` and `scratch` are in scope.
        scratch_bytes: exact size; bytes around it are guarded.
        scratch_alignment: offset of the scratch from a 16-byte boundary.
        setup: C before the call, within the counted region: row tables, a loop's head.
        teardown: C after the call, the loop's end.
        channels: what is packed apart from the weights, or None where the struct has none.
    """

    kernel: str
    struct: str
    fields: dict[str, int]
    weights: Bytes | None
    memory: Bytes
    arguments: str
    scratch_bytes: int
    scratch_alignment: int = 4
    setup: str = ""
    teardown: str = ""
    channels: Bytes | None = None
    name: str = field(default="", compare=False)


@dataclass(frozen=True)
class Result:
    """What a call left behind: the arena, and what it cost."""

    memory: Bytes
    count: RegionCount | None


def _array(name: str, data: Bytes) -> str:
    body = ",".join(str(int(value)) for value in data)
    return f"static const uint8_t {name}[] __attribute__((aligned(16))) = {{{body}}};\n"


def _call(index: int, case: Case) -> str:
    fields = ", ".join(f".{name} = {value}" for name, value in case.fields.items())
    stream = ""
    if case.weights is not None:
        stream = _array(f"weights_{index}", case.weights)
        fields = f".weights = weights_{index}, {fields}"
    if case.channels is not None:
        stream += _array(f"channels_{index}", case.channels)
        fields = f".channels = channels_{index}, {fields}"
    offset = GUARD_BYTES + case.scratch_alignment
    return f"""
{stream}{_array(f"memory_{index}", case.memory)}
static void case_{index}(void) {{
  static const struct {case.struct} op = {{{fields}}};
  memcpy(arena, memory_{index}, sizeof memory_{index});
  memset(scratch_area, {FILLER}, sizeof scratch_area);
  void *scratch = scratch_area + {offset};
  REGION_BEGIN();
  {case.setup}
  {case.kernel}(&op, {case.arguments});
  {case.teardown}
  REGION_END();
  for (uint32_t i = 0; i < sizeof scratch_area; i++) {{
    if ((i < {offset} || i >= {offset + case.scratch_bytes}) && scratch_area[i] != {FILLER}) {{
      guards_broken |= 1u;
    }}
  }}
  region_write(arena, sizeof memory_{index});
  region_write(&guards_broken, 1);
}}
"""


def run_cases(
    cases: Sequence[Case], sources: Sequence[str], headers: Sequence[str], board: str = "qemu-m4"
) -> list[Result]:
    """Runs all cases in one image.

    Args:
        cases: in order.
        sources: kernel files, relative to the kernels' folder.
        headers: to include, relative to the kernels' folder.
        board: an emulated board.
    """
    arena = max(len(case.memory) for case in cases)
    scratch = max(case.scratch_bytes + case.scratch_alignment for case in cases) + 2 * GUARD_BYTES
    text = "".join(f'#include "{header}"\n' for header in ["region.h", *headers])
    text += f"""#include <string.h>
static int8_t arena[{arena}] __attribute__((aligned(16)));
static uint8_t scratch_area[{scratch}] __attribute__((aligned(16)));
static uint8_t guards_broken;
"""
    text += "".join(_call(index, case) for index, case in enumerate(cases))
    calls = "".join(f"  case_{index}();\n" for index in range(len(cases)))
    text += f"int main(void) {{\n{calls}  return 0;\n}}\n"
    run = run_elf(
        {"main.c": text},
        board,
        include_dirs=[KERNELS_DIR],
        source_paths=[KERNELS_DIR / source for source in sources],
        # gcc 12 vectorises the program's own loops into offsets that its assembler refuses
        flags=("-O3", "-fno-tree-vectorize"),
    )
    # counts are for benchmarks: QEMU 7.2 now and then hides a marker at a page's edge from plugins
    counts = run.regions if len(run.regions) == len(cases) else [None] * len(cases)
    results = []
    position = 0
    for case, count in zip(cases, counts, strict=True):
        end = position + len(case.memory)
        results.append(Result(np.frombuffer(run.stdout[position:end], np.uint8), count))
        assert run.stdout[end] == 0, f"{case.name or case.kernel} wrote outside its scratch"
        position = end + 1
    assert position == len(run.stdout)
    return results
