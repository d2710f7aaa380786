# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np
import pytest

from mcunet_tf.tinyengine.fixed_point import requantize
from mcunet_tf.tinyengine.kernel_tables.packing import dsp, mve
from tests.kernels.dsp_program import FILLER, GUARD_BYTES, Case, run_cases

pytestmark = [pytest.mark.qemu, pytest.mark.sampled(8)]

HEADERS = ["conv2d/conv2d.h", "conv2d/conv2d_layout.h"]
PACK = {
    "conv2d_s8_1x1_dsp": dsp.pack_conv2d_1x1,
    "conv2d_s8_1x1_wide_dsp": dsp.pack_conv2d_1x1_wide,
    "conv2d_s8_1x1_any_dsp": dsp.pack_conv2d_1x1_any,
    "conv2d_s8_1x1_mve": mve.pack_conv2d,
    "conv2d_s8_1x1_any_mve": functools.partial(mve.pack_conv2d, any_scale=True),
}
BOARD = {"dsp": "qemu-m4", "mve": "qemu-m55"}
every = pytest.mark.parametrize("kernel", PACK)
any_scale = pytest.mark.parametrize("kernel", [k for k in PACK if "any" in k])


@dataclass(frozen=True)
class Layer:
    weights: np.ndarray  # [out, in]
    bias: np.ndarray  # folded
    multiplier: np.ndarray
    shift: np.ndarray
    out_zero_point: int
    clamp: tuple[int, int] = (-128, 127)

    def reference(self, inputs: np.ndarray) -> np.ndarray:
        sums = inputs.astype(np.int64) @ self.weights.T.astype(np.int64) + self.bias
        scaled = requantize(sums, self.multiplier, self.shift) + self.out_zero_point
        return np.clip(scaled, *self.clamp).astype(np.int8)


def random_layer(rng, channels_in, channels_out, zero_point=-128, out_zero_point=-128) -> Layer:
    # like trained weights: the bound on sums grows with the mean magnitude
    weights = rng.laplace(0, 32, (channels_out, channels_in)).round().clip(-127, 127)
    weights = weights.astype(np.int64)
    reach = 4000
    bias = rng.integers(-reach, reach, channels_out) - zero_point * weights.sum(1)
    multiplier = rng.integers(1 << 30, 1 << 31, channels_out)
    shift = -rng.integers(4, 12, channels_out)
    return Layer(weights, bias, multiplier, shift, out_zero_point)


def admits(kernel, layer: Layer) -> str | None:
    constants = (layer.weights, layer.bias, layer.multiplier, layer.shift)
    if "mve" in kernel:
        return None if "any" in kernel else mve.shift_reason(layer.shift)
    if "any" in kernel:
        return dsp.any_shift_reason(*constants)
    narrow = None if "wide" in kernel else dsp.narrow_sum_reason(*constants[:2])
    return dsp.fast_requant_reason(*constants) or narrow


def make_case(kernel, layer: Layer, inputs, *, gap: int | None = None) -> tuple[Case, int]:
    """Input, guard, output, guard; with `gap`, the output begins that far below the input."""
    channels_out, channels_in = layer.weights.shape
    pixels = len(inputs)
    assert admits(kernel, layer) is None
    in_bytes, out_bytes = pixels * channels_in, pixels * channels_out
    if gap is None:
        in_offset, out_offset = 0, in_bytes + GUARD_BYTES
    else:
        in_offset, out_offset = GUARD_BYTES + gap, GUARD_BYTES
    size = max(in_offset + in_bytes, out_offset + out_bytes) + GUARD_BYTES
    memory = np.full(size, FILLER, np.uint8)
    memory[in_offset : in_offset + in_bytes] = inputs.astype(np.int8).reshape(-1).view(np.uint8)
    case = Case(
        kernel=kernel,
        struct="conv2d_s8",
        fields={
            "in_channels": channels_in,
            "out_channels": channels_out,
            "out_zero_point": layer.out_zero_point,
            "out_min": layer.clamp[0],
            "out_max": layer.clamp[1],
        },
        weights=PACK[kernel](layer.weights, layer.bias, layer.multiplier, layer.shift),
        memory=memory,
        arguments=f"arena + {in_offset}, arena + {out_offset}, {pixels}, scratch",
        scratch_bytes=(mve if "mve" in kernel else dsp).scratch_bytes_conv2d_1x1(channels_in),
        name=f"{kernel} {pixels} px {channels_in} -> {channels_out}",
    )
    return case, out_offset


