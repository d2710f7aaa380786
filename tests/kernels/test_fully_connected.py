# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mcunet_tf.tinyengine.kernel_tables.packing import dsp, dsp_passes, mve
from tests.kernels.dsp_program import FILLER, GUARD_BYTES, Case, run_cases
from tests.kernels.test_conv2d_1x1 import Layer, random_inputs, random_layer

pytestmark = pytest.mark.qemu


NARROW, ANY = "fully_connected_s8_dsp", "fully_connected_s8_any_dsp"
MVE = "fully_connected_s8_mve"
PACK = {
    NARROW: lambda *constants: (dsp.pack_fully_connected(*constants), None),
    ANY: dsp_passes.pack_fully_connected_any,
    MVE: mve.pack_fully_connected,
}
every = pytest.mark.parametrize("kernel", PACK)


def admits(kernel, layer: Layer) -> str | None:
    constants = (layer.weights, layer.bias, layer.multiplier, layer.shift)
    if kernel == MVE:
        return None
    if kernel == NARROW:
        return dsp.fast_requant_reason(*constants) or dsp.narrow_sum_reason(*constants[:2])
    return dsp.any_shift_reason(*constants) or dsp_passes.shared_halves_reason(layer.weights)


def check(kernel, work, board="qemu-m4") -> list:
    """Layers with inputs [rows, in_features]: all memory but the output stays as it was."""
    cases, wants = [], []
    for layer, inputs in work:
        constants = (layer.weights, layer.bias, layer.multiplier, layer.shift)
        assert admits(kernel, layer) is None
        weights, channels = PACK[kernel](*constants)
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
                kernel=kernel,
                struct="fully_connected_s8",
                fields=fields,
                weights=weights,
                channels=channels,
                memory=memory,
                arguments=f"arena, arena + {out}, scratch",
                scratch_bytes=dsp.scratch_bytes_fully_connected(features)
                if kernel == NARROW
                else 0,
                name=f"{inputs.shape} -> {len(layer.weights)}",
            )
        )
        want = memory.copy()
        want[out : out + expected.size] = expected
        wants.append(want)
    sources = [f"fully_connected/{kernel}.{'c' if kernel == MVE else 'S'}"]
    board = "qemu-m55" if kernel == MVE else board
    results = run_cases(cases, sources, ["fully_connected/fully_connected.h"], board)
    for case, want, result in zip(cases, wants, results, strict=True):
        np.testing.assert_array_equal(result.memory, want, err_msg=case.name)
    return results


@every
@pytest.mark.parametrize("board", ["qemu-m4", "qemu-m7"])
@pytest.mark.sampled(3)
def test_every_tail(kernel, board):
    """Inputs around words and rounds of four words, odd and even outputs, one row and several."""
    rng = np.random.default_rng(1)
    work = []
    for features in (1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 16, 17, 20, 64, 99, 640):
        for outputs in (2, 3, 6) if kernel == NARROW else (1, 2, 3, 4, 5, 6, 7, 12, 13):
            layer = random_layer(rng, features, outputs)
            work.append((layer, random_inputs(rng, int(rng.integers(1, 4)), features)))
    check(kernel, work, board)


@every
def test_zero_points_and_shifts_at_their_ends(kernel):
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
    check(kernel, work)


@every
def test_clamps(kernel):
    rng = np.random.default_rng(3)
    work = []
    for clamp in ((-128, 0), (-20, 127), (3, 90), (-100, -7)):
        for outputs in (2, 3, 9):
            layer = replace(random_layer(rng, 7, outputs), clamp=clamp)
            work.append((layer, random_inputs(rng, 2, 7)))
    check(kernel, work)


def any_layer(rng, features, outputs) -> Layer:
    """Weights to the ends of int8, scales from 2^-20 to 2^7: what trained layers rarely have."""
    weights = rng.integers(-128, 128, (outputs, features))
    second = weights[outputs % 2 :].reshape(-1, 2, features)
    second[:, 1][(second[:, 1] == -128) & (second[:, 0] < 0)] = -127
    bias = rng.integers(-20_000, 20_000, outputs)
    shift = rng.integers(-20, 8, outputs)
    multiplier = rng.integers(1 << 30, 1 << 31, outputs)
    return Layer(weights, bias, multiplier, shift, int(rng.integers(-128, 128)))


@pytest.mark.parametrize("kernel, board", [(ANY, "qemu-m4"), (ANY, "qemu-m55"), (MVE, "qemu-m55")])
def test_any_scale(kernel, board):
    """Left shifts round once, right shifts twice: every shift, every sign of a sum."""
    rng = np.random.default_rng(4)
    work = []
    for features in (1, 3, 4, 17, 64):
        for outputs in (1, 2, 5, 24):
            work.append((any_layer(rng, features, outputs), random_inputs(rng, 3, features)))
    small = replace(any_layer(rng, 1, 24), bias=rng.integers(-40, 40, 24))
    work.append((small, np.arange(-128, 128)[:, None]))
    check(kernel, work, board)


@pytest.mark.parametrize("kernel", [ANY, MVE])
def test_sums_of_any_length(kernel):
    """Sums beyond 24 bits, over several segments, extreme at both ends."""
    rng = np.random.default_rng(5)
    work = []
    for features in (255, 256, 257, 260, 261, 512, 515, 516, 1000, 2048):
        layer = any_layer(rng, features, 7)
        shift = np.full(7, -14)
        extreme = np.where(layer.weights > 0, 127, -128)[[0, 1, 6]]
        work.append((replace(layer, shift=shift), np.concatenate([extreme, -1 - extreme])))
    check(kernel, work)


def test_passes_of_either_kind_of_scale():
    """Three pairs that shift right beside three with a left shift; constant outputs in both."""
    rng = np.random.default_rng(6)
    work = []
    for features in (5, 64, 515):
        for lefts in ([], [7], [0, 11], [2, 8, 13]):
            layer = any_layer(rng, features, 20)
            shift = -np.arange(1, 21)
            shift[lefts] = 1
            multiplier = layer.multiplier * np.where(np.arange(20) % 7 == 3, 0, 1)
            bias = rng.integers(-300, 300, 20)
            layer = replace(layer, bias=bias, shift=shift, multiplier=multiplier)
            work.append((layer, random_inputs(rng, 2, features)))
    check(ANY, work)


def test_what_halves_cannot_hold_is_refused():
    """A planted fault: one bit more than a half has, and the outputs would be wrong."""
    weights = np.zeros((2, 4), int)
    weights[1, 2] = -128
    assert dsp_passes.shared_halves_reason(weights) is None
    weights[0, 2] = -1
    assert dsp_passes.shared_halves_reason(weights) is not None
    layer = Layer(weights, np.zeros(2, int), np.full(2, 1 << 30), np.full(2, -6), 0)
    inputs = np.full((1, 4), 100)
    with pytest.raises(AssertionError, match="Arrays are not equal"):
        unchecked(layer, inputs)


def unchecked(layer: Layer, inputs: np.ndarray) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dsp_passes, "shared_halves_reason", lambda _: None)
        check(ANY, [(layer, inputs)])
