# SPDX-License-Identifier: Apache-2.0
"""Quantisation-aware training of the network that a search has chosen and trained."""

from __future__ import annotations

from typing import Any

from mcunet_tf.quantize import quantize_qat
from mcunet_tf.tinynas.data import Images, as_float
from mcunet_tf.tinynas.objective import Objective
from mcunet_tf.tinynas.protocols import KerasModel
from mcunet_tf.tinynas.reading import Data

LEARNING_RATE = 1e-4
"""Of Adam: the weights only settle."""

_MOST_OF_PIPELINE = 20_000
"""Samples of a pipeline that are held in memory for it."""


def train_quantised(
    model: KerasModel,
    images: Data,
    epochs: int,
    seed: int,
    objective: Objective | None = None,
) -> bytes:
    """Trains a trained Keras model on with simulated rounding; gives its int8 `.tflite` file.

    Args:
        model: a trained Keras 3 model.
        images: the data, of which the training part is used, not augmented; of a pipeline its first
            samples.
        epochs: epochs of the training in int8.
        seed: seed of the order of the images.
        objective: what is learnt; None tells classes apart.
    """
    learnt = objective or Objective(images.num_classes)
    most = images.count if isinstance(images, Images) else _MOST_OF_PIPELINE
    x, y = images.training_part(most)
    given = images.train_w if isinstance(images, Images) else None
    weights = learnt.sample_weights(y, given)

    def loss(targets: Any, outputs: Any) -> Any:
        return learnt.losses(targets, outputs)

    return quantize_qat(
        model,
        (as_float(x), y, weights),
        loss=loss,
        epochs=epochs,
        learning_rate=LEARNING_RATE,
        seed=seed,
    )