def check(kernel, work, board=None, gap=None) -> list:
    """All bytes of the memory are as before, but for the output."""
    made = [make_case(kernel, layer, inputs, gap=gap) for layer, inputs in work]
    source = f"conv2d/{kernel}.{'c' if 'mve' in kernel else 'S'}"
    results = run_cases([case for case, _ in made], [source], HEADERS, board or BOARD[kernel[-3:]])
    for (layer, inputs), (case, offset), result in zip(work, made, results, strict=True):
        want = case.memory.copy()
        expected = layer.reference(inputs).reshape(-1).view(np.uint8)
        want[offset : offset + expected.size] = expected
        np.testing.assert_array_equal(result.memory, want, err_msg=case.name)
    return results


def random_inputs(rng, pixels, channels):
    return rng.integers(-128, 128, (pixels, channels))


@every
def test_every_tail_of_the_tile(kernel):
    """Pixels 1..7, inputs around words and unrolled blocks, odd and even outputs."""
    rng = np.random.default_rng(1)
    work = []
    for pixels in (1, 2, 3, 4, 5, 6, 7):
        for n in (1, 2, 3, 4, 5, 7, 8, 9, 36, 64, 67, 68, 69, 72, 132):
            layer = random_layer(rng, n, int(rng.integers(2, 8)))
            work.append((layer, random_inputs(rng, pixels, n)))
    for channels_out in (2, 3, 4, 5, 9):
        work.append((random_layer(rng, 12, channels_out), random_inputs(rng, 10, 12)))
    check(kernel, work)


@pytest.mark.parametrize(
    ("kernel", "board"),
    [("conv2d_s8_1x1_dsp", "qemu-m7"), *((kernel, BOARD[kernel[-3:]]) for kernel in PACK)],
)
def test_long_inputs(kernel, board):
    rng = np.random.default_rng(2)
    lengths = (240, 256, 480, 512, 515)
    check(kernel, [(random_layer(rng, n, 6), random_inputs(rng, 5, n)) for n in lengths], board)


@every
def test_zero_points_and_shifts_at_their_ends(kernel):
    rng = np.random.default_rng(3)
    work = []
    for zero_point in (-128, 127):
        for out_zero_point in (-128, 0, 127):
            layer = random_layer(rng, 16, 32, zero_point, out_zero_point)
            shift = -np.arange(32)
            shift[0] = -1
            multiplier = layer.multiplier.copy()
            multiplier[1::4] *= -1
            multiplier[2] = 0
            multiplier[5] = (1 << 31) - 1
            layer = Layer(layer.weights, layer.bias, multiplier, shift, out_zero_point)
            work.append((layer, random_inputs(rng, 9, 16)))
    check(kernel, work)


@every
@pytest.mark.parametrize("clamp", [(-128, 0), (-20, 127), (3, 90), (-100, -7), (5, 5)])
def test_clamps(kernel, clamp):
    rng = np.random.default_rng(7)
    work = []
    for pixels, channels_out in ((1, 2), (1, 4), (3, 3), (7, 5), (9, 16)):
        layer = random_layer(rng, 8, channels_out, out_zero_point=int(rng.integers(-128, 128)))
        work.append((replace(layer, clamp=clamp), random_inputs(rng, pixels, 8)))
    check(kernel, work)


