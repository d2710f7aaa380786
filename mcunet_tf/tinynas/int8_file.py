# SPDX-License-Identifier: Apache-2.0
"""Reads the weights of an int8 `.tflite` file back into the architecture that it is of.

The file is walked along its data flow, layer by layer of the architecture, so that it does not
matter in which order a converter wrote the operators of a block. Batch-norm is part of the file's
convolutions: it comes back as a norm that adds the bias and does nothing else.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.errors import SearchError
from mcunet_tf.tinyengine.ir import Graph, Op, Tensor
from mcunet_tf.tinyengine.ops.common import same_padding
from mcunet_tf.tinyengine.read_tflite import read_tflite
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.build import NORM_EPSILON
from mcunet_tf.tinynas.layer import ADD, ALIKE, CONV, DENSE, DEPTHWISE, IMAGE, SAME, ArchLayer
from mcunet_tf.tinynas.protocols import Weights

_KINDS = {
    CONV: ("CONV_2D", "FULLY_CONNECTED", "DEPTHWISE_CONV_2D"),
    DEPTHWISE: ("DEPTHWISE_CONV_2D",),
    ADD: ("ADD",),
    DENSE: ("FULLY_CONNECTED", "CONV_2D"),
}
_VIEWS = ("QUANTIZE", "MEAN", "AVERAGE_POOL_2D", "TRANSPOSE", "RESHAPE", "SQUEEZE")
_CLAMPED = 6.0
_NEAR = 1.02
"""A range that ends so near to 6, relative to it, is a ReLU6's."""


@dataclasses.dataclass(frozen=True, eq=False)
class Int8File:
    """What a file says of an architecture.

    Attributes:
        arch: the architecture with the file's input shape and padding.
        num_classes: number of the file's outputs.
        weights: values by the names of the layers of `Arch.to_keras`, in real numbers.
        ranges: smallest and greatest value of each layer's int8 result, by its name, and of the
            input, as "image".
        scale: what a step of the int8 input stands for.
        zero_point: the int8 input that stands for 0.
    """

    arch: Arch
    num_classes: int
    weights: Weights
    ranges: dict[str, tuple[float, float]]
    scale: float
    zero_point: int

    def for_pixels(self) -> Weights:
        """The same weights for images from 0 to 1 instead of what the file's input stands for.

        The outermost pixels differ: there the file pads with its 0, not with black.
        """
        factor = 255 * self.scale
        shift = -(128 + self.zero_point) * self.scale
        (kernel,) = self.weights["stem_conv"]
        gamma, beta, mean, variance = self.weights["stem_norm"]
        beta = beta + gamma * shift * kernel.sum(axis=(0, 1, 2))
        changed = {"stem_conv": [kernel * np.float32(factor)]}
        return {
            **self.weights,
            **changed,
            "stem_norm": [gamma, beta.astype(np.float32), mean, variance],
        }


def read_int8_file(flatbuffer: bytes, arch: Arch, called: str, source: str) -> Int8File:
    """Reads a full-int8 `.tflite` file of an architecture.

    Args:
        flatbuffer: the file; its edges may be float32 or uint8.
        arch: the architecture; its input shape and padding may be others than the file's.
        called: name of the architecture, for messages.
        source: name of the file, for messages.

    Raises:
        ModelError: the file is no `.tflite`, or damaged.
        SearchError: it is of another architecture, or not int8; the message names the first layer
            that differs.
    """
    return _Walk(read_tflite(flatbuffer, source), arch, called, source).read()


