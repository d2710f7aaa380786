# SPDX-License-Identifier: Apache-2.0
"""Post-training quantisation: a trained Keras model and a few hundred samples give int8 `.tflite`.

Activations are quantised per tensor (affine, int8), weights per output channel (symmetric, int8)
and biases as int32, following the TensorFlow Lite 8-bit quantisation specification.
"""

from __future__ import annotations

import tempfile
from typing import Any

from mcunet_tf.errors import McunetError, UnsupportedError, require_packages
from mcunet_tf.quantize.conversion import Conversion, FrozenGraph, convert, warm_up
from mcunet_tf.quantize.inspect import float_operators
from mcunet_tf.quantize.loops import check_loops, has_loops, with_batch_of_one
from mcunet_tf.quantize.sources import ModelSource, Samples, open_source, read_samples

EDGE_TYPES = ("int8", "uint8", "float32")


def quantize_ptq(model: Any, representative_data: Any, edge_type: str = "int8") -> bytes:
    """Gives the full-int8 `.tflite` file of a Keras model, with the batch fixed to one.

    TensorFlow's converter runs in a process of its own, which is kept for further models: where it
    dies of a model, one line says so.

    Args:
        model: a Keras 3 or tf_keras model, functional, Sequential or subclassed; the path of a
            `.keras` file, or of a float32 `.tflite` file; or the folder of a SavedModel. Its input
            shapes must be known but for the batch; those of a model that was never built are taken
            from the samples.
        representative_data: real inputs as the model sees them in training, `[n, h, w, c]`; a list
            of such arrays, or a dictionary by input name, where the model has several inputs; or a
            `tf.data.Dataset` of samples, with labels or without. Their ranges become the scales of
            the activations, so 100 to 500 samples of every class serve best.
        edge_type: type of the model's inputs and outputs: "int8", "uint8" or "float32".

    Returns:
        The flatbuffer. Every operator between its edges computes on integers.

    Raises:
        DataError: the samples do not fit the model's inputs.
        UnsupportedError: this is no model, an operator of it has no int8 form, or a layer loops
            over time.
    """
    require_packages("quantisation", "tensorflow")
    check_edge_type(edge_type)
    source = open_source(model)
    samples = read_samples(source, representative_data)
    warm_up()
    if source.flatbuffer is not None:
        flatbuffer = convert(Conversion(source.flatbuffer, edge_type, samples), source.name)
        check_integers(flatbuffer, source.name)
        return flatbuffer
    graph = freeze(source, samples)
    if source.model is not None and has_loops(graph):
        check_loops(source.model)
        flatbuffer = _convert_loops(source, samples, edge_type)
    else:
        frozen = FrozenGraph.of_function(graph)
        flatbuffer = convert(Conversion(frozen, edge_type, samples), source.name)
    check_integers(flatbuffer, source.name)
    return flatbuffer


def check_edge_type(edge_type: str) -> None:
    """Makes sure that a type of inputs and outputs is known."""
    if edge_type not in EDGE_TYPES:
        raise UnsupportedError(f"edge_type '{edge_type}' is unknown: use one of {EDGE_TYPES}")


def check_integers(flatbuffer: bytes, name: str) -> None:
    """Makes sure that nothing between the edges of a quantised model computes on float32."""
    remaining = float_operators(flatbuffer)
    if remaining:
        raise UnsupportedError(
            f"model '{name}' is not int8 after quantisation: {', '.join(remaining)} still compute "
            "on float32; replace the layers that they come from"
        )


def _convert_loops(source: ModelSource, samples: tuple[Samples, ...], edge_type: str) -> bytes:
    """Converts a model whose loops become operators: freezing would inline them."""
    import tensorflow as tf

    with tempfile.TemporaryDirectory(prefix="mcunet_tf-") as folder:
        tf.saved_model.save(
            with_batch_of_one(source.model),
            folder,
            options=tf.saved_model.SaveOptions(save_debug_info=True),
        )
        return convert(Conversion(folder, edge_type, samples), source.name)


def freeze(source: ModelSource, samples: tuple[Samples, ...] = ()) -> Any:
    """Turns a model into one graph function of batch 1 whose variables are constants.

    Without freezing the converter keeps READ_VARIABLE; from_keras_model would be correct too, but
    takes three times as long because it exports and reloads a SavedModel.

    Args:
        source: the model.
        samples: arrays whose shapes count where the model does not know its inputs.

    Raises:
        UnsupportedError: the model cannot be called with one sample.
    """
    import tensorflow as tf
    from tensorflow.python.framework import convert_to_constants

    shapes = source.shapes
    try:
        if shapes is None:
            shapes = tuple(array.shape[1:] for array in samples)
            # Makes the variables of a model that was never called.
            source.call([tf.constant(array[:1]) for array in samples])
        specs = [
            tf.TensorSpec([1, *shape], tf.float32, name=f"input_{index}")
            for index, shape in enumerate(shapes)
        ]
        forward = tf.function(lambda *inputs: source.call(list(inputs)), autograph=False)
        graph = forward.get_concrete_function(*specs)
        return convert_to_constants.convert_variables_to_constants_v2(graph)
    except McunetError:
        raise
    except Exception as error:  # layers of others raise anything
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise UnsupportedError(
            f"model '{source.name}' cannot be called with one sample as a graph: {reason}; a layer "
            "with a fixed batch or with state wants batch_size=1 and stateful=False"
        ) from error
