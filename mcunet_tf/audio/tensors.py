# SPDX-License-Identifier: Apache-2.0
"""The TensorFlow form of a front end: the numpy form as an operator of a `tf.data` pipeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.errors import AudioError, require_packages

Integers = npt.NDArray[Any]


def row_count(front_end: Any, samples: int) -> int:
    """How many rows so many samples give."""
    size, hop = int(front_end.window_samples), int(front_end.hop_samples)
    return max(0, (samples - size) // hop + 1)


def features_of_tensor(
    front_end: Any, features: Callable[[Integers], Integers], samples: Any
) -> Any:
    """Rows of features of each recording, as a tensor whose shape is known where the input's is.

    Args:
        front_end: gives shapes and type.
        features: the numpy form, for one recording.
        samples: int16 tensor [count] or [batch, count].

    Returns:
        A tensor [rows, bands] or [batch, rows, bands].

    Raises:
        AudioError: the tensor has another type or rank.
        ToolError: TensorFlow is not installed.
    """
    require_packages("a front end among TensorFlow's operators", "tensorflow")
    import tensorflow as tf

    tensor = tf.convert_to_tensor(samples)
    rank = tensor.shape.rank
    if tensor.dtype != tf.int16 or rank not in (1, 2):
        raise AudioError(
            f"samples are {tensor.dtype.name} of shape {tensor.shape}: give int16 [count] or "
            "[batch, count]"
        )
    dtype = front_end.feature_type

    def computed(values: Integers) -> Integers:
        if values.ndim == 1:
            return features(values)
        empty = np.zeros((0, row_count(front_end, values.shape[1]), front_end.row_values), dtype)
        return np.concatenate([empty, *(features(value)[None] for value in values)])

    found = tf.numpy_function(computed, [tensor], dtype, stateful=False)
    count = tensor.shape[-1]
    rows = None if count is None else row_count(front_end, count)
    found.set_shape([*tensor.shape[:-1], rows, front_end.row_values])
    return found


def keras_layer(front_end: Any) -> Any:
    """A front end as a layer of Keras without weights: int16 samples to float32 features.

    Raises:
        ToolError: TensorFlow or Keras is not installed.
    """
    require_packages("a front end as a layer of Keras", "tensorflow", "keras")
    import keras
    import tensorflow as tf

    step, zero_point = _real_steps(front_end)

    class FrontEndLayer(keras.layers.Layer):
        """Features of recordings [batch, count] as [batch, rows, values, 1]."""

        def call(self, samples: Any) -> Any:
            features = tf.cast(front_end.of_tensor(samples), tf.float32)
            return ((features - zero_point) * step)[..., tf.newaxis]

        def compute_output_shape(self, shape: Any) -> tuple[Any, ...]:
            rows = None if shape[1] is None else row_count(front_end, shape[1])
            return (shape[0], rows, front_end.row_values, 1)

    return FrontEndLayer(trainable=False, name="front_end")


def _real_steps(front_end: Any) -> tuple[float, float]:
    """What a step of a feature stands for, and the feature that is 0."""
    zero_point = front_end.output.zero_point if front_end.output else 0
    return float(getattr(front_end, "step", 1.0)), float(zero_point)
