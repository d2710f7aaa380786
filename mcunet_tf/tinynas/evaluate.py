# SPDX-License-Identifier: Apache-2.0
"""Says how well sub-networks of a trained supernet classify, each with norms of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from mcunet_tf.tinynas.data import Array, as_float
from mcunet_tf.tinynas.layers import Statistics
from mcunet_tf.tinynas.supernet import Settings, Supernet

CALIBRATION_BATCH = 250
_VALIDATION_BATCH = 500


class Evaluator:
    """Recalibrates batch-norm for a sub-network, then classifies the validation images."""

    def __init__(self, network: Supernet, calibration_x: Array, x: Array, y: Array):
        """Prepares to evaluate.

        Args:
            network: Trained.
            calibration_x: Training images `[n, h, w, c]` whose statistics the norms get.
            x: Validation images.
            y: Their labels.
        """
        self.network = network
        size = min(CALIBRATION_BATCH, len(calibration_x))
        usable = len(calibration_x) // size * size
        self.calibration = as_float(calibration_x[:usable]).reshape(-1, size, *x.shape[1:])
        self.x, self.y = x, y
        shape = (None, *x.shape[1:])
        images = tf.TensorSpec(shape, tf.float32)
        settings = tf.TensorSpec((len(network.arch.blocks), 3), tf.int32)
        self._collect = tf.function(
            lambda x, s: network.forward(x, s, collect=True)[1],
            input_signature=[images, settings],
        )
        self._logits = tf.function(lambda x, s, t: network.forward(x, s, t)[0])

    def statistics(self, settings: Settings) -> list[Statistics]:
        """Means and variances of every norm, averaged over the calibration batches."""
        chosen = tf.constant(settings)
        found = [self._collect(tf.constant(batch), chosen) for batch in self.calibration]
        return [
            tuple(tf.add_n([batch[i][part] for batch in found]) / len(found) for part in (0, 1))
            for i in range(len(found[0]))
        ]

    def accuracy(self, settings: Settings) -> float:
        """Share of the validation images that the sub-network classifies correctly."""
        statistics = self.statistics(settings)
        chosen = tf.constant(settings)
        correct = 0
        for start in range(0, len(self.x), _VALIDATION_BATCH):
            images = tf.constant(as_float(self.x[start : start + _VALIDATION_BATCH]))
            logits: Any = self._logits(images, chosen, statistics)
            labels = self.y[start : start + _VALIDATION_BATCH]
            correct += int(np.sum(logits.numpy().argmax(axis=1) == labels))
        return correct / len(self.x)
