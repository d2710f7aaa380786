# SPDX-License-Identifier: Apache-2.0
"""Post-training quantisation: a trained Keras model and a few hundred samples give int8 `.tflite`.

Activations are quantised per tensor (affine, int8), weights per output channel (symmetric, int8)
and biases as int32, following the TensorFlow Lite 8-bit quantisation specification.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mcunet_tf.errors import DataError, UnsupportedError, require_packages
from mcunet_tf.quantize.inspect import float_operators
from mcunet_tf.quantize.loops import check_loops, has_loops, with_batch_of_one

if TYPE_CHECKING:
    from numpy.typing import NDArray

EDGE_TYPES = ("int8", "uint8", "float32")


def quantize_ptq(
    model: Any,
    representative_data: NDArray[np.float32] | Sequence[NDArray[np.float32]],
    edge_type: str = "int8",
) -> bytes:
    """Gives the full-int8 `.tflite` file of a Keras model, with the batch fixed to one.

    Args:
        model: A Keras 3 or tf_keras model whose input shapes are known but for the batch.
        representative_data: Real inputs as the model sees them in training, `[n, h, w, c]`; one
            such array per input where the model has several. Their ranges become the scales of
            the activations, so 100 to 500 samples of every class serve best.
        edge_type: Type of the model's inputs and outputs: "int8", "uint8" or "float32".

    Returns:
        The flatbuffer. Every operator between its edges computes on integers.

    Raises:
        DataError: The samples do not fit the model's inputs.
        UnsupportedError: An operator of the model has no int8 form, or a layer loops over time.
    """
    require_packages("quantisation", "tensorflow")
    import tensorflow as tf

    if edge_type not in EDGE_TYPES:
        raise UnsupportedError(f"edge_type '{edge_type}' is unknown: use one of {EDGE_TYPES}")
    samples = _check_samples(model, representative_data)
    graph = freeze(model)
    if has_loops(graph):
        check_loops(model)
        # Freezing inlines what the converter would recognise as an operator.
        converter = tf.lite.TFLiteConverter.from_keras_model(with_batch_of_one(model))
    else:
        converter = tf.lite.TFLiteConverter.from_concrete_functions([graph])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.dtypes.as_dtype(edge_type)
    converter.inference_output_type = tf.dtypes.as_dtype(edge_type)
    converter.representative_dataset = lambda: _one_by_one(samples)
    try:
        with warnings.catch_warnings():
            # It speaks of the statistics of an older interface; ours are the samples.
            warnings.filterwarnings("ignore", "Statistics for quantized inputs were expected")
            flatbuffer = bytes(converter.convert())
    except Exception as error:
        raise UnsupportedError(f"{_name(model)} has no int8 form: {_reason(error)}") from error
    remaining = float_operators(flatbuffer)
    if remaining:
        raise UnsupportedError(
            f"{_name(model)} is not int8 after quantisation: {', '.join(remaining)} still compute "
            "on float32; replace the layers that they come from"
        )
    return flatbuffer


def freeze(model: Any) -> Any:
    """Turns `model` into one graph function of batch 1 whose variables are constants.

    Without freezing the converter keeps READ_VARIABLE; from_keras_model would be correct too, but
    takes three times as long because it exports and reloads a SavedModel.
    """
    import tensorflow as tf
    from tensorflow.python.framework import convert_to_constants

    specs = [
        tf.TensorSpec([1, *tensor.shape[1:]], tf.float32, name=f"input_{index}")
        for index, tensor in enumerate(model.inputs)
    ]

    def forward(*inputs: Any) -> Any:
        return model(list(inputs) if len(inputs) > 1 else inputs[0], training=False)

    graph = tf.function(forward, autograph=False).get_concrete_function(*specs)
    return convert_to_constants.convert_variables_to_constants_v2(graph)


def _check_samples(
    model: Any, representative_data: NDArray[np.float32] | Sequence[NDArray[np.float32]]
) -> list[NDArray[np.float32]]:
    """Returns one array `[n, ...]` per model input, or raises DataError."""
    arrays = (
        [representative_data]
        if isinstance(representative_data, np.ndarray)
        else list(representative_data)
    )
    if len(arrays) != len(model.inputs):
        raise DataError(
            f"{_name(model)} has {len(model.inputs)} inputs, but representative_data holds "
            f"{len(arrays)} arrays: pass one array of samples per input"
        )
    for tensor, array in zip(model.inputs, arrays, strict=True):
        wanted = tuple(tensor.shape[1:])
        if None in wanted:
            raise DataError(
                f"input '{tensor.name}' of {_name(model)} has the open shape {wanted}: "
                "give the Input layer its height, width and channels"
            )
        if array.shape[1:] != wanted or not len(array) or len(array) != len(arrays[0]):
            raise DataError(
                f"representative_data for input '{tensor.name}' of {_name(model)} has shape "
                f"{array.shape}; it must be [n, {', '.join(map(str, wanted))}] with n >= 1, and "
                "the same n for every input"
            )
        if not np.all(np.isfinite(array)):
            raise DataError(
                f"representative_data for input '{tensor.name}' of {_name(model)} holds NaN or "
                "infinity: remove these samples"
            )
    return [np.asarray(array, np.float32) for array in arrays]


def _one_by_one(samples: list[NDArray[np.float32]]) -> Iterator[list[NDArray[np.float32]]]:
    """Yields one sample at a time, as the converter wants them: a batch of one per input."""
    for index in range(len(samples[0])):
        yield [array[index : index + 1] for array in samples]


def _name(model: Any) -> str:
    return f"model '{model.name}'"


def _reason(error: Exception) -> str:
    """Returns the line of a converter error that says what is wrong, without MLIR locations."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if "not" in line.lower() or "error" in line.lower()]
    return (telling or lines or [type(error).__name__])[0][:300]
