# SPDX-License-Identifier: Apache-2.0
"""Networks of several inputs: rows of more than one kind, and values that stay."""

from __future__ import annotations

from collections.abc import Callable

from tests.ops.build_tflite import SAME
from tests.streams.layers import Layers


def speaker(layers: Layers) -> tuple[bytes, str]:
    """What is known of a voice is added to every row."""
    x, voice = layers.tensor(1, 18, 6, 2), layers.tensor(1, 8)
    known = layers.reshape(layers.dense(voice, 6), 1, 1, 1, 6)
    y = layers.two("ADD", layers.conv(x, 6, (4, 3), (2, 1)), known)
    y = layers.reduce(layers.conv(y, 5, (3, 3)), (1, 2))
    return layers.net.build([x, voice], [layers.dense(y, 4)]), ""


def gated_by_the_first(layers: Layers) -> tuple[bytes, str]:
    """The input that stays comes first, and meets what is made of a window, too."""
    voice, x = layers.tensor(1, 5), layers.tensor(1, 14, 4, 1)
    gate = layers.logistic(layers.reshape(layers.dense(voice, 6), 1, 1, 1, 6))
    y = layers.two("MUL", layers.conv(x, 6, (3, 2)), gate)
    y = layers.dense(layers.reduce(y, (1, 2)), 4)
    y = layers.two("ADD", y, layers.dense(voice, 4))
    return layers.net.build([voice, x], [y]), ""


def repeated(layers: Layers) -> tuple[bytes, str]:
    """What stays is spread over all rows and joined with them."""
    x, voice = layers.tensor(1, 12, 5, 2), layers.tensor(1, 4)
    spread = layers.tensor(1, 10, 3, 4)
    shown = layers.reshape(voice, 1, 1, 1, 4)
    layers.net.op("BROADCAST_TO", [shown, layers.numbers((1, 10, 3, 4))], [spread])
    y = layers.join([layers.conv(x, 6, (3, 3)), spread])
    y = layers.reduce(layers.conv(y, 5, (2, 1)), (1, 2))
    return layers.net.build([x, voice], [layers.dense(y, 3)]), ""


def two_features(layers: Layers) -> tuple[bytes, str]:
    x, energy = layers.tensor(1, 15, 5, 2), layers.tensor(1, 15, 1, 3)
    parts = layers.conv(x, 6, (3, 5)), layers.conv(energy, 4, (3, 1))
    y = layers.reduce(layers.conv(layers.join(parts), 5, (4, 1)), (1, 2))
    return layers.net.build([x, energy], [layers.dense(y, 3)]), ""


def two_rates(layers: Layers) -> tuple[bytes, str]:
    """Two rows of the second for each of the first."""
    x, fine = layers.tensor(1, 12, 4, 2), layers.tensor(1, 24, 2, 1)
    parts = layers.conv(x, 6, (2, 4)), layers.conv(fine, 4, (4, 2), (2, 1))
    y = layers.reduce(layers.conv(layers.join(parts), 5, (3, 1)), (1, 2))
    model = layers.net.build([x, fine], [layers.dense(y, 3)])
    return model, f"{layers.net.tensors[x].name},{layers.net.tensors[fine].name}"


def rows_and_a_window(layers: Layers) -> tuple[bytes, str]:
    """Two outputs: rows, and what is made of all of them; and three inputs."""
    x, more, voice = layers.tensor(1, 13, 3, 2), layers.tensor(1, 13, 3, 1), layers.tensor(1, 6)
    known = layers.reshape(layers.dense(voice, 4), 1, 1, 1, 4)
    rows = layers.two("ADD", layers.conv(layers.join([x, more]), 4, (3, 1)), known)
    return layers.net.build([x, more, voice], [rows, layers.dense(layers.flatten(rows), 3)]), ""


def padded(layers: Layers) -> tuple[bytes, str]:
    """Pads in time: two kinds of rows, and what stays."""
    x, more, voice = layers.tensor(1, 14, 3, 2), layers.tensor(1, 14, 3, 1), layers.tensor(1, 6)
    known = layers.reshape(layers.dense(voice, 4), 1, 1, 1, 4)
    y = layers.join([layers.conv(x, 4, (5, 3), padding=SAME), more])
    y = layers.two("ADD", layers.conv(y, 4, (3, 3), padding=SAME), known)
    return layers.net.build([x, more, voice], [layers.dense(layers.reduce(y, (1, 2)), 3)]), ""


def picture(layers: Layers) -> tuple[bytes, str]:
    """What stays has rows too, and comes first: it must be said that it has no time."""
    picture, x = layers.tensor(1, 5, 5, 1), layers.tensor(1, 12, 5, 2)
    known = layers.dense(layers.reduce(layers.conv(picture, 4, (2, 3)), (1, 2)), 4)
    gate = layers.logistic(layers.reshape(known, 1, 1, 1, 4))
    y = layers.two("MUL", layers.conv(x, 4, (5, 5), (1, 1)), gate)
    y = layers.conv(layers.two("ADD", y, layers.reshape(known, 1, 1, 1, 4)), 9, (4, 1))
    model = layers.net.build([picture, x], [layers.dense(layers.flatten(y), 3), known])
    return model, layers.net.tensors[x].name


def mask(layers: Layers) -> tuple[bytes, str]:
    """A value for each place of a window: rows are kept as they came."""
    x, weights = layers.tensor(1, 10, 4, 2), layers.tensor(1, 8, 4, 6)
    y = layers.two("MUL", layers.conv(x, 6, (3, 1)), layers.logistic(weights))
    y = layers.dense(layers.flatten(y), 3)
    return layers.net.build([x, weights], [y]), layers.net.tensors[x].name


SEVERAL: dict[str, tuple[Callable[[Layers], tuple[bytes, str]], int]] = {
    network.__name__: (network, hop)
    for network, hop in (
        *((speaker, 2), (gated_by_the_first, 1), (repeated, 1), (two_features, 1)),
        *((two_rates, 1), (rows_and_a_window, 1), (padded, 1), (picture, 1), (mask, 1)),
    )
}
