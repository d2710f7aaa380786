# SPDX-License-Identifier: Apache-2.0
"""Quantisation-aware training of the network that a search has chosen and trained."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcunet_tf.quantize import quantize_qat
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.build import build_with
from mcunet_tf.tinynas.data import Images, as_float
from mcunet_tf.tinynas.objective import Objective
from mcunet_tf.tinynas.protocols import KerasModel
from mcunet_tf.tinynas.reading import Data

RATE_SHARE = 0.02
"""Learning rate relative to that of the float training: the weights only settle."""


_MOST_OF_PIPELINE = 20_000
"""Samples of a pipeline that are held in memory for it."""


def train_quantised(
    arch: Arch,
    model: KerasModel,
    images: Data,
    learning_rate: float,
    epochs: int,
    seed: int,
    objective: Objective | None = None,
) -> bytes:
    """Rebuilds the trained Keras 3 model in tf_keras and trains it on with simulated rounding.

    Args:
        arch: the architecture of `model`.
        model: a trained Keras 3 model.
        images: the data, of which the training part is used, not augmented; of a pipeline its first
            samples.
        learning_rate: learning rate of the float training.
        epochs: epochs of the training in int8.
        seed: seed of the order of the images.
        objective: what is learnt; None tells classes apart.
    """
    import tf_keras

    learnt = objective or Objective(images.num_classes)
    layers = arch.layers(images.num_classes)
    twin = build_with(tf_keras, arch.input_shape, layers, "mcunet_qat")
    for layer in model.layers:
        twin.get_layer(layer.name).set_weights([np.asarray(w) for w in layer.get_weights()])
    most = images.count if isinstance(images, Images) else _MOST_OF_PIPELINE
    x, y = images.training_part(most)

    def loss(targets: Any, outputs: Any) -> Any:
        # Keras makes columns of single labels.
        wanted = targets[:, 0] if y.ndim == 1 and len(targets.shape) == 2 else targets
        return learnt.losses(wanted, outputs)

    return quantize_qat(
        twin,
        as_float(x),
        y,
        loss=loss,
        sample_weight=learnt.sample_weights(
            y, images.train_w if isinstance(images, Images) else None
        ),
        epochs=epochs,
        learning_rate=learning_rate * RATE_SHARE,
        seed=seed,
    )
