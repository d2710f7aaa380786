# SPDX-License-Identifier: Apache-2.0
"""Kernels of less scratch are chosen where scratch sets the peak of memory, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from mcunet_tf.errors import BudgetError
from mcunet_tf.tinyengine import compile_tflite
from tests.ops.build_tflite import NONE, Net

FAST, LEAN = "fully_connected_s8_dsp", "fully_connected_s8_any_dsp"
FEATURES, CLASSES = 560, 5
# Inputs widened to 16 bits.
SCRATCH_BYTES = 2 * FEATURES


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
