# SPDX-License-Identifier: Apache-2.0
"""The report says what a user should know of a model that compiles."""

from __future__ import annotations

import numpy as np
import pytest

from mcunet_tf.tinyengine import compile_tflite
from tests.ops.build_tflite import NONE, Net, build_model

_PROBABILITIES = {"scale": 1 / 256, "zero_point": -128}


def detector(scale: float) -> bytes:
    """Boxes and scores in one tensor of a scale."""
    net = Net()
    boxes, logits = net.tensor((1, 8, 4), scale=0.1), net.tensor((1, 8, 3), scale=0.1)
    scores = net.tensor((1, 8, 3), name="class scores", **_PROBABILITIES)
    coarse = net.tensor((1, 8, 3), scale=scale, zero_point=-128)
    wide, out = (net.tensor((1, 8, n), scale=scale, zero_point=-128) for n in (4, 7))
    net.op("LOGISTIC", [logits], [scores])
    net.op("QUANTIZE", [scores], [coarse])
    net.op("QUANTIZE", [boxes], [wide])
    net.op("CONCATENATION", [wide, coarse], [out], Axis=2, FusedActivationFunction=NONE)
    return net.build([boxes, logits], [out])


@pytest.mark.parametrize(("scale", "steps"), [(2.5, "1 of 256 steps"), (0.1, "10 of 256 steps")])
def test_scores_that_share_a_scale_with_boxes_are_told(scale, steps):
    report = compile_tflite(detector(scale), "portable", name="m").report
    (note,) = report.notes
    assert "LOGISTIC 'class scores'" in note and steps in note
    assert note in report.text() and report.as_dict()["notes"] == (note,)


def test_a_scale_that_scores_can_live_with_is_not_told():
    assert compile_tflite(detector(1 / 100), "portable", name="m").report.notes == ()


def remembering_in_float(dtype: str) -> bytes:
    """A sum over invocations, kept as float32 or as int8."""
    net, start = Net(), Net()
    net.op("CALL_ONCE", [], [], InitSubgraphIndex=1)
    scale = {"scale": None, "dtype": "float32"} if dtype == "float32" else {"scale": 0.1}
    handles = []
    for graph in (net, start):
        handle = graph.tensor((), dtype="resource", scale=None)
        graph.op("VAR_HANDLE", [], [handle], Container="", SharedName="sum")
        handles.append(handle)
    first = start.tensor((1, 4), data=np.zeros((1, 4)), **scale)
    start.op("ASSIGN_VARIABLE", [handles[1], first], [])
    x, y = net.tensor((1, 4), scale=0.1), net.tensor((1, 4), scale=0.1)
    held, total = (net.tensor((1, 4), **scale) for _ in range(2))
    net.op("READ_VARIABLE", [handles[0]], [held])
    added, result = x, total
    if dtype == "float32":
        added = net.tensor((1, 4), **scale)
        net.op("DEQUANTIZE", [x], [added])
    net.op("ADD", [held, added], [total], FusedActivationFunction=NONE)
    if dtype == "float32":
        result = y
        net.op("QUANTIZE", [total], [y])
    net.op("ASSIGN_VARIABLE", [handles[0], total], [])
    return build_model([(net, [x], [result]), (start, [], [])])


def test_a_state_that_the_converter_left_in_float32_is_told():
    notes = compile_tflite(remembering_in_float("float32"), "portable", name="m").report.notes
    (note,) = (note for note in notes if "state" in note)
    assert note.startswith("1 state is float32")
    assert "_experimental_variable_quantization = True" in note
    assert compile_tflite(remembering_in_float("int8"), "portable", name="m").report.notes == ()
