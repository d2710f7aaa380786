# SPDX-License-Identifier: Apache-2.0
"""Cases of SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND around a convolution, as they are written."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.ops.build_tflite import NONE, RELU, SAME, VALID, Net
from tests.ops.case import collect

_SOURCE = {"scale": 0.05, "zero_point": -7}
_RESULT = {"scale": 0.4, "zero_point": 3}


def dilated_model(
    size: Sequence[int],
    kernel: Sequence[int],
    blocks: Sequence[int],
    pads: Sequence[int],
    crops: Sequence[int],
    *,
    depthwise: bool = False,
    padding: int = VALID,
    twice: bool = False,
) -> bytes:
    """A convolution of 3 channels, dealt out to blocks and collected; one size: in one dimension.

    Args:
        size: of the image.
        kernel: of the convolution, of two dimensions in any case.
        blocks: steps along the axes of the image.
        pads: before and after on each axis.
        crops: before and after on each axis.
        depthwise: whether each channel has its own filter.
        padding: of the convolution itself.
        twice: a second one reads what is dealt out once; the result is their sum.
    """
    net, rng, filters = Net(), np.random.default_rng(8), 3 if depthwise else 5
    batch = int(np.prod(blocks))
    steps = [*blocks, *[1] * (len(size) - len(blocks))]
    edges = [*zip(pads[::2], pads[1::2], strict=True)] + [(0, 0)] * (len(size) - len(blocks))
    cuts = [*zip(crops[::2], crops[1::2], strict=True)] + [(0, 0)] * (len(size) - len(blocks))
    dealt = [(n + sum(e)) // s for n, e, s in zip(size, edges, steps, strict=True)]
    taps = kernel[-len(size) :]
    lost = 1 if padding == VALID else 0
    seen = [n - lost * (k - 1) for n, k in zip(dealt, taps, strict=True)]
    whole = [n * s - sum(c) for n, s, c in zip(seen, steps, cuts, strict=True)]
    flat = len(size) == 1
    x = net.tensor((1, *size, 3), **_SOURCE)
    a = net.tensor((batch, *dealt, 3), **_SOURCE)
    steps_of = net.constant(np.array(blocks, np.int32))
    edges_of, cuts_of = (net.constant(np.array(v, np.int32).reshape(-1, 2)) for v in (pads, crops))
    net.op("SPACE_TO_BATCH_ND", [x, steps_of, edges_of], [a])
    image = net.tensor((batch, 1, *dealt, 3), **_SOURCE) if flat else a
    if flat:
        net.op("EXPAND_DIMS", [a, net.constant(np.array(1, np.int32))], [image])
    results = []
    for _ in range(2 if twice else 1):
        shape = (1, *kernel, filters) if depthwise else (filters, *kernel, 3)
        scales = rng.uniform(0.005, 0.02, filters)
        weights = rng.integers(-127, 128, shape).astype(np.int8)
        w = net.constant(weights, scale=scales, axis=3 if depthwise else 0)
        biases = rng.integers(-900, 900, filters).astype(np.int32)
        bias = net.constant(biases, scale=scales * _SOURCE["scale"])
        b = net.tensor((batch, *seen, filters), **_RESULT)
        result = net.tensor((batch, 1, *seen, filters), **_RESULT) if flat else b
        window = {"Padding": padding, "StrideH": 1, "StrideW": 1, "FusedActivationFunction": RELU}
        kind = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
        more = {"DepthMultiplier": 1} if depthwise else {}
        net.op(kind, [image, w, bias], [result], **window, **more)
        if flat:
            shape_of = net.constant(np.array([batch, *seen, filters], np.int32))
            net.op("RESHAPE", [result, shape_of], [b])
        results.append(net.tensor((1, *whole, filters), **_RESULT))
        net.op("BATCH_TO_SPACE_ND", [b, steps_of, cuts_of], [results[-1]])
    if not twice:
        return net.build([x], results)
    y = net.tensor((1, *whole, filters), **_RESULT)
    net.op("ADD", results, [y], FusedActivationFunction=NONE)
    return net.build([x], [y])


SPACE_TO_BATCH_ND = collect(
    "SPACE_TO_BATCH_ND",
    [
        ("same", dilated_model((9, 9), (3, 3), (2, 2), (2, 3, 2, 3), (0, 1, 0, 1))),
        ("valid", dilated_model((8, 10), (3, 2), (2, 2), (0, 0, 0, 0), (0, 0, 0, 0))),
        ("uneven", dilated_model((9, 8), (3, 2), (3, 2), (3, 3, 1, 1), (0, 0, 1, 0))),
        ("one_dimension", dilated_model((20,), (1, 3), (4,), (8, 0), (0, 0))),
        ("two_readers", dilated_model((20,), (1, 3), (4,), (8, 0), (0, 0), twice=True)),
    ],
)
BATCH_TO_SPACE_ND = collect(
    "BATCH_TO_SPACE_ND",
    [
        (
            "depthwise",
            dilated_model((7, 9), (3, 3), (2, 2), (2, 3, 2, 3), (0, 1, 0, 1), depthwise=True),
        ),
        ("rows", dilated_model((8, 5), (3, 1), (2, 1), (2, 2, 0, 0), (0,) * 4)),
        (
            "padding_of_its_own",
            dilated_model((8, 6), (3, 3), (2, 2), (0, 0, 0, 0), (0, 0, 0, 0), padding=SAME),
        ),
    ],
)
