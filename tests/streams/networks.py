# SPDX-License-Identifier: Apache-2.0
"""Networks along time, one for each way in which rows come together."""

from __future__ import annotations

from collections.abc import Callable

from tests.ops.build_tflite import NONE, SAME
from tests.ops.recurrent_cases import lstm_net
from tests.streams.layers import Layers

Network = Callable[[Layers], bytes]


# Windows: nothing pads in time


def convolutions(layers: Layers) -> bytes:
    """Strides, a row that no window needs, and Flatten before a dense layer."""
    x = layers.tensor(1, 22, 5, 3)
    y = layers.conv(x, 8, (4, 3), (2, 1))
    y = layers.conv(y, 0, (3, 3), (1, 1))
    return layers.build(x, layers.dense(layers.flatten(layers.conv(y, 6, (1, 1))), 4))


def mean_of_rows(layers: Layers) -> bytes:
    x = layers.tensor(1, 17, 6, 2)
    y = layers.conv(x, 8, (5, 3), (1, 2))
    y = layers.reduce(layers.conv(y, 0, (3, 1)), (1, 2))
    return layers.build(x, layers.dense(y, 3))


def mean_of_wide_rows(layers: Layers) -> bytes:
    """Rows are kept as their sums, but those that a convolution reads too."""
    x = layers.tensor(1, 19, 8, 2)
    y = layers.conv(x, 6, (3, 3))
    means = [layers.reduce(y, (1, 2)), layers.reduce(layers.conv(y, 5, (2, 3)), (1, 2))]
    means.append(layers.flatten(layers.pool(y, (17, 6), kind="AVERAGE_POOL_2D")))
    return layers.build(x, layers.dense(layers.join(means, 1), 3))


def mean_over_time_alone(layers: Layers) -> bytes:
    x = layers.tensor(1, 15, 4, 2)
    y = layers.reduce(layers.conv(x, 4, (3, 3)), (1,), keep=True)
    return layers.build(x, layers.dense(layers.flatten(y), 3))


def mean_over_frequencies(layers: Layers) -> bytes:
    """Rows stay rows, of another rank."""
    x = layers.tensor(1, 12, 6, 1)
    y = layers.reduce(layers.conv(x, 4, (3, 3)), (2,))
    return layers.build(x, layers.dense(layers.flatten(layers.dense(y, 5)), 3))


def average_pool(layers: Layers) -> bytes:
    x = layers.tensor(1, 14, 4, 3)
    y = layers.pool(layers.conv(x, 5, (3, 3)), (12, 2), kind="AVERAGE_POOL_2D")
    return layers.build(x, layers.dense(layers.flatten(y), 3))


def greatest_of_rows(layers: Layers) -> bytes:
    x = layers.tensor(1, 7, 3, 2)
    y = layers.reduce(layers.conv(x, 6, (4, 2)), (1, 2), "REDUCE_MAX")
    return layers.build(x, layers.dense(y, 3, coarser=8))


def pools(layers: Layers) -> bytes:
    """A stride of two by pools, one of them over columns too; the last row is left over."""
    x = layers.tensor(1, 27, 6, 2)
    y = layers.pool(layers.conv(x, 5, (3, 3)), (2, 2))
    y = layers.pool(layers.conv(y, 6, (3, 1)), (2, 1), kind="AVERAGE_POOL_2D")
    return layers.build(x, layers.dense(layers.flatten(y), 3))


def signals(layers: Layers) -> bytes:
    """[1, 1, t, c], as converters write one dimension, with dilations and cropped residuals."""
    x = layers.tensor(1, 1, 40, 4)
    y = layers.conv(x, 8, (1, 3))
    for dilation in (1, 2, 4):
        z = layers.conv(y, 8, (1, 3), dilation=(1, dilation), activation=NONE)
        y = layers.two("ADD", z, layers.crop(y, 2 * dilation, 0, axis=2))
    y = layers.reshape(y, 1, *layers.shape(y)[2:])
    return layers.build(x, layers.dense(layers.step(y, -1), 3))


def middle_step(layers: Layers) -> bytes:
    """A step that is not the newest one, of features [1, t, c]."""
    x = layers.tensor(1, 12, 6)
    y = layers.conv(layers.reshape(x, 1, 1, 12, 6), 8, (1, 3))
    y = layers.reshape(y, 1, 10, 8)
    return layers.build(x, layers.two("ADD", layers.step(y, 4), layers.step(y, -1)))


def branches(layers: Layers) -> bytes:
    """Kernels of several lengths, cropped to one, joined by channels."""
    x = layers.tensor(1, 18, 4, 2)
    y = layers.conv(x, 6, (3, 3))
    parts = [
        layers.crop(layers.conv(y, 4, (1, 1)), 2, 2),
        layers.crop(layers.conv(y, 4, (3, 1)), 1, 1),
        layers.conv(y, 4, (5, 1)),
    ]
    y = layers.conv(layers.join(parts), 5, (3, 2))
    return layers.build(x, layers.dense(layers.flatten(y), 3))


