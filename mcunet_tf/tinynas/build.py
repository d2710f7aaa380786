# SPDX-License-Identifier: Apache-2.0
"""Builds a plain Keras model of an architecture: no custom layers, saves and loads anywhere."""

from __future__ import annotations

from typing import Any

from mcunet_tf.errors import require_packages
from mcunet_tf.tinynas import arch as arches
from mcunet_tf.tinynas.arch import Arch, Layer

NORM_MOMENTUM = 0.9
NORM_EPSILON = 1e-3


def build_keras(arch: Arch, num_classes: int, name: str = "mcunet") -> Any:
    """Builds the untrained model `[h, w, c]` float32 -> `[num_classes]` logits.

    Layers are called after `Arch.layers`: `<layer>_conv` and `<layer>_norm` for convolutions.
    """
    require_packages("a Keras model", "tensorflow", "keras")
    import keras

    return build_with(keras, arch, num_classes, name)


def build_with(keras: Any, arch: Arch, num_classes: int, name: str) -> Any:
    """Builds the model with the given Keras: `keras` or `tf_keras`."""
    inputs = keras.Input(arch.input_shape, name="image")
    x = inputs
    shortcut = x
    block = -1
    for layer in arch.layers(num_classes):
        if layer.block != block:
            shortcut, block = x, layer.block
        x = _apply(keras.layers, layer, x, shortcut)
    return keras.Model(inputs, x, name=name)


def _apply(layers: Any, layer: Layer, x: Any, shortcut: Any) -> Any:
    if layer.kind == arches.ADD:
        return layers.Add(name=layer.name)([shortcut, x])
    if layer.kind == arches.MEAN:
        return layers.GlobalAveragePooling2D(name=layer.name)(x)
    if layer.kind == arches.DENSE:
        return layers.Dense(layer.out_channels, name=layer.name)(x)
    window = {
        "kernel_size": layer.kernel,
        "strides": layer.stride,
        "padding": "same",
        "use_bias": False,
        "name": f"{layer.name}_conv",
    }
    if layer.kind == arches.DEPTHWISE:
        x = layers.DepthwiseConv2D(depthwise_initializer="he_normal", **window)(x)
    else:
        x = layers.Conv2D(layer.out_channels, kernel_initializer="he_normal", **window)(x)
    norm = layers.BatchNormalization(
        momentum=NORM_MOMENTUM, epsilon=NORM_EPSILON, name=f"{layer.name}_norm"
    )
    x = norm(x)
    return layers.ReLU(6.0, name=f"{layer.name}_relu6")(x) if layer.relu6 else x
