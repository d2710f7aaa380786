# SPDX-License-Identifier: Apache-2.0
"""The registry of test networks, and the blocks that they are made of."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

SAMPLES = 48


@dataclass(frozen=True)
class Recipe:
    """How one file is made.

    Attributes:
        build: Returns the Keras model.
        edge_type: Type of inputs and outputs: "int8", "uint8" or "float32".
        fixed_batch: Whether the graph is frozen at batch one. Otherwise the signature's batch is
            -1 and the converter may emit SHAPE, STRIDED_SLICE and PACK.
        trained_ranges: Whether the model carries its own ranges (quantisation-aware training).
        rewrite: Changes the finished flatbuffer's object tree to what other tools write.
    """

    build: Callable[[], Any]
    edge_type: str = "int8"
    fixed_batch: bool = True
    trained_ranges: bool = False
    rewrite: Callable[[Any], None] | None = None


RECIPES: dict[str, Recipe] = {}


def recipe(**options: Any) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Enters a builder in RECIPES under the function's name."""

    def enter(build: Callable[[], Any]) -> Callable[[], Any]:
        RECIPES[build.__name__] = Recipe(build, **options)
        return build

    return enter


def random_images(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Returns `[SAMPLES, *shape]` float32: smooth random fields plus noise, about within -1..1."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 0.2, (SAMPLES, *shape))
    if len(shape) == 3:
        height, width, channels = shape
        rows = np.linspace(0, 3.999, height).astype(int)
        columns = np.linspace(0, 3.999, width).astype(int)
        coarse = rng.normal(0, 0.5, (SAMPLES, 4, 4, channels))
        noise += coarse[:, rows][:, :, columns]
    return noise.astype(np.float32)


def conv(
    x: Any, channels: int, kernel: Any = 3, activation: str | None = "relu6", **more: Any
) -> Any:
    """Convolution, batch norm, activation."""
    from keras import layers

    x = layers.Conv2D(channels, kernel, use_bias=False, **({"padding": "same"} | more))(x)
    x = layers.BatchNormalization()(x)
    return layers.Activation(activation)(x) if activation else x


def depthwise(x: Any, kernel: Any = 3, activation: Any = "relu6", **more: Any) -> Any:
    """Depthwise convolution, batch norm, activation."""
    from keras import layers

    x = layers.DepthwiseConv2D(kernel, use_bias=False, **({"padding": "same"} | more))(x)
    x = layers.BatchNormalization()(x)
    return layers.Activation(activation)(x) if activation else x


def inverted_residual(x: Any, channels: int, expansion: int, kernel: int, strides: int) -> Any:
    """MobileNetV2's block, with the identity where shapes allow."""
    from keras import layers

    y = conv(x, x.shape[-1] * expansion, 1)
    y = depthwise(y, kernel, strides=strides)
    y = conv(y, channels, 1, activation=None)
    return layers.Add()([x, y]) if strides == 1 and x.shape[-1] == channels else y


def classify(x: Any, classes: int = 10) -> Any:
    """Global average pooling, dense, softmax."""
    from keras import layers

    x = layers.GlobalAveragePooling2D()(x)
    return layers.Dense(classes, activation="softmax", bias_initializer="random_normal")(x)


def image(*shape: int) -> Any:
    """An input `[h, w, c]`."""
    import keras

    return keras.Input(shape)


def network(inputs: Any, outputs: Any) -> Any:
    """A functional Keras model."""
    import keras

    return keras.Model(inputs, outputs)


BLOCKS = (conv, depthwise, inverted_residual, classify, image, network)


# Changes to finished files


def negate_scales(tree: Any) -> None:
    """Negates every third channel's weight scale, weights and bias: the real values stay.

    Quantisation-aware training writes such files where a folded batch-norm gamma is negative.
    """
    (graph,) = tree.subgraphs
    for operator in graph.operators:
        if len(operator.inputs) != 3 or operator.inputs[2] < 0:
            continue
        weights, bias = (graph.tensors[index] for index in operator.inputs[1:])
        if len(weights.quantization.scale) < 2:
            continue
        for tensor, dtype in ((weights, np.int8), (bias, np.int32)):
            axis = tensor.quantization.quantizedDimension
            sign = np.where(np.arange(tensor.shape[axis]) % 3 == 1, -1, 1)
            values = np.frombuffer(bytes(tree.buffers[tensor.buffer].data), dtype)
            shape = [-1 if index == axis else 1 for index in range(len(tensor.shape))]
            values = values.reshape(tensor.shape) * sign.reshape(shape)
            tree.buffers[tensor.buffer].data = np.frombuffer(
                values.astype(dtype).tobytes(), np.uint8
            )
            tensor.quantization.scale = (tensor.quantization.scale * sign).astype(np.float32)


def zero_biases(tree: Any) -> None:
    """Gives every FULLY_CONNECTED a bias: tflite-runtime has no result by channel without one."""
    (graph,) = tree.subgraphs
    for operator in graph.operators:
        if len(operator.inputs) == 3 and operator.inputs[2] < 0:
            source, weights = (graph.tensors[index] for index in operator.inputs[:2])
            zeros = copy.deepcopy(weights)
            zeros.shape, zeros.type, zeros.name = weights.shape[:1], 2, b"zeros"  # INT32
            zeros.buffer = len(tree.buffers)
            scales = zeros.quantization
            scales.scale = np.asarray(scales.scale) * source.quantization.scale[0]
            tree.buffers.append(type(tree.buffers[0])())
            tree.buffers[-1].data = np.zeros(4 * weights.shape[0], np.uint8)
            graph.tensors.append(zeros)
            operator.inputs = np.array([*operator.inputs[:2], len(graph.tensors) - 1], np.int32)


def empty_biases(tree: Any) -> None:
    """Makes every bias of a FULLY_CONNECTED a tensor of no elements, as some exporters do."""
    (graph,) = tree.subgraphs
    for operator in graph.operators:
        if len(operator.inputs) == 3 and operator.inputs[2] < 0:
            tree.buffers.append(type(tree.buffers[0])())
            empty = copy.deepcopy(graph.tensors[operator.inputs[0]])
            empty.buffer = len(tree.buffers) - 1
            empty.shape = np.array([0], np.int32)
            empty.shapeSignature = None
            empty.name = b"no_bias"
            empty.type = 2  # INT32
            graph.tensors.append(empty)
            operator.inputs = np.array([*operator.inputs[:2], len(graph.tensors) - 1], np.int32)
