# SPDX-License-Identifier: Apache-2.0
"""A layer of an architecture: what builds Keras models and what asks the compiler both read it."""

from __future__ import annotations

import dataclasses

CONV, DEPTHWISE, ADD, MEAN, DENSE = "conv", "depthwise", "add", "mean", "dense"

IMAGE = -1
"""What a layer's `sources` say where it reads the image."""

SAME, ALIKE = "same", "alike"
"""How windows are padded: as TensorFlow's SAME does, or on both sides by half of the window, as
frameworks do that come from PyTorch. They differ where a stride meets an even size."""

Size = int | tuple[int, int]
"""Along height and width: a pair, or one number for both."""


def pair(size: Size) -> tuple[int, int]:
    """A size along height and width."""
    if isinstance(size, int):
        return size, size
    height, width = size
    return height, width


@dataclasses.dataclass(frozen=True)
class ArchLayer:
    """One layer as the compiler sees it: batch-norm and ReLU6 are part of their convolution.

    Attributes:
        name: unique in the network; Keras layers are called after it.
        kind: one of "conv", "depthwise", "add", "mean" or "dense".
        height, width, in_channels: size of the input.
        out_channels: channels of the output.
        kernel, stride: window and its steps along height and width; (1, 1) where there is none.
        relu6: whether the output is clamped to 0..6.
        block: index of the block that the layer belongs to, or -1.
        sources: indices of the layers that it reads; `IMAGE` stands for the image.
        padding: how its window is padded, `SAME` or `ALIKE`.
    """

    name: str
    kind: str
    height: int
    width: int
    in_channels: int
    out_channels: int
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    relu6: bool = False
    block: int = -1
    sources: tuple[int, ...] = (IMAGE,)
    padding: str = SAME

    @property
    def out_height(self) -> int:
        """Rows of the output."""
        return 1 if self.kind in (MEAN, DENSE) else -(-self.height // self.stride[0])

    @property
    def out_width(self) -> int:
        """Columns of the output."""
        return 1 if self.kind in (MEAN, DENSE) else -(-self.width // self.stride[1])

    @property
    def borders(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Rows and columns of padding, each before and behind, that SAME would not give."""
        if self.padding == SAME or self.kind not in (CONV, DEPTHWISE) or self.stride == (1, 1):
            return (0, 0), (0, 0)
        half = (self.kernel[0] // 2, self.kernel[1] // 2)
        return (half[0], half[0]), (half[1], half[1])

    @property
    def weights(self) -> int:
        """Number of weights, without bias and batch-norm."""
        area = self.kernel[0] * self.kernel[1]
        if self.kind == DEPTHWISE:
            return area * self.out_channels
        if self.kind in (CONV, DENSE):
            return area * self.in_channels * self.out_channels
        return 0

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return self.weights * self.out_height * self.out_width

    @property
    def parameters(self) -> int:
        """Trainable parameters: weights, and gamma and beta or the bias."""
        if self.kind in (CONV, DEPTHWISE):
            return self.weights + 2 * self.out_channels
        return self.weights + self.out_channels if self.kind == DENSE else 0