@every
def test_sums_at_the_bound(kernel):
    """Sums that reach the limit in both channels of a pair, and the proof that refuses one more."""
    rng = np.random.default_rng(4)
    wide = not kernel.endswith(("s8_1x1_dsp", "s8_dsp"))
    limit = (dsp.SUM_LIMIT if wide else dsp.NARROW_SUM_LIMIT) - 1
    weights = np.full((4, 200), 127) * np.array([1, -1, 1, -1])[:, None]
    low, high = dsp.accumulator_bounds(weights, np.zeros(4))
    bias = np.array([limit - high[0], -limit - low[1], -limit - low[2], limit - high[3]])
    multiplier = rng.integers(1 << 30, 1 << 31, 4)
    shift = np.array([-22, -23, -23, -22]) if wide else np.array([-14, -14, -15, -16])
    inputs = random_inputs(rng, 6, 200)
    inputs[0], inputs[1], inputs[2] = 127, -128, np.where(weights[0] > 0, 127, -128)
    for zero_point in (-128, 127):
        check(kernel, [(Layer(weights, bias, multiplier, shift, zero_point), inputs)])
    if "dsp" in kernel:
        above = Layer(weights, bias + np.eye(4, dtype=int)[0], multiplier, shift, 0)
        assert "channel 0" in str(admits(kernel, above))


@every
@pytest.mark.parametrize("gap", [0, 7])
def test_output_over_spent_input(kernel, gap):
    """A projection may write onto its own input, at its start or below."""
    rng = np.random.default_rng(5)
    shapes = ((16, 16, 10), (48, 16, 7), (9, 3, 8), (5, 5, 1))
    check(
        kernel,
        [(random_layer(rng, i, o), random_inputs(rng, p, i)) for i, o, p in shapes],
        gap=gap,
    )


def test_least_weight_needs_the_wide_row():
    rng = np.random.default_rng(6)
    layer = random_layer(rng, 9, 4)
    layer.weights[:, ::2] = -128
    assert admits("conv2d_s8_1x1_dsp", layer) is not None
    for kernel in ("conv2d_s8_1x1_wide_dsp", "conv2d_s8_1x1_mve"):
        check(kernel, [(layer, random_inputs(rng, 5, 9))])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weights": np.full((2, 4), -128), "multiplier": np.full(2, -(1 << 30))}, "weight"),
        ({"shift": np.array([-3, 0])}, "right shift"),
        ({"bias": np.array([0, 1 << 29])}, "channel 1"),
        ({"bias": np.array([1 << 25, 0]), "shift": np.array([-24, -24])}, "channel 0"),
        ({"multiplier": np.full(2, -(1 << 31))}, "multiplier"),
    ],
)
def test_what_the_proof_refuses(change, words):
    arguments = {
        "weights": np.ones((2, 4)),
        "bias": np.zeros(2),
        "multiplier": np.full(2, 1 << 30),
        "shift": np.array([-3, -3]),
    }
    assert dsp.fast_requant_reason(**arguments) is None
    reason = dsp.fast_requant_reason(**{**arguments, **change})
    assert reason is not None and words in reason


@any_scale
def test_any_scale(kernel):
    """Scales from 2^-20 to 2^7, weights to the ends of int8, every small sum of either sign."""
    rng = np.random.default_rng(21)
    work = []
    for channels_in, channels_out, pixels in ((1, 28, 256), (5, 9, 7), (16, 28, 3), (33, 4, 10)):
        layer = random_layer(rng, channels_in, channels_out, out_zero_point=-20)
        layer = replace(
            layer,
            weights=rng.integers(-128, 128, layer.weights.shape),
            bias=rng.integers(-40, 40, channels_out),
            shift=np.arange(channels_out) % 28 - 20,
        )
        inputs = random_inputs(rng, pixels, channels_in)
        if channels_in == 1:
            inputs = np.arange(-128, 128)[:, None]
        work.append((layer, inputs))
    check(kernel, work)
