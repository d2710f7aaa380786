# SPDX-License-Identifier: Apache-2.0
"""int8 Keras and TensorFlow Lite networks as interpreter-free C for microcontrollers.

The names below are the public interface. They load on first use: importing this package imports
neither TensorFlow nor NumPy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from mcunet_tf.errors import McunetError

if TYPE_CHECKING:
    from mcunet_tf.benchmark import Reference, run_on_board
    from mcunet_tf.boards import Board, list_boards, load_board
    from mcunet_tf.datasets import load_fashion_mnist
    from mcunet_tf.quantize import quantize_ptq
    from mcunet_tf.tinyengine import CompiledModel, compile_tflite

__version__ = "0.1.0"

__all__ = [
    "Board",
    "CompiledModel",
    "McunetError",
    "Reference",
    "__version__",
    "compile_tflite",
    "list_boards",
    "load_board",
    "load_fashion_mnist",
    "quantize_ptq",
    "run_on_board",
]

_HOMES = {
    "Board": "mcunet_tf.boards",
    "CompiledModel": "mcunet_tf.tinyengine",
    "Reference": "mcunet_tf.benchmark",
    "compile_tflite": "mcunet_tf.tinyengine",
    "list_boards": "mcunet_tf.boards",
    "load_board": "mcunet_tf.boards",
    "load_fashion_mnist": "mcunet_tf.datasets",
    "quantize_ptq": "mcunet_tf.quantize",
    "run_on_board": "mcunet_tf.benchmark",
}


def __getattr__(name: str) -> object:
    """Imports the public name `name` from its home on first use."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'mcunet_tf' has no attribute '{name}'")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
