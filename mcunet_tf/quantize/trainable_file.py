# SPDX-License-Identifier: Apache-2.0
"""An int8 `.tflite` file as a network that can be trained, and back.

Every tensor keeps the scale that the file gives it: its real value is rounded to what int8 can say,
and gradients pass as if it were not (Jacob et al., arXiv:1712.05877, section 3). Weights and biases
are variables; the scale of a channel follows its largest weight, as the converter would have it. So
what is trained is the file itself, with batch-norm folded and operators fused as they will run.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from mcunet_tf.errors import UnsupportedError
from mcunet_tf.quantize.trainable_operators import OPERATORS

_WEIGHTED = {"CONV_2D": (1, 2), "DEPTHWISE_CONV_2D": (1, 2), "FULLY_CONNECTED": (1, 2)}
"""Places of the weights and of the bias among the inputs of operators that are trained."""

_RANGES = {"INT8": (-128, 127), "UINT8": (0, 255), "INT16": (-32768, 32767)}


class TrainableFile:
    """A network whose forward pass rounds as the file's kernels do, but for their own rounding.

    Attributes:
        variables: weights and biases, as real values.
    """

    def __init__(self, flatbuffer: bytes, name: str):
        """Reads a file.

        Args:
            flatbuffer: an int8 `.tflite` file of one subgraph with a batch of one.
            name: name of the model, for messages.

        Raises:
            UnsupportedError: an operator of the file cannot be trained through.
        """
        from tensorflow.lite.tools import flatbuffer_utils

        self.name = name
        self.model = flatbuffer_utils.read_model_from_bytearray(bytearray(flatbuffer))
        self.graph = self.model.subgraphs[0]
        self.kinds = [_kind(self.model, op) for op in self.graph.operators]
        unknown = sorted({kind for kind in self.kinds if kind not in OPERATORS})
        if unknown:
            raise UnsupportedError(
                f"model '{name}' holds {', '.join(unknown)}, which cannot be trained through: use "
                "quantize_ptq"
            )
        self.trained: dict[int, Any] = {}
        self.bias_scales: dict[int, tuple[int, int]] = {}
        self._find_trained()
        self.variables = [*self.trained.values()]

    def outputs(self, inputs: Sequence[Any]) -> list[Any]:
        """Real values of the outputs for float32 inputs `[n, ...]`, in the file's order."""
        values: dict[int, Any] = {}
        for index, x in zip(self.graph.inputs, inputs, strict=True):
            values[index] = self._rounded(index, x)
        for kind, op in zip(self.kinds, self.graph.operators, strict=True):
            taken = [None if i < 0 else self._value(i, values) for i in op.inputs]
            first = self.graph.tensors[op.outputs[0]]
            made = OPERATORS[kind](taken, op.builtinOptions, list(first.shape))
            for index, y in zip(
                op.outputs, made if isinstance(made, list) else [made], strict=True
            ):
                values[index] = self._rounded(index, y)
        return [values[index] for index in self.graph.outputs]

    def flatbuffer(self) -> bytes:
        """The file with the weights, biases and weights' scales as they are now."""
        from tensorflow.lite.tools import flatbuffer_utils

        model = copy.deepcopy(self.model)
        tensors = model.subgraphs[0].tensors
        for index, variable in self.trained.items():
            tensor = tensors[index]
            if index in self.bias_scales:
                scales = self._bias_scale(index)
                limit = float(np.iinfo(np.int32).max)
                stored = np.clip(np.round(variable.numpy() / scales), -limit, limit)
                data = stored.astype("<i8" if _type(tensor) == "INT64" else "<i4")
            else:
                scales = self._weight_scales(index).numpy()
                shaped = np.reshape(scales, self._along(tensor))
                data = np.clip(np.round(variable.numpy() / shaped), -127, 127).astype(np.int8)
            tensor.quantization.scale = np.atleast_1d(scales).astype(np.float32)
            # A buffer may be another constant's too.
            buffer = copy.copy(model.buffers[tensor.buffer])
            buffer.data = np.frombuffer(data.tobytes(), np.uint8)
            tensor.buffer = len(model.buffers)
            model.buffers.append(buffer)
        return bytes(flatbuffer_utils.convert_object_to_bytearray(model))

    def _find_trained(self) -> None:
        for kind, op in zip(self.kinds, self.graph.operators, strict=True):
            if kind not in _WEIGHTED:
                continue
            weights, bias = (op.inputs[i] if i < len(op.inputs) else -1 for i in _WEIGHTED[kind])
            if weights not in self.trained and self._constant(weights) is not None:
                self.trained[weights] = tf.Variable(self._constant(weights), name=f"w{weights}")
            if bias >= 0 and bias not in self.trained and self._constant(bias) is not None:
                self.trained[bias] = tf.Variable(self._constant(bias), name=f"b{bias}")
                self.bias_scales[bias] = (int(op.inputs[0]), int(weights))

    def _value(self, index: int, values: dict[int, Any]) -> Any:
        if index in values:
            return values[index]
        if index in self.bias_scales:
            return self.trained[index]
        if index in self.trained:
            return self._rounded_weights(index)
        constant = self._constant(index)
        if constant is None:
            raise UnsupportedError(
                f"model '{self.name}' reads tensor {index} before it is made, such as a state: use "
                "quantize_ptq"
            )
        return tf.constant(constant)

    def _constant(self, index: int) -> npt.NDArray[Any] | None:
        """Real values of a constant tensor, integers where it has no scale; None if it is none."""
        tensor = self.graph.tensors[index]
        data = self.model.buffers[tensor.buffer].data
        if data is None or not len(data):
            return None
        dtype = np.dtype(_type(tensor).lower())
        values = np.frombuffer(np.asarray(data, np.uint8).tobytes(), dtype)
        shape = [] if tensor.shape is None else list(tensor.shape)
        values = values.reshape(shape)
        scales = _scales(tensor)
        if scales is None:
            whole: npt.NDArray[Any] = values
            return whole
        points = np.reshape(np.asarray(tensor.quantization.zeroPoint), self._along(tensor))
        real = (values.astype(np.float64) - points) * np.reshape(scales, self._along(tensor))
        rounded: npt.NDArray[np.float32] = real.astype(np.float32)
        return rounded

    def _along(self, tensor: Any) -> list[int]:
        """The shape that lets scales stand along their axis."""
        scales, rank = _scales(tensor), 0 if tensor.shape is None else len(tensor.shape)
        shape = [1] * rank
        if scales is not None and len(scales) > 1:
            shape[tensor.quantization.quantizedDimension] = len(scales)
        return shape

    def _weight_scales(self, index: int) -> Any:
        """Scale of each channel, or of all, by the largest weight."""
        tensor, weights = self.graph.tensors[index], self.trained[index]
        scales = _scales(tensor)
        assert scales is not None
        axis = tensor.quantization.quantizedDimension
        rank = len(tensor.shape)
        over = [a for a in range(rank) if len(scales) == 1 or a != axis]
        largest = tf.reduce_max(tf.abs(weights), axis=over)
        # A channel of zeros keeps the scale that it has.
        return tf.where(largest > 0, largest / 127.0, scales.reshape(tuple(largest.shape)))

    def _rounded_weights(self, index: int) -> Any:
        weights = self.trained[index]
        scales = tf.reshape(self._weight_scales(index), self._along(self.graph.tensors[index]))
        return _straight_through(weights, tf.round(weights / scales) * scales)

    def _bias_scale(self, index: int) -> npt.NDArray[np.float32]:
        source, weights = self.bias_scales[index]
        scales = _scales(self.graph.tensors[source])
        product: npt.NDArray[np.float32] = scales * np.atleast_1d(self._weight_scales(weights))
        return product

    def _rounded(self, index: int, x: Any) -> Any:
        """A real tensor as its type can say it."""
        tensor = self.graph.tensors[index]
        scales, kind = _scales(tensor), _type(tensor)
        if scales is None or kind not in _RANGES:
            return x
        scale, point = float(scales[0]), int(tensor.quantization.zeroPoint[0])
        low, high = _RANGES[kind]
        inside = tf.clip_by_value(x, (low - point) * scale, (high - point) * scale)
        return _straight_through(inside, tf.round(inside / scale) * scale)


def _straight_through(x: Any, rounded: Any) -> Any:
    """The rounded value, with the gradient of the one that was not."""
    return x + tf.stop_gradient(rounded - x)


def _scales(tensor: Any) -> npt.NDArray[np.float32] | None:
    quantization = tensor.quantization
    if quantization is None or quantization.scale is None or not len(quantization.scale):
        return None
    return np.asarray(quantization.scale, np.float32)


def _type(tensor: Any) -> str:
    from tensorflow.lite.python import schema_py_generated as schema

    types = vars(schema.TensorType).items()
    return str(next(name for name, value in types if value == tensor.type))


def _kind(model: Any, op: Any) -> str:
    from tensorflow.lite.python import schema_py_generated as schema

    code = model.operatorCodes[op.opcodeIndex]
    wanted = max(code.builtinCode, code.deprecatedBuiltinCode)
    kinds = vars(schema.BuiltinOperator).items()
    return str(next(name for name, value in kinds if value == wanted))
