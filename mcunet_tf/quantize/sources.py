# SPDX-License-Identifier: Apache-2.0
"""What people hand to quantisation: models and samples in many forms, brought to one form each."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.errors import DataError, ModelError, UnsupportedError
from mcunet_tf.quantize.inspect import float_operators
from mcunet_tf.tinyengine.read_tflite import read_tflite

Samples = npt.NDArray[np.float32]

MOST_SAMPLES = 1000
"""Samples that are taken from a dataset or a generator; more change hardly any range."""

_WANTED = (
    "a Keras model, the path of a .keras file or of a float32 .tflite file, or the folder of a "
    "SavedModel"
)


@dataclass(frozen=True)
class ModelSource:
    """A model that can be called.

    Attributes:
        name: name of the model, for messages.
        model: the Keras model, or None for a SavedModel.
        call: makes the outputs of a list of input tensors.
        shapes: shape of each input without the batch, None for open sizes; None where they are
            known only from samples.
        input_names: name of each input, in the same order; empty where they are not known.
        flatbuffer: the float32 `.tflite` file that the model is, which cannot be called.
    """

    name: str
    model: Any
    call: Callable[[list[Any]], Any]
    shapes: tuple[tuple[int | None, ...], ...] | None
    input_names: tuple[str, ...]
    flatbuffer: bytes | None = None


def open_source(given: Any) -> ModelSource:
    """Opens what a user calls a model.

    Raises:
        UnsupportedError: it is none, or cannot be read.
    """
    if isinstance(given, str | os.PathLike):
        return _from_path(Path(given))
    if not callable(given) or not hasattr(given, "layers"):
        raise UnsupportedError(f"{_shown(given)} is no model: give {_WANTED}")
    return _from_keras(given)


def _from_path(path: Path) -> ModelSource:
    if path.is_dir() and (path / "saved_model.pb").is_file():
        return _from_saved_model(path)
    if path.suffix == ".tflite":
        return _from_tflite(path)
    if not path.is_file():
        raise UnsupportedError(f"{path} is no file and no SavedModel: give {_WANTED}")
    import keras

    try:
        return _from_keras(keras.models.load_model(path, compile=False))
    except Exception as error:  # Keras raises anything over files that it did not write
        raise UnsupportedError(f"{path} cannot be loaded by Keras: {_line(error)}") from error


def _from_tflite(path: Path) -> ModelSource:
    try:
        flatbuffer = path.read_bytes()
        graph = read_tflite(flatbuffer, path.name)
    except OSError as error:
        raise UnsupportedError(f"{path}: {error.strerror or error}: give {_WANTED}") from error
    except ModelError as error:
        raise UnsupportedError(str(error)) from error
    inputs = [graph.tensors[index] for index in graph.inputs]
    if not float_operators(flatbuffer) or any(tensor.dtype != "float32" for tensor in inputs):
        raise UnsupportedError(
            f"{path} is quantised already: compile it, or give the float32 model that it came from"
        )
    for tensor in inputs:
        if not tensor.shape or tensor.shape[0] != 1:
            raise UnsupportedError(
                f"{path}: input '{tensor.name}' is {list(tensor.shape)}: export it with a batch "
                "of 1"
            )

    def call(_: list[Any]) -> Any:
        raise AssertionError("a .tflite file is quantised as it stands")

    shapes = tuple(tensor.shape[1:] for tensor in inputs)
    names = tuple(tensor.name for tensor in inputs)
    return ModelSource(path.name, None, call, shapes, names, flatbuffer)


def _from_saved_model(path: Path) -> ModelSource:
    import tensorflow as tf

    try:
        loaded = tf.saved_model.load(str(path))
        function = loaded.signatures["serving_default"]
    except Exception as error:  # damaged folders raise anything
        raise UnsupportedError(
            f"{path} is no SavedModel with a signature serving_default: {_line(error)}"
        ) from error
    specs = function.structured_input_signature[1]
    names = tuple(specs)

    def call(inputs: list[Any]) -> Any:
        # `loaded` is named, so that its variables live as long as the function.
        assert loaded is not None
        outputs = list(function(**dict(zip(names, inputs, strict=True))).values())
        return outputs if len(outputs) > 1 else outputs[0]

    shapes = tuple(tuple(specs[name].shape)[1:] for name in names)
    return ModelSource(path.name, None, call, shapes, names)


def _from_keras(model: Any) -> ModelSource:
    # Unbuilt and subclassed models have no inputs, or raise where they are asked for them.
    inputs: Sequence[Any] = ()
    with contextlib.suppress(AttributeError, ValueError, TypeError):
        inputs = list(model.inputs or ())

    def call(tensors: list[Any]) -> Any:
        return model(tensors if len(tensors) > 1 else tensors[0], training=False)

    shapes = tuple(tuple(tensor.shape[1:]) for tensor in inputs) if inputs else None
    names = tuple(str(tensor.name).split(":")[0] for tensor in inputs)
    return ModelSource(str(getattr(model, "name", "model")), model, call, shapes, names)


def read_samples(source: ModelSource, given: Any) -> tuple[Samples, ...]:
    """One array `[n, ...]` for each input of a model.

    Args:
        source: the model.
        given: an array; a list of arrays or a dictionary of arrays by input name, where the model
            has several inputs; a `tf.data.Dataset` of samples, or of pairs of sample and label; a
            function without arguments that yields such elements with a batch of one.

    Raises:
        DataError: the samples are of another form, do not fit the model, or hold NaN.
    """
    if hasattr(given, "element_spec"):
        given = _joined(source, given.as_numpy_iterator())
    elif callable(given) and not hasattr(given, "__array__"):
        given = _joined(source, iter(given()))
    if isinstance(given, Mapping):
        given = _by_name(source, given)
    arrays = list(given) if isinstance(given, list | tuple) else [given]
    if source.shapes is not None and len(arrays) != len(source.shapes):
        raise DataError(
            f"model '{source.name}' has {len(source.shapes)} inputs, but representative_data holds "
            f"{len(arrays)} arrays: pass one array of samples per input"
        )
    wanted = source.shapes or (None,) * len(arrays)
    found = [_numbers(source, index, array) for index, array in enumerate(arrays)]
    count = len(found[0]) if found[0].ndim else 0
    for index, shape in enumerate(wanted):
        _check_samples(source, index, shape, found[index], count)
    return tuple(found)


def _by_name(source: ModelSource, given: Mapping[str, Any]) -> list[Any]:
    if set(given) != set(source.input_names):
        raise DataError(
            f"representative_data names the inputs {sorted(map(str, given))}; those of model "
            f"'{source.name}' are {sorted(source.input_names)}"
        )
    return [given[name] for name in source.input_names]


def _joined(source: ModelSource, elements: Iterator[Any]) -> list[Samples]:
    """Samples of a dataset or generator, of which the first ones are enough."""
    count = 1 if source.shapes is None else len(source.shapes)
    columns: list[list[Samples]] = [[] for _ in range(count)]
    taken = 0
    for element in elements:
        if isinstance(element, Mapping):
            element = _by_name(source, element)
        parts = list(element) if isinstance(element, list | tuple) else [element]
        if count == 1 and len(parts) == 2:
            parts = parts[:1]  # a label stands behind it
        if len(parts) != count:
            raise DataError(
                f"an element of representative_data holds {len(parts)} parts, model "
                f"'{source.name}' has {count} inputs: give one part for each"
            )
        for index, part in enumerate(parts):
            array = _numbers(source, index, part)
            shape = None if source.shapes is None else source.shapes[index]
            alone = shape is not None and array.ndim == len(shape)
            columns[index].append(array[np.newaxis] if alone else array)
        taken += len(columns[0][-1])
        if taken >= MOST_SAMPLES:
            break
    if not taken:
        raise DataError("representative_data is empty: give 100 to 500 samples of every class")
    try:
        return [np.concatenate(column)[:MOST_SAMPLES] for column in columns]
    except ValueError as error:
        raise DataError("samples of representative_data have different shapes") from error


def _numbers(source: ModelSource, index: int, given: Any) -> Samples:
    try:
        if given is None or isinstance(given, str | bytes):
            raise TypeError
        with np.errstate(over="ignore"):
            return np.asarray(given, np.float32)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"representative_data for input {index} of model '{source.name}' is {_shown(given)}: "
            "give an array of numbers [n, ...], a list of such arrays, or a tf.data.Dataset"
        ) from error


def _check_samples(
    source: ModelSource, index: int, shape: Sequence[int | None] | None, array: Samples, count: int
) -> None:
    name = source.input_names[index] if source.input_names else str(index)
    where = f"input '{name}' of model '{source.name}'"
    if shape is not None and None in shape:
        raise DataError(
            f"{where} has the open shape {tuple(shape)}: give the Input layer its height, width "
            "and channels"
        )
    fits = array.ndim > 0 and (shape is None or array.shape[1:] == tuple(shape))
    if not fits or not len(array) or len(array) != count:
        sizes = ", ".join(map(str, shape)) if shape is not None else "..."
        raise DataError(
            f"representative_data for {where} has shape {array.shape}; it must be [n, {sizes}] "
            "with n >= 1, and the same n for every input"
        )
    if not np.all(np.isfinite(array)):
        raise DataError(
            f"representative_data for {where} holds NaN or infinity: remove these samples"
        )


def _shown(given: Any) -> str:
    text = " ".join(repr(given).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
