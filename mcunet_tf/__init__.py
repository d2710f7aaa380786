# SPDX-License-Identifier: Apache-2.0
"""int8 Keras and TensorFlow Lite networks as interpreter-free C for microcontrollers.

The names below are the public interface. They load on first use: importing this package imports
neither TensorFlow nor NumPy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from mcunet_tf.errors import McunetError
from mcunet_tf.onednn import ask_for_onednn
from mcunet_tf.version import __version__

if TYPE_CHECKING:
    from mcunet_tf import audio, benchmark, datasets, detection, vision, zoo
    from mcunet_tf.benchmark import run_on_board
    from mcunet_tf.boards import Board, list_boards, load_board
    from mcunet_tf.check import Reference
    from mcunet_tf.datasets import load_fashion_mnist
    from mcunet_tf.detection import Detection
    from mcunet_tf.quantize import quantize_ptq, quantize_qat
    from mcunet_tf.tinyengine import CompiledModel, Firmware, combine, compile_tflite
    from mcunet_tf.tinynas import Arch, Effort, Recipe, SearchResult, search
    from mcunet_tf.vision import cascade

__all__ = [
    "Arch",
    "Board",
    "CompiledModel",
    "Detection",
    "Effort",
    "Firmware",
    "McunetError",
    "Recipe",
    "Reference",
    "SearchResult",
    "__version__",
    "audio",
    "benchmark",
    "cascade",
    "combine",
    "compile_tflite",
    "datasets",
    "detection",
    "list_boards",
    "load_board",
    "load_fashion_mnist",
    "quantize_ptq",
    "quantize_qat",
    "run_on_board",
    "search",
    "vision",
    "zoo",
]

_HOMES = {
    "Arch": "mcunet_tf.tinynas",
    "Board": "mcunet_tf.boards",
    "CompiledModel": "mcunet_tf.tinyengine",
    "Detection": "mcunet_tf.detection",
    "Effort": "mcunet_tf.tinynas",
    "Firmware": "mcunet_tf.tinyengine",
    "Recipe": "mcunet_tf.tinynas",
    "Reference": "mcunet_tf.check",
    "SearchResult": "mcunet_tf.tinynas",
    "cascade": "mcunet_tf.vision",
    "combine": "mcunet_tf.tinyengine",
    "compile_tflite": "mcunet_tf.tinyengine",
    "list_boards": "mcunet_tf.boards",
    "load_board": "mcunet_tf.boards",
    "load_fashion_mnist": "mcunet_tf.datasets",
    "quantize_ptq": "mcunet_tf.quantize",
    "quantize_qat": "mcunet_tf.quantize",
    "run_on_board": "mcunet_tf.benchmark",
    "search": "mcunet_tf.tinynas",
}
# `benchmark` is also a function: see its package.
_MODULES = ("audio", "benchmark", "datasets", "detection", "vision", "zoo")

ask_for_onednn()


def __getattr__(name: str) -> object:
    """Imports the public name `name` from its home on first use."""
    if name in _MODULES:
        return importlib.import_module(f"mcunet_tf.{name}")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'mcunet_tf' has no attribute '{name}'")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
