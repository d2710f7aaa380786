# SPDX-License-Identifier: Apache-2.0
"""Random geometry and ranges: `evaluate` equals the reference kernels wherever it accepts."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mcunet_tf.tinyengine.evaluate import evaluate
from mcunet_tf.tinyengine.passes import run_passes
from mcunet_tf.tinyengine.read_tflite import read_tflite
from tests.ops.build_tflite import NONE, RELU, RELU6, RELU_N1_TO_1, SAME, VALID
from tests.ops.case import Case, case_inputs
from tests.ops.conv_cases import (
    Conv,
    Dense,
    TransposeConv,
    conv_model,
    dense_model,
    transpose_conv_model,
)
from tests.ops.layout_cases import resize_model
from tests.ops.oracle import assert_equal, micro_outputs, runtime_outputs
from tests.ops.reduction_cases import mean_model
from tests.ops.strided_cases import strided_slice_model
from tests.ops.value_cases import (
    byte_model,
    elementwise_model,
    pool_model,
    softmax_model,
)

TRIED = settings(max_examples=40)

activations = st.sampled_from([NONE, RELU, RELU6, RELU_N1_TO_1])
paddings = st.sampled_from([SAME, VALID])
zero_points = st.integers(-128, 127)
scales = st.floats(1e-4, 10.0, allow_nan=False)
ranges = st.tuples(scales, zero_points)
small_pairs = st.tuples(st.integers(1, 5), st.integers(1, 5))
seeds = st.integers(0, 1 << 20)


def check(op: str, model: bytes, outputs=runtime_outputs) -> None:
    """Compares all outputs of three inputs."""
    graph = run_passes(read_tflite(model), edges="model")
    inputs = case_inputs(Case(op, "random", model), graph)
    assert_equal([evaluate(graph, i) for i in inputs], outputs(model, inputs), inputs)


@st.composite
def convolutions(draw, multipliers) -> Conv:
    """Any geometry that leaves at least one output pixel."""
    kernel, stride = draw(small_pairs), draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    dilation = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    padding = draw(paddings)
    least = [
        1 if padding == SAME else (k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)
    ]
    size = tuple(low + draw(st.integers(0, 6)) for low in least)
    bias = draw(st.sampled_from(["random", "small", "limit"]))
    return Conv(
        size=size,
        in_channels=draw(st.integers(1, 9)),
        out_channels=draw(st.integers(1, 9)),
        kernel=kernel,
        stride=stride,
        dilation=dilation,
        padding=padding,
        activation=draw(activations),
        in_zero_point=draw(zero_points),
        out_zero_point=draw(zero_points),
        scales=draw(st.sampled_from(["channel", "tensor", "signed"])),
        bias=bias,
        gain=1.0 if bias == "limit" else draw(st.sampled_from([0.01, 0.3, 1.0, 5.0, 300.0])),
        multiplier=draw(multipliers),
        weights=draw(st.sampled_from([1, 7, 127, 128])),
    )


@TRIED
@given(conv=convolutions(st.just(0)), seed=seeds)
def test_conv2d(conv, seed):
    check("CONV_2D", conv_model(conv, seed))


@TRIED
@given(conv=convolutions(st.integers(1, 4)), seed=seeds)
def test_depthwise_conv2d(conv, seed):
    check("DEPTHWISE_CONV_2D", conv_model(conv, seed))


@TRIED
@given(
    size=small_pairs,
    channels=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    kernel=small_pairs,
    stride=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    padding=paddings,
    less=st.tuples(st.integers(0, 1), st.integers(0, 1)),
    scales=st.sampled_from(["channel", "tensor", "signed"]),
    bias=st.booleans(),
    seed=seeds,
)
def test_transpose_conv(size, channels, kernel, stride, padding, less, scales, bias, seed):
    conv = TransposeConv(size, *channels, kernel, stride, padding, scales=scales, bias=bias)
    # SAME may leave out up to a stride at the end; TensorFlow wants that many inputs.
    shorter = [n - (s > 1 and cut) for n, s, cut in zip(conv.output(), stride, less, strict=True)]
    if padding == SAME:
        conv = dataclasses.replace(conv, out_size=(shorter[0], shorter[1]))
    check("TRANSPOSE_CONV", transpose_conv_model(conv, seed))


@TRIED
@given(
    shape=st.tuples(*(st.integers(1, 6) for _ in range(4))),
    corners=st.tuples(*(st.tuples(st.integers(0, 5), st.integers(0, 5)) for _ in range(4))),
    steps=st.tuples(*(st.sampled_from([-2, -1, 1, 2, 3]) for _ in range(4))),
    shrunk=st.integers(0, 15),
)
def test_strided_slice(shape, corners, steps, shrunk):
    begin, end = [], []
    # TensorFlow takes single indices with a stride of 1 only.
    steps = [1 if shrunk >> axis & 1 else step for axis, step in enumerate(steps)]
    for size, (a, b), step in zip(shape, corners, steps, strict=True):
        low, high = sorted((a % size, b % size))
        # Behind the last index taken; before the first one of an axis, an end is counted from it.
        begin.append(low if step > 0 else high)
        end.append(high + 1 if step > 0 else low - 1 - size * (low == 0))
    model = strided_slice_model(shape, begin, end, steps, ShrinkAxisMask=shrunk)
    check("STRIDED_SLICE", model)


@TRIED
@given(
    size=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    out_size=st.tuples(st.integers(1, 30), st.integers(1, 30)),
    flags=st.sampled_from([(False, False), (True, False), (False, True)]),
)
def test_resize_bilinear(size, out_size, flags):
    check("RESIZE_BILINEAR", resize_model("RESIZE_BILINEAR", size, out_size, *flags))


@TRIED
@given(
    rows=st.integers(1, 4),
    in_features=st.integers(1, 70),
    out_features=st.integers(1, 20),
    activation=activations,
    zero_points=st.tuples(zero_points, zero_points),
    scale_kind=st.sampled_from(["channel", "tensor", "signed"]),
    bias=st.sampled_from(["random", "small", "limit", "none"]),
    seed=seeds,
)
def test_fully_connected(
    rows, in_features, out_features, activation, zero_points, scale_kind, bias, seed
):
    dense = Dense(
        shape=(rows, in_features),
        in_features=in_features,
        out_features=out_features,
        activation=activation,
        in_zero_point=zero_points[0],
        out_zero_point=zero_points[1],
        scales=scale_kind,
        bias=bias,
    )
    check("FULLY_CONNECTED", dense_model(dense, seed))


@TRIED
@given(
    kind=st.sampled_from(["ADD", "SUB", "MUL"]),
    quantised=st.tuples(ranges, ranges, ranges),
    activation=activations,
    second=st.sampled_from([(1, 3, 40, 2), (1, 1, 1, 2), (1, 1, 1, 1), (1, 3, 1, 2), (40, 1)]),
    swapped=st.booleans(),
)
def test_sums_and_products(kind, quantised, activation, second, swapped):
    first, other, (out_scale, out_zero_point) = quantised
    if kind == "MUL":
        # TFLite wants the product's multiplier below 1.
        out_scale = max(out_scale, first[0] * other[0] * 1.001)
    shapes = ((1, 3, 40, 2), second)
    model = elementwise_model(
        kind,
        shapes[::-1] if swapped else shapes,
        first,
        other,
        (out_scale, out_zero_point),
        activation=activation,
    )
    check(kind, model)


@TRIED
@given(source=ranges, alpha=ranges, out=ranges)
def test_prelu(source, alpha, out):
    shapes = ((1, 8, 8, 4), (1, 1, 4))
    # TFLite's multipliers go up to 2^30.
    out = (max(out[0], source[0] * max(alpha[0], 1) / 1000), out[1])
    check("PRELU", elementwise_model("PRELU", shapes, source, alpha, out, constant=1))


@TRIED
@given(
    kind=st.sampled_from(["AVERAGE_POOL_2D", "MAX_POOL_2D"]),
    window=small_pairs,
    extra=st.tuples(st.integers(0, 8), st.integers(0, 8)),
    stride=small_pairs,
    padding=paddings,
    channels=st.integers(1, 6),
    zero_point=zero_points,
    activation=activations,
)
def test_pools(kind, window, extra, stride, padding, channels, zero_point, activation):
    size = tuple(w + e for w, e in zip(window, extra, strict=True))
    model = pool_model(
        kind,
        size,
        window,
        stride,
        padding,
        channels=channels,
        zero_point=zero_point,
        activation=activation,
    )
    check(kind, model)


@TRIED
@given(
    sizes=st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9)),
    axes=st.sampled_from([(1,), (2,), (3,), (1, 2), (2, 3), (1, 2, 3)]),
    source=ranges,
    out=ranges,
)
def test_mean(sizes, axes, source, out):
    # TFLite shifts the multiplier left into 32 bits; beyond that range its result is undefined.
    out_scale = min(max(out[0], source[0] / 100), source[0] * 1000)
    check("MEAN", mean_model((1, *sizes), axes, source, (out_scale, out[1])))


@TRIED
@given(
    shape=st.sampled_from([(1, 2), (1, 10), (3, 7), (1, 3, 3, 5), (1, 300)]),
    scale=scales,
    zero_point=zero_points,
    beta=st.sampled_from([0.1, 1.0, 3.0]),
)
def test_softmax(shape, scale, zero_point, beta):
    check("SOFTMAX", softmax_model(shape, scale, zero_point, beta))


@TRIED
@given(kind=st.sampled_from(["RELU", "RELU6", "QUANTIZE", "ABS"]), source=ranges, out=ranges)
def test_rescaling_tables(kind, source, out):
    check(kind, byte_model(kind, source, out))


@settings(TRIED, max_examples=150)
@given(source=ranges)
def test_logistic(source):
    check("LOGISTIC", byte_model("LOGISTIC", source, (1 / 256, -128)))


def test_logistic_where_the_two_interpreters_part():
    """Scales that are powers of two put results on ties; 40 scales, all 256 values each."""
    parted = 0
    for factor, exponent in itertools.product((1.0, 3.0), range(20)):
        model = byte_model("LOGISTIC", (factor * 2.0**-exponent, 0), (1 / 256, -128))
        graph = run_passes(read_tflite(model), edges="model")
        inputs = case_inputs(Case("LOGISTIC", "ties", model), graph)
        check("LOGISTIC", model)
        micro, runtime = micro_outputs(model, inputs), runtime_outputs(model, inputs)
        parted += sum(int(np.sum(a[0] != b[0])) for a, b in zip(micro, runtime, strict=True))
    assert parted > 0, "they agree now: the note in ops/lookup.py can go"


@settings(TRIED, max_examples=150)
@given(source=ranges)
def test_tanh(source):
    check("TANH", byte_model("TANH", source, (1 / 128, 0)))


@settings(TRIED, max_examples=100)
@given(source=ranges, out=ranges, alpha=st.floats(-2, 2, width=32))
def test_leaky_relu(source, out, alpha):
    check("LEAKY_RELU", byte_model("LEAKY_RELU", source, out, Alpha=alpha))


@settings(TRIED, max_examples=100)
@given(scale=scales, out=ranges)
def test_rsqrt(scale, out):
    check("RSQRT", byte_model("RSQRT", (scale, -128), out))


@settings(TRIED, max_examples=100)
@given(source=ranges, out=ranges, approximate=st.booleans())
def test_gelu(source, out, approximate):
    check("GELU", byte_model("GELU", source, out, Approximate=approximate))


@settings(TRIED, max_examples=150)
@given(source=ranges, ratio=st.floats(1 / 500, 126), zero_point=zero_points)
def test_hard_swish(source, ratio, zero_point):
    check("HARD_SWISH", byte_model("HARD_SWISH", source, (source[0] / ratio, zero_point)))
