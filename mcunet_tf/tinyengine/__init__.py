# SPDX-License-Identifier: Apache-2.0
"""TinyEngine: compiles int8 `.tflite` models to interpreter-free C."""

from mcunet_tf.tinyengine.compiler import CompiledModel, TensorInfo, compile_tflite

__all__ = ["CompiledModel", "TensorInfo", "compile_tflite"]
