# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mcunet_tf.tinyengine.kernels import packing_dsp
from tests.kernels.dsp_program import FILLER, GUARD_BYTES, Case, run_cases
from tests.kernels.test_conv2d_1x1 import Layer, random_inputs, random_layer

pytestmark = pytest.mark.qemu


def check(work, board="qemu-m4") -> list:
    """Layers with inputs [rows, in_features]: all memory but the output stays as it was."""
    cases, wants = [], []
    for layer, inputs in work:
        constants = (layer.weights, layer.bias, layer.multiplier, layer.shift)
        assert packing_dsp.fast_requant_reason(*constants) is None
        assert packing_dsp.narrow_sum_reason(*constants[:2]) is None
        rows, features = inputs.shape
        expected = layer.reference(inputs).reshape(-1).view(np.uint8)
        memory = np.full(inputs.size + GUARD_BYTES + expected.size + GUARD_BYTES, FILLER, np.uint8)
        memory[: inputs.size] = inputs.reshape(-1) & 0xFF
        out = inputs.size + GUARD_BYTES
        fields = {
            "in_features": features,
            "rows": rows,
            "out_features": len(layer.weights),
            "out_zero_point": layer.out_zero_point,
            "out_min": layer.clamp[0],
            "out_max": layer.clamp[1],
        }
        cases.append(
            Case(
                kernel="fully_connected_s8_dsp",
                struct="fully_connected_s8",
                fields=fields,
                weights=packing_dsp.pack_fully_connected(*constants),
                memory=memory,
                arguments=f"arena, arena + {out}, scratch",
                scratch_bytes=packing_dsp.scratch_bytes_fully_connected(features),
                name=f"{inputs.shape} -> {len(layer.weights)}",
            )
        )
        want = memory.copy()
        want[out : out + expected.size] = expected
        wants.append(want)
    sources = ["fully_connected/fully_connected_s8_dsp.S"]
    results = run_cases(cases, sources, ["fully_connected/fully_connected.h"], board)
    for case, want, result in zip(cases, wants, results, strict=True):
        np.testing.assert_array_equal(result.memory, want, err_msg=case.name)
    return results


@pytest.mark.parametrize("board", ["qemu-m4", "qemu-m7"])
def test_every_tail(board):
    """Inputs around words and rounds of four words, odd and even outputs, one row and several."""
    rng = np.random.default_rng(1)
    work = []
    for features in (1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 16, 17, 20, 64, 99, 640):
        for outputs in (2, 3, 6):
            layer = random_layer(rng, features, outputs)
            work.append((layer, random_inputs(rng, int(rng.integers(1, 4)), features)))
    check(work, board)


def test_zero_points_and_shifts_at_their_ends():
    rng = np.random.default_rng(2)
    work = []
    for zero_point in (-128, 127):
        for out_zero_point in (-128, 127):
            layer = random_layer(rng, 10, 32, zero_point, out_zero_point)
            multiplier, shift = layer.multiplier.copy(), -np.arange(32)
            multiplier[1::3] *= -1
            shift[0] = -1
            layer = Layer(layer.weights, layer.bias, multiplier, shift, out_zero_point)
            work.append((layer, random_inputs(rng, 2, 10)))
    check(work)


def test_clamps():
    rng = np.random.default_rng(3)
    work = []
    for clamp in ((-128, 0), (-20, 127), (3, 90), (-100, -7)):
        for outputs in (2, 3, 9):
            layer = replace(random_layer(rng, 7, outputs), clamp=clamp)
            work.append((layer, random_inputs(rng, 2, 7)))
    check(work)
