# SPDX-License-Identifier: Apache-2.0
"""Cases of TFLite_Detection_PostProcess, float32 and behind DEQUANTIZE as converters write it."""

from __future__ import annotations

from typing import Any

import numpy as np
from flatbuffers import flexbuffers

from tests.ops.build_tflite import Net
from tests.ops.case import Case, collect

KIND = "CUSTOM TFLite_Detection_PostProcess"
_OPTIONS = {
    "max_detections": 6,
    "max_classes_per_detection": 1,
    "detections_per_class": 4,
    "use_regular_nms": False,
    "nms_score_threshold": -100.0,
    "nms_iou_threshold": 0.5,
    "num_classes": 2,
    "y_scale": 10.0,
    "x_scale": 10.0,
    "h_scale": 5.0,
    "w_scale": 5.0,
}


def anchors(count: int, rng: np.random.Generator) -> np.ndarray:
    """Centres and sizes within an image of size 1."""
    return np.concatenate([rng.random((count, 2)), 0.05 + rng.random((count, 2)) / 4], axis=1)


def detection_model(
    boxes: int = 40,
    values: int = 4,
    background: int = 1,
    dtype: str = "float32",
    quantised_inputs: bool = False,
    raw_options: bytes | None = None,
    result_shapes: bool = True,
    **options: Any,
) -> bytes:
    """The operator alone.

    Args:
        boxes: how many.
        values: encodings of a box: 4, and more where there are keypoints.
        background: 1 where scores have a class for it.
        dtype: of the model's inputs; bytes are dequantised.
        quantised_inputs: bytes go into the operator as they are.
        raw_options: in the place of the options.
        result_shapes: whether the file says them.
        options: what differs from the default.
    """
    merged = {**_OPTIONS, **options}
    net, rng = Net(), np.random.default_rng(boxes + values)
    shapes = [(1, boxes, values), (1, boxes, merged["num_classes"] + background)]
    inputs, operands = [], []
    for shape, scale, zero_point in zip(shapes, (0.07, 1 / 256), (3, -128), strict=True):
        real = dtype == "float32"
        zero_point += 128 * (dtype == "uint8")
        given = net.tensor(
            shape, dtype=dtype, scale=None if real else scale, zero_point=0 if real else zero_point
        )
        inputs.append(given)
        if not real and not quantised_inputs:
            given = net.tensor(shape, dtype="float32", scale=None)
            net.op("DEQUANTIZE", [inputs[-1]], [given])
        operands.append(given)
    operands.append(net.constant(anchors(boxes, rng).astype(np.float32)))
    rows = merged["max_detections"] * merged["max_classes_per_detection"]
    made = ((1, rows, 4), (1, rows), (1, rows), (1,)) if result_shapes else ((),) * 4
    outputs = [net.tensor(shape, dtype="float32", scale=None) for shape in made]
    packed = bytes(flexbuffers.Dumps(merged)) if raw_options is None else raw_options
    net.op(KIND, operands, outputs, CustomOptions=packed)
    return net.build(inputs, outputs)


CASES: dict[str, tuple[Case, ...]] = {
    KIND: collect(
        KIND,
        [
            ("fast", detection_model()),
            ("fast_one_class", detection_model(num_classes=1, background=0)),
            ("fast_keypoints", detection_model(values=7, background=0, num_classes=5)),
            ("fast_int8", detection_model(dtype="int8", boxes=130)),
            ("fast_uint8", detection_model(dtype="uint8", boxes=130, num_classes=3)),
            ("regular", detection_model(use_regular_nms=True, nms_score_threshold=1.0)),
            ("regular_int8", detection_model(use_regular_nms=True, dtype="int8", boxes=130)),
            (
                "regular_few",
                detection_model(use_regular_nms=True, nms_score_threshold=4.0),
            ),
            (
                "regular_many_classes",
                detection_model(
                    use_regular_nms=True,
                    num_classes=9,
                    background=0,
                    nms_iou_threshold=0.1,
                    detections_per_class=100,
                    max_detections=50,
                ),
            ),
        ],
    )
}
