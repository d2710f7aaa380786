# SPDX-License-Identifier: Apache-2.0
"""What sub-networks of a trained supernet give for images, each with norms of its own."""

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
    """Recalibrates batch-norm for a sub-network, then runs it on the validation images."""

    def __init__(self, network: Supernet, calibration_x: Array, x: Array):
        """Prepares to evaluate.

        Args:
            network: a trained supernet.
            calibration_x: training images `[n, h, w, c]` whose statistics the norms get.
            x: validation images `[n, h, w, c]`.
        """
        self.network = network
        size = min(CALIBRATION_BATCH, len(calibration_x))
        usable = len(calibration_x) // size * size
        self.calibration = as_float(calibration_x[:usable]).reshape(-1, size, *x.shape[1:])
        self.x = x
        # Devices of `one_replica_per_core`: as many parts of one graph run side by side.
        self.lanes = len(tf.config.list_logical_devices("CPU"))
        self._collect = tf.function(self._collected)
        self._lanes = tf.function(self._outputs_by_lane)

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

    def outputs(self, settings: Settings) -> Array:
        """What the sub-network gives for every validation image: float32 `[n, k]`."""
        statistics = self.statistics(settings)
        chosen = tf.constant(settings)
        found = np.empty((len(self.x), self.network.num_classes), np.float32)
        for start in range(0, len(self.x), _VALIDATION_BATCH):
            images = as_float(self.x[start : start + _VALIDATION_BATCH])
            part = found[start : start + len(images)]
            by_lane = self._lanes(tf.constant(images), chosen, statistics)
            for lane, outputs in enumerate(by_lane):
                part[lane :: self.lanes] = outputs.numpy()
        return found

    def _collected(self, batches: Any, settings: Any) -> list[list[Statistics]]:
        return [
            self.network.forward(batch, settings, collect=True)[1] for batch in tf.unstack(batches)
        ]

    def _outputs_by_lane(self, images: Any, settings: Any, statistics: Any) -> list[Any]:
        """Outputs of every so-manieth image, for each lane."""
        return [
            self.network.forward(images[lane :: self.lanes], settings, statistics)[0]
            for lane in range(self.lanes)
        ]
