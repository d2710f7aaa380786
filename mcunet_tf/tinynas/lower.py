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

from mcunet_tf.boards import Board
from mcunet_tf.tinyengine.cost.kernel_sets import KernelChoice
from mcunet_tf.tinyengine.cost.model import cost_model
from mcunet_tf.tinyengine.ir import Graph, Op, Quantization, Tensor
from mcunet_tf.tinyengine.kernel_tables.table import Kernel
from mcunet_tf.tinyengine.ops.broadcast import ElementwiseAttributes
from mcunet_tf.tinyengine.ops.common import Padding, same_padding
from mcunet_tf.tinyengine.ops.conv2d import Conv2dAttributes
from mcunet_tf.tinyengine.ops.fully_connected import FullyConnectedAttributes
from mcunet_tf.tinyengine.ops.mean import MeanAttributes
from mcunet_tf.tinyengine.schedule.nodes import Node, make_node, move_node
from mcunet_tf.tinyengine.select import select_kernel, traded_kernels, worthwhile_kernels
from mcunet_tf.tinynas import arch as arches
from mcunet_tf.tinynas.arch import Arch, Layer

_IMAGE = Quantization((1 / 255,), (-128,))
_RELU6 = Quantization((6 / 255,), (-128,))
# No simple fractions of one another: an ADD at such scales meets ties that only the general row
# rounds as TensorFlow Lite does, and hardly any real ADD does.
_LINEAR = Quantization((0.0473,), (3,))
_SUM = Quantization((0.0617,), (-2,))
_WEIGHT_SCALE = 0.004


@dataclasses.dataclass(frozen=True, eq=False)
class Lowered:
    """An architecture as the compiler's graph and its operators with their kernels."""

    graph: Graph
    nodes: tuple[Node, ...]


class Piece(NamedTuple):
    """A layer without its place in a network: equal ones cost the same.

    Attributes:
        layer: Without name and block.
        sources: Quantisation of the tensors it reads.
    """

    layer: Layer
    sources: tuple[Quantization, ...]


def lower(arch: Arch, num_classes: int, board: Board) -> Lowered:
    """Lowers a whole network for a board, with the kernels that the compiler chooses for it."""
    graph, found = lower_graph(arch, num_classes), pieces(arch, num_classes)
    isa = frozenset(board.isa)
    kernels = [kernel_of(piece, isa) for piece in found]
    costs = cost_model(board.core.cost_model)
    if costs is not None:
        names = frozenset(kernel.name for kernel in kernels)
        choices = [_traded_rows(piece, isa, board.core.cost_model, names) for piece in found]
        kernels = worthwhile_kernels(choices, costs)
    return Lowered(graph, place_nodes(graph, found, kernels))


def place_nodes(
    graph: Graph, found: Sequence[Piece], kernels: Sequence[Kernel]
) -> tuple[Node, ...]:
    """The operators of a lowered graph with a kernel for each of its pieces."""
    triples = zip(graph.ops, found, kernels, strict=True)
    return tuple(
        move_node(_node_alone(piece, kernel), index, op)
        for index, (op, piece, kernel) in enumerate(triples)
    )


def lower_graph(arch: Arch, num_classes: int) -> Graph:
    """The graph of a whole network."""
    tensors = [Tensor("image", (1, *arch.input_shape), "int8", _IMAGE)]
    ops: list[Op] = []
    shortcut, block = 0, -1
    for layer in arch.layers(num_classes):
        source = ops[-1].outputs[0] if ops else 0
        if layer.block != block:
            shortcut, block = source, layer.block
        made, op = _operator(layer, len(tensors), source, shortcut)
        tensors += made
        ops.append(op)
    return Graph("arch", tuple(tensors), tuple(ops), (0,), ops[-1].outputs)


@functools.lru_cache(maxsize=4096)
def pieces(arch: Arch, num_classes: int) -> tuple[Piece, ...]:
    """The layers of a network without their places, in execution order."""
    found: list[Piece] = []
    source = shortcut = _IMAGE
    block = -1
    for layer in arch.layers(num_classes):
        if layer.block != block:
            shortcut, block = source, layer.block
        sources = (shortcut, source) if layer.kind == arches.ADD else (source,)
        found.append(Piece(dataclasses.replace(layer, name="layer", block=-1), sources))
        source = _quantization(layer)
    return tuple(found)


