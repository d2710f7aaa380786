# SPDX-License-Identifier: Apache-2.0
"""An architecture is a value: blocks between a stem and a classifier.

Inverted residuals are those of MobileNetV2 (Sandler et al., arXiv:1801.04381), ProxylessNAS (Cai et
al., arXiv:1812.00332) and MCUNet (Lin et al., arXiv:2007.10319); `block.py` has the other kinds. In
front stands a 3 x 3 stem, behind them an optional 1 x 1 head, the mean over the image and one dense
layer that gives logits.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from typing import Any

from mcunet_tf.errors import SearchError, require_packages
from mcunet_tf.tinynas.block import Block, block_layers, check_block
from mcunet_tf.tinynas.build import build_with
from mcunet_tf.tinynas.layer import (
    ADD,
    ALIKE,
    CONV,
    DENSE,
    IMAGE,
    MEAN,
    SAME,
    ArchLayer,
    Size,
    pair,
)

STEM_KERNEL = 3


@dataclasses.dataclass(frozen=True)
class Arch:
    """A network without its weights: hashable, comparable, and JSON there and back.

    Attributes:
        input_shape: (height, width, channels) of the image.
        stem_channels: output channels of the first convolution.
        stem_stride: stride of the first convolution, or its (vertical, horizontal) strides.
        blocks: all blocks in execution order.
        head_channels: output channels of a 1 x 1 convolution in front of the mean; 0 leaves it out.
        stem_kernel: edge of the first convolution's window, or its (height, width).
        padding: how windows are padded: "same" as TensorFlow does, or "alike" on both sides.

    Raises:
        SearchError: a number is not positive, a window has no middle, or a block adds tensors of
            different shapes.
    """

    input_shape: tuple[int, int, int]
    stem_channels: int
    stem_stride: Size
    blocks: tuple[Block, ...]
    head_channels: int = 0
    stem_kernel: Size = STEM_KERNEL
    padding: str = SAME

    def __post_init__(self) -> None:
        stem = (*pair(self.stem_stride), *pair(self.stem_kernel))
        sizes = [*self.input_shape, self.stem_channels, *stem]
        if len(self.input_shape) != 3 or min(sizes) < 1 or self.head_channels < 0:
            raise SearchError(
                f"architecture with input {self.input_shape}, stem {self.stem_channels} and head "
                f"{self.head_channels}: all sizes must be positive"
            )
        if self.padding not in (SAME, ALIKE):
            raise SearchError(f"padding = {self.padding!r}: use '{SAME}' or '{ALIKE}'")
        if self.padding == ALIKE and min(size % 2 for size in pair(self.stem_kernel)) == 0:
            raise SearchError(f"a stem of {self.stem_kernel} has no middle to be padded alike")
        channels = self.stem_channels
        for index, block in enumerate(self.blocks):
            check_block(index, block, channels)
            channels = block.channels

    @property
    def resolution(self) -> int:
        """Height of the input image."""
        return self.input_shape[0]

    def layers(self, num_classes: int) -> tuple[ArchLayer, ...]:
        """The network as layers in execution order, a residual's ADD behind its projection."""
        return _layers(self, num_classes)

    def macs(self, num_classes: int) -> int:
        """Multiply-accumulates of one inference."""
        return sum(layer.macs for layer in self.layers(num_classes))

    def parameters(self, num_classes: int) -> int:
        """Trainable parameters: what a framework counts before batch-norm is folded."""
        return sum(layer.parameters for layer in self.layers(num_classes))

    def to_keras(self, num_classes: int, name: str = "mcunet") -> Any:
        """Builds an untrained functional Keras 3 model `[h, w, c]` -> `[num_classes]` logits."""
        require_packages("a Keras model", "tensorflow", "keras")
        import keras

        return build_with(keras, self.input_shape, self.layers(num_classes), name)

    def to_json(self) -> str:
        """The architecture on one line; `from_json` reads it back."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Arch:
        """Reads what `to_json` wrote.

        Raises:
            SearchError: the text is no JSON, or does not describe an architecture.
        """
        try:
            data = json.loads(text)
            blocks = tuple(Block(**_pairs(block)) for block in data.pop("blocks"))
            height, width, channels = data.pop("input_shape")
            data = _pairs(data)
            return cls(input_shape=(height, width, channels), blocks=blocks, **data)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise SearchError(f"this is no architecture ({error}): {text[:80]}") from error


def _pairs(data: dict[str, Any]) -> dict[str, Any]:
    """The fields of a value with the lists that JSON made of its tuples as tuples again."""
    return {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}


@functools.lru_cache(maxsize=4096)
def _layers(arch: Arch, num_classes: int) -> tuple[ArchLayer, ...]:
    found: list[ArchLayer] = []

    def add(name: str, kind: str, out_channels: int, *sources: int, **rest: Any) -> int:
        """Adds a layer behind others and gives its index."""
        if sources[0] == IMAGE:
            height, width, channels = arch.input_shape
        else:
            read = found[sources[0]]
            height, width, channels = read.out_height, read.out_width, read.out_channels
        layer = ArchLayer(
            name,
            kind,
            height,
            width,
            channels,
            out_channels,
            sources=sources,
            padding=arch.padding,
            **rest,
        )
        found.append(layer)
        return len(found) - 1

    stem = {"kernel": pair(arch.stem_kernel), "stride": pair(arch.stem_stride), "relu6": True}
    last = add("stem", CONV, arch.stem_channels, IMAGE, **stem)
    for i, block in enumerate(arch.blocks):
        start = shortcut = last
        for part in block_layers(block, found[start].out_channels):
            window: dict[str, Any] = {"kernel": pair(part.kernel), "stride": pair(part.stride)}
            source = start if part.projects else last
            name = f"block{i:02d}_{part.name}"
            made = add(
                name, part.kind, part.out_channels, source, relu6=part.relu6, block=i, **window
            )
            if part.projects:
                shortcut = made
            else:
                last = made
        if block.residual:
            name = f"block{i:02d}_add"
            last = add(name, ADD, block.channels, shortcut, last, relu6=block.clamps, block=i)
    if arch.head_channels:
        last = add("head", CONV, arch.head_channels, last, relu6=True)
    last = add("mean", MEAN, found[last].out_channels, last)
    add("logits", DENSE, num_classes, last)
    return tuple(found)
