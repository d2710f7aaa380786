# SPDX-License-Identifier: Apache-2.0
"""Networks along time that move values within rows, put rows together, or leave some out.

They pad nothing, so both forms take them.
"""

from __future__ import annotations

import numpy as np

from tests.ops.build_tflite import NONE
from tests.streams.layers import Layers
from tests.streams.networks import Network


def _moved(layers: Layers, kind: str, x: int, shape: tuple[int, ...], *numbers, **options) -> int:
    """An operator that moves values, with operands of integers."""
    y = layers.tensor(*shape)
    layers.net.op(kind, [x, *(layers.numbers(values) for values in numbers)], [y], **options)
    return y


def _end(layers: Layers, x: int, y: int) -> bytes:
    return layers.build(x, layers.dense(layers.flatten(layers.conv(y, 4, (2, 1))), 3))


def gates_of_rows(layers: Layers) -> bytes:
    """A mean over frequencies goes back into all of them, row by row."""
    x = layers.tensor(1, 13, 5, 3)
    y = layers.conv(x, 6, (3, 3))
    gate = layers.conv(layers.reduce(y, (2,), keep=True), 6, (1, 1), activation=NONE)
    return _end(layers, x, layers.two("MUL", y, layers.logistic(gate)))


def turned_frequencies(layers: Layers) -> bytes:
    x = layers.tensor(1, 9, 4, 2)
    y = _moved(layers, "REVERSE_V2", layers.conv(x, 4, (2, 1)), (1, 8, 4, 4), [2])
    return _end(layers, x, y)


def repeated_frequencies(layers: Layers) -> bytes:
    x = layers.tensor(1, 9, 3, 2)
    y = layers.conv(x, 4, (2, 1))
    return _end(layers, x, _moved(layers, "TILE", y, (1, 8, 6, 4), [1, 1, 2, 1]))


def chosen_frequencies(layers: Layers) -> bytes:
    x = layers.tensor(1, 9, 5, 2)
    y = layers.conv(x, 4, (2, 1))
    y = _moved(layers, "GATHER", y, (1, 8, 3, 4), [4, 0, 3], Axis=2, BatchDims=0)
    return _end(layers, x, y)


def chosen_rows(layers: Layers) -> bytes:
    """Every third one, by their numbers: a longer file would have to name more of them."""
    x = layers.tensor(1, 19, 3, 2)
    y = layers.conv(x, 4, (2, 1))
    rows = list(range(1, 18, 3))
    shape = (1, len(rows), 3, 4)
    return _end(layers, x, _moved(layers, "GATHER", y, shape, rows, Axis=1, BatchDims=0))


def every_other_row(layers: Layers) -> bytes:
    """And every other frequency."""
    x = layers.tensor(1, 18, 5, 2)
    y = layers.conv(x, 4, (3, 1))
    edges = ([0, 1, 0, 0], [1, 16, 5, 4], [1, 2, 2, 1])
    return _end(layers, x, _moved(layers, "STRIDED_SLICE", y, (1, 8, 3, 4), *edges))


def stacked_rows(layers: Layers) -> bytes:
    """Two rows become one."""
    x = layers.tensor(1, 17, 1, 6)
    y = layers.reshape(layers.conv(x, 4, (2, 1)), 1, 8, 1, 8)
    return _end(layers, x, y)


def blocks(layers: Layers) -> bytes:
    x = layers.tensor(1, 17, 4, 2)
    y = layers.conv(x, 3, (2, 1))
    return _end(layers, x, _moved(layers, "SPACE_TO_DEPTH", y, (1, 8, 2, 12), BlockSize=2))


def rows_of_blocks(layers: Layers) -> bytes:
    """Channels become rows, four for each two that there were."""
    x = layers.tensor(1, 9, 3, 2)
    y = layers.conv(x, 8, (2, 1))
    return _end(layers, x, _moved(layers, "DEPTH_TO_SPACE", y, (1, 16, 6, 2), BlockSize=2))


def cut_rows(layers: Layers) -> bytes:
    """Each row becomes two, which the next layer puts together again."""
    x = layers.tensor(1, 9, 2, 3)
    y = layers.reshape(layers.conv(x, 4, (2, 1)), 1, 16, 1, 4)
    return _end(layers, x, layers.conv(y, 5, (2, 1), (2, 1)))


def spread_constants(layers: Layers) -> bytes:
    """A constant that has every row of the window, all of them alike."""
    x = layers.tensor(1, 9, 3, 4)
    y = layers.conv(x, 4, (3, 1))
    row = layers.rng.integers(-90, 90, (1, 1, 3, 4)).astype(layers.dtype)
    values = np.repeat(row, 7, 1)
    scales = {"scale": layers.scale, "zero_point": layers.zero_point, "dtype": layers.dtype}
    spread = layers.net.tensor(values.shape, data=values, **scales)
    return _end(layers, x, layers.two("ADD", y, spread))


def two_ends(layers: Layers) -> bytes:
    """A mean and single rows of the same ones."""
    x = layers.tensor(1, 14, 1, 6)
    y = layers.reshape(layers.conv(x, 8, (3, 1)), 1, 12, 8)
    parts = [layers.reduce(y, (1,)), layers.step(y, -1), layers.step(y, 7)]
    return layers.build(x, layers.dense(layers.join(parts, 1), 3))


def rows_without_a_batch(layers: Layers) -> bytes:
    """Unrolled cells have time first."""
    x = layers.tensor(1, 8, 6)
    y = layers.reshape(x, 8, 6)
    y = layers.reshape(layers.dense(y, 5), 1, 8, 5)
    return layers.build(x, layers.dense(layers.reduce(y, (1,)), 3))


MOVED: dict[str, tuple[Network, int]] = {
    made.__name__: (made, hop)
    for made, hop in (
        (gates_of_rows, 1),
        (turned_frequencies, 1),
        (repeated_frequencies, 1),
        (chosen_frequencies, 1),
        (every_other_row, 2),
        (stacked_rows, 2),
        (blocks, 2),
        (rows_of_blocks, 1),
        (cut_rows, 1),
        (spread_constants, 1),
        (two_ends, 1),
        (rows_without_a_batch, 1),
    )
}
"""With the smallest hop of each."""