def lower_alone(piece: Piece) -> Graph:
    """A graph of one layer."""
    layer = piece.layer
    shape: tuple[int, ...] = (1, layer.height, layer.width, layer.in_channels)
    if layer.kind == arches.DENSE:
        shape = (1, layer.in_channels)
    sources = [Tensor(f"input{i}", shape, "int8", q) for i, q in enumerate(piece.sources)]
    made, op = _operator(layer, len(sources), len(sources) - 1, 0)
    inputs = tuple(range(len(sources)))
    return Graph("layer", (*sources, *made), (op,), inputs, op.outputs)


@functools.lru_cache(maxsize=1 << 16)
def kernel_of(piece: Piece, isa: frozenset[str]) -> Kernel:
    """The kernel that the compiler prefers for a layer, whatever its code takes."""
    graph = lower_alone(piece)
    return select_kernel(graph, graph.ops[0], isa)


@functools.lru_cache(maxsize=1 << 16)
def _traded_rows(
    piece: Piece, isa: frozenset[str], core: str, names: frozenset[str]
) -> KernelChoice:
    """The rows that the compiler chooses among, for a network that prefers the named ones."""
    graph, costs = lower_alone(piece), cost_model(core)
    assert costs is not None, f"nothing is known of {core}"
    return traded_kernels(graph, graph.ops[0], isa, costs, kernel_of(piece, isa), names)


# Keeps weights: as many as a dozen search spaces have.
@functools.lru_cache(maxsize=1 << 12)
def _node_alone(piece: Piece, kernel: Kernel) -> Node:
    """A layer in a graph of its own; nodes of whole networks share its view."""
    graph = lower_alone(piece)
    return make_node(graph, 0, graph.ops[0], kernel)


def _quantization(layer: Layer) -> Quantization:
    """Of the layer's result."""
    if layer.kind == arches.ADD:
        return _SUM
    return _RELU6 if layer.relu6 else _LINEAR


def _operator(layer: Layer, first: int, source: int, shortcut: int) -> tuple[list[Tensor], Op]:
    """The tensors that a layer adds, from index `first` on, the last one being its output."""
    channels = layer.out_channels
    shape: tuple[int, ...] = (1, layer.out_height, layer.out_width, channels)
    if layer.kind in (arches.MEAN, arches.DENSE):
        shape = (1, channels)
    output = Tensor(layer.name, shape, "int8", _quantization(layer))
    if layer.kind == arches.ADD:
        op = Op("ADD", layer.name, (shortcut, source), (first,), ElementwiseAttributes("NONE"))
        return [output], op
    if layer.kind == arches.MEAN:
        axes = Tensor("axes", (2,), "int32", None, np.array([1, 2], np.int32))
        mean = MeanAttributes((1, 2))
        return [axes, output], Op("MEAN", layer.name, (source, first), (first + 1,), mean)
    weights, bias = _constants(layer.kind, layer.kernel, layer.in_channels, channels)
    inputs, outputs = (source, first, first + 1), (first + 2,)
    if layer.kind == arches.DENSE:
        attributes = FullyConnectedAttributes("NONE")
        return [weights, bias, output], Op(
            "FULLY_CONNECTED", layer.name, inputs, outputs, attributes
        )
    kind = "DEPTHWISE_CONV_2D" if layer.kind == arches.DEPTHWISE else "CONV_2D"
    return [weights, bias, output], Op(kind, layer.name, inputs, outputs, _window(layer))


def _window(layer: Layer) -> Conv2dAttributes:
    top, bottom = same_padding(layer.height, layer.kernel, layer.stride, 1)
    left, right = same_padding(layer.width, layer.kernel, layer.stride, 1)
    activation = "RELU6" if layer.relu6 else "NONE"
    padding = Padding(top, bottom, left, right)
    return Conv2dAttributes(layer.stride, layer.stride, 1, 1, padding, activation)


@functools.lru_cache(maxsize=1024)
def _constants(kind: str, kernel: int, inputs: int, channels: int) -> tuple[Tensor, Tensor]:
    axis = 0
    if kind == arches.DENSE:
        shape: tuple[int, ...] = (channels, inputs)
    elif kind == arches.DEPTHWISE:
        shape, axis = (1, kernel, kernel, channels), 3
    else:
        shape = (channels, kernel, kernel, inputs)
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
