# SPDX-License-Identifier: Apache-2.0
"""Lowers an architecture to the graph that the compiler would read from its int8 `.tflite` file.

Weights do not exist yet. Scales, zero points and the spread of the weights are those of trained
networks, because the compiler chooses kernels by what it can prove from them: int8 symmetric
weights per channel, ReLU6 ranges of 0..6, and right shifts of about seven bits.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.ir import Graph, Op, Quantization, Tensor
from mcunet_tf.tinyengine.ops.broadcast import ElementwiseAttributes
from mcunet_tf.tinyengine.ops.common import Padding, same_padding
from mcunet_tf.tinyengine.ops.conv2d import Conv2dAttributes
from mcunet_tf.tinyengine.ops.fully_connected import FullyConnectedAttributes
from mcunet_tf.tinyengine.ops.mean import MeanAttributes
from mcunet_tf.tinyengine.query import Candidate
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.layer import ADD, CONV, DENSE, DEPTHWISE, IMAGE, MEAN, ArchLayer

_IMAGE = Quantization((1 / 255,), (-128,))
_RELU6 = Quantization((6 / 255,), (-128,))
# No simple fractions of one another: an ADD at such scales meets ties that only the general row
# rounds as TensorFlow Lite does, and hardly any real ADD does.
_LINEAR = Quantization((0.0473,), (3,))
_SUM = Quantization((0.0617,), (-2,))
_WEIGHT_SCALE = 0.004


class Piece(NamedTuple):
    """A layer without its place in a network: a `Part` of the compiler's queries.

    Attributes:
        layer: the layer, without its name, block and sources.
        sources: quantisation of the tensors that it reads.
    """

    layer: ArchLayer
    sources: tuple[Quantization, ...]

    def graph(self) -> Graph:
        """A graph of this layer alone."""
        layer = self.layer
        shape: tuple[int, ...] = (1, layer.height, layer.width, layer.in_channels)
        if layer.kind == DENSE:
            shape = (1, layer.in_channels)
        sources = [Tensor(f"input{i}", shape, "int8", q) for i, q in enumerate(self.sources)]
        inputs = tuple(range(len(sources)))
        made, op = _operator(layer, len(sources), inputs)
        return Graph("layer", (*sources, *made), (op,), inputs, op.outputs)


def lowered(arch: Arch, num_classes: int) -> Candidate:
    """A whole network as the compiler's queries take it."""
    return Candidate(lower_graph(arch, num_classes), pieces(arch, num_classes))


def lower_graph(arch: Arch, num_classes: int) -> Graph:
    """The graph of a whole network."""
    return lowered_layers(arch.input_shape, arch.layers(num_classes)).graph


def lowered_layers(
    input_shape: tuple[int, int, int], layers: Sequence[ArchLayer], outputs: int = 1
) -> Candidate:
    """Any network of such layers, of which the last ones are its outputs."""
    tensors = [Tensor("image", (1, *input_shape), "int8", _IMAGE)]
    ops: list[Op] = []
    for layer in layers:
        sources = [0 if i == IMAGE else ops[i].outputs[0] for i in layer.sources]
        made, op = _operator(layer, len(tensors), sources)
        tensors += made
        ops.append(op)
    given = tuple(op.outputs[0] for op in ops[-outputs:])
    return Candidate(Graph("arch", tuple(tensors), tuple(ops), (0,), given), _pieces(layers))


@functools.lru_cache(maxsize=4096)
def pieces(arch: Arch, num_classes: int) -> tuple[Piece, ...]:
    """The layers of a network without their places, in execution order."""
    return _pieces(arch.layers(num_classes))


def _pieces(layers: Sequence[ArchLayer]) -> tuple[Piece, ...]:
    return tuple(
        Piece(
            dataclasses.replace(layer, name="layer", block=-1, sources=()),
            tuple(_IMAGE if i == IMAGE else _quantization(layers[i]) for i in layer.sources),
        )
        for layer in layers
    )


