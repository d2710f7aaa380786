# SPDX-License-Identifier: Apache-2.0
"""Turns Keras models into full-int8 `.tflite` files; TensorFlow loads when a function is called."""

from mcunet_tf.quantize.ptq import quantize_ptq
from mcunet_tf.quantize.qat import quantize_qat

__all__ = ["quantize_ptq", "quantize_qat"]
