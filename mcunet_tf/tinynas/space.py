# SPDX-License-Identifier: Apache-2.0
"""A search space is a value too: a skeleton of stages at one resolution and one width.

Within it a sub-network is a `Subnet`: how many blocks each stage runs, and each block's kernel and
expansion. The candidates and their ranges are those of MCUNet (Lin et al., arXiv:2007.10319): 12
resolutions by 9 widths, kernels 3, 5, 7, expansions 3, 4, 6, depths 2, 3, 4.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mcunet_tf.errors import SearchError
from mcunet_tf.tinynas.arch import Arch, Block
from mcunet_tf.tinynas.checks import check_real, check_whole, shown

KERNELS = (3, 5, 7)
EXPANSIONS = (3, 4, 6)
DEPTHS = (2, 3, 4)
MAX_DEPTH = max(DEPTHS)
CHANNEL_MULTIPLE = 8

# Of the paper, for images of 224 pixels; other images are scaled.
RESOLUTIONS = tuple(range(48, 225, 16))
FULL_RESOLUTION = 224
WIDTHS = tuple(round(0.1 * i, 1) for i in range(2, 11))


@dataclasses.dataclass(frozen=True)
class SpaceStage:
    """Blocks of equal output channels, the first of which may have a stride.

    Attributes:
        channels: output channels of every block.
        stride: stride of the first block.
        depths: numbers of blocks that a sub-network may run, each from 1 on.

    Raises:
        SearchError: a number is out of range, or there are no depths.
    """

    channels: int
    stride: int
    depths: tuple[int, ...] = DEPTHS

    def __post_init__(self) -> None:
        check_whole("channels of a SpaceStage", self.channels, 1)
        check_whole("stride of a SpaceStage", self.stride, 1)
        if not isinstance(self.depths, tuple) or not self.depths:
            raise SearchError(
                f"depths of a SpaceStage = {shown(self.depths)}: give a tuple such as (1, 2)"
            )
        for depth in self.depths:
            check_whole("a depth of a SpaceStage", depth, 1)

    @property
    def max_depth(self) -> int:
        """Blocks that the stage has room for."""
        return max(self.depths)


@dataclasses.dataclass(frozen=True)
class Subnet:
    """One sub-network of a space, in its only spelling: what does not run is spelt as smallest.

    Attributes:
        depths: number of blocks that run in each stage.
        kernels: kernel of each block of the space, also of blocks that do not run.
        expansions: expansion of each block of the space, also of blocks that do not run.
    """

    depths: tuple[int, ...]
    kernels: tuple[int, ...]
    expansions: tuple[int, ...]

    def vector(self) -> list[int]:
        """All numbers in one row, as the supernet takes them."""
        return [*self.depths, *self.kernels, *self.expansions]


@dataclasses.dataclass(frozen=True)
class Space:
    """Sub-networks that share resolution, channels and strides.

    Attributes:
        input_shape: (height, width, channels) of the image after scaling.
        width: the multiplier that made the channels, for reports.
        stem_channels: output channels of the 3 x 3 stem.
        stem_stride: stride of the stem.
        first_channels: output channels of the first block, kernel 3 without expansion.
        stages: the searched part.

    Raises:
        SearchError: a number is out of range, or there are no stages.
    """

    input_shape: tuple[int, int, int]
    width: float
    stem_channels: int
    stem_stride: int
    first_channels: int
    stages: tuple[SpaceStage, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.input_shape, tuple) or len(self.input_shape) != 3:
            raise SearchError(
                f"input_shape of a Space = {shown(self.input_shape)}: give (height, width, "
                "channels)"
            )
        for size in self.input_shape:
            check_whole("a size of the input_shape of a Space", size, 1)
        check_real("width of a Space", self.width, 0.0)
        for name in ("stem_channels", "stem_stride", "first_channels"):
            check_whole(f"{name} of a Space", getattr(self, name), 1)
        stages = self.stages
        right = isinstance(stages, tuple) and all(isinstance(s, SpaceStage) for s in stages)
        if not right or not stages:
            raise SearchError(
                f"stages of a Space = {shown(stages)}: give a tuple of at least one SpaceStage"
            )

    @property
    def blocks(self) -> int:
        """Blocks that a choice speaks of."""
        return sum(stage.max_depth for stage in self.stages)

    def stage_of_block(self) -> list[tuple[int, int]]:
        """(stage, position in it) of every block."""
        return [(s, p) for s, stage in enumerate(self.stages) for p in range(stage.max_depth)]

    def choice(
        self, depths: Sequence[int], kernels: Sequence[int], expansions: Sequence[int]
    ) -> Subnet:
        """Spells a choice.

        Raises:
            SearchError: a number is none of the candidates, or there are too many or too few.
        """
        if (len(depths), len(kernels), len(expansions)) != (
            len(self.stages),
            self.blocks,
            self.blocks,
        ):
            raise SearchError(
                f"a choice needs {len(self.stages)} depths and {self.blocks} kernels and "
                f"expansions, not {len(depths)}, {len(kernels)} and {len(expansions)}"
            )
        runs = [position < depths[stage] for stage, position in self.stage_of_block()]
        made = Subnet(
            tuple(int(d) for d in depths),
            tuple(int(k) if r else KERNELS[0] for k, r in zip(kernels, runs, strict=True)),
            tuple(int(e) if r else EXPANSIONS[0] for e, r in zip(expansions, runs, strict=True)),
        )
        legal_depths = all(
            d in stage.depths for d, stage in zip(made.depths, self.stages, strict=True)
        )
        if not (legal_depths and {*made.kernels} <= {*KERNELS}):
            raise SearchError(f"{made} holds a depth or kernel that is no candidate")
        if not {*made.expansions} <= {*EXPANSIONS}:
            raise SearchError(f"{made} holds an expansion that is no candidate")
        return made

    def largest(self) -> Subnet:
        """The sub-network whose weights hold those of all others."""
        return self._uniform([max(s.depths) for s in self.stages], KERNELS[-1], EXPANSIONS[-1])

    def smallest(self) -> Subnet:
        """The cheapest sub-network."""
        return self._uniform([min(s.depths) for s in self.stages], KERNELS[0], EXPANSIONS[0])

    def _uniform(self, depths: Sequence[int], kernel: int, expansion: int) -> Subnet:
        return self.choice(depths, [kernel] * self.blocks, [expansion] * self.blocks)

    def sample(
        self,
        rng: np.random.Generator,
        kernels: Sequence[int] = KERNELS,
        expansions: Sequence[int] = EXPANSIONS,
        shallow: bool = True,
    ) -> Subnet:
        """Draws a sub-network, every number by itself and uniformly.

        Args:
            rng: generator of all randomness.
            kernels: kernels to draw from.
            expansions: expansions to draw from.
            shallow: whether depths are drawn too; False keeps every stage at full depth.
        """
        depths = [
            int(rng.choice(stage.depths)) if shallow else stage.max_depth for stage in self.stages
        ]
        drawn_kernels = rng.choice(kernels, self.blocks).tolist()
        return self.choice(depths, drawn_kernels, rng.choice(expansions, self.blocks).tolist())

    def settings(self, choice: Subnet) -> npt.NDArray[np.int32]:
        """(runs, kernel, hidden channels) of every block of `arch(largest())`: `[blocks, 3]`."""
        rows = [(1, 3, self.stem_channels)]
        channels = self.first_channels
        for slot, (stage, position) in enumerate(self.stage_of_block()):
            runs = int(position < choice.depths[stage])
            rows.append((runs, choice.kernels[slot], channels * choice.expansions[slot]))
            channels = self.stages[stage].channels
        return np.array(rows, np.int32)

    def optional_blocks(self) -> tuple[int, ...]:
        """Blocks of `arch(largest())` that some sub-network leaves out."""
        places = enumerate(self.stage_of_block(), 1)
        return tuple(i for i, (s, position) in places if position >= min(self.stages[s].depths))

    def arch(self, choice: Subnet) -> Arch:
        """The sub-network as an architecture."""
        channels = self.first_channels
        blocks = [Block(3, self.stem_channels, channels, 1, self.stem_channels == channels)]
        slot = 0
        for stage, depth in zip(self.stages, choice.depths, strict=True):
            for position in range(depth):
                stride = stage.stride if position == 0 else 1
                hidden = channels * choice.expansions[slot + position]
                residual = stride == 1 and channels == stage.channels
                kernel = choice.kernels[slot + position]
                blocks.append(Block(kernel, hidden, stage.channels, stride, residual))
                channels = stage.channels
            slot += stage.max_depth
        return Arch(self.input_shape, self.stem_channels, self.stem_stride, tuple(blocks))


@dataclasses.dataclass(frozen=True)
class Skeleton:
    """Channels at width 1.0 and strides of a family of spaces."""

    stem_channels: int
    stem_stride: int
    first_channels: int
    stages: tuple[tuple[int, int], ...]


# MobileNetV2's and ProxylessNAS's channels. Images below 64 pixels would vanish under the strides
# of ImageNet's networks: they keep their size in the stem, end on an eighth of it, and their
# channels grow more slowly.
SMALL_IMAGES = Skeleton(32, 1, 16, ((24, 2), (40, 2), (64, 2), (96, 1)))
LARGE_IMAGES = Skeleton(32, 2, 16, ((24, 2), (40, 2), (80, 2), (96, 1), (192, 2)))
SMALL_IMAGE_LIMIT = 64


def skeleton_for(image_shape: tuple[int, int, int]) -> Skeleton:
    """The family for images `(height, width, channels)` of a data set."""
    return SMALL_IMAGES if min(image_shape[:2]) < SMALL_IMAGE_LIMIT else LARGE_IMAGES


def rounded_channels(channels: float) -> int:
    """The nearest multiple of 8 that is at least 90 % of the wish, as MobileNetV2 rounds."""
    step = CHANNEL_MULTIPLE
    rounded = max(step, int(channels + step / 2) // step * step)
    return rounded + step if rounded < 0.9 * channels else rounded


def make_space(
    image_shape: tuple[int, int, int],
    resolution: float = 1.0,
    width: float = 1.0,
    skeleton: Skeleton | None = None,
) -> Space:
    """The space of images scaled by `resolution`, with channels scaled by `width`.

    The skeleton is by default the one for images of this size.
    """
    height, image_width, channels = image_shape
    skeleton = skeleton or skeleton_for(image_shape)
    return Space(
        input_shape=(
            max(1, round(height * resolution)),
            max(1, round(image_width * resolution)),
            channels,
        ),
        width=width,
        stem_channels=rounded_channels(skeleton.stem_channels * width),
        stem_stride=skeleton.stem_stride,
        first_channels=rounded_channels(skeleton.first_channels * width),
        stages=tuple(SpaceStage(rounded_channels(c * width), s) for c, s in skeleton.stages),
    )


def all_spaces(
    image_shape: tuple[int, int, int],
    resolutions: Sequence[int] = RESOLUTIONS,
    widths: Sequence[float] = WIDTHS,
) -> tuple[Space, ...]:
    """The spaces of the paper for a data set: resolutions are of 224, the data set's own size.

    Spaces that rounding makes equal but for their width are given once, under the greatest one.
    """
    found: dict[Space, Space] = {}
    for resolution in resolutions:
        for width in widths:
            space = make_space(image_shape, resolution / FULL_RESOLUTION, width)
            found[dataclasses.replace(space, width=0.0)] = space
    return tuple(found.values())
