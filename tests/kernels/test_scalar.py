# SPDX-License-Identifier: Apache-2.0
"""The `_scalar` and `_thumb` rows: requantisation without long products, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcunet_tf.benchmark.qemu import run_elf
from mcunet_tf.boards import load_board
from mcunet_tf.tinyengine.fixed_point import requantize
from mcunet_tf.tinyengine.kernel_tables.packing import scalar
from mcunet_tf.tinyengine.passes import run_passes
from mcunet_tf.tinyengine.read_tflite import read_tflite
from mcunet_tf.tinyengine.select import select_kernel
from tests.ops.conv_cases import Conv, conv_model

KERNELS_DIR = Path(__file__).resolve().parents[2] / "kernels"
BOARDS = {"scalar": "qemu-rv32", "thumb": "qemu-m0plus"}

REQUANTIZE = """
#include "common/requant_{isa}.h"
#include "region.h"
#include "values.h"

int main(void) {{
  static int32_t results[sizeof values / sizeof values[0]];
  for (uint32_t i = 0; i < sizeof values / sizeof values[0]; i++) {{
    const struct channel_s8 channel = {{0, values[i][1], values[i][2]}};
    const struct scale_scalar scale = split_scale(&channel);
    results[i] = requantize_{isa}(values[i][0], &scale);
  }}
  region_write(results, sizeof results);
  return 0;
}}
"""

DIVIDE = """
#include "pool2d/average_pool_2d_s8_scalar.c"
#include "pool2d/divide_rounded.h"
#include "region.h"

int main(void) {
  const struct pool2d_s8 op = {.channels = 1, .out_min = -128, .out_max = 127};
  for (int32_t count = 1; count <= 255; count++) {
    const int32_t step = count % 50 == 5 || count < 5 ? 1 : count - 1;
    for (int32_t sum = -128 * count; sum <= 127 * count; sum += step > 0 ? step : 1) {
      int8_t average;
      divide(&op, &sum, count, &average);
      if (average != divide_rounded(sum, count)) {
        return 1;
      }
    }
  }
  return 0;
}
"""

PRODUCTS = """
#include "common/products_thumb.h"
#include "region.h"

static int8_t vectors[5][80];

int main(void) {
  uint32_t state = 1;
  for (int32_t i = 0; i < 5 * 80; i++) {
    state = state * 1664525u + 1013904223u;
    vectors[i / 80][i % 80] = i % 7 ? (int8_t)(state >> 24) : INT8_MIN;
  }
  for (int32_t count = 1; count <= 80; count++) {
    struct products_thumb tile = {{0}, count, vectors[4] + count, {0}};
    for (int32_t i = 0; i < 4; i++) {
      tile.ends[i] = vectors[i] + count;
    }
    int32_t pairs[4] = {0}, fours[4] = {0};
    for (int32_t k = 0; k < count; k++) {
      for (int32_t i = 0; i < 4; i++) {
        pairs[i] += vectors[i / 2][k] * vectors[2 + i % 2][k];
        fours[i] += vectors[0][k] * vectors[1 + i][k];
      }
    }
    multiply_pairs_thumb(&tile);
    for (int32_t i = 0; i < 4; i++) {
      if (tile.sums[i] != pairs[i]) {
        return 1;
      }
    }
    multiply_four_thumb(&tile);
    for (int32_t i = 0; i < 4; i++) {
      if (tile.sums[i] != fours[i]) {
        return 2;
      }
    }
  }
  return 0;
}
"""


def values() -> np.ndarray:
    """Sums, multipliers and shifts [n, 3]: random ones, limits, and ties of both roundings."""
    rng = np.random.default_rng(3)
    shifts = rng.integers(-31, 8, 6000)
    limits = scalar.SUM_LIMIT >> np.maximum(shifts, 0)
    sums = rng.integers(-limits + 1, limits) >> rng.integers(0, 29, 6000)
    multipliers = rng.integers(1 << 30, 1 << 31, 6000) * rng.choice([-1, 1], 6000)
    edges = [
        (sign * (limit - 1), m, shift)
        for shift, limit in ((0, 1 << 29), (-1, 1 << 29), (-31, 1 << 29), (7, 1 << 22))
        for sign in (-1, 1)
        for m in (1 << 30, (1 << 31) - 1, -(1 << 30), -(1 << 31) + 1)
    ]
    ties = [(x, 1 << 30, shift) for x in range(-40, 41) for shift in range(-5, 2)]
    return np.concatenate([np.stack([sums, multipliers, shifts], 1), edges, ties])


@pytest.mark.qemu
@pytest.mark.parametrize(("isa", "board"), BOARDS.items())
def test_the_shorter_requantisation_is_exact(isa, board):
    table = values()
    text = ",\n".join(f"{{{x}, {m}, {s}}}" for x, m, s in table)
    sources = {
        "main.c": REQUANTIZE.format(isa=isa),
        "values.h": f"static const int32_t values[][3] = {{{text}}};\n",
    }
    run = run_elf(sources, board, include_dirs=[KERNELS_DIR])
    wanted = [int(requantize(np.int64(x), int(m), int(s))) for x, m, s in table]
    np.testing.assert_array_equal(np.frombuffer(run.stdout, "<i4"), wanted)


@pytest.mark.qemu
@pytest.mark.parametrize("board", BOARDS.values())
def test_averages_are_divided_exactly(board):
    """Every sum of 1 to 255 values at its ends and around ties, of some counts all."""
    assert run_elf({"main.c": DIVIDE}, board, include_dirs=[KERNELS_DIR]).stdout == b""


@pytest.mark.qemu
def test_products_of_every_length(board="qemu-m0plus"):
    """The first values are not in fours; what follows them is."""
    assert run_elf({"main.c": PRODUCTS}, board, include_dirs=[KERNELS_DIR]).stdout == b""


@pytest.mark.parametrize("kind", ["CONV_2D", "DEPTHWISE_CONV_2D"])
@pytest.mark.parametrize(("isa", "board"), BOARDS.items())
def test_sums_beyond_the_limit_take_the_portable_row(isa, board, kind):
    """Outputs so fine that sums leave 29 bits when they are shifted to the left."""
    multiplier = int(kind == "DEPTHWISE_CONV_2D")
    for gain, wanted in ((1.0, isa), (1e-7, "portable")):
        model = conv_model(Conv(gain=gain, in_channels=4, out_channels=4, multiplier=multiplier))
        graph = run_passes(read_tflite(model))
        (op,) = [op for op in graph.ops if op.kind == kind]
        assert select_kernel(graph, op, load_board(board).isa).isa == wanted


def test_the_reason_names_the_limit():
    """The bound holds every input and the shift to the left."""
    weights = np.full((1, 4), 127)
    most = scalar.SUM_LIMIT - 128 * 4 * 127
    one = np.ones(1)
    assert scalar.sum_reason(weights, [most - 1], one, [0]) is None
    assert "2^29" in str(scalar.sum_reason(weights, [most], one, [0]))
    assert "2^29" in str(scalar.sum_reason(weights, [-most], one, [0]))
    assert "2^29" in str(scalar.sum_reason(weights, [most // 2], one, [1]))
    assert scalar.sum_reason(weights, [most // 4], one, [1]) is None
