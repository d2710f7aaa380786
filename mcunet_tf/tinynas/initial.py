# SPDX-License-Identifier: Apache-2.0
"""What a training begins with: the weights of a Keras model or of an int8 `.tflite` file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from mcunet_tf.errors import SearchError
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.build import NORM_EPSILON, build_with
from mcunet_tf.tinynas.checks import shown
from mcunet_tf.tinynas.data import Array
from mcunet_tf.tinynas.int8_file import Int8File, is_six, read_int8_file
from mcunet_tf.tinynas.layer import CONV, DENSE, DEPTHWISE
from mcunet_tf.tinynas.protocols import KerasModel, Weights

CLASSIFIER = "logits"
_BATCH = 250
_WANTED = "a Keras model, the path of a .keras file, or that of a full-int8 .tflite file"


def read_initial(given: Any, arch: Arch, num_classes: int) -> Weights:
    """The weights that a network begins with, by the names of the layers of `Arch.to_keras`.

    A classifier of another number of classes is left out: it begins at random.

    Args:
        given: a Keras model or something that has one as its `model`, the path of a `.keras` file,
            or that of a full-int8 `.tflite` file, or its bytes.
        arch: the network.
        num_classes: number of its outputs.

    Raises:
        SearchError: the weights are of another network, or there are none; the message names the
            first layer that differs.
        ModelError: a `.tflite` file is damaged.
    """
    model = getattr(given, "model", given)
    if isinstance(model, bytes) or str(model).endswith(".tflite"):
        flatbuffer, source = _file(model)
        weights = read_int8_file(flatbuffer, arch, "the network to train", source).for_pixels()
    elif isinstance(model, str | os.PathLike):
        weights = _of_model(_loaded(Path(model)), arch, num_classes, str(model))
    elif hasattr(model, "get_layer"):
        weights = _of_model(model, arch, num_classes, f"the model '{model.name}'")
    else:
        raise SearchError(f"initial_weights = {shown(given)}: give {_WANTED}")
    if weights[CLASSIFIER][0].shape[1] != num_classes:
        del weights[CLASSIFIER]
    return weights


def model_of_file(
    given: str | os.PathLike[str] | bytes,
    arch: Arch,
    called: str,
    num_classes: int | None,
    keras_name: str,
    images: Array | None,
    rounded: bool,
) -> KerasModel:
    """A Keras model with the weights of an int8 file; see `mcunet_tf.zoo.build`."""
    flatbuffer, source = _file(given)
    found = read_int8_file(flatbuffer, arch, called, source)
    outputs = num_classes or found.num_classes
    model = _model(found, outputs, keras_name, rounded)
    if images is not None:
        settle_norms(model, _checked_images(images, found.arch))
    return model


def _model(found: Int8File, outputs: int, keras_name: str, rounded: bool) -> KerasModel:
    import keras

    behind = None
    if rounded:
        from mcunet_tf.tinynas.int8_rounding import Int8Rounding

        def behind(name: str, result: Any) -> Any:
            if name == CLASSIFIER and outputs != found.num_classes:
                return result
            return Int8Rounding(*found.ranges[name], name=f"{name}_int8")(result)

    shape = found.arch.input_shape
    model: KerasModel = build_with(keras, shape, found.arch.layers(outputs), keras_name, behind)
    for name, values in found.weights.items():
        if name != CLASSIFIER or values[0].shape[1] == outputs:
            model.get_layer(name).set_weights(values)
    for layer in found.arch.layers(outputs):
        # The original may clamp at 0 only: its results end where the file's do.
        ceiling = found.ranges[layer.name][1]
        if layer.relu6 and not is_six(ceiling):
            model.get_layer(f"{layer.name}_relu6").max_value = ceiling
    return model


def _checked_images(images: Any, arch: Arch) -> Array:
    array = np.asarray(images)
    if array.ndim != 4 or array.shape[1:] != arch.input_shape or array.dtype.kind != "f":
        raise SearchError(
            f"images are {array.dtype} {list(array.shape)}: give float32 [n, "
            f"{', '.join(map(str, arch.input_shape))}] as the file's input stands for"
        )
    return array.astype(np.float32)


def _file(given: Any) -> tuple[bytes, str]:
    """(content, name) of a `.tflite` file."""
    if isinstance(given, bytes):
        return given, "the .tflite file"
    if not isinstance(given, str | os.PathLike):
        raise SearchError(f"weights = {shown(given)}: give the path of a full-int8 .tflite file")
    try:
        return Path(given).read_bytes(), Path(given).name
    except OSError as error:
        raise SearchError(f"{given} cannot be read: {error.strerror or error}") from error


def _loaded(path: Path) -> Any:
    import keras

    if not path.is_file():
        raise SearchError(f"initial_weights = {path}: there is no such file; give {_WANTED}")
    try:
        return keras.models.load_model(path, compile=False)
    except Exception as error:  # Keras raises anything over files that it did not write
        reason = " ".join(str(error).split())[:120]
        raise SearchError(f"{path} cannot be loaded by Keras ({reason}): give {_WANTED}") from error


def _of_model(model: Any, arch: Arch, num_classes: int, source: str) -> Weights:
    """Weights of a model that `Arch.to_keras` made, by this or an earlier process."""
    found: Weights = {}
    for layer in arch.layers(num_classes):
        if layer.kind == DENSE:
            shape: tuple[int, ...] = (layer.in_channels,)
            found[layer.name] = _values(model, layer.name, shape, source)
        elif layer.kind in (CONV, DEPTHWISE):
            made = (layer.in_channels, layer.out_channels)
            last = (layer.out_channels, 1) if layer.kind == DEPTHWISE else made
            name = f"{layer.name}_conv"
            found[name] = _values(model, name, (*layer.kernel, *last), source)
            name = f"{layer.name}_norm"
            found[name] = _values(model, name, (layer.out_channels,), source)
    return found


def _values(model: Any, name: str, shape: tuple[int, ...], source: str) -> list[Array]:
    remedy = "give weights of this very network: result.model, arch.to_keras(...) or zoo.build(...)"
    try:
        values: list[Array] = model.get_layer(name).get_weights()
    except ValueError as error:
        raise SearchError(f"initial_weights: {source} has no layer '{name}': {remedy}") from error
    if not values or values[0].shape[: len(shape)] != shape:
        has = list(values[0].shape) if values else "none"
        raise SearchError(
            f"initial_weights: layer '{name}' of {source} has weights {has}, the network "
            f"{list(shape)}: {remedy}"
        )
    return values


def settle_norms(model: KerasModel, x: Array) -> None:
    """Gives norms the statistics of images, and gains and shifts that undo them.

    What the model computes stays what it is; training, which normalises by each batch, then goes on
    from there.

    Args:
        model: a model of `Arch.to_keras`.
        x: float32 images `[n, h, w, c]` as it takes them.
    """
    import keras

    norms = [layer for layer in model.layers if layer.name.endswith("_norm")]
    whole: Any = model
    probe = keras.Model(whole.input, [norm.input for norm in norms])
    sums = [np.zeros((2, norm.gamma.shape[0])) for norm in norms]
    counts = [0] * len(norms)
    for start in range(0, len(x), _BATCH):
        batch = np.asarray(x[start : start + _BATCH], np.float32)
        found = probe(batch, training=False)
        for i, values in enumerate(found if isinstance(found, list | tuple) else [found]):
            flat = np.asarray(values, np.float64).reshape(-1, sums[i].shape[1])
            sums[i] += (flat.sum(axis=0), (flat * flat).sum(axis=0))
            counts[i] += len(flat)
    for norm, total, count in zip(norms, sums, counts, strict=True):
        mean = total[0] / count
        variance = np.maximum(total[1] / count - mean * mean, 1e-6)
        gamma, beta, old_mean, old_variance = (
            np.asarray(value, np.float64) for value in norm.get_weights()
        )
        gain = gamma / np.sqrt(old_variance + NORM_EPSILON)
        values = (
            gain * np.sqrt(variance + NORM_EPSILON),
            beta + gain * (mean - old_mean),
            mean,
            variance,
        )
        norm.set_weights([value.astype(np.float32) for value in values])
