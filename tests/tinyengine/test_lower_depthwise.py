# SPDX-License-Identifier: Apache-2.0
"""Depthwise convolutions that no fast kernel takes become others, with the same results."""

from __future__ import annotations

import numpy as np
import pytest

from mcunet_tf.tinyengine.evaluate import evaluate
from mcunet_tf.tinyengine.passes import run_passes
from mcunet_tf.tinyengine.read_tflite import read_tflite
from mcunet_tf.tinyengine.select import select_kernel
from tests.ops.build_tflite import NONE, RELU6, SAME, VALID, Net
from tests.ops.oracle import assert_equal, runtime_outputs


def _model(channels: int, multiplier: int, bias: bool, per_channel: bool, padding: int) -> bytes:
    rng = np.random.default_rng(channels + 16 * multiplier)
    net, outputs = Net(), channels * multiplier
    x = net.tensor((1, 7, 6, channels), scale=0.05, zero_point=4)
    scales = rng.uniform(0.002, 0.01, outputs) if per_channel else [0.005]
    zeros = [0] * len(scales)
    weights = rng.integers(-127, 128, (1, 3, 2, outputs)).astype(np.int8)
    inputs = [x, net.constant(weights, scale=scales, zero_point=zeros, axis=3)]
    if bias:
        values = rng.integers(-900, 900, outputs).astype(np.int32)
        scale = np.asarray(scales) * 0.05
        inputs.append(net.constant(values, scale=scale, zero_point=zeros))
    cut = (0, 0) if padding == SAME else (2, 1)
    y = net.tensor((1, 7 - cut[0], 6 - cut[1], outputs), scale=0.07, zero_point=-9)
    net.op(
        "DEPTHWISE_CONV_2D", inputs, [y], Padding=padding, StrideH=1, StrideW=1,
        DilationHFactor=1, DilationWFactor=1, DepthMultiplier=multiplier,
        FusedActivationFunction=RELU6 if per_channel else NONE,
    )  # fmt: skip
    return net.build([x], [y])


@pytest.mark.parametrize("channels, multiplier, kinds", [
    (1, 3, ["CONV_2D"]),
    (2, 1, ["CONV_2D"]),
    (3, 1, ["CONV_2D"]),
    (3, 4, ["CONV_2D"]),
    (7, 2, ["CONV_2D"]),
    (4, 1, ["DEPTHWISE_CONV_2D"]),
    (8, 2, ["DEPTHWISE_CONV_2D", "DEPTHWISE_CONV_2D", "INTERLEAVE"]),
    (9, 3, [*["DEPTHWISE_CONV_2D"] * 3, "INTERLEAVE"]),
])  # fmt: skip
@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("padding", [SAME, VALID])
def test_results_are_the_same(channels, multiplier, kinds, per_channel, padding) -> None:
    model = _model(channels, multiplier, True, per_channel, padding)
    graph = run_passes(read_tflite(model))
    assert [op.kind for op in graph.ops] == kinds
    rng = np.random.default_rng(1)
    images = [(rng.integers(-128, 128, (1, 7, 6, channels)).astype(np.int8),) for _ in range(3)]
    assert_equal([evaluate(graph, x) for x in images], runtime_outputs(model, images), images)
    if channels > 1:
        convolutions = [op for op in graph.ops if op.kind != "INTERLEAVE"]
        assert {select_kernel(graph, op, ("dsp", "portable")).isa for op in convolutions} == {"dsp"}


@pytest.mark.parametrize("channels, multiplier", [(3, 2), (8, 2)])
def test_without_a_bias(channels: int, multiplier: int) -> None:
    graph = run_passes(read_tflite(_model(channels, multiplier, False, True, SAME)))
    with_zeros = run_passes(read_tflite(_model(channels, multiplier, True, True, SAME)))
    image = (np.full((1, 7, 6, channels), 4, np.int8),)
    # At the zero point only the bias is left.
    assert (evaluate(graph, image)[0] == -9).all()
    assert (evaluate(with_zeros, image)[0] != -9).any()
