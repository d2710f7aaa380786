# SPDX-License-Identifier: Apache-2.0
"""The demonstration's network: inverted residuals for 28 x 28 grey images, and its training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mcunet_tf.datasets import ImageDataset

# (output channels, expansion, stride) of each inverted residual, after a strided 3x3 stem.
_STEM_CHANNELS = 16
_BLOCKS = ((16, 1, 1), (24, 3, 2), (24, 3, 1), (40, 3, 2), (40, 3, 1))

_BATCH = 128
_LEARNING_RATE = 4e-3
# Keras' default of 0.99 lags behind the weights in so short a training.
_NORM_MOMENTUM = 0.9


def model_input(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Returns images as the network takes them: `[n, h, w, c]` uint8 to float32 in 0..1."""
    return images.astype(np.float32) / np.float32(255)


def build_network(input_shape: tuple[int, ...], classes: int) -> Any:
    """Returns an untrained Keras model `[h, w, c]` -> `[classes]` probabilities.

    The blocks are those of Sandler et al., "MobileNetV2: Inverted Residuals and Linear
    Bottlenecks", arXiv:1801.04381.
    """
    import keras
    from keras import layers

    inputs = keras.Input(input_shape, name="image")
    x = layers.Conv2D(_STEM_CHANNELS, 3, strides=2, padding="same", use_bias=False)(inputs)
    x = layers.ReLU(6)(layers.BatchNormalization(momentum=_NORM_MOMENTUM)(x))
    for channels, expansion, stride in _BLOCKS:
        x = _inverted_residual(x, channels, expansion, stride)
    x = layers.GlobalAveragePooling2D()(x)
    outputs = layers.Dense(classes, activation="softmax")(x)
    return keras.Model(inputs, outputs, name="fashion")


def _inverted_residual(x: Any, channels: int, expansion: int, stride: int) -> Any:
    """Expands, filters every channel by itself, projects; adds the input where shapes allow."""
    from keras import layers

    y = x
    if expansion > 1:
        y = layers.Conv2D(x.shape[-1] * expansion, 1, use_bias=False)(y)
        y = layers.ReLU(6)(layers.BatchNormalization(momentum=_NORM_MOMENTUM)(y))
    y = layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False)(y)
    y = layers.ReLU(6)(layers.BatchNormalization(momentum=_NORM_MOMENTUM)(y))
    y = layers.Conv2D(channels, 1, use_bias=False)(y)
    y = layers.BatchNormalization(momentum=_NORM_MOMENTUM)(y)
    return layers.Add()([x, y]) if stride == 1 and x.shape[-1] == channels else y


def train_network(data: ImageDataset, epochs: int, seed: int, progress: str | int) -> Any:
    """Returns a Keras model trained on the training part of `data`.

    Args:
        data: The images; each is mirrored with a chance of one half in every epoch.
        epochs: Passes over the training images.
        seed: Makes weights, order and mirroring repeatable.
        progress: Keras' `verbose`: 1 draws a bar, 2 prints a line per epoch, 0 nothing.
    """
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    model = build_network(data.train_images.shape[1:], len(data.class_names))
    steps = epochs * -(-len(data.train_images) // _BATCH)
    model.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(_LEARNING_RATE, steps)
        ),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )

    def prepare(images: Any, labels: Any) -> tuple[Any, Any]:
        mirrored = tf.image.random_flip_left_right(images)
        return tf.cast(mirrored, tf.float32) / 255.0, labels

    batches = (
        tf.data.Dataset.from_tensor_slices((data.train_images, data.train_labels))
        .shuffle(len(data.train_images), seed=seed)
        .batch(_BATCH)
        .map(prepare)
        .prefetch(2)
    )
    model.fit(batches, epochs=epochs, verbose=progress)
    return model


def keras_accuracy(model: Any, data: ImageDataset) -> float:
    """Returns the share of test images that the float model classifies correctly."""
    probabilities = model.predict(model_input(data.test_images), batch_size=500, verbose=0)
    return float(np.mean(probabilities.argmax(axis=1) == data.test_labels))
