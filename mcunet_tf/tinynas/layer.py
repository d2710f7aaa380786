# SPDX-License-Identifier: Apache-2.0
"""A layer of an architecture: what builds Keras models and what asks the compiler both read it."""

from __future__ import annotations

import dataclasses

CONV, DEPTHWISE, ADD, MEAN, DENSE = "conv", "depthwise", "add", "mean", "dense"


@dataclasses.dataclass(frozen=True)
class ArchLayer:
    """One layer as the compiler sees it: batch-norm and ReLU6 are part of their convolution.

    Attributes:
        name: unique in the network; Keras layers are called after it.
        kind: one of "conv", "depthwise", "add", "mean" or "dense".
        height, width, in_channels: size of the input.
        out_channels: channels of the output.
        kernel, stride: edge and stride of the window; 1 where there is none.
        relu6: whether the output is clamped to 0..6.
        block: index of the block that the layer belongs to, or -1.
    """

    name: str
    kind: str
    height: int
    width: int
    in_channels: int
    out_channels: int
    kernel: int = 1
    stride: int = 1
    relu6: bool = False
    block: int = -1

    @property
    def out_height(self) -> int:
        """Rows of the output."""
        return 1 if self.kind in (MEAN, DENSE) else -(-self.height // self.stride)

    @property
    def out_width(self) -> int:
        """Columns of the output."""
        return 1 if self.kind in (MEAN, DENSE) else -(-self.width // self.stride)

    @property
    def weights(self) -> int:
        """Number of weights, without bias and batch-norm."""
        if self.kind == DEPTHWISE:
            return self.kernel**2 * self.out_channels
        if self.kind in (CONV, DENSE):
            return self.kernel**2 * self.in_channels * self.out_channels
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
