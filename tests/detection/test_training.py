# SPDX-License-Identifier: Apache-2.0
"""A detector learns, becomes an int8 file, and the C of a board's plan finds what numpy finds."""

from __future__ import annotations

import numpy as np
import pytest

from mcunet_tf.check.reference import Reference
from mcunet_tf.detection import (
    Detection,
    centroid_scores,
    compose_scenes,
    decoder_for,
    inputs_of,
    quantize_detector,
    train_detector,
)
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.vision import box_part, detect, with_parts

pytest.importorskip("keras", reason="Keras is not installed")


def shapes(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Filled squares, and crosses."""
    pieces = np.zeros((count, 14, 14, 1), np.uint8)
    labels = np.arange(count) % 2
    pieces[labels == 0, 2:12, 2:12] = 220
    pieces[labels == 1, 6:9, 1:13] = pieces[labels == 1, 1:13, 6:9] = 220
    return pieces, labels


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "epochs", "least"), [("centroids", 5, 0.8), ("boxes", 16, 0.4)])
def test_a_short_training_finds_shapes(kind, epochs, least, tmp_path):
    """Of a few hundred steps: the averaged weights must not be those of the beginning."""
    from tests.vision.test_projects import run_boxes

    pieces, labels = shapes(8)
    task = Detection(2, kind, (48, 48, 1), width=8)
    images, boxes = compose_scenes(pieces, labels, 640, 48, (1, 3), seed=1)
    model = train_detector(task, images, boxes, epochs=epochs)
    file = quantize_detector(model, images)
    compiled = compile_tflite(file, "portable", name="net")
    decoder = decoder_for(task, [info.shape for info in compiled.outputs])
    scales = {info.scale for info in compiled.outputs}
    assert len(scales) == len(compiled.outputs), "scores and sides share a scale"
    tests, truth = compose_scenes(pieces, labels, 60, 48, (1, 3), seed=2)
    info = compiled.inputs[0]
    raw = np.floor(inputs_of(tests) / np.float32(info.scale) + 0.5) + info.zero_point
    raw = np.clip(raw, -128, 127).astype(np.int8)
    outputs = Reference(file).run([(image[None],) for image in raw])
    found = [detect(decoder, list(one), compiled.outputs) for one in outputs]
    assert centroid_scores(found, truth, 8)["f1"] > least
    made = with_parts(compiled, [box_part(decoder)])
    for own, wanted in zip(run_boxes(made, decoder, list(raw), tmp_path), found, strict=True):
        np.testing.assert_array_equal(own, wanted)