def squeeze(layers: Layers) -> bytes:
    """What is made of all rows goes back into each of them."""
    x = layers.tensor(1, 13, 4, 3)
    y = layers.conv(x, 6, (4, 1))
    gate = layers.conv(layers.reduce(y, (1, 2), keep=True), 6, (1, 1), activation=NONE)
    y = layers.two("MUL", y, layers.logistic(gate))
    return layers.build(x, layers.dense(layers.flatten(layers.conv(y, 4, (3, 1))), 3))


def positions(layers: Layers) -> bytes:
    """A constant for every row of the window: rows are not alike."""
    x = layers.tensor(1, 9, 3, 4)
    y = layers.conv(x, 4, (3, 1))
    values = layers.rng.integers(-90, 90, (1, 7, 1, 4)).astype(layers.dtype)
    place = layers.net.tensor(
        values.shape,
        data=values,
        scale=layers.scale,
        zero_point=layers.zero_point,
        dtype=layers.dtype,
    )
    y = layers.conv(layers.two("ADD", y, place), 4, (2, 2))
    return layers.build(x, layers.dense(layers.flatten(y), 3))


def two_results(layers: Layers) -> bytes:
    """Rows that the application reads, and what is made of them."""
    x = layers.tensor(1, 9, 3, 2)
    y = layers.conv(x, 4, (3, 1))
    return layers.build(x, y, layers.dense(layers.flatten(y), 3))


def vector(layers: Layers) -> bytes:
    """A spectrogram that comes as one vector."""
    x = layers.tensor(1, 60)
    y = layers.conv(layers.reshape(x, 1, 12, 5, 1), 6, (3, 3))
    return layers.build(x, layers.dense(layers.flatten(y), 3))


def other_rows(layers: Layers) -> bytes:
    """Rows that are cut anew are no rows of time behind that."""
    x = layers.tensor(1, 8, 5, 2)
    y = layers.conv(layers.reshape(x, 1, 10, 4, 2), 6, (3, 3))
    return layers.build(x, layers.dense(layers.flatten(y), 3))


def time_last(layers: Layers) -> bytes:
    """A spectrogram that comes with frequencies first, and is turned over."""
    x = layers.tensor(1, 5, 12, 1)
    y = layers.conv(layers.transpose(x, 0, 2, 1, 3), 6, (3, 3))
    return layers.build(x, layers.dense(layers.flatten(y), 3))


def real_edges(layers: Layers) -> bytes:
    x, y = layers.real(1, 12, 5, 1)
    y = layers.conv(y, 6, (3, 3))
    return layers.build(x, layers.to_real(layers.dense(layers.flatten(y), 3)))


def dense_alone(layers: Layers) -> bytes:
    x = layers.tensor(1, 12, 5)
    return layers.build(x, layers.dense(layers.dense(layers.flatten(x), 7), 3))


def recurrent(layers: Layers) -> bytes:
    """A layer that is one operator over all steps."""
    if layers.dtype == "int8":
        net, x, y = lstm_net(8, 4, 6)
    else:
        net, x, y = lstm_net(8, 4, 6, (1e-4, 0), (2.0**-15, 0), dtype="int16", bias="int64")
    return net.build([x], [y])


WINDOWS: dict[str, tuple[Network, int]] = {
    made.__name__: (made, hop)
    for made, hop in (
        (convolutions, 2),
        (mean_of_rows, 1),
        (mean_of_wide_rows, 1),
        (mean_over_time_alone, 1),
        (mean_over_frequencies, 1),
        (average_pool, 1),
        (greatest_of_rows, 1),
        (pools, 4),
        (signals, 1),
        (middle_step, 1),
        (branches, 1),
        (squeeze, 1),
        (positions, 1),
        (two_results, 1),
        (vector, 1),
        (other_rows, 1),
        (time_last, 1),
        (real_edges, 1),
        (dense_alone, 1),
        (recurrent, 1),
    )
}
"""With the smallest hop of each."""


# Endless: padding in time


def padded(layers: Layers) -> bytes:
    """As keyword spotters are: strides, depthwise convolutions, a mean at the end."""
    x = layers.tensor(1, 25, 6, 1)
    y = layers.conv(x, 8, (6, 3), (2, 2), SAME)
    for _ in range(2):
        y = layers.conv(layers.conv(y, 0, (3, 3), padding=SAME), 8, (1, 1))
    y = layers.pool(y, (13, 3), kind="AVERAGE_POOL_2D")
    return layers.build(x, layers.dense(layers.flatten(y), 3))


def residuals(layers: Layers) -> bytes:
    """The short way waits for the long one; one of them with a stride."""
    x = layers.tensor(1, 16, 4, 4)
    y = layers.conv(x, 4, (3, 3), padding=SAME)
    y = layers.two("ADD", y, x)
    z = layers.conv(y, 6, (3, 3), (2, 1), SAME)
    z = layers.conv(z, 6, (5, 1), padding=SAME, activation=NONE)
    y = layers.two("ADD", z, layers.conv(y, 6, (1, 1), (2, 1), SAME, activation=NONE))
    return layers.build(x, layers.dense(layers.reduce(y, (1, 2)), 3))


