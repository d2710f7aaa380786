# SPDX-License-Identifier: Apache-2.0
"""Quantisation-aware training: the network learns with the rounding it will be deployed with.

tensorflow-model-optimization works on tf_keras models only, so a Keras 3 network is rebuilt in
tf_keras first. Fully connected weights get one scale per tensor here, convolutions one per channel.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from mcunet_tf.errors import DataError, UnsupportedError, require_packages
from mcunet_tf.quantize.inspect import float_operators
from mcunet_tf.quantize.ptq import EDGE_TYPES, freeze

if TYPE_CHECKING:
    from numpy.typing import NDArray


def quantize_qat(
    model: Any,
    images: NDArray[np.float32],
    labels: NDArray[np.int64],
    *,
    epochs: int = 1,
    learning_rate: float = 1e-3,
    batch_size: int = 64,
    seed: int = 0,
    edge_type: str = "int8",
    callbacks: Any = (),
) -> bytes:
    """Trains a tf_keras classifier with simulated rounding and gives its int8 `.tflite` file.

    Args:
        model: A trained functional tf_keras model with one input, whose output is logits.
        images: Training images as the model sees them, `[n, h, w, c]`.
        labels: Their classes, `[n]`.
        epochs: Passes over the images.
        learning_rate: Of SGD, at the start of a cosine that ends at zero.
        batch_size: Images per step.
        seed: Of the order of the images.
        edge_type: Type of the model's input and output: "int8", "uint8" or "float32".
        callbacks: tf_keras callbacks.

    Raises:
        DataError: Images and labels do not fit each other or the model.
        UnsupportedError: A layer cannot be quantised.
    """
    require_packages(
        "quantisation-aware training", "tensorflow", "tf_keras", "tensorflow_model_optimization"
    )
    import tensorflow as tf
    import tensorflow_model_optimization as tfmot
    import tf_keras

    if edge_type not in EDGE_TYPES:
        raise UnsupportedError(f"edge_type '{edge_type}' is unknown: use one of {EDGE_TYPES}")
    if len(images) != len(labels) or images.shape[1:] != tuple(model.input_shape[1:]):
        raise DataError(
            f"{len(images)} images {list(images.shape[1:])} with {len(labels)} labels do not fit "
            f"the model's input {list(model.input_shape[1:])}"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trained = tfmot.quantization.keras.quantize_model(model)
    except (ValueError, RuntimeError) as error:
        raise UnsupportedError(
            f"model '{model.name}' cannot be trained in int8: {error}"
        ) from error
    steps = max(1, epochs * -(-len(images) // batch_size))
    schedule = tf_keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    trained.compile(
        optimizer=tf_keras.optimizers.SGD(schedule, momentum=0.9, nesterov=True),
        loss=tf_keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    batches = (
        tf.data.Dataset.from_tensor_slices((images, labels))
        .shuffle(len(images), seed=seed)
        .batch(batch_size)
    )
    trained.fit(batches, epochs=epochs, verbose=0, callbacks=list(callbacks))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([freeze(trained)])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.inference_input_type = tf.dtypes.as_dtype(edge_type)
    converter.inference_output_type = tf.dtypes.as_dtype(edge_type)
    flatbuffer = bytes(converter.convert())
    remaining = float_operators(flatbuffer)
    if remaining:
        raise UnsupportedError(
            f"model '{model.name}' is not int8 after training: {', '.join(remaining)} still "
            "compute on float32"
        )
    return flatbuffer
