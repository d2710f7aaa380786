# SPDX-License-Identifier: Apache-2.0
"""Rows in vectors: random layers, in this processor's instructions and in plain C."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mcunet_tf.boards import load_board
from mcunet_tf.tinyengine.evaluate import evaluate
from mcunet_tf.tinyengine.kernel_tables.packing import simd
from tests.ops.build_tflite import NONE, RELU, RELU6, SAME, VALID
from tests.ops.case import Case
from tests.ops.conv_cases import Conv, conv_model
from tests.ops.oracle import assert_equal
from tests.ops.programs import run_on_host
from tests.ops.value_cases import elementwise_model

HOST = load_board("host")
# isa_simd.h has two forms; without flags for a newer processor x86 compilers take the plain one.
FORMS = {"native": HOST, "plain": dataclasses.replace(HOST, compiler_flags=())}
ROWS = ("conv2d_s8_1x1_simd", "conv2d_s8_simd", "depthwise_conv2d_s8_simd", "add_s8_simd")


def drawn_convolution(rng: np.random.Generator, multiplier: int, kernel: tuple[int, int]) -> Conv:
    """Any geometry with up to three blocks of 16 channels."""
    stride = tuple(rng.integers(1, 4, 2).tolist())
    dilation = tuple(rng.integers(1, 4, 2).tolist())
    padding = VALID if rng.integers(2) else SAME
    least = [
        1 if padding == SAME else (k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)
    ]
    bias = str(rng.choice(["random", "small", "limit"]))
    return Conv(
        size=(least[0] + int(rng.integers(5)), least[1] + int(rng.integers(12))),
        in_channels=int(rng.integers(1, 50)),
        out_channels=int(rng.integers(1, 50)),
        kernel=kernel,
        stride=stride if kernel != (1, 1) else (1, 1),
        dilation=dilation,
        padding=padding,
        activation=int(rng.choice([NONE, RELU, RELU6])),
        in_zero_point=int(rng.integers(-128, 128)),
        out_zero_point=int(rng.integers(-128, 128)),
        scales=str(rng.choice(["channel", "tensor", "signed"])),
        bias=bias,
        gain=1.0 if bias == "limit" else float(rng.choice([0.01, 0.3, 1.0, 5.0, 300.0])),
        multiplier=multiplier,
        weights=int(rng.choice([1, 7, 127, 128])),
    )


def drawn_layers(seed: int, count: int) -> list[Case]:
    """So many convolutions of all three rows, and sums of tensors."""
    rng = np.random.default_rng(seed)
    cases = []
    for number in range(count):
        kernel = tuple(rng.integers(1, 6, 2).tolist())
        for op, multiplier, size in (
            ("CONV_2D", 0, (1, 1)),
            ("CONV_2D", 0, kernel),
            ("DEPTHWISE_CONV_2D", 1, kernel),
        ):
            conv = drawn_convolution(rng, multiplier, size)
            cases.append(Case(op, f"random-{number}", conv_model(conv, number)))
        shape = (1, 1, int(rng.integers(1, 9)), int(rng.integers(1, 40)))
        scales = np.exp(rng.uniform(np.log(0.02), np.log(0.2), 3))
        first, second, out = [(float(s), int(rng.integers(-128, 128))) for s in scales]
        model = elementwise_model("ADD", (shape, shape), first, second, out)
        cases.append(Case("ADD", f"random-{number}", model))
    return cases


@pytest.mark.parametrize("count", [12, pytest.param(80, marks=pytest.mark.slow)])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.slow
def test_random_layers(form, count):
    results = run_on_host(drawn_layers(7, count), FORMS[form])
    used: list[str] = []
    for job, outputs in results:
        used += [layer.kernel for layer in job.compiled.report.layers]
        wanted = [evaluate(job.compiled.graph, arrays) for arrays in job.inputs]
        assert_equal(outputs, wanted, job.inputs)
    # No linear form equals some of the sums, and a window that is all of its input is a matrix
    # product, which has no vectors here.
    assert set(ROWS) <= set(used) <= {*ROWS, "add_s8_portable", "fully_connected_s8_portable"}


@pytest.mark.parametrize("channels", [1, 8, 16, 17, 24, 32, 47])
def test_every_channel_lies_in_a_block_and_where_the_kernel_looks(channels):
    """Blocks as the C walks them, each lane read back from the stream."""
    taps = 3
    rng = np.random.default_rng(channels)
    weights = rng.integers(-128, 128, (channels, taps))
    constants = rng.integers(-1000, 1000, (3, channels))
    stream = simd.pack_conv2d(weights, *constants)
    block_bytes = 3 * 16 * 4 + 4 * 16
    found = np.full((channels, taps), 999)
    start = 0
    for number in range(len(stream) // block_bytes):
        block = stream[number * block_bytes :][:block_bytes]
        lanes = block[192:].view(np.int8).reshape(2, 16, 2)
        biases = block[:64].view("<i4")
        for lane, channel in enumerate([*range(4), *range(8, 12), *range(4, 8), *range(12, 16)]):
            if start + channel < channels:
                found[start + channel] = lanes[:, lane].reshape(-1)[:taps]
                assert biases[lane] == constants[0, start + channel]
                assert lanes[1, lane, 1] == 0
        start = min(start + 16, max(channels - 16, 0))
    assert len(stream) == block_bytes * -(-channels // 16)
    np.testing.assert_array_equal(found, weights)
