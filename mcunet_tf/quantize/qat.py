# SPDX-License-Identifier: Apache-2.0
"""Quantisation-aware training: the network learns with the rounding it will be deployed with.

tensorflow-model-optimization works on tf_keras models only, so a Keras 3 network is rebuilt in
tf_keras first. Fully connected weights get one scale per tensor here, convolutions one per channel.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from mcunet_tf.errors import DataError, UnsupportedError, require_packages
from mcunet_tf.quantize.conversion import Conversion, FrozenGraph, convert
from mcunet_tf.quantize.ptq import check_edge_type, check_integers, freeze
from mcunet_tf.quantize.sources import open_source

if TYPE_CHECKING:
    from numpy.typing import NDArray


def quantize_qat(
    model: Any,
    images: NDArray[np.float32],
    labels: NDArray[Any],
    *,
    loss: Callable[[Any, Any], Any] | None = None,
    sample_weight: NDArray[np.float32] | None = None,
    epochs: int = 1,
    learning_rate: float = 1e-3,
    batch_size: int = 64,
    seed: int = 0,
    edge_type: str = "int8",
    callbacks: Any = (),
) -> bytes:
    """Trains a tf_keras classifier with simulated rounding and gives its int8 `.tflite` file.

    Args:
        model: a trained functional tf_keras model with one input; without `loss` its output is
            logits of classes.
        images: training images as the model sees them, `[n, h, w, c]`.
        labels: the class of each image, `[n]`; with `loss` what that takes as targets.
        loss: function (targets, outputs) of tensors that gives the loss of each sample; None takes
            the cross-entropy of classes.
        sample_weight: weight of each image in the loss, `[n]`; None weighs all alike.
        epochs: passes over the images.
        learning_rate: learning rate of SGD at the start of a cosine that ends at zero.
        batch_size: images per step.
        seed: seed of the order of the images.
        edge_type: type of the model's input and output: "int8", "uint8" or "float32".
        callbacks: tf_keras callbacks.

    Raises:
        DataError: images and labels do not fit each other or the model, or a number is out of
            range.
        UnsupportedError: the model is not one of tf_keras, or a layer cannot be quantised.
    """
    require_packages(
        "quantisation-aware training", "tensorflow", "tf_keras", "tensorflow_model_optimization"
    )
    import tensorflow as tf
    import tensorflow_model_optimization as tfmot
    import tf_keras

    check_edge_type(edge_type)
    images, labels = _check(model, images, labels, loss is None)
    _check_numbers(epochs, learning_rate, batch_size)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trained = tfmot.quantization.keras.quantize_model(model)
    except Exception as error:  # tensorflow-model-optimization raises anything over foreign layers
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise UnsupportedError(
            f"model '{model.name}' cannot be trained in int8: {reason}; use quantize_ptq"
        ) from error
    steps = max(1, epochs * -(-len(images) // batch_size))
    schedule = tf_keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    trained.compile(
        optimizer=tf_keras.optimizers.SGD(schedule, momentum=0.9, nesterov=True),
        loss=loss or tf_keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    samples: tuple[Any, ...] = (images, labels)
    if sample_weight is not None:
        samples = (images, labels, np.asarray(sample_weight, np.float32))
    batches = (
        tf.data.Dataset.from_tensor_slices(samples)
        .shuffle(len(images), seed=seed)
        .batch(batch_size)
    )
    trained.fit(batches, epochs=epochs, verbose=0, callbacks=list(callbacks))
    source = open_source(trained)
    frozen = FrozenGraph.of_function(freeze(source))
    flatbuffer = convert(Conversion(frozen, edge_type, integers_only=False), model.name)
    check_integers(flatbuffer, model.name)
    return flatbuffer


def _check_numbers(epochs: int, learning_rate: float, batch_size: int) -> None:
    for name, value in (("epochs", epochs), ("batch_size", batch_size)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise DataError(f"{name} = {value!r}: it must be a whole number from 1 on")
    if not isinstance(learning_rate, int | float) or not 0 < learning_rate < float("inf"):
        raise DataError(f"learning_rate = {learning_rate!r}: it must be a number above 0")


def _check(
    model: Any, images: Any, labels: Any, classes_only: bool
) -> tuple[NDArray[np.float32], NDArray[Any]]:
    """Images and labels as arrays, where they fit each other and the model."""
    if not type(model).__module__.startswith("tf_keras") or not hasattr(model, "input_shape"):
        raise UnsupportedError(
            "quantisation-aware training needs a functional tf_keras model with one input, not "
            f"{type(model).__module__}.{type(model).__name__}: rebuild it with tf_keras, or use "
            "quantize_ptq"
        )
    try:
        x, y = np.asarray(images, np.float32), np.asarray(labels)
    except (TypeError, ValueError) as error:
        raise DataError(f"images and labels must be arrays of numbers ({error})") from error
    fits = x.ndim > 1 and x.shape[1:] == tuple(model.input_shape[1:]) and len(x) > 0
    if not fits or y.ndim < 1 or (y.ndim != 1 and classes_only) or len(x) != len(y):
        raise DataError(
            f"images {list(x.shape)} with labels {list(y.shape)} do not fit the model's input "
            f"{list(model.input_shape[1:])}: give [n, h, w, c] and [n], n >= 1"
        )
    if not np.all(np.isfinite(x)):
        raise DataError("images hold NaN or infinity: remove these images")
    if not classes_only:
        return x, y
    classes = int(model.output_shape[-1])
    if not np.issubdtype(y.dtype, np.integer) or y.min() < 0 or y.max() >= classes:
        raise DataError(
            f"labels are {y.dtype} from {y.min()} to {y.max()}; the model has {classes} outputs: "
            f"give whole numbers in 0..{classes - 1}"
        )
    return x, y.astype(np.int64)
