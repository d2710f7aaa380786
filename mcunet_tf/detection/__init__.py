# SPDX-License-Identifier: Apache-2.0
"""Small detectors: data with boxes, networks, training, int8 files, and how good they are."""

from mcunet_tf.detection.detector import (
    Detection,
    decoder_for,
    inputs_of,
)
from mcunet_tf.detection.labelled import load_pictures
from mcunet_tf.detection.metrics import (
    average_precision,
    box_scores,
    centroid_scores,
    precision_recall,
)
from mcunet_tf.detection.readers import read_coco, read_voc, read_yolo, read_yolo_yaml
from mcunet_tf.detection.scenes import compose_scenes
from mcunet_tf.detection.scoring import float_scores, output_scores
from mcunet_tf.detection.training import quantize_detector, train_detector
from mcunet_tf.detection.variation import Variation

__all__ = [
    "Detection",
    "Variation",
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
    "read_yolo_yaml",
    "train_detector",
]
