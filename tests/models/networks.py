# SPDX-License-Identifier: Apache-2.0
"""Whole networks, as people deploy them."""

from __future__ import annotations

from typing import Any

from tests.models.recipes import (
    classify,
    conv,
    depthwise,
    image,
    inverted_residual,
    network,
    recipe,
)


@recipe()
def mobilenet_v2_035_96() -> Any:
    import keras

    return keras.applications.MobileNetV2((96, 96, 3), alpha=0.35, weights=None, classes=10)


@recipe()
def mobilenet_v1_025_96() -> Any:
    import keras

    return keras.applications.MobileNet((96, 96, 3), alpha=0.25, weights=None, classes=10)


@recipe()
def ds_cnn() -> Any:
    x = inputs = image(49, 10, 1)
    x = conv(x, 64, (10, 4), activation="relu", strides=(2, 2))
    for _ in range(4):
        x = depthwise(x, 3, activation="relu")
        x = conv(x, 64, 1, activation="relu")
    return network(inputs, classify(x, 12))


@recipe()
def resnet_8() -> Any:
    from keras import layers

    x = inputs = image(32, 32, 3)
    x = conv(x, 16, activation="relu")
    for channels, strides in ((16, 1), (32, 2), (64, 2)):
        y = conv(x, channels, activation="relu", strides=strides)
        y = conv(y, channels, activation=None)
        if strides == 2:
            x = conv(x, channels, 1, activation=None, strides=2)
        x = layers.Activation("relu")(layers.Add()([x, y]))
    return network(inputs, classify(x))


@recipe()
def mcunet_like() -> Any:
    """Inverted residuals with 3, 5 and 7 depthwise kernels, odd widths."""
    x = inputs = image(48, 48, 3)
    x = conv(x, 16, strides=2)
    for channels, expansion, kernel, strides in (
        (8, 3, 3, 1),
        (16, 4, 7, 2),
        (16, 3, 5, 1),
        (24, 5, 7, 2),
        (24, 4, 3, 1),
        (40, 6, 5, 2),
    ):
        x = inverted_residual(x, channels, expansion, kernel, strides)
    return network(inputs, classify(x, 2))


@recipe()
def squeeze_excite() -> Any:
    """MobileNetV3's block: hard-sigmoid gate, MUL broadcast over height and width."""
    from keras import layers

    x = inputs = image(24, 24, 3)
    x = conv(x, 16, strides=2, activation="relu")
    for gate in ("hard_sigmoid", "sigmoid"):
        y = depthwise(conv(x, 32, 1), 5)
        s = layers.GlobalAveragePooling2D(keepdims=True)(y)
        s = layers.Conv2D(8, 1, activation="relu")(s)
        s = layers.Conv2D(32, 1, activation=gate)(s)
        y = conv(layers.Multiply()([y, s]), 16, 1, activation=None)
        x = layers.Add()([x, y])
    return network(inputs, classify(x))


@recipe()
def autoencoder() -> Any:
    """Dense layers alone, as in anomaly detection."""
    from keras import layers

    x = inputs = image(640)
    for units in (128, 128, 8, 128, 128):
        x = layers.Dense(units, use_bias=False)(x)
        x = layers.Activation("relu")(layers.BatchNormalization()(x))
    return network(inputs, layers.Dense(640)(x))
