# SPDX-License-Identifier: Apache-2.0
"""Keras networks with random weights as int8 `.tflite` files: what the compiler is tried against.

`model_path("ds_cnn")` gives the file. It is made once and kept under `.cache/models`, under a key
of the builder's source and the TensorFlow version, so a second test run does not need TensorFlow.
`python -m tests.models.keras_models [name...]` makes the files by hand.

Weights are random, batch-norm statistics are those of the calibration data, and a third of the
batch-norm gammas are negative: the converter folds their sign into the weights. Negative scales,
which come from quantisation-aware training, have a recipe of their own.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import inspect
import os
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mcunet_tf.quantize import ptq
from tests.models import networks, open_batches, traits, units
from tests.models.recipes import BLOCKS, RECIPES, SAMPLES, random_images

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "models"
__all__ = [
    "RECIPES",
    "converter_version",
    "make",
    "model_path",
    "networks",
    "open_batches",
    "traits",
    "units",
]


def model_path(name: str) -> Path:
    """Returns the path of the model's `.tflite` file and makes the file where it is missing."""
    path = CACHE / f"{name}.tflite"
    stamp = CACHE / f"{name}.key"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        key = _key(name)
        if not (path.exists() and stamp.exists() and stamp.read_text() == key):
            partial = path.with_suffix(f".{os.getpid()}.part")
            partial.write_bytes(make(name))
            partial.replace(path)
            stamp.write_text(key)
    return path


def converter_version() -> tuple[int, int]:
    """TensorFlow's version, without importing it; (0, 0) where it is not installed."""
    try:
        major, minor = importlib.metadata.version("tensorflow").split(".")[:2]
    except importlib.metadata.PackageNotFoundError:
        return 0, 0
    return int(major), int(minor)


def make(name: str) -> bytes:
    """Builds, calibrates and quantises the model `name`."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    from mcunet_tf.quantize import quantize_ptq

    made = RECIPES[name]
    seed = zlib.crc32(name.encode())
    keras.utils.set_random_seed(seed)
    model = made.build()
    samples = [
        random_images(tuple(tensor.shape[1:]), seed + index)
        for index, tensor in enumerate(model.inputs)
    ]
    _settle_batch_norm(model, samples, np.random.default_rng(seed))
    if made.fixed_batch:
        flatbuffer = quantize_ptq(model, samples, made.edge_type)
    else:
        flatbuffer = _convert_with_open_batch(model, None if made.trained_ranges else samples)
    return _rewrite(flatbuffer, made.rewrite) if made.rewrite else flatbuffer


def _key(name: str) -> str:
    made = RECIPES[name]
    parts = (
        inspect.getsource(made.build),
        inspect.getsource(made.rewrite) if made.rewrite else "",
        *map(inspect.getsource, (make, random_images, *BLOCKS)),
        *map(inspect.getsource, (_settle_batch_norm, _convert_with_open_batch)),
        inspect.getsource(ptq),
        importlib.metadata.version("tensorflow"),
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _settle_batch_norm(model: Any, samples: list[np.ndarray], rng: np.random.Generator) -> None:
    """Gives batch-norm layers the statistics of `samples` and gammas of both signs."""
    norms = [layer for layer in model.layers if type(layer).__name__ == "BatchNormalization"]
    for layer in norms:
        channels = layer.gamma.shape[0]
        sign = np.where(rng.random(channels) < 1 / 3, -1.0, 1.0)
        layer.gamma.assign(sign * rng.uniform(0.5, 1.5, channels))
        layer.beta.assign(rng.normal(0, 0.3, channels))
        layer.momentum = 0.0
    if norms:
        model(samples if len(samples) > 1 else samples[0], training=True)


def _convert_with_open_batch(model: Any, samples: list[np.ndarray] | None) -> bytes:
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    if samples is not None:
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.representative_dataset = lambda: (
            [array[index : index + 1] for array in samples] for index in range(SAMPLES)
        )
    return converter.convert()


def _rewrite(flatbuffer: bytes, change: Callable[[Any], None]) -> bytes:
    from tensorflow.lite.python import schema_py_generated as schema
    from tensorflow.lite.tools import flatbuffer_utils

    tree = schema.ModelT.InitFromObj(schema.Model.GetRootAs(flatbuffer, 0))
    change(tree)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(tree))


def main() -> None:
    names = sys.argv[1:] or list(RECIPES)
    for name in names:
        start = time.monotonic()
        try:
            size_bytes = model_path(name).stat().st_size
            print(f"{name}: {size_bytes} bytes, {time.monotonic() - start:.1f} s", flush=True)
        except Exception as error:
            print(f"{name}: {type(error).__name__}: {str(error)[:300]}", flush=True)


if __name__ == "__main__":
    main()
