# SPDX-License-Identifier: Apache-2.0
"""The layers of a supernet compute what TensorFlow's own operators do, gradients included."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from mcunet_tf.tinynas.build import NORM_EPSILON  # noqa: E402
from mcunet_tf.tinynas.depthwise import depthwise  # noqa: E402
from mcunet_tf.tinynas.layers import (  # noqa: E402
    SharedConv,
    SharedDepthwise,
    SharedNorm,
    convolve_and_norm,
)

# float32 sums in another order.
TOLERANCE = 1e-4


def normal(*shape, seed=0):
    return tf.constant(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def assert_near(found, expected):
    for ours, theirs in zip(found, expected, strict=True):
        atol = TOLERANCE * max(1, np.abs(theirs).max())
        np.testing.assert_allclose(ours, theirs, atol=atol, rtol=TOLERANCE)


@pytest.mark.parametrize("shape", [(9, 8), (8, 9), (4, 4), (2, 1)])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [3, 5, 7])
@pytest.mark.sampled(14)
def test_gradients_of_a_depthwise_convolution_are_tensorflows(size, stride, shape):
    """Also where only a part of the window and of the channels computes, as in the supernet."""
    x = normal(4, *shape, 6, seed=size)
    window = tf.Variable(normal(7, 7, 8, 1))
    first = (7 - size) // 2

    def gradients(convolve, x, window, size, first):
        with tf.GradientTape() as tape:
            tape.watch(x)
            kernel = window[first : first + size, first : first + size, :6]
            y = convolve(x, kernel)
            loss = tf.reduce_sum(tf.sin(y))
        return tf.convert_to_tensor(y), *map(tf.convert_to_tensor, tape.gradient(loss, [x, window]))

    def theirs(x, kernel):
        return tf.nn.depthwise_conv2d(x, kernel, (1, stride, stride, 1), "SAME")

    expected = gradients(theirs, x, window, size, first)
    # Sizes as values, as in the one trace that serves all sub-networks.
    traced = tf.function(lambda *given: gradients(lambda *a: depthwise(*a, stride), *given))
    assert_near(traced(x, window, tf.constant(size), tf.constant(first)), expected)


CONVOLUTIONS = {
    "widening": (lambda: SharedConv(1, 6, 16, 1, "conv"), {"out_channels": 13}, 13),
    "narrowing": (lambda: SharedConv(1, 6, 4, 1, "conv"), {}, 4),
    "of fewer inputs": (lambda: SharedConv(1, 8, 5, 1, "conv"), {"in_channels": 6}, 5),
    "dense window": (lambda: SharedConv(3, 6, 16, 2, "conv"), {}, 16),
    "depthwise": (lambda: SharedDepthwise(5, 8, 2, "conv"), {"size": 3, "out_channels": 6}, 6),
}


def layers(make, channels):
    conv = make()
    norm = SharedNorm(channels + 3, "norm")
    for seed, weight in enumerate((norm.gamma, norm.beta)):
        weight.assign(normal(channels + 3, seed=seed) + 1)
    return conv, norm


def plain(conv, x, kernel):
    if isinstance(conv, SharedDepthwise):
        return tf.nn.depthwise_conv2d(x, kernel, (1, conv.stride, conv.stride, 1), "SAME")
    return tf.nn.conv2d(x, kernel, conv.stride, "SAME")


def results(conv, norm, x, part, run):
    """(result, its mean and variance, and gradients of images and weights)."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        y, statistics = run(conv.part(**part))
        loss = tf.reduce_sum(tf.sin(y))
    gradients = tape.gradient(loss, [x, conv.kernel.value, norm.gamma.value, norm.beta.value])
    return y, *statistics, *map(tf.convert_to_tensor, gradients)


def test_a_strided_pointwise_convolution_reads_some_pixels():
    """8 to 16 channels of 64 x 64 pixels: there TensorFlow's own gradient ends the process."""
    conv = SharedConv(1, 8, 16, 2, "shortcut")
    x, dy = normal(8, 64, 64, 8), normal(8, 32, 32, 16, seed=1)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = conv(x, conv.part())
        loss = tf.reduce_sum(y * dy)
    dx, dw = tape.gradient(loss, [x, conv.kernel])
    read, weights = x[:, ::2, ::2], conv.kernel[0, 0]
    expected = np.zeros(x.shape, np.float32)
    expected[:, ::2, ::2] = dy @ tf.transpose(weights)
    rows = [tf.reshape(values, [-1, values.shape[3]]) for values in (read, dy)]
    assert_near(
        (y, dx, dw[0, 0]), (read @ weights, expected, tf.matmul(rows[0], rows[1], transpose_a=True))
    )


@pytest.mark.parametrize("name", CONVOLUTIONS)
@pytest.mark.sampled(2)
def test_norms_of_a_batch_are_tensorflows(name):
    make, part, channels = CONVOLUTIONS[name]
    conv, norm = layers(make, channels)
    x = normal(5, 7, 6, 6) + tf.range(6, dtype=tf.float32)

    def theirs(kernel):
        gamma, beta = norm.gamma[:channels], norm.beta[:channels]
        y, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            plain(conv, x, kernel), gamma, beta, epsilon=NORM_EPSILON
        )
        return y, [tf.pad(value, [[0, 3]]) for value in (mean, variance)]

    traced = tf.function(
        lambda x, part: results(
            conv, norm, x, part, lambda kernel: convolve_and_norm(conv, norm, x, kernel)
        )
    )
    # Sizes as values, as in the one trace that serves all sub-networks.
    found = traced(x, {key: tf.constant(value) for key, value in part.items()})
    assert_near(found, results(conv, norm, x, part, theirs))


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_norms_with_given_statistics_go_into_the_weights(name):
    make, part, channels = CONVOLUTIONS[name]
    conv, norm = layers(make, channels)
    x = normal(5, 7, 6, 6)
    mean, variance = normal(channels + 3), tf.abs(normal(channels + 3, seed=1))
    kernel = conv.part(**part)
    y, used = convolve_and_norm(conv, norm, x, kernel, (mean, variance))
    wanted = tf.nn.batch_normalization(
        plain(conv, x, kernel),
        *(v[:channels] for v in (mean, variance, norm.beta, norm.gamma)),
        NORM_EPSILON,
    )
    assert_near([y, *used], [wanted, mean, variance])


def test_a_channel_without_variance_is_normalised_to_its_shift():
    conv, norm = layers(lambda: SharedConv(1, 3, 7, 1, "conv"), 7)
    x = tf.ones((2, 4, 4, 3)) * tf.constant([0.3, 17.0, -5.0])
    y, (_, variance) = convolve_and_norm(conv, norm, x, conv.part())
    np.testing.assert_allclose(variance, 0, atol=1e-3)
    assert np.abs(y - norm.beta[:7]).max() < 0.2
