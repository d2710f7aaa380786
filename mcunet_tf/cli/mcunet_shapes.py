# SPDX-License-Identifier: Apache-2.0
"""Published MCUNet shapes with random weights: what they cost does not depend on the weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mcunet_tf.errors import DataError

_SAMPLES = 4
_SEED = 0


def shape_model(architectures: Path, name: str, folder: Path) -> Path:
    """Builds an int8 `.tflite` of a published shape once, and keeps it in a folder.

    Args:
        architectures: JSON of block lists by name: resolution, stem, blocks (cin, cmid, cout, k, s,
            residual), feature_mix, classifier.
        name: the shape's name, its `net_id` or its key.
        folder: where finished files are kept.

    Returns:
        The file, `<folder>/<name>.tflite`.

    Raises:
        DataError: the JSON cannot be read or does not know the shape.
    """
    try:
        table = json.loads(architectures.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read block lists from {architectures}: {error}") from error
    by_id = {entry.get("net_id") or key: entry for key, entry in table.items()}
    if name not in by_id:
        raise DataError(f"unknown shape {name!r}: choose one of {', '.join(sorted(by_id))}")
    shape = by_id[name]
    digest = hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()[:12]
    target, stamp = folder / f"{name}.tflite", folder / f"{name}.{digest}"
    if not (target.is_file() and stamp.is_file()):
        folder.mkdir(parents=True, exist_ok=True)
        target.write_bytes(_quantised(shape))
        stamp.touch()
    return target


def _quantised(shape: Mapping[str, Any]) -> bytes:
    import keras

    from mcunet_tf.quantize import quantize_ptq

    keras.utils.set_random_seed(_SEED)
    size = shape["resolution"]
    samples = np.random.default_rng(_SEED).normal(size=(_SAMPLES, size, size, 3))
    return quantize_ptq(build_shape(shape), samples.astype(np.float32))


def build_shape(shape: Mapping[str, Any]) -> Any:
    """The Keras model of a block list: inverted residuals, ReLU6, symmetric k // 2 padding."""
    from keras import Input, Model, layers

    def convolve(x: Any, channels: int, kernel: int, stride: int, active: bool = True) -> Any:
        x = layers.ZeroPadding2D(kernel // 2)(x) if kernel > 1 else x
        x = layers.Conv2D(channels, kernel, stride, use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        return layers.ReLU(6.0)(x) if active else x

    def depthwise(x: Any, kernel: int, stride: int) -> Any:
        x = layers.ZeroPadding2D(kernel // 2)(x)
        x = layers.DepthwiseConv2D(kernel, stride, use_bias=False)(x)
        return layers.ReLU(6.0)(layers.BatchNormalization()(x))

    def block(x: Any, spec: Mapping[str, Any]) -> Any:
        inner = convolve(x, spec["cmid"], 1, 1) if spec["cmid"] != spec["cin"] else x
        inner = depthwise(inner, spec["k"], spec["s"])
        inner = convolve(inner, spec["cout"], 1, 1, active=False)
        return layers.Add()([x, inner]) if spec["residual"] else inner

    image = Input((shape["resolution"], shape["resolution"], 3))
    stem = shape["stem"]
    x = convolve(image, stem["cout"], stem["k"], stem["s"])
    for spec in shape["blocks"]:
        x = block(x, spec)
    if shape.get("feature_mix"):
        x = convolve(x, shape["feature_mix"], 1, 1)
    x = layers.GlobalAveragePooling2D()(x)
    return Model(image, layers.Dense(shape["classifier"]["cout"])(x))
