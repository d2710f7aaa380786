# SPDX-License-Identifier: Apache-2.0
"""The report says what a user should know of a model that compiles."""

from __future__ import annotations

import pytest

from mcunet_tf.tinyengine import compile_tflite
from tests.ops.build_tflite import NONE, Net

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
