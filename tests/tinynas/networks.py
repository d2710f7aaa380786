# SPDX-License-Identifier: Apache-2.0
"""Sub-networks with random weights as int8 files, to hold predictions against."""

from __future__ import annotations

import numpy as np

from mcunet_tf.tinynas import Arch


def quantised(arch: Arch, num_classes: int, seed: int = 0) -> bytes:
    """The int8 `.tflite` of random weights; batch-norm has the statistics of its data."""
    import keras

    from mcunet_tf.quantize import quantize_ptq

    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    model = arch.to_keras(num_classes)
    images = rng.random((48, *arch.input_shape), np.float32)
    for layer in model.layers:
        if type(layer).__name__ == "BatchNormalization":
            layer.gamma.assign(rng.uniform(0.5, 1.5, layer.gamma.shape[0]))
            layer.beta.assign(rng.normal(0, 0.3, layer.beta.shape[0]))
            layer.momentum = 0.0
    model(images, training=True)
    return quantize_ptq(model, images)
