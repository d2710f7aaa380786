# SPDX-License-Identifier: Apache-2.0
"""The `_rvv` rows: both roundings, registers of every length, and what is refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from mcunet_tf.benchmark.kernel_case import OpCase
from mcunet_tf.benchmark.kernel_cases import make_graph
from mcunet_tf.benchmark.kernel_programs import (
    WHOLE_BAND,
    count_programs,
    layer_by_layer,
    make_program,
)
from mcunet_tf.benchmark.qemu import run_elf
from mcunet_tf.boards import Board, load_board
from mcunet_tf.tinyengine.fixed_point import requantize
from mcunet_tf.tinyengine.kernel_tables.packing import rvv
from mcunet_tf.tinyengine.select import select_kernel

KERNELS_DIR = Path(__file__).resolve().parents[2] / "kernels"

# A tile of no inputs: outputs are its biases, requantised.
REQUANTIZE = """
#include "tile_rvv/tile_rvv.h"
#include "region.h"
#include "values.h"

int main(void) {
  static int8_t results[CHANNELS * 3];
  const int8_t none = 0;
  struct tile_rvv tile = {&none, 0, 0, CHANNELS, results, 0, -128, 127, 0, 0, 0, 0, 0};
  tile_rvv_stream(&tile, stream, CHANNELS);
  tile_rvv(&tile, 3);
  region_write(results, sizeof results);
  return 0;
}
"""


def with_registers_of(bits: int) -> Board:
    """The emulated board with longer vector registers."""
    board = load_board("qemu-rv32v")
    cpu = board.runner.cpu.replace("vlen=128", f"vlen={bits}")
    return dataclasses.replace(board, runner=dataclasses.replace(board.runner, cpu=cpu))


def values(left: int) -> np.ndarray:
    """Sums, multipliers and shifts [n, 3]: results around and beyond int8, and ties of both kinds.

    Args:
        left: the greatest shift.
    """
    rng = np.random.default_rng(5)
    shifts = rng.integers(-31, left + 1, 4000)
    multipliers = rng.integers(1 << 30, 1 << 31, 4000) * rng.choice([-1, 1], 4000)
    wanted = rng.integers(-280, 281, 4000) / 2
    exact = np.floor(wanted * 2.0 ** (31 - shifts) / multipliers)
    sums = np.clip(exact + rng.integers(-1, 2, 4000), -(2**31), 2**31 - 1).astype(np.int64)
    ties = [
        (sign * odd * (1 << -shift), m, shift)
        for sign in (-1, 1)
        for odd in (1, 3, 5, 127, 255, 257)
        for m in (1 << 30, -(1 << 30))
        for shift in range(-20, 1)
    ]
    ties += [(x, 1 << 30, shift) for x in range(-40, 41) for shift in range(-5, left + 1)]
    limits = [
        (x, m, shift)
        for x in (-(2**31), 2**31 - 1)
        for m in (1 << 30, (1 << 31) - 1, -(1 << 30), -(1 << 31) + 1)
        for shift in (-1, -24, -31, left)
    ]
    return np.concatenate([np.stack([sums, multipliers, shifts], 1), ties, limits])


@pytest.mark.qemu
@pytest.mark.parametrize("left", [-1, 0, 8])
def test_requantisation_is_exact(left):
    """With all shifts to the right, where the kernel takes a shorter way, and with others."""
    table = values(left)
    table = table[table[:, 2] <= left]
    stream = rvv.pack_taps(np.zeros((len(table), 0), np.int8), *table.T)
    words = ",".join(map(str, stream.view("<i4").tolist())).replace("-2147483648", "INT32_MIN")
    header = f"#define CHANNELS {len(table)}\nstatic const int32_t stream[] = {{{words}}};\n"
    run = run_elf(
        {"main.c": REQUANTIZE, "values.h": "#include <stdint.h>\n" + header},
        "qemu-rv32v",
        include_dirs=[KERNELS_DIR],
        source_paths=[KERNELS_DIR / "tile_rvv" / "tile_rvv.S"],
    )
    scaled = [int(requantize(np.int64(x), int(m), int(s))) for x, m, s in table]
    wanted = np.clip(scaled, -128, 127)
    assert len(np.unique(wanted)) > 200
    found = np.frombuffer(run.stdout, np.int8).reshape(3, -1)
    np.testing.assert_array_equal(found, np.tile(wanted, (3, 1)))


CASES = [
    OpCase("CONV_2D", (5, 7, 9), 70),
    OpCase("CONV_2D", (6, 5, 3), 33, (3, 3), 2),
    OpCase("CONV_2D", (7, 6, 4), 5, (3, 2), dilation=2),
    OpCase("CONV_2D", (6, 70, 3), 8, (3, 3), 2),
    OpCase("CONV_2D", (5, 37, 2), 4, (3, 2), dilation=2),
    OpCase("CONV_2D", (5, 41, 5), 3, (1, 5), same=False),
    OpCase("DEPTHWISE_CONV_2D", (7, 5, 70), 0, (3, 3)),
    OpCase("DEPTHWISE_CONV_2D", (5, 30, 9), 0, (3, 3)),
    OpCase("DEPTHWISE_CONV_2D", (6, 11, 8), 0, (3, 3)),
    OpCase("DEPTHWISE_CONV_2D", (5, 9, 12), 0, (5, 5)),
    OpCase("DEPTHWISE_CONV_2D", (5, 21, 5), 0, (3, 3), same=False),
    OpCase("DEPTHWISE_CONV_2D", (9, 8, 33), 0, (5, 4), 2),
    OpCase("DEPTHWISE_CONV_2D", (8, 9, 20), 0, (3, 3), dilation=2),
    OpCase("DEPTHWISE_CONV_2D", (6, 24, 40), 0, (1, 7)),
    OpCase("FULLY_CONNECTED", (77,), 39),
    OpCase("ADD", (3, 5, 27)),
    OpCase("MUL", (3, 5, 27), broadcast=True),
    OpCase("LOGISTIC", (3, 5, 70)),
    OpCase("MEAN", (5, 7, 70)),
    OpCase("AVERAGE_POOL_2D", (9, 7, 70), 0, (3, 3), 2),
    OpCase("MAX_POOL_2D", (9, 7, 300), 0, (3, 3), 2),
]


@pytest.mark.qemu
@pytest.mark.parametrize("bits", [128, 256, 1024])
@pytest.mark.sampled(2)
def test_registers_may_be_of_any_length(bits):
    """The same machine code, whole outputs and bands."""
    board = with_registers_of(bits)
    programs = []
    for case in CASES:
        graph = make_graph(case)
        kernel = select_kernel(graph, graph.ops[0], board.isa)
        assert kernel.isa == "rvv", case
        for limit in (WHOLE_BAND, 1, 2):
            groups = layer_by_layer(graph, limit)
            programs.append(make_program(graph, [kernel], board, f"p{len(programs)}", groups))
    for program, count in zip(programs, count_programs(programs, board), strict=True):
        assert count.exact, (program.graph.ops[0], bits)


def test_neighbours_of_least_weights_take_another_row():
    """Both products may be 2^14, whose sum leaves 16 bits."""
    weights = np.full((5, 3, 2), -128)
    weights[:, 1] = -127
    assert rvv.depthwise_reason(weights) is None
    weights[4, 1, 1] = -128
    assert "neighbouring" in str(rvv.depthwise_reason(weights))
    nine = np.full((3, 3, 1), -127)
    nine[0, 2] = nine[1, 0] = -128
    assert "neighbouring" in str(rvv.depthwise_reason(nine))
