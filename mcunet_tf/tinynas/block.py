# SPDX-License-Identifier: Apache-2.0
"""A block of an architecture, and the convolutions that it is made of."""

from __future__ import annotations

import dataclasses
from typing import Any

from mcunet_tf.errors import SearchError
from mcunet_tf.tinynas.layer import CONV, DEPTHWISE

BLOCK_KINDS = ("inverted", "fused", "plain", "separable")


@dataclasses.dataclass(frozen=True)
class Block:
    """A run of convolutions, whose input may be added to its output.

    Attributes:
        kernel: edge of the window.
        hidden: channels between the first and the last convolution. Where they equal the block's
            input channels, an inverted residual has no expansion.
        channels: output channels.
        stride: stride of the window.
        residual: whether the input is added to the output.
        kind: one of `BLOCK_KINDS`. "inverted": 1 x 1 to the hidden channels, depthwise window,
            1 x 1; "fused": dense window to the hidden channels, 1 x 1; "plain": two dense windows,
            clamped behind the sum; "separable": depthwise window, 1 x 1, both clamped.
    """

    kernel: int
    hidden: int
    channels: int
    stride: int = 1
    residual: bool = False
    kind: str = "inverted"


@dataclasses.dataclass(frozen=True)
class BlockLayer:
    """A convolution of a block.

    Attributes:
        name: what it is called within the block.
        kind: "conv" or "depthwise".
        in_channels: channels that it reads.
        out_channels: channels that it makes.
        kernel: edge of its window.
        stride: stride of its window.
        relu6: whether its result is clamped to 0..6.
        reads_hidden: whether its input channels are the hidden ones, of which there may be fewer.
        makes_hidden: whether its output channels are.
    """

    name: str
    kind: str
    in_channels: int
    out_channels: int
    kernel: int = 1
    stride: int = 1
    relu6: bool = False
    reads_hidden: bool = False
    makes_hidden: bool = False


def block_layers(block: Block, in_channels: int) -> tuple[BlockLayer, ...]:
    """The convolutions of a block in execution order."""
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
            BlockLayer("point", CONV, in_channels, channels, relu6=True),
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
    sizes = (block.hidden, block.channels, block.stride, block.kernel)
    if min(sizes) < 1 or block.kernel % 2 == 0:
        raise SearchError(f"block {index} ({block}): sizes must be positive, kernels odd")
    if block.kind == "separable" and (block.hidden != in_channels or block.residual):
        raise SearchError(
            f"block {index} ({block}): a separable block has as many hidden channels as it reads, "
            f"{in_channels}, and adds nothing"
        )
    if block.residual and (block.stride != 1 or block.channels != in_channels):
        raise SearchError(
            f"block {index} ({block}) adds its input of {in_channels} channels to another shape: "
            "residuals need stride 1 and equal channels"
        )
