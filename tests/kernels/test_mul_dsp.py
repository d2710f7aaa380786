# SPDX-License-Identifier: Apache-2.0
"""MUL's rows for the DSP extension: TFLite's two roundings, for every product and shift."""

from __future__ import annotations

import numpy as np
import pytest

from mcunet_tf.tinyengine.fixed_point import requantize
from tests.kernels.dsp_program import FILLER, Case, run_cases


def wanted(first, second, fields) -> np.ndarray:
    """TFLite's MUL of int8 values, as bytes."""
    centred = first - fields["first_zero_point"], second - fields["second_zero_point"]
    scaled = requantize(centred[0] * centred[1], fields["multiplier"], fields["shift"])
    return np.clip(scaled + fields["out_zero_point"], -128, 127).astype(np.int64) & 0xFF


def draw_fields(rng, shift: int) -> dict[str, int]:
    names = ("first_zero_point", "second_zero_point", "out_zero_point")
    return {
        "multiplier": int(rng.integers(1 << 30, 1 << 31)),
        "shift": shift,
        **{name: int(rng.choice([-128, -1, 0, 3, 127])) for name in names},
    }


def make_case(kernel: str, fields, first, second, out: int, pixels: int, period: int):
    """A call on operands that lie side by side, and the memory that it should leave."""
    used = len(first) + len(second)
    memory = np.full(used + len(first) + 8, FILLER, np.uint8)
    memory[: len(first)] = first & 0xFF
    memory[len(first) : used] = second & 0xFF
    case = Case(
        kernel=kernel,
        struct="mul_s8",
        fields={**fields, "period": period, "out_min": -128, "out_max": 127},
        weights=None,
        memory=memory,
        arguments=f"arena, arena + {len(first)}, arena + {out}, {pixels}, scratch",
        scratch_bytes=0,
    )
    left = memory.copy()
    left[out : out + len(first)] = wanted(first, np.resize(second, len(first)), fields)
    return case, left


def check(cases, board: str) -> None:
    files = ["mul/mul_s8_dsp.S", "mul/mul_broadcast_s8_dsp.S"]
    results = run_cases([case for case, _ in cases], files, ["mul/mul.h"], board)
    for (_, left), result in zip(cases, results, strict=True):
        np.testing.assert_array_equal(result.memory, left)


@pytest.mark.qemu
@pytest.mark.parametrize("board", ["qemu-m4", "qemu-m7"])
def test_every_shift_and_length_and_all_places(board):
    rng = np.random.default_rng(5)
    cases = []
    for shift in range(-22, 0):
        count = int(rng.choice([1, 2, 3, 4, 5, 7, 8, 9, 257]))
        for out in (0, count, 2 * count):
            first, second = rng.integers(-128, 128, (2, count))
            fields = draw_fields(rng, shift)
            cases.append(make_case("mul_s8_dsp", fields, first, second, out, count, 1))
    check(cases, board)


@pytest.mark.qemu
def test_ties_round_away_from_zero():
    """A multiplier of 2^30 and small shifts put many products on ties of either rounding."""
    values = np.arange(-128, 128)
    cases = []
    for shift in (-1, -2, -5):
        for factor in (1, 2, -3):
            fields = draw_fields(np.random.default_rng(0), shift) | {"multiplier": 1 << 30}
            fields |= {"first_zero_point": 0, "second_zero_point": 0, "out_zero_point": 0}
            second = np.full(256, factor)
            cases.append(make_case("mul_s8_dsp", fields, values, second, 512, 256, 1))
    check(cases, "qemu-m4")


@pytest.mark.qemu
@pytest.mark.parametrize("board", ["qemu-m4", "qemu-m55"])
def test_the_second_operand_repeats(board):
    rng = np.random.default_rng(6)
    cases = []
    for period in (1, 2, 3, 4, 5, 8, 17):
        for pixels in (1, 2, 5):
            first = rng.integers(-128, 128, period * pixels)
            second = rng.integers(-128, 128, period)
            fields = draw_fields(rng, int(rng.integers(-12, 0)))
            for out in (0, len(first) + period):
                cases.append(
                    make_case("mul_broadcast_s8_dsp", fields, first, second, out, pixels, period)
                )
    check(cases, board)
