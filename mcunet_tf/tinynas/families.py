# SPDX-License-Identifier: Apache-2.0
"""Families of blocks: what a search space repeats, and what a sub-network may choose in it.

A family is a small value with ranges as fields and a hook that builds a block. One of your own is a
subclass with another `build`, in a script of your own.
"""

from __future__ import annotations

import dataclasses

from mcunet_tf.errors import SearchError
from mcunet_tf.tinynas.block import Block
from mcunet_tf.tinynas.checks import check_whole, shown
from mcunet_tf.tinynas.layer import Size, pair


@dataclasses.dataclass(frozen=True)
class BlockChoice:
    """What is chosen for one block, and where it stands.

    Attributes:
        in_channels: channels that the block reads.
        channels: channels that it makes.
        stride: stride of its window, or its (vertical, horizontal) strides.
        kernel: edge of its window, one of the family's kernels, or its (height, width).
        expansion: hidden channels relative to those read, one of the family's expansions.
    """

    in_channels: int
    channels: int
    stride: Size
    kernel: Size
    expansion: int

    @property
    def adds(self) -> bool:
        """Whether input and output have one shape, so that a block may add them."""
        return pair(self.stride) == (1, 1) and self.in_channels == self.channels


@dataclasses.dataclass(frozen=True)
class Family:
    """Ranges of a family; see its children for the blocks.

    Attributes:
        kernels: edges of windows to choose from, odd and ascending.
        expansions: ratios of hidden channels to choose from, ascending.

    Raises:
        SearchError: a range is empty, not ascending, or holds what cannot be built.
    """

    kernels: tuple[int, ...] = (3,)
    expansions: tuple[int, ...] = (1,)

    square_strides = False
    """Whether strides along both axes are equal, as TensorFlow's depthwise convolutions ask."""

    def __post_init__(self) -> None:
        for name in ("kernels", "expansions"):
            values = getattr(self, name)
            if not isinstance(values, tuple) or not values:
                raise SearchError(f"{name} = {shown(values)}: give a tuple such as (3,)")
            for value in values:
                check_whole(f"{name} of a family", value, 1)
            if list(values) != sorted(set(values)):
                raise SearchError(f"{name} = {shown(values)}: they must ascend")
        if any(kernel % 2 == 0 for kernel in self.kernels):
            raise SearchError(f"kernels = {shown(self.kernels)}: a window needs a middle: use odd")

    def build(self, choice: BlockChoice) -> Block:
        """The block of a choice."""
        raise SearchError(
            f"{type(self).__name__} has no build(self, choice): give one that makes a Block"
        )


@dataclasses.dataclass(frozen=True)
class InvertedResidual(Family):
    """MobileNetV2's: expand, filter every channel by itself, project."""

    kernels: tuple[int, ...] = (3, 5, 7)
    expansions: tuple[int, ...] = (3, 4, 6)

    square_strides = True

    def build(self, choice: BlockChoice) -> Block:
        """An inverted residual."""
        hidden = choice.in_channels * choice.expansion
        return Block(choice.kernel, hidden, choice.channels, choice.stride, choice.adds)


@dataclasses.dataclass(frozen=True)
class FusedInvertedResidual(Family):
    """A dense window that expands, then a projection (Tan and Le, arXiv:2104.00298)."""

    expansions: tuple[int, ...] = (2, 3, 4)

    def build(self, choice: BlockChoice) -> Block:
        """A fused inverted residual."""
        hidden = choice.in_channels * choice.expansion
        return Block(choice.kernel, hidden, choice.channels, choice.stride, choice.adds, "fused")


@dataclasses.dataclass(frozen=True)
class PlainResidual(Family):
    """Two dense windows (He et al., arXiv:1512.03385).

    Attributes:
        projected: whether the input is projected and added where shapes differ; otherwise nothing
            is added there.
    """

    projected: bool = True

    def build(self, choice: BlockChoice) -> Block:
        """A plain residual."""
        hidden = choice.channels * choice.expansion
        projects = self.projected and not choice.adds
        return Block(
            choice.kernel,
            hidden,
            choice.channels,
            choice.stride,
            choice.adds or projects,
            "plain",
            projects,
        )


@dataclasses.dataclass(frozen=True)
class DepthwiseSeparable(Family):
    """MobileNetV1's and DS-CNN's (arXiv:1704.04861): every channel by itself, then 1 x 1.

    Attributes:
        residual: whether the input is added where shapes allow it, as networks for speech do
            (Majumdar and Ginsburg, arXiv:2004.08531).
    """

    kernels: tuple[int, ...] = (3, 5)
    residual: bool = False

    square_strides = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.expansions != (1,):
            raise SearchError(f"expansions = {shown(self.expansions)}: these blocks do not expand")

    def build(self, choice: BlockChoice) -> Block:
        """A depthwise-separable convolution."""
        adds = self.residual and choice.adds
        return Block(
            choice.kernel, choice.in_channels, choice.channels, choice.stride, adds, "separable"
        )
