# SPDX-License-Identifier: Apache-2.0
"""Kernels of less scratch are chosen where scratch sets the peak of memory, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from mcunet_tf.errors import BudgetError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.cost.model import CallCost, CostModel
from mcunet_tf.tinyengine.plan import grouping
from tests.ops.build_tflite import NONE, Net
from tests.ops.conv_cases import Conv, conv_model
from tests.plan.random_networks import random_network

FAST, LEAN = "fully_connected_s8_dsp", "fully_connected_s8_any_dsp"
FEATURES, CLASSES = 560, 5
# Inputs widened to 16 bits.
SCRATCH_BYTES = 2 * FEATURES


@pytest.fixture(autouse=True)
def _ranked_by_instructions(monkeypatch: pytest.MonkeyPatch) -> None:
    """In cycles the matrix product without scratch is the faster one: there is no choice."""

    def time(_: CostModel, cost: CallCost) -> float:
        return cost.instructions

    monkeypatch.setattr(CostModel, "time", time)


def classifier(*, wide: int = 0) -> bytes:
    """FULLY_CONNECTED from 560 features to 5; `wide`: a table on so many values before it."""
    rng = np.random.default_rng(wide)
    net = Net()
    x = net.tensor((1, FEATURES), scale=0.05, zero_point=-3)
    first = x
    if wide:
        first = net.tensor((1, wide), scale=0.05, zero_point=-3)
        y = net.tensor((1, wide), scale=1 / 256, zero_point=-128)
        net.op("LOGISTIC", [first], [y])
        begin, size = (net.constant(np.array(v, np.int32)) for v in ((0, 0), (1, FEATURES)))
        x = net.tensor((1, FEATURES), scale=1 / 256, zero_point=-128)
        net.op("SLICE", [y, begin, size], [x])
    weights = rng.integers(-60, 61, (CLASSES, FEATURES)).astype(np.int8)
    w = net.constant(weights, scale=0.01, zero_point=0)
    z = net.tensor((1, CLASSES), scale=0.2, zero_point=4)
    net.op("FULLY_CONNECTED", [x, w], [z], FusedActivationFunction=NONE)
    return net.build([first], [z])


def last_kernel(model: bytes, **how: object) -> tuple[str, int]:
    """(kernel of the matrix product, bytes of the arena) on a Cortex-M4."""
    report = compile_tflite(model, "qemu-m4", name="m", **how).report
    return report.layers[-1].kernel, report.arena_bytes


def test_scratch_that_sets_the_peak_is_saved():
    kernel, lean_bytes = last_kernel(classifier(), optimize="sram")
    fast, fast_bytes = last_kernel(classifier(), optimize="speed")
    assert (kernel, fast) == (LEAN, FAST)
    assert lean_bytes <= FEATURES + 32
    assert fast_bytes >= FEATURES + SCRATCH_BYTES


def test_scratch_below_the_peak_is_used():
    kernel, arena_bytes = last_kernel(classifier(wide=4 * FEATURES), optimize="sram")
    assert kernel == FAST
    assert arena_bytes <= 5 * FEATURES + 32


def test_a_budget_decides():
    assert last_kernel(classifier(), sram_budget_bytes=2048)[0] == FAST
    assert last_kernel(classifier(), sram_budget_bytes=1024)[0] == LEAN
    with pytest.raises(BudgetError):
        last_kernel(classifier(), sram_budget_bytes=512)


def test_a_flash_budget_is_kept_by_the_kernels_that_were_chosen_for_it():
    report = compile_tflite(classifier(), "qemu-m4", name="m", flash_budget_bytes=1 << 20).report
    assert report.layers[-1].kernel == FAST


# 5 x 6 pixels of 16 channels: widened windows are larger than input and output together.
WINDOWS = conv_model(Conv((5, 6), 16, 10, (4, 4)))


def test_windows_of_two_pixels_take_two_thirds():
    lean, lean_bytes = last_kernel(WINDOWS, optimize="sram")
    fast, fast_bytes = last_kernel(WINDOWS, optimize="speed")
    assert (lean, fast) == ("conv2d_s8_twos_dsp", "conv2d_s8_dsp")
    taps = 4 * 4 * 16
    assert fast_bytes - lean_bytes >= 2 * taps - 16


@pytest.mark.parametrize(("width", "pixels"), [(1, 2), (2, 2), (3, 3), (4, 2), (5, 3), (9, 3)])
def test_scratch_is_that_of_the_widest_tile(width, pixels):
    model = conv_model(Conv((6, width), 8, 4, (3, 2)))
    report = compile_tflite(model, "qemu-m4", name="m", optimize="speed").report
    scratch = 2 * pixels * 3 * 2 * 8
    # A row of padding lies beside it.
    assert scratch <= report.layers[-1].scratch_bytes <= scratch + 8 * width + 16


# "balanced"

STRIDED = conv_model(Conv((24, 24), 32, 32, (3, 3), (2, 2), multiplier=1))


def planned(model: bytes, monkeypatch: pytest.MonkeyPatch, beyond: float) -> tuple[int, int]:
    """(bytes of the arena, instructions) of a balanced plan that may go so far beyond 3 %."""
    monkeypatch.setattr(grouping, "BEYOND", beyond)
    report = compile_tflite(model, "qemu-m4", name="m").report
    assert report.instructions is not None
    return report.arena_bytes, report.instructions


def test_a_step_beyond_is_taken_for_three_times_its_share(monkeypatch):
    near, own = planned(STRIDED, monkeypatch, 0.0)
    far, more = planned(STRIDED, monkeypatch, 0.05)
    assert 1.03 < more / own < 1.08
    assert 1 - far / near > grouping.EXCHANGE * (more / own - 1)


def test_no_step_is_taken_for_less(monkeypatch):
    monkeypatch.setattr(grouping, "EXCHANGE", 1000.0)
    assert planned(STRIDED, monkeypatch, 0.05) == planned(STRIDED, monkeypatch, 0.0)


def test_what_a_loop_takes_of_stack_is_nothing_saved(monkeypatch):
    """Of random networks a balanced plan is the fastest one, or saves more than that."""
    differing = 0
    for seed in range(12):
        model = random_network(seed)
        fast = compile_tflite(model, "qemu-m4", name="m", optimize="speed").report
        own = compile_tflite(model, "qemu-m4", name="m").report
        saved = fast.arena_bytes - own.arena_bytes
        assert saved == 0 or saved > grouping.LOOP_STACK_BYTES
        differing += saved > 0
    assert differing
