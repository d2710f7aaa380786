# SPDX-License-Identifier: Apache-2.0
"""Builds a plain Keras model of an architecture: no custom layers, saves and loads anywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mcunet_tf.tinynas.layer import ADD, DENSE, DEPTHWISE, IMAGE, MEAN, ArchLayer

NORM_MOMENTUM = 0.9
NORM_EPSILON = 1e-3


def build_with(
    keras: Any,
    input_shape: tuple[int, int, int],
    layers: Sequence[ArchLayer],
    name: str,
    behind: Callable[[str, Any], Any] | None = None,
) -> Any:
    """Builds an untrained functional model of float32 images that gives logits.

    Args:
        keras: the module to build with, `keras` or `tf_keras`.
        input_shape: (height, width, channels) of the images.
        layers: the layers in execution order, as `Arch.layers` gives them. Keras layers are called
            after them: `<layer>_conv` and `<layer>_norm` for convolutions.
        name: name of the model.
        behind: takes a layer's name and its result, and gives what goes on in its place; of the
            image too, as "image". None leaves all as it is.
    """
    inputs = keras.Input(input_shape, name="image")
    image = behind("image", inputs) if behind else inputs
    made: list[Any] = []
    for layer in layers:
        sources = [image if i == IMAGE else made[i] for i in layer.sources]
        result = _apply(keras.layers, layer, sources)
        made.append(behind(layer.name, result) if behind else result)
    return keras.Model(inputs, made[-1], name=name)


def _apply(layers: Any, layer: ArchLayer, sources: Sequence[Any]) -> Any:
    if layer.kind == ADD:
        x = layers.Add(name=layer.name)(sources)
        return layers.ReLU(6.0, name=f"{layer.name}_relu6")(x) if layer.relu6 else x
    (x,) = sources
    if layer.kind == MEAN:
        return layers.GlobalAveragePooling2D(name=layer.name)(x)
    if layer.kind == DENSE:
        return layers.Dense(layer.out_channels, name=layer.name)(x)
    borders = layer.borders
    if any(map(any, borders)):
        x = layers.ZeroPadding2D(borders, name=f"{layer.name}_pad")(x)
    window = {
        "kernel_size": layer.kernel,
        "strides": layer.stride,
        "padding": "valid" if any(map(any, borders)) else "same",
        "use_bias": False,
        "name": f"{layer.name}_conv",
    }
    if layer.kind == DEPTHWISE:
        x = layers.DepthwiseConv2D(depthwise_initializer="he_normal", **window)(x)
    else:
        x = layers.Conv2D(layer.out_channels, kernel_initializer="he_normal", **window)(x)
    norm = layers.BatchNormalization(
        momentum=NORM_MOMENTUM, epsilon=NORM_EPSILON, name=f"{layer.name}_norm"
    )
    x = norm(x)
    return layers.ReLU(6.0, name=f"{layer.name}_relu6")(x) if layer.relu6 else x
