# SPDX-License-Identifier: Apache-2.0
"""An architecture is a value: blocks between a stem and a classifier.

Inverted residuals are those of MobileNetV2 (Sandler et al., arXiv:1801.04381), ProxylessNAS (Cai et
al., arXiv:1812.00332) and MCUNet (Lin et al., arXiv:2007.10319); `block.py` has the other kinds. In
front stands a 3 x 3 stem, behind them an optional 1 x 1 head, the mean over the image and one dense
layer that gives logits. Convolutions pad as TensorFlow's SAME does.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from typing import Any

from mcunet_tf.errors import SearchError, require_packages
from mcunet_tf.tinynas.block import Block, block_layers, check_block
from mcunet_tf.tinynas.build import build_with
from mcunet_tf.tinynas.layer import ADD, CONV, DENSE, MEAN, ArchLayer

STEM_KERNEL = 3


@dataclasses.dataclass(frozen=True)
class Arch:
    """A network without its weights: hashable, comparable, and JSON there and back.

    Attributes:
        input_shape: (height, width, channels) of the image.
        stem_channels: output channels of the first convolution, 3 x 3.
        stem_stride: stride of the first convolution.
        blocks: all blocks in execution order.
        head_channels: output channels of a 1 x 1 convolution in front of the mean; 0 leaves it out.

    Raises:
        SearchError: a number is not positive, a window has no middle, or a block adds tensors of
            different shapes.
    """

    input_shape: tuple[int, int, int]
    stem_channels: int
    stem_stride: int
    blocks: tuple[Block, ...]
    head_channels: int = 0

    def __post_init__(self) -> None:
        sizes = [*self.input_shape, self.stem_channels, self.stem_stride]
        if len(self.input_shape) != 3 or min(sizes) < 1 or self.head_channels < 0:
            raise SearchError(
                f"architecture with input {self.input_shape}, stem {self.stem_channels} and head "
                f"{self.head_channels}: all sizes must be positive"
            )
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
            blocks = tuple(Block(**block) for block in data.pop("blocks"))
            height, width, channels = data.pop("input_shape")
            return cls(input_shape=(height, width, channels), blocks=blocks, **data)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise SearchError(f"this is no architecture ({error}): {text[:80]}") from error


@functools.lru_cache(maxsize=4096)
def _layers(arch: Arch, num_classes: int) -> tuple[ArchLayer, ...]:
    height, width, channels = arch.input_shape
    found: list[ArchLayer] = []

    def add(name: str, kind: str, out_channels: int, block: int = -1, **window: Any) -> None:
        nonlocal height, width, channels
        layer = ArchLayer(name, kind, height, width, channels, out_channels, block=block, **window)
        found.append(layer)
        height, width, channels = layer.out_height, layer.out_width, out_channels

    stem = {"kernel": STEM_KERNEL, "stride": arch.stem_stride, "relu6": True}
    add("stem", CONV, arch.stem_channels, **stem)
    for i, block in enumerate(arch.blocks):
        for part in block_layers(block, channels):
            window = {"kernel": part.kernel, "stride": part.stride, "relu6": part.relu6}
            add(f"block{i:02d}_{part.name}", part.kind, part.out_channels, i, **window)
        if block.residual:
            add(f"block{i:02d}_add", ADD, block.channels, i, relu6=block.kind == "plain")
    if arch.head_channels:
        add("head", CONV, arch.head_channels, relu6=True)
    add("mean", MEAN, channels)
    add("logits", DENSE, num_classes)
    return tuple(found)
