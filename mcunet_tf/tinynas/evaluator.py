# SPDX-License-Identifier: Apache-2.0
"""Says how well sub-networks of a trained supernet classify, each with norms of its own."""

from __future__ import annotations

from typing import Any

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
            network: a trained supernet.
            calibration_x: training images `[n, h, w, c]` whose statistics the norms get.
            x: validation images `[n, h, w, c]`.
            y: labels of the validation images `[n]`.
        """
        self.network = network
        size = min(CALIBRATION_BATCH, len(calibration_x))
        usable = len(calibration_x) // size * size
        self.calibration = as_float(calibration_x[:usable]).reshape(-1, size, *x.shape[1:])
        self.x, self.y = x, y
        # Devices of `one_replica_per_core`: as many parts of one graph run side by side.
        self.lanes = len(tf.config.list_logical_devices("CPU"))
        self._collect = tf.function(self._collected)
        self._correct = tf.function(self._counted)

    def statistics(self, settings: Settings) -> list[Statistics]:
        """Means and variances of every norm, averaged over the calibration batches."""
        chosen = tf.constant(settings)
        found: list[list[Statistics]] = []
        for start in range(0, len(self.calibration), self.lanes):
            found += self._collect(
                tf.constant(self.calibration[start : start + self.lanes]), chosen
            )
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
            labels = tf.constant(self.y[start : start + _VALIDATION_BATCH])
            correct += int(self._correct(images, labels, chosen, statistics))
        return correct / len(self.x)

    def _collected(self, batches: Any, settings: Any) -> list[list[Statistics]]:
        return [
            self.network.forward(batch, settings, collect=True)[1] for batch in tf.unstack(batches)
        ]

    def _counted(self, images: Any, labels: Any, settings: Any, statistics: Any) -> Any:
        """How many of the images, lane by lane, are classified correctly."""
        counts = []
        for lane in range(self.lanes):
            part = slice(lane, None, self.lanes)
            logits, _ = self.network.forward(images[part], settings, statistics)
            right = tf.argmax(logits, axis=1, output_type=labels.dtype) == labels[part]
            counts.append(tf.reduce_sum(tf.cast(right, tf.int32)))
        return tf.add_n(counts)