def _quantization(layer: ArchLayer) -> Quantization:
    """Of the layer's result."""
    if layer.relu6:
        return _RELU6
    return _SUM if layer.kind == ADD else _LINEAR


def _operator(layer: ArchLayer, first: int, sources: Sequence[int]) -> tuple[list[Tensor], Op]:
    """The tensors that a layer adds, from index `first` on, the last one being its output."""
    channels = layer.out_channels
    shape: tuple[int, ...] = (1, layer.out_height, layer.out_width, channels)
    if layer.kind in (MEAN, DENSE):
        shape = (1, channels)
    output = Tensor(layer.name, shape, "int8", _quantization(layer))
    if layer.kind == ADD:
        activation = "RELU6" if layer.relu6 else "NONE"
        op = Op("ADD", layer.name, tuple(sources), (first,), ElementwiseAttributes(activation))
        return [output], op
    if layer.kind == MEAN:
        axes = Tensor("axes", (2,), "int32", None, np.array([1, 2], np.int32))
        mean = MeanAttributes((1, 2))
        return [axes, output], Op("MEAN", layer.name, (*sources, first), (first + 1,), mean)
    product = layer.kind == DENSE or _is_one_pixel(layer)
    stored = DENSE if product else layer.kind
    weights, bias = _constants(stored, layer.kernel, layer.in_channels, channels)
    inputs, outputs = (*sources, first, first + 1), (first + 2,)
    if product:
        attributes = FullyConnectedAttributes("RELU6" if layer.relu6 else "NONE")
        return [weights, bias, output], Op(
            "FULLY_CONNECTED", layer.name, inputs, outputs, attributes
        )
    kind = "DEPTHWISE_CONV_2D" if layer.kind == DEPTHWISE else "CONV_2D"
    return [weights, bias, output], Op(kind, layer.name, inputs, outputs, _window(layer))


def _is_one_pixel(layer: ArchLayer) -> bool:
    """Whether it is a convolution that the compiler makes a matrix product of."""
    return layer.kind == CONV and (layer.height, layer.width, *layer.kernel) == (1, 1, 1, 1)


def _window(layer: ArchLayer) -> Conv2dAttributes:
    (top, bottom), (left, right) = layer.borders
    if not any((top, bottom, left, right)):
        top, bottom = same_padding(layer.height, layer.kernel[0], layer.stride[0], 1)
        left, right = same_padding(layer.width, layer.kernel[1], layer.stride[1], 1)
    activation = "RELU6" if layer.relu6 else "NONE"
    padding = Padding(top, bottom, left, right)
    return Conv2dAttributes(*layer.stride, 1, 1, padding, activation)


@functools.lru_cache(maxsize=1024)
def _constants(
    kind: str, kernel: tuple[int, int], inputs: int, channels: int
) -> tuple[Tensor, Tensor]:
    axis = 0
    if kind == DENSE:
        shape: tuple[int, ...] = (channels, inputs)
    elif kind == DEPTHWISE:
        shape, axis = (1, *kernel, channels), 3
    else:
        shape = (channels, *kernel, inputs)
    scales = Quantization((_WEIGHT_SCALE,) * channels, (0,) * channels, axis)
    zeros = np.broadcast_to(np.int32(0), (channels,))
    weights = Tensor("weights", shape, "int8", scales, _spread(shape, axis))
    return weights, Tensor("bias", (channels,), "int32", None, zeros)


def _spread(shape: tuple[int, ...], axis: int) -> npt.NDArray[np.int8]:
    """Normally distributed weights whose largest one in each channel is 127."""
    values = np.random.default_rng(math.prod(shape)).normal(size=shape)
    others = tuple(a for a in range(len(shape)) if a != axis)
    values *= 127 / np.abs(values).max(axis=others, keepdims=True)
    rounded: npt.NDArray[np.int8] = np.round(values).astype(np.int8)
    return rounded
