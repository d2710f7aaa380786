# SPDX-License-Identifier: Apache-2.0
"""TinyEngine: compiles int8 `.tflite` models to interpreter-free C."""

from mcunet_tf.tinyengine.compiler import CompiledModel, TensorInfo, compile_tflite
from mcunet_tf.tinyengine.firmware import Firmware, combine

__all__ = ["CompiledModel", "Firmware", "TensorInfo", "combine", "compile_tflite"]
