# SPDX-License-Identifier: Apache-2.0
"""A network of a few hundred bytes that uses every function CMSIS-NN has for us."""

from __future__ import annotations

import numpy as np

from tests.ops.build_tflite import NONE, RELU6, SAME, VALID, Net

_ACTIVATIONS = {"scale": 0.05, "zero_point": -7}


def small_net(*, per_channel: bool = True, last: str = "SOFTMAX") -> bytes:
    """conv 3x3 s2, depthwise 3x3, conv 1x1, ADD, MAX_POOL, AVERAGE_POOL, dense, `last`.

    Args:
        per_channel: whether the dense layer's weights have a scale each.
        last: "SOFTMAX", "LOGISTIC" or "MUL" (with itself).
    """
    rng = np.random.default_rng(5)
    net = Net()
    image = net.tensor((1, 9, 8, 3), name="image", **_ACTIVATIONS)
    stem = _conv(net, rng, image, (8, 3, 3, 3), (1, 5, 4, 8), 2, RELU6, "stem")
    deep = _depthwise(net, rng, stem, (1, 5, 4, 8))
    mixed = _conv(net, rng, deep, (8, 1, 1, 8), (1, 5, 4, 8), 1, NONE, "mixed")
    total = net.tensor((1, 5, 4, 8), scale=0.08, zero_point=4, name="total")
    net.op("ADD", [stem, mixed], [total], FusedActivationFunction=NONE)
    pooled = net.tensor((1, 3, 2, 8), scale=0.08, zero_point=4, name="pooled")
    _pool(net, "MAX_POOL_2D", total, pooled, (2, 2), 2, SAME)
    mean = net.tensor((1, 1, 1, 8), scale=0.08, zero_point=4, name="mean")
    _pool(net, "AVERAGE_POOL_2D", pooled, mean, (3, 2), 1, VALID)
    scores = net.tensor((1, 6), scale=0.2, zero_point=-11, name="scores")
    scales = rng.uniform(0.005, 0.03, 6) if per_channel else [0.01]
    weights = net.constant(rng.integers(-127, 128, (6, 8)).astype(np.int8), scale=scales)
    bias = net.constant(rng.integers(-400, 400, 6).astype(np.int32))
    net.op("FULLY_CONNECTED", [mean, weights, bias], [scores], FusedActivationFunction=NONE)
    output = net.tensor((1, 6), scale=1 / 256, zero_point=-128, name="output")
    if last == "SOFTMAX":
        net.op("SOFTMAX", [scores], [output], Beta=1.0)
    elif last == "MUL":
        net.op("MUL", [scores, scores], [output], FusedActivationFunction=NONE)
    else:
        net.op(last, [scores], [output])
    return net.build([image], [output])


def _conv(
    net: Net,
    rng: np.random.Generator,
    source: int,
    kernel: tuple[int, ...],
    shape: tuple[int, ...],
    stride: int,
    activation: int,
    name: str,
) -> int:
    weights = rng.integers(-127, 128, kernel).astype(np.int8)
    scales = rng.uniform(0.002, 0.02, kernel[0])
    output = net.tensor(shape, name=name, **_ACTIVATIONS)
    bias = rng.integers(-500, 500, kernel[0]).astype(np.int32)
    inputs = [source, net.constant(weights, scale=scales), net.constant(bias)]
    net.op(
        "CONV_2D",
        inputs,
        [output],
        Padding=SAME,
        StrideH=stride,
        StrideW=stride,
        DilationHFactor=1,
        DilationWFactor=1,
        FusedActivationFunction=activation,
    )
    return output


def _depthwise(net: Net, rng: np.random.Generator, source: int, shape: tuple[int, ...]) -> int:
    weights = rng.integers(-127, 128, (1, 3, 3, 8)).astype(np.int8)
    scales = rng.uniform(0.002, 0.02, 8)
    output = net.tensor(shape, name="deep", **_ACTIVATIONS)
    bias = rng.integers(-500, 500, 8).astype(np.int32)
    inputs = [source, net.constant(weights, scale=scales, axis=3), net.constant(bias)]
    net.op(
        "DEPTHWISE_CONV_2D",
        inputs,
        [output],
        Padding=SAME,
        StrideH=1,
        StrideW=1,
        DepthMultiplier=1,
        DilationHFactor=1,
        DilationWFactor=1,
        FusedActivationFunction=NONE,
    )
    return output


def _pool(
    net: Net,
    kind: str,
    source: int,
    output: int,
    kernel: tuple[int, int],
    stride: int,
    padding: int,
) -> None:
    net.op(
        kind,
        [source],
        [output],
        Padding=padding,
        StrideH=stride,
        StrideW=stride,
        FilterHeight=kernel[0],
        FilterWidth=kernel[1],
        FusedActivationFunction=NONE,
    )
