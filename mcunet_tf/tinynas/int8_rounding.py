# SPDX-License-Identifier: Apache-2.0
"""A layer that rounds to the grid of an int8 tensor."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="mcunet_tf")
class Int8Rounding(keras.layers.Layer):
    """Rounds values to 256 steps of a range, as an int8 file stores them.

    Gradients pass where values are within the range. TensorFlow Lite's converter knows the operator
    and takes the range from it.
    """

    def __init__(self, low: float, high: float, **options: Any) -> None:
        """Prepares to round.

        Args:
            low: the smallest value.
            high: the greatest value.
            options: those of every Keras layer.
        """
        super().__init__(**options)
        self.low = low
        self.high = high

    def call(self, values: Any) -> Any:
        """The nearest values that there are."""
        return tf.quantization.fake_quant_with_min_max_args(values, self.low, self.high)

    def compute_output_shape(self, shape: Any) -> Any:
        """Shapes stay."""
        return shape

    def get_config(self) -> dict[str, Any]:
        """What makes the same layer again."""
        return {**super().get_config(), "low": self.low, "high": self.high}
