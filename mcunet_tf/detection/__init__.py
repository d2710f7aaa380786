# SPDX-License-Identifier: Apache-2.0
"""Small detectors: data with boxes, networks, training, int8 files, and how good they are."""

from mcunet_tf.detection.detector import (
    Detection,
    decoder_for,
    inputs_of,
    quantize_detector,
    train_detector,
)
from mcunet_tf.detection.metrics import average_precision, box_scores, centroid_scores
from mcunet_tf.detection.readers import load_pictures, read_coco, read_voc, read_yolo
from mcunet_tf.detection.scenes import compose_scenes

__all__ = [
    "Detection",
    "average_precision",
    "box_scores",
    "centroid_scores",
    "compose_scenes",
    "decoder_for",
    "inputs_of",
    "load_pictures",
    "quantize_detector",
    "read_coco",
    "read_voc",
    "read_yolo",
    "train_detector",
]
