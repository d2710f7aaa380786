# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from mcunet_tf.tinyengine.fixed_point import quantize_multiplier, requantize
from mcunet_tf.tinyengine.kernel_tables.packing.linear_add import linear_add
from tests.kernels.dsp_program import FILLER, Case, run_cases

VALUES = np.arange(-128, 128)


def tflite_table(scales, zero_points) -> np.ndarray:
    """TFLite's ADD of every pair of int8 values (reference kernel, Add with left shift 20)."""
    twice = 2 * max(scales[:2])
    (first, second), out = (quantize_multiplier(s / twice) for s in scales[:2]), scales[2]
    a = requantize((VALUES - zero_points[0]) << 20, *first)
    b = requantize((VALUES - zero_points[1]) << 20, *second)
    scaled = requantize(a[:, None] + b[None, :], *quantize_multiplier(twice / (1 << 20) / out))
    return np.clip(scaled + zero_points[2], -128, 127)


def random_case(rng):
    scales = [float(np.float32(s)) for s in rng.uniform([0.02, 0.02, 0.07], [0.1, 0.1, 0.2])]
    table = tflite_table(scales, rng.integers(-128, 128, 3))
    return table, linear_add(table, scales[0] / scales[2], scales[1] / scales[2])


def test_the_form_equals_the_table_and_nearly_always_exists():
    rng = np.random.default_rng(1)
    found = 0
    for _ in range(40):
        table, form = random_case(rng)
        if form is None:
            continue
        found += 1
        sums = form.constant + form.first_factor * VALUES[:, None] + form.second_factor * VALUES
        assert np.abs(sums).max() < 1 << 31
        np.testing.assert_array_equal(np.clip(sums >> 22, -128, 127), table)
    assert found >= 36


def test_ties_away_from_zero_have_a_form():
    assert linear_add(tflite_table([0.5, 0.5, 1.0], [0, 0, 0]), 0.5, 0.5) is not None


def test_a_narrower_clamp_has_no_form():
    table, _ = random_case(np.random.default_rng(3))
    assert linear_add(np.maximum(table, 0), 0.5, 0.5) is None


def test_sums_beyond_int32_are_refused():
    assert linear_add(tflite_table([1.0, 1.0, 0.2], [0, 0, 0]), 5.0, 5.0) is None


@pytest.mark.qemu
@pytest.mark.parametrize("board", ["qemu-m4", "qemu-m7"])
def test_every_length_and_both_places(board):
    rng = np.random.default_rng(2)
    cases, wants = [], []
    for count in (1, 2, 3, 4, 5, 7, 8, 9, 257):
        for out in (0, count, 2 * count):
            table, form = random_case(rng)
            while form is None:
                table, form = random_case(rng)
            first, second = rng.integers(-128, 128, (2, count))
            memory = np.full(3 * count + 8, FILLER, np.uint8)
            memory[:count] = first & 0xFF
            memory[count : 2 * count] = second & 0xFF
            cases.append(
                Case(
                    kernel="add_s8_dsp",
                    struct="add_linear_s8",
                    fields={**form._asdict(), "period": 1},
                    weights=None,
                    memory=memory,
                    arguments=f"arena, arena + {count}, arena + {out}, {count}, scratch",
                    scratch_bytes=0,
                )
            )
            want = memory.copy()
            want[out : out + count] = table[first + 128, second + 128] & 0xFF
            wants.append(want)
    results = run_cases(cases, ["add/add_s8_dsp.S"], ["add/add.h"], board)
    for want, result in zip(wants, results, strict=True):
        np.testing.assert_array_equal(result.memory, want)


@pytest.mark.qemu
def test_the_second_operand_repeats():
    rng = np.random.default_rng(4)
    cases, wants = [], []
    for period, pixels in ((1, 3), (3, 2), (4, 3), (5, 1), (9, 4)):
        table, form = random_case(rng)
        while form is None:
            table, form = random_case(rng)
        count = period * pixels
        first, second = rng.integers(-128, 128, count), rng.integers(-128, 128, period)
        memory = np.full(count + period + 8, FILLER, np.uint8)
        memory[:count] = first & 0xFF
        memory[count : count + period] = second & 0xFF
        cases.append(
            Case(
                kernel="add_broadcast_s8_dsp",
                struct="add_linear_s8",
                fields={**form._asdict(), "period": period},
                weights=None,
                memory=memory,
                arguments=f"arena, arena + {count}, arena, {pixels}, scratch",
                scratch_bytes=0,
            )
        )
        want = memory.copy()
        want[:count] = table[first + 128, np.resize(second, count) + 128] & 0xFF
        wants.append(want)
    results = run_cases(cases, ["add/add_broadcast_s8_dsp.S"], ["add/add.h"], "qemu-m4")
    for want, result in zip(wants, results, strict=True):
        np.testing.assert_array_equal(result.memory, want)
