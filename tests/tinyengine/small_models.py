# SPDX-License-Identifier: Apache-2.0
"""Small files that hold much of the format: what damage is tried on."""

from __future__ import annotations

import functools

import numpy as np

from tests.ops.all_cases import CASES
from tests.ops.build_tflite import NONE, RELU, SAME, VALID, Net, build_model


def _conv(net: Net, x: int, channels: int, out_channels: int, size: int, seed: int) -> int:
    rng = np.random.default_rng(seed)
    scales = rng.uniform(0.005, 0.02, out_channels)
    zeros = [0] * out_channels
    weights = rng.integers(-127, 128, (out_channels, 3, 3, channels)).astype(np.int8)
    w = net.constant(weights, scale=scales, zero_point=zeros)
    bias = rng.integers(-900, 900, out_channels).astype(np.int32)
    b = net.constant(bias, scale=scales * 0.1, zero_point=zeros)
    y = net.tensor((1, size, size, out_channels), scale=0.1, zero_point=-5)
    window = {"Padding": SAME, "StrideH": 1, "StrideW": 1}
    dilation = {"DilationHFactor": 1, "DilationWFactor": 1}
    net.op("CONV_2D", [x, w, b], [y], FusedActivationFunction=RELU, **window, **dilation)
    return y


def small_network() -> bytes:
    """A residual classifier of ten operators with a padded, pooled and concatenated middle."""
    net = Net()
    quantised = {"scale": 0.1, "zero_point": -5}
    x = net.tensor((1, 6, 6, 2), name="image", signature=(-1, 6, 6, 2), **quantised)
    a = _conv(net, x, 2, 3, 6, 1)
    b = _conv(net, a, 3, 3, 6, 2)
    total = net.tensor((1, 6, 6, 3), **quantised)
    net.op("ADD", [a, b], [total], FusedActivationFunction=NONE)
    pooled = net.tensor((1, 3, 3, 3), **quantised)
    window = {"Padding": VALID, "StrideH": 2, "StrideW": 2, "FilterHeight": 2, "FilterWidth": 2}
    net.op("MAX_POOL_2D", [total], [pooled], FusedActivationFunction=NONE, **window)
    padded = net.tensor((1, 4, 4, 3), **quantised)
    paddings = net.constant(np.array([[0, 0], [0, 1], [0, 1], [0, 0]], np.int32))
    net.op("PAD", [pooled, paddings], [padded])
    joined = net.tensor((1, 4, 4, 6), **quantised)
    net.op("CONCATENATION", [padded, padded], [joined], Axis=3, FusedActivationFunction=NONE)
    mean = net.tensor((1, 6), scale=0.05, zero_point=3)
    net.op("MEAN", [joined, net.constant(np.array([1, 2], np.int32))], [mean], KeepDims=False)
    w = net.constant(np.arange(-12, 12, dtype=np.int8).reshape(4, 6), scale=0.02)
    b = net.constant(np.arange(4, dtype=np.int32), scale=0.001)
    logits = net.tensor((1, 4), scale=0.02, zero_point=1)
    net.op("FULLY_CONNECTED", [mean, w, b], [logits], FusedActivationFunction=NONE)
    classes = net.tensor((1, 4), scale=1 / 256, zero_point=-128, name="classes")
    net.op("SOFTMAX", [logits], [classes], Beta=1.0)
    return net.build([x], [classes], signatures=[("serving_default", 0)])


def two_subgraphs() -> bytes:
    """The small network's shape with a second subgraph and two signatures."""
    graphs = []
    for scale in (0.1, 0.2):
        net = Net()
        x, y = (net.tensor((1, 4, 4, 2), scale=scale, zero_point=0) for _ in range(2))
        net.op("RELU", [x], [y])
        graphs.append((net, [x], [y]))
    return build_model(graphs, signatures=[("first", 0), ("second", 1)])


@functools.cache
def damage_bases() -> dict[str, bytes]:
    """The networks above and one case of every operator."""
    singles = {op: cases[0].model for op, cases in CASES.items()}
    open_batch = CASES["RESHAPE"][-1].model
    return {
        "small_network": small_network(),
        "two_subgraphs": two_subgraphs(),
        "open_batch": open_batch,
        **singles,
    }
