# SPDX-License-Identifier: Apache-2.0
"""Small detectors: data with boxes, networks, training, int8 files, and how good they are."""

from mcunet_tf.detection.detector import (
    Detection,
    decoder_for,
    inputs_of,
    quantize_detector,
    train_detector,
)
from mcunet_tf.detection.metrics import (
    average_precision,
    box_scores,
    centroid_scores,
    precision_recall,
)
from mcunet_tf.detection.readers import load_pictures, read_coco, read_voc, read_yolo
from mcunet_tf.detection.scenes import compose_scenes
from mcunet_tf.detection.scoring import float_scores, output_scores

__all__ = [
    "Detection",
    "average_precision",
    "box_scores",
    "centroid_scores",
    "compose_scenes",
    "decoder_for",
    "float_scores",
    "inputs_of",
    "load_pictures",
    "output_scores",
    "precision_recall",
    "quantize_detector",
    "read_coco",
    "read_voc",
    "read_yolo",
    "train_detector",
]
