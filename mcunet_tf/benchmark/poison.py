# SPDX-License-Identifier: Apache-2.0
"""Runs the real C with dead bytes overwritten before every kernel call.

The planner's validator proves a plan on paper; this proves that the emitted C follows it: were a
byte read that the plan takes for dead, the outputs would change.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from mcunet_tf.tinyengine.plan.liveness import dead_ranges

POISON = 0xA5


def poisoned(compiled: Any) -> Any:
    """A copy of a compiled model whose C poisons what is dead, for a host build.

    Args:
      compiled: a `CompiledModel` with one arena and a whole frame as its input.
    """
    steps = dead_ranges(compiled.graph, compiled.plan)
    ranges = [pair for step in steps for pair in step]
    ends = []
    total = 0
    for step in steps:
        total += len(step)
        ends.append(str(total))
    pairs = ", ".join(f"{{{start}, {end}}}" for start, end in ranges) or "{0, 0}"
    checker = f"""#include <stdint.h>
#include <string.h>
void poison_step(int8_t *arena, int last);
static const int32_t ranges[][2] = {{{pairs}}};
static const int32_t ends[] = {{{", ".join(ends)}}};
static int32_t step;
void poison_step(int8_t *arena, int last) {{
  (void)last;
  for (int32_t i = step ? ends[step - 1] : 0; i < ends[step]; i++) {{
    memset(arena + ranges[i][0], {POISON}, (size_t)(ranges[i][1] - ranges[i][0]));
  }}
  step = (step + 1) % {len(steps)};
}}
"""
    main = f"{compiled.name}.c"
    hook = (
        "#include <stdint.h>\nvoid poison_step(int8_t *arena, int last);\n"
        "#define TINYENGINE_LAYER(index) poison_step(arenas[0], index)\n"
    )
    files = {**compiled.sources, main: hook + compiled.sources[main], "poison.c": checker}
    return dataclasses.replace(compiled, files=files)
