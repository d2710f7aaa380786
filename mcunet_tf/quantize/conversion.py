# SPDX-License-Identifier: Apache-2.0
"""TensorFlow's converter in a process of its own: of some models it dies instead of refusing them.

What is converted is handed over as a frozen graph, or as a SavedModel where the converter must see
a model's functions.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from mcunet_tf.child import Child, ChildError, first_line, serve
from mcunet_tf.errors import UnsupportedError

if TYPE_CHECKING:
    from numpy.typing import NDArray

TIMEOUT_S = 3600
"""Longest time for the conversion of one model; calibration goes through all samples."""

# Nothing of a conversion is faster on a GPU, whose memory belongs to the user's process.
_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
_CHILD = Child(
    "from mcunet_tf.quantize.conversion import serve_conversions; serve_conversions()", _QUIET
)


@dataclasses.dataclass(frozen=True)
class FrozenGraph:
    """A graph function without variables.

    Attributes:
        graph_def: the serialised GraphDef.
        inputs: (name, shape) of each input tensor.
        outputs: name of each output tensor.
    """

    graph_def: bytes
    inputs: tuple[tuple[str, tuple[int, ...]], ...]
    outputs: tuple[str, ...]

    @classmethod
    def of_function(cls, function: Any) -> FrozenGraph:
        """The graph of a concrete function whose variables are constants."""
        return cls(
            function.graph.as_graph_def().SerializeToString(),
            tuple((tensor.name, tuple(tensor.shape)) for tensor in function.inputs),
            tuple(tensor.name for tensor in function.outputs),
        )


@dataclasses.dataclass(frozen=True)
class Conversion:
    """What is to be converted, and how.

    Attributes:
        source: a frozen graph, the folder of a SavedModel, or the bytes of a float32 `.tflite`
            file.
        edge_type: type of the inputs and outputs.
        samples: one array for each input, whose ranges become scales; None where the graph has
            ranges of its own.
        integers_only: whether an operator without an int8 form is an error.
    """

    source: FrozenGraph | str | bytes
    edge_type: str
    samples: tuple[NDArray[np.float32], ...] | None = None
    integers_only: bool = True


def warm_up() -> None:
    """Starts the process, so that it imports TensorFlow while the model is prepared here."""
    _CHILD.start()


def convert(conversion: Conversion, name: str) -> bytes:
    """The `.tflite` file.

    Args:
        conversion: what is to be converted.
        name: name of the model, for messages.

    Raises:
        UnsupportedError: the converter refused the model, or died of it.
    """
    try:
        flatbuffer: bytes = _CHILD.ask(conversion, TIMEOUT_S)
        return flatbuffer
    except ChildError as error:
        if error.died:
            raise UnsupportedError(
                f"model '{name}': TensorFlow's converter died of it ({error}): leave out layers "
                "from the end until it converts, to find the one at fault, and replace that layer"
            ) from error
        raise UnsupportedError(f"model '{name}' has no int8 form: {_reason(str(error))}") from error


def _reason(text: str) -> str:
    """The line of a converter's error that says what is wrong, without MLIR locations."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if "not" in line.lower() or "error" in line.lower()]
    return first_line((telling or lines or ["no reason"])[0])


def serve_conversions() -> None:
    """Converts what is asked for on standard input, until it ends."""
    import tensorflow  # noqa: F401  # before the first request comes

    serve(_converted, TIMEOUT_S)


def _converted(conversion: Conversion) -> bytes:
    import tensorflow as tf

    source, samples = conversion.source, conversion.samples
    if isinstance(source, bytes):
        return _quantised_file(source, conversion)
    if isinstance(source, str):
        converter = tf.lite.TFLiteConverter.from_saved_model(source)
    else:
        converter = tf.lite.TFLiteConverter.from_concrete_functions([_function(source)])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if conversion.integers_only:
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.dtypes.as_dtype(conversion.edge_type)
    converter.inference_output_type = tf.dtypes.as_dtype(conversion.edge_type)
    if samples is not None:
        converter.representative_dataset = lambda: _one_by_one(samples)
    with warnings.catch_warnings():
        # They speak of an older interface.
        warnings.simplefilter("ignore")
        return bytes(converter.convert())


def _quantised_file(flatbuffer: bytes, conversion: Conversion) -> bytes:
    """A float32 file, quantised as it stands; samples go through it one after the other."""
    import tensorflow as tf
    from tensorflow.lite.python.optimize.calibrator import Calibrator

    samples, edge_type = conversion.samples, tf.dtypes.as_dtype(conversion.edge_type)
    assert samples is not None
    made = Calibrator(flatbuffer).calibrate_and_quantize(
        lambda: _one_by_one(samples),
        edge_type,
        edge_type,
        allow_float=not conversion.integers_only,
        resize_input=False,
    )
    return bytes(made)


def _function(frozen: FrozenGraph) -> Any:
    """The concrete function of a frozen graph."""
    import tensorflow as tf
    from tensorflow.python.eager import wrap_function

    graph_def = tf.compat.v1.GraphDef.FromString(frozen.graph_def)
    names = [name for name, _ in frozen.inputs]
    function = wrap_function.function_from_graph_def(graph_def, names, list(frozen.outputs))
    shapes = dict(frozen.inputs)
    for tensor in function.inputs:
        tensor.set_shape(shapes[tensor.name])
    return function


def _one_by_one(
    samples: tuple[NDArray[np.float32], ...],
) -> Iterator[list[NDArray[np.float32]]]:
    """Yields one sample at a time, as the converter wants them: a batch of one per input."""
    for index in range(len(samples[0])):
        yield [array[index : index + 1] for array in samples]
