# SPDX-License-Identifier: Apache-2.0
"""Hand-written projects with the shape of an emitted one: a few lines whose cost is known."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Tensor:
    name: str
    shape: tuple[int, ...]
    dtype: str = "int8"


@dataclass(frozen=True)
class Project:
    name: str
    files: dict[str, str]
    inputs: tuple[Tensor, ...] = field(default=(Tensor("in", (1, 16)),))
    outputs: tuple[Tensor, ...] = field(default=(Tensor("out", (1, 16)),))


HEADER = """
#ifndef TINY_H
#define TINY_H
#include <stdint.h>
#define TINY_ARENA_BYTES {arena_bytes}
#define TINY_ARENA_ALIGNMENT 16
#define TINY_INPUT_0_BYTES 16
#define TINY_OUTPUT_0_BYTES 16
static inline int8_t *tiny_input_0(void *arena) {{ return (int8_t *)arena; }}
static inline const int8_t *tiny_output_0(const void *arena) {{
  return (const int8_t *)arena + 16;
}}
void tiny_invoke(void *arena);
#endif
"""

SOURCE = """
#include "tiny.h"
#include "tiny_weights.h"
#include "kernels/tiny/add_constant.h"
#ifndef TINYENGINE_LAYER
#define TINYENGINE_LAYER(index)
#endif
void tiny_invoke(void *arena) {{
  TINYENGINE_LAYER(0);
  add_constant((const int8_t *)arena, (int8_t *)arena + 16, 16, tiny_weights);
  TINYENGINE_LAYER(300);
  add_constant((int8_t *)arena + 16, (int8_t *)arena + 16, 16, tiny_weights + 16);
  {extra}
}}
"""

KERNEL_HEADER = """
#include <stdint.h>
void add_constant(const int8_t *in, int8_t *out, int32_t size, const int8_t *weights);
"""

KERNEL = """
#include "add_constant.h"
void add_constant(const int8_t *in, int8_t *out, int32_t size, const int8_t *weights) {
  for (int32_t i = 0; i < size; i++) {
    out[i] = (int8_t)(uint8_t)(in[i] + weights[i]);
  }
}
"""

WEIGHTS = np.arange(32, dtype=np.int8) * 3 - 40


def tiny_project(
    arena_bytes: int = 32, extra: str = "", weights: np.ndarray = WEIGHTS, prelude: str = ""
) -> Project:
    """out = in + weights[:16] + weights[16:32], wrapping; `extra` C runs at the end of invoke."""
    declaration = f"const int8_t tiny_weights[{len(weights)}]"
    values = ", ".join(map(str, weights.tolist()))
    return Project(
        "tiny",
        {
            "tiny.h": HEADER.format(arena_bytes=arena_bytes),
            "tiny.c": prelude + SOURCE.format(extra=extra),
            "tiny_weights.h": f"#include <stdint.h>\nextern {declaration};\n",
            "tiny_weights.c": f'#include "tiny_weights.h"\n{declaration} = {{{values}}};\n',
            "kernels/tiny/add_constant.h": KERNEL_HEADER,
            "kernels/tiny/add_constant.c": KERNEL,
            "main.c": "#error the example is not part of the library",
        },
    )


def expected(data: np.ndarray) -> np.ndarray:
    """What the project computes, in numpy."""
    return data + WEIGHTS[:16] + WEIGHTS[16:32]


def random_inputs(count: int, seed: int = 1) -> list[tuple[np.ndarray, ...]]:
    generator = np.random.default_rng(seed)
    return [(generator.integers(-128, 128, (1, 16), dtype=np.int8),) for _ in range(count)]
