# SPDX-License-Identifier: Apache-2.0
"""A block of an architecture, and the convolutions that it is made of."""

from __future__ import annotations

import dataclasses
from typing import Any

from mcunet_tf.errors import SearchError
from mcunet_tf.tinynas.layer import CONV, DEPTHWISE, Size, pair

BLOCK_KINDS = ("inverted", "fused", "plain", "separable")


@dataclasses.dataclass(frozen=True)
class Block:
    """A run of convolutions, whose input may be added to its output.

    Attributes:
        kernel: edge of the window, or its (height, width).
        hidden: channels between the first and the last convolution. Where they equal the block's
            input channels, an inverted residual has no expansion.
        channels: output channels.
        stride: stride of the window, or its (vertical, horizontal) strides.
        residual: whether the input is added to the output.
        kind: one of `BLOCK_KINDS`. "inverted": 1 x 1 to the hidden channels, depthwise window,
            1 x 1; "fused": dense window to the hidden channels, 1 x 1; "plain": two dense windows;
            "separable": depthwise window, 1 x 1. These two clamp all that they make, sums too.
        projected: whether a residual's input passes a 1 x 1 convolution of the block's stride
            first, so that shapes may differ (He et al., arXiv:1512.03385, option B).
    """

    kernel: Size
    hidden: int
    channels: int
    stride: Size = 1
    residual: bool = False
    kind: str = "inverted"
    projected: bool = False

    @property
    def clamps(self) -> bool:
        """Whether the block's output is clamped, be it a sum or not."""
        return self.kind in ("plain", "separable")


@dataclasses.dataclass(frozen=True)
class BlockLayer:
    """A convolution of a block.

    Attributes:
        name: what it is called within the block.
        kind: "conv" or "depthwise".
        in_channels: channels that it reads.
        out_channels: channels that it makes.
        kernel: edge of its window, or its (height, width).
        stride: stride of its window, or its (vertical, horizontal) strides.
        relu6: whether its result is clamped to 0..6.
        reads_hidden: whether its input channels are the hidden ones, of which there may be fewer.
        makes_hidden: whether its output channels are.
        projects: whether it reads the block's input, and makes what is added to the output.
    """

    name: str
    kind: str
    in_channels: int
    out_channels: int
    kernel: Size = 1
    stride: Size = 1
    relu6: bool = False
    reads_hidden: bool = False
    makes_hidden: bool = False
    projects: bool = False


def block_layers(block: Block, in_channels: int) -> tuple[BlockLayer, ...]:
    """The convolutions of a block in execution order."""
    layers = _trunk(block, in_channels)
    if not block.projected:
        return layers
    shortcut = BlockLayer(
        "shortcut", CONV, in_channels, block.channels, 1, block.stride, projects=True
    )
    return *layers, shortcut


def _trunk(block: Block, in_channels: int) -> tuple[BlockLayer, ...]:
    """The convolutions from a block's input to what a residual is added to."""
    hidden, channels = block.hidden, block.channels
    window: dict[str, Any] = {"kernel": block.kernel, "stride": block.stride, "relu6": True}
    if block.kind == "plain":
        # Where the input is added, the sum is clamped instead.
        return (
            BlockLayer("first", CONV, in_channels, hidden, **window, makes_hidden=True),
            BlockLayer(
                "second",
                CONV,
                hidden,
                channels,
                block.kernel,
                relu6=not block.residual,
                reads_hidden=True,
            ),
        )
    project = BlockLayer("project", CONV, hidden, channels, reads_hidden=True)
    if block.kind == "fused":
        fused = BlockLayer("fused", CONV, in_channels, hidden, **window, makes_hidden=True)
        return fused, project
    if block.kind == "separable":
        return (
            BlockLayer("depthwise", DEPTHWISE, in_channels, in_channels, **window),
            BlockLayer("point", CONV, in_channels, channels, relu6=not block.residual),
        )
    depthwise = BlockLayer(
        "depthwise", DEPTHWISE, hidden, hidden, **window, reads_hidden=True, makes_hidden=True
    )
    if hidden == in_channels:
        return depthwise, project
    expand = BlockLayer("expand", CONV, in_channels, hidden, relu6=True, makes_hidden=True)
    return expand, depthwise, project


def check_block(index: int, block: Block, in_channels: int) -> None:
    """Makes sure that a block can be built behind so many channels.

    Raises:
        SearchError: a number is not positive, the window has no middle, the kind is unknown, or it
            adds tensors of different shapes.
    """
    if block.kind not in BLOCK_KINDS:
        raise SearchError(f"block {index} ({block}): kind must be one of {BLOCK_KINDS}")
    kernel, stride = pair(block.kernel), pair(block.stride)
    even = any(edge % 2 == 0 for edge in kernel)
    if min(block.hidden, block.channels, *stride, *kernel) < 1 or even:
        raise SearchError(f"block {index} ({block}): sizes must be positive, kernels odd")
    if block.kind == "separable" and block.hidden != in_channels:
        raise SearchError(
            f"block {index} ({block}): a separable block has as many hidden channels as it reads, "
            f"{in_channels}"
        )
    if stride[0] != stride[1] and block.kind in ("inverted", "separable"):
        raise SearchError(
            f"block {index} ({block}): TensorFlow's depthwise convolutions have equal strides "
            "along both axes: use a dense block there, or give the stem these strides"
        )
    if block.projected and not block.residual:
        raise SearchError(f"block {index} ({block}) projects an input that it does not add")
    reshapes = stride != (1, 1) or block.channels != in_channels
    if block.residual and not block.projected and reshapes:
        raise SearchError(
            f"block {index} ({block}) adds its input of {in_channels} channels to another shape: "
            "residuals need stride 1 and equal channels, or projected=True"
        )
