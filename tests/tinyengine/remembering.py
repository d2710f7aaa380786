# SPDX-License-Identifier: Apache-2.0
"""A small network that remembers a window of what it was given, and its last result."""

from __future__ import annotations

import numpy as np

from tests.ops.build_tflite import NONE, VALID, Net, build_model

FRAME, WINDOW, CHANNELS = 2, 7, 8


def remembering(first: np.ndarray | None = None, extra: bool = False) -> bytes:
    """A window that slides over frames, a convolution over it, and the last result beside it.

    Args:
        first: values of the window before the first inference; None leaves them to the variable.
        extra: a variable that is written before it is read: it outlasts nothing.
    """
    net, scale = Net(), {"scale": 0.05, "zero_point": -3}
    net.op("CALL_ONCE", [], [], InitSubgraphIndex=1)
    x = net.tensor((1, FRAME, 1, CHANNELS), **scale)
    handles = {}
    for name in ("window", "last", *(["spare"] * extra)):
        handles[name] = net.tensor((), dtype="resource", scale=None)
        net.op("VAR_HANDLE", [], [handles[name]], Container="", SharedName=name)
    held = net.tensor((1, WINDOW - FRAME, 1, CHANNELS), **scale)
    net.op("READ_VARIABLE", [handles["window"]], [held])
    joined = net.tensor((1, WINDOW, 1, CHANNELS), **scale)
    net.op("CONCATENATION", [held, x], [joined], Axis=1, FusedActivationFunction=NONE)
    kept = net.tensor((1, WINDOW - FRAME, 1, CHANNELS), **scale)
    begin, end = np.array([0, FRAME, 0, 0], np.int32), np.array([1, WINDOW, 1, CHANNELS], np.int32)
    strides = net.constant(np.ones(4, np.int32))
    net.op("STRIDED_SLICE", [joined, net.constant(begin), net.constant(end), strides], [kept])
    net.op("ASSIGN_VARIABLE", [handles["window"], kept], [])
    rng = np.random.default_rng(5)
    weights = rng.integers(-99, 100, (CHANNELS, WINDOW, 1, CHANNELS)).astype(np.int8)
    kernel = net.tensor(weights.shape, data=weights, scale=0.004)
    made = net.tensor((1, 1, 1, CHANNELS), scale=0.06, zero_point=5)
    window = {"Padding": VALID, "StrideH": 1, "StrideW": 1, "FusedActivationFunction": NONE}
    net.op("CONV_2D", [joined, kernel], [made], **window)
    if extra:
        again = net.tensor((1, 1, 1, CHANNELS), scale=0.06, zero_point=5)
        net.op("ASSIGN_VARIABLE", [handles["spare"], made], [])
        net.op("READ_VARIABLE", [handles["spare"]], [again])
        made = again
    last = net.tensor((1, 1, 1, CHANNELS), scale=0.06, zero_point=5)
    net.op("READ_VARIABLE", [handles["last"]], [last])
    out = net.tensor((1, 1, 1, CHANNELS), scale=0.1)
    net.op("ADD", [made, last], [out], FusedActivationFunction=NONE)
    net.op("ASSIGN_VARIABLE", [handles["last"], made], [])
    start = Net()
    if first is not None:
        handle = start.tensor((), dtype="resource", scale=None)
        start.op("VAR_HANDLE", [], [handle], Container="", SharedName="window")
        value = start.tensor(first.shape, data=first, **scale)
        start.op("ASSIGN_VARIABLE", [handle, value], [])
    return build_model([(net, [x], [out]), (start, [], [])])