class _Walk:
    """A walk through a file along an architecture."""

    def __init__(self, graph: Graph, arch: Arch, called: str, source: str) -> None:
        self.graph = graph
        self.called = called
        self.source = source
        self.readers = graph.consumers()
        first = self._behind(graph.inputs[0], ("QUANTIZE",))
        tensor = graph.tensors[first]
        self.input = first
        if len(graph.inputs) != 1 or len(tensor.shape) != 4 or tensor.dtype != "int8":
            raise SearchError(
                f"{source} takes {tensor.dtype} {list(tensor.shape)}, not one int8 image: give a "
                "full-int8 .tflite file"
            )
        height, width, channels = tensor.shape[1:]
        self.arch = dataclasses.replace(arch, input_shape=(height, width, channels))
        self.weights: Weights = {}
        self.ranges: dict[str, tuple[float, float]] = {}
        self.paddings: set[str] = set()
        self.classes = 0

    def read(self) -> Int8File:
        """Goes through all layers."""
        made: list[int] = []
        self.ranges["image"] = self._range(self.input)
        for layer in self.arch.layers(1):
            sources = [self.input if i == IMAGE else made[i] for i in layer.sources]
            if layer.kind in _KINDS:
                made.append(self._layer(layer, sources))
            else:
                made.append(self._behind(sources[0], _VIEWS))
            self.ranges[layer.name] = self._range(made[-1])
        rest = self._behind(made[-1], ("RESHAPE", "SOFTMAX", "LOGISTIC", "DEQUANTIZE", "QUANTIZE"))
        if rest not in self.graph.outputs:
            self._differs("the end", "nothing more", self.readers[rest][0])
        padding = ALIKE if self.paddings == {ALIKE} else SAME
        if len(self.paddings) > 1:
            raise SearchError(f"{self.source} pads some layers alike and others not: not supported")
        (scale,), (zero_point,) = self._quantization(self.graph.tensors[self.input])
        return Int8File(
            dataclasses.replace(self.arch, padding=padding),
            self.classes,
            self.weights,
            self.ranges,
            float(scale),
            int(zero_point),
        )

    def _layer(self, layer: ArchLayer, sources: list[int]) -> int:
        """Takes over a layer; gives the tensor that it makes."""
        candidates = []
        for op in self.readers.get(sources[0], []):
            before, pads = (0, 0), None
            if op.kind == "PAD":
                before, pads = op.attributes.before[1:3], op.attributes
                (op,) = self.readers[op.outputs[0]][:1] or (op,)
            candidates.append((op, before, pads))
        for op, before, _ in candidates:
            if op.kind in _KINDS[layer.kind] and self._fits(layer, op):
                if layer.kind == ADD:
                    if set(sources) != set(op.inputs):
                        continue
                else:
                    self._take(layer, op, before)
                self._check_clamp(layer, op)
                return op.outputs[0]
        found = candidates[0][0] if candidates else None
        self._differs(f"layer '{layer.name}'", _described(layer), found)
        raise AssertionError("not reached")

    def _fits(self, layer: ArchLayer, op: Op) -> bool:
        if layer.kind == ADD:
            return True
        shape = self.graph.tensors[op.inputs[1]].shape
        if layer.kind == DENSE:
            return shape[-1] == layer.in_channels and shape[1:-1] in ((), (1, 1))
        if op.kind == "FULLY_CONNECTED":
            return layer.kernel == (1, 1) and shape == (layer.out_channels, layer.in_channels)
        strides = (op.attributes.stride_height, op.attributes.stride_width)
        if strides != layer.stride or shape[1:3] != layer.kernel:
            return False
        if op.kind == "DEPTHWISE_CONV_2D":
            one = layer.kind == DEPTHWISE or layer.in_channels == 1
            return one and shape[3] == layer.out_channels
        return shape == (layer.out_channels, *layer.kernel, layer.in_channels)

    def _take(self, layer: ArchLayer, op: Op, before: tuple[int, int]) -> None:
        kernel, bias = self._values(op)
        if layer.kind == DENSE:
            matrix = kernel.reshape(-1, layer.in_channels).T
            self.classes = matrix.shape[1]
            self.weights[layer.name] = [matrix, bias]
            return
        if op.kind == "DEPTHWISE_CONV_2D":
            order = (1, 2, 3, 0) if layer.kind == DEPTHWISE else (1, 2, 0, 3)
            kernel = kernel.transpose(order)
        elif op.kind == "CONV_2D":
            kernel = kernel.transpose(1, 2, 3, 0)
        else:
            kernel = kernel.T[None, None]
        self.weights[f"{layer.name}_conv"] = [np.ascontiguousarray(kernel)]
        ones = np.ones(layer.out_channels, np.float32)
        self.weights[f"{layer.name}_norm"] = [
            ones,
            bias,
            np.zeros_like(ones),
            ones * np.float32(1 - NORM_EPSILON),
        ]
        if op.kind != "FULLY_CONNECTED":
            self._note_padding(layer, op, before)

    def _note_padding(self, layer: ArchLayer, op: Op, before: tuple[int, int]) -> None:
        own = op.attributes.padding
        found = (before[0] + own.top, before[1] + own.left)
        alike = (layer.kernel[0] // 2, layer.kernel[1] // 2)
        same = tuple(
            same_padding(size, edge, step, 1)[0]
            for size, edge, step in zip(
                (layer.height, layer.width), layer.kernel, layer.stride, strict=True
            )
        )
        if found not in (alike, same):
            self._differs(f"layer '{layer.name}'", f"padding {same} or {alike}", op)
        if alike != same:
            self.paddings.add(ALIKE if found == alike else SAME)

    def _check_clamp(self, layer: ArchLayer, op: Op) -> None:
        found = op.attributes.activation
        clamps = found in ("RELU", "RELU6")
        if clamps != layer.relu6:
            # Converters leave a clamp out that the range of an int8 result makes anyway.
            (scale,), (zero_point,) = self._quantization(self.graph.tensors[op.outputs[0]])
            bounded = zero_point == -128 and 255 * scale <= _CLAMPED * _NEAR
            if not (layer.relu6 and bounded):
                wanted = "clamped" if layer.relu6 else "not clamped"
                self._differs(f"layer '{layer.name}'", wanted, op)

    def _range(self, tensor: int) -> tuple[float, float]:
        """The smallest and the greatest value of an int8 tensor."""
        (scale,), (zero_point,) = self._quantization(self.graph.tensors[tensor])
        return float((-128 - zero_point) * scale), float((127 - zero_point) * scale)

    def _values(self, op: Op) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Weights, in the file's layout, and bias in real numbers."""
        stored = self.graph.tensors[op.inputs[1]]
        if stored.data is None or stored.dtype != "int8":
            raise SearchError(
                f"{self.source}: the weights of '{op.name}' are {stored.dtype}, not int8 "
                "constants: give a full-int8 .tflite file"
            )
        scales, zero_points = self._quantization(stored)
        axis = stored.quantization.axis if stored.quantization else 0
        along = [1] * stored.data.ndim
        along[axis] = -1 if len(scales) > 1 else 1
        kernel = (stored.data.astype(np.float64) - zero_points.reshape(along)) * (
            scales.reshape(along)
        )
        channels = stored.shape[axis if op.kind == "DEPTHWISE_CONV_2D" else 0]
        (input_scale,), _ = self._quantization(self.graph.tensors[op.inputs[0]])
        bias = np.zeros(channels)
        if len(op.inputs) > 2 and op.inputs[2] >= 0:
            given = self.graph.tensors[op.inputs[2]].data
            assert given is not None, "a bias is a constant"
            bias = given.astype(np.float64) * input_scale * scales
        return kernel.astype(np.float32), np.broadcast_to(bias, (channels,)).astype(np.float32)

    def _quantization(self, tensor: Tensor) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        found = tensor.quantization
        if found is None:
            raise SearchError(
                f"{self.source}: '{tensor.name}' is {tensor.dtype} without a scale: give a "
                "full-int8 .tflite file"
            )
        return np.array(found.scale, np.float64), np.array(found.zero_point, np.float64)

    def _behind(self, tensor: int, kinds: tuple[str, ...]) -> int:
        """The tensor behind a chain of operators of these kinds."""
        while True:
            following = self.readers.get(tensor, [])
            if len(following) != 1 or following[0].kind not in kinds:
                return tensor
            tensor = following[0].outputs[0]

    def _differs(self, where: str, wanted: str, op: Op | None) -> None:
        found = "nothing"
        if op is not None:
            shapes = [self.graph.tensors[i].shape for i in op.inputs[1:2]]
            size = f" {list(shapes[0])}" if shapes else ""
            found = f"{op.kind}{size}"
        raise SearchError(
            f"{self.source} is not {self.called}: at {where} the network has {wanted}, the file "
            f"{found}: give the file of this network, or the network of this file"
        )


def is_six(ceiling: float) -> bool:
    """Whether a range of int8 ends where a ReLU6 does."""
    return _CLAMPED / _NEAR < ceiling < _CLAMPED * _NEAR


def _described(layer: ArchLayer) -> str:
    if layer.kind in (ADD, DENSE):
        return "an addition" if layer.kind == ADD else f"a matrix of {layer.in_channels} inputs"
    height, width = layer.kernel
    kind = "depthwise" if layer.kind == DEPTHWISE else "dense"
    step = "" if layer.stride == (1, 1) else f", stride {layer.stride[0]}"
    return (
        f"{kind} {height}x{width} windows, {layer.in_channels} to {layer.out_channels} "
        f"channels{step}"
    )