def padded_branches(layers: Layers) -> bytes:
    """Kernels of several lengths and a pool, which are late by as many rows."""
    x = layers.tensor(1, 14, 4, 2)
    parts = [layers.conv(x, 4, (k, 3), padding=SAME) for k in (1, 3, 7)]
    parts.append(layers.pool(x, (3, 3), (1, 1), padding=SAME))
    y = layers.conv(layers.join(parts), 6, (2, 2), padding=SAME)
    return layers.build(x, layers.dense(layers.flatten(y), 3))


def causal(layers: Layers) -> bytes:
    """Padding in front alone, dilated: nothing is late."""
    x = layers.tensor(1, 1, 30, 3)
    y = layers.conv(x, 6, (1, 1))
    for dilation in (1, 2, 4):
        z = layers.pad(y, 2 * dilation, axis=2)
        z = layers.conv(z, 6, (1, 3), dilation=(1, dilation), activation=NONE)
        y = layers.two("ADD", z, y)
    y = layers.reshape(y, 1, 30, 6)
    return layers.build(x, layers.dense(layers.step(y, -1), 3))


def padded_signals(layers: Layers) -> bytes:
    """[1, 1, t, c], dilated, with residuals and a mean over time."""
    x = layers.tensor(1, 1, 24, 3)
    y = layers.conv(x, 6, (1, 3), padding=SAME)
    for dilation in (2, 4):
        z = layers.conv(y, 6, (1, 3), padding=SAME, dilation=(1, dilation), activation=NONE)
        y = layers.two("ADD", z, y)
    return layers.build(x, layers.dense(layers.reduce(y, (1, 2)), 3))


def rows_for_rows(layers: Layers) -> bytes:
    """A result for every row, as a filter of noise has."""
    x = layers.tensor(1, 12, 5, 1)
    y = layers.conv(layers.conv(x, 6, (3, 3), padding=SAME), 6, (5, 1), padding=SAME)
    return layers.build(x, layers.logistic(layers.conv(y, 1, (1, 1), padding=SAME)))


def padded_pools(layers: Layers) -> bytes:
    x = layers.tensor(1, 24, 6, 1)
    y = layers.pool(layers.conv(x, 6, (3, 3), padding=SAME), (2, 2))
    y = layers.pool(layers.conv(y, 6, (3, 3), padding=SAME), (3, 3), (2, 2), padding=SAME)
    y = layers.pool(y, (3, 3), (1, 1), "AVERAGE_POOL_2D", SAME)
    return layers.build(x, layers.dense(layers.reduce(y, (1, 2), "REDUCE_MAX"), 3, 8))


def through_fewer_rows(layers: Layers) -> bytes:
    """Half as many rows, and twice as many again, join those that there were; a result for each."""
    x = layers.tensor(1, 16, 4, 2)
    y = layers.conv(x, 4, (3, 3), padding=SAME)
    z = layers.conv(layers.pool(y, (2, 1)), 6, (3, 3), padding=SAME)
    y = layers.conv(layers.join([y, layers.enlarged(z, 2)]), 4, (3, 1), padding=SAME)
    return layers.build(x, layers.conv(y, 2, (1, 1)))


def more_rows_than_there_were(layers: Layers) -> bytes:
    """Transposed convolutions; there is more than one row for each row of the input."""
    x = layers.tensor(1, 12, 3, 2)
    y = layers.grown(layers.conv(x, 4, (3, 3), (2, 1), SAME), 4, 2)
    y = layers.grown(layers.conv(y, 4, (3, 1), padding=SAME), 3, 3)
    return layers.build(x, layers.conv(y, 2, (3, 1), padding=SAME))


def padded_vector(layers: Layers) -> bytes:
    """One that comes as a vector with time last."""
    x = layers.tensor(1, 60)
    y = layers.transpose(layers.reshape(x, 1, 5, 12), 0, 2, 1)
    y = layers.reshape(y, 1, 12, 5, 1)
    y = layers.conv(y, 6, (3, 3), padding=SAME)
    return layers.build(x, layers.dense(layers.reduce(y, (1, 2)), 3))


def padded_real_edges(layers: Layers) -> bytes:
    x, y = layers.real(1, 12, 5, 1)
    y = layers.conv(y, 6, (3, 3), padding=SAME)
    return layers.build(x, layers.to_real(layers.dense(layers.reduce(y, (1, 2)), 3)))


ENDLESS: dict[str, tuple[Network, int]] = {
    made.__name__: (made, hop)
    for made, hop in (
        (padded, 2),
        (residuals, 2),
        (padded_branches, 1),
        (causal, 1),
        (padded_signals, 1),
        (rows_for_rows, 1),
        (padded_pools, 4),
        (through_fewer_rows, 2),
        (more_rows_than_there_were, 2),
        (padded_vector, 1),
        (padded_real_edges, 1),
    )
}
