# SPDX-License-Identifier: Apache-2.0
"""Quantisation-aware training of the network that a search has chosen and trained."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcunet_tf.quantize import quantize_qat
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.build import build_with
from mcunet_tf.tinynas.data import Images, as_float

RATE_SHARE = 0.02
"""Learning rate relative to that of the float training: the weights only settle."""


def train_quantised(
    arch: Arch, model: Any, images: Images, learning_rate: float, epochs: int, seed: int
) -> bytes:
    """Rebuilds the trained Keras 3 model in tf_keras and trains it on with simulated rounding.

    Args:
        arch: the architecture of `model`.
        model: a trained Keras 3 model.
        images: the data, of which the training part is used, not augmented.
        learning_rate: learning rate of the float training.
        epochs: epochs of the training in int8.
        seed: seed of the order of the images.
    """
    import tf_keras

    layers = arch.layers(images.num_classes)
    twin = build_with(tf_keras, arch.input_shape, layers, "mcunet_qat")
    for layer in model.layers:
        twin.get_layer(layer.name).set_weights([np.asarray(w) for w in layer.get_weights()])
    return quantize_qat(
        twin,
        as_float(images.train_x),
        images.train_y,
        epochs=epochs,
        learning_rate=learning_rate * RATE_SHARE,
        seed=seed,
    )
