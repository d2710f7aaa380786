# SPDX-License-Identifier: Apache-2.0
"""A search space is a value too: a skeleton of stages at one resolution and one width.

Within it a sub-network is a `Subnet`: how many blocks each stage runs, and each block's kernel and
expansion. The candidates and their ranges are those of MCUNet (Lin et al., arXiv:2007.10319): 12
resolutions by 9 widths, kernels 3, 5, 7, expansions 3, 4, 6, depths 2, 3, 4.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mcunet_tf.errors import SearchError
from mcunet_tf.tinynas.arch import STEM_KERNEL, Arch
from mcunet_tf.tinynas.block import Block
from mcunet_tf.tinynas.checks import check_real, check_size, check_whole, shown
from mcunet_tf.tinynas.families import (
    BlockChoice,
    DepthwiseSeparable,
    Family,
    FusedInvertedResidual,
    InvertedResidual,
    PlainResidual,
)
from mcunet_tf.tinynas.layer import Size, pair

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
        stride: stride of the first block, or its (vertical, horizontal) strides.
        depths: numbers of blocks that a sub-network may run, each from 1 on.

    Raises:
        SearchError: a number is out of range, or there are no depths.
    """

    channels: int
    stride: Size
    depths: tuple[int, ...] = DEPTHS

    def __post_init__(self) -> None:
        check_whole("channels of a SpaceStage", self.channels, 1)
        check_size("stride of a SpaceStage", self.stride)
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

    Where images have one column, or the stem leaves one of them, what follows is a series: windows
    then are of one column too.

    Attributes:
        input_shape: (height, width, channels) of the image after scaling.
        width: the multiplier that made the channels, for reports.
        stem_channels: output channels of the stem.
        stem_stride: stride of the stem, or its (vertical, horizontal) strides.
        first_channels: output channels of the first block, an inverted residual of kernel 3 without
            expansion; 0 leaves that block out.
        stages: the searched part.
        family: what its blocks are, and what may be chosen for each.
        stem_kernel: edge of the stem's window, or its (height, width).
        head_channels: output channels of a 1 x 1 convolution behind the stages; 0 leaves it out.

    Raises:
        SearchError: a number is out of range, or there are no stages.
    """

    input_shape: tuple[int, int, int]
    width: float
    stem_channels: int
    stem_stride: Size
    first_channels: int
    stages: tuple[SpaceStage, ...]
    family: Family = dataclasses.field(default_factory=InvertedResidual)
    stem_kernel: Size = STEM_KERNEL
    head_channels: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.family, Family):
            raise SearchError(f"family of a Space = {shown(self.family)}: give a Family")
        if not isinstance(self.input_shape, tuple) or len(self.input_shape) != 3:
            raise SearchError(
                f"input_shape of a Space = {shown(self.input_shape)}: give (height, width, "
                "channels)"
            )
        for size in self.input_shape:
            check_whole("a size of the input_shape of a Space", size, 1)
        check_real("width of a Space", self.width, 0.0)
        check_size("stem_stride of a Space", self.stem_stride)
        check_size("stem_kernel of a Space", self.stem_kernel)
        for name, least in (("stem_channels", 1), ("first_channels", 0), ("head_channels", 0)):
            check_whole(f"{name} of a Space", getattr(self, name), least)
        stages = self.stages
        right = isinstance(stages, tuple) and all(isinstance(s, SpaceStage) for s in stages)
        if not right or not stages:
            raise SearchError(
                f"stages of a Space = {shown(stages)}: give a tuple of at least one SpaceStage"
            )
        uneven = [s.stride for s in stages if len({*pair(s.stride)}) > 1]
        if uneven and self.family.square_strides:
            raise SearchError(
                f"stride of a SpaceStage = {uneven[0]}: TensorFlow's depthwise convolutions, and "
                f"so {type(self.family).__name__}, have equal strides along both axes: give these "
                "strides to the stem"
            )
        # A family of the user's own is tried before hours are spent on it.
        for subnet in (self.smallest(), self.largest()):
            self.arch(subnet)

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
        kernel, expansion = self.family.kernels[0], self.family.expansions[0]
        made = Subnet(
            tuple(int(d) for d in depths),
            tuple(int(k) if r else kernel for k, r in zip(kernels, runs, strict=True)),
            tuple(int(e) if r else expansion for e, r in zip(expansions, runs, strict=True)),
        )
        legal_depths = all(
            d in stage.depths for d, stage in zip(made.depths, self.stages, strict=True)
        )
        if not (legal_depths and {*made.kernels} <= {*self.family.kernels}):
            raise SearchError(f"{made} holds a depth or kernel that is no candidate")
        if not {*made.expansions} <= {*self.family.expansions}:
            raise SearchError(f"{made} holds an expansion that is no candidate")
        return made

    def largest(self) -> Subnet:
        """The sub-network whose weights hold those of all others."""
        family, depths = self.family, [max(s.depths) for s in self.stages]
        return self._uniform(depths, family.kernels[-1], family.expansions[-1])

    def smallest(self) -> Subnet:
        """The cheapest sub-network."""
        family, depths = self.family, [min(s.depths) for s in self.stages]
        return self._uniform(depths, family.kernels[0], family.expansions[0])

    def _uniform(self, depths: Sequence[int], kernel: int, expansion: int) -> Subnet:
        return self.choice(depths, [kernel] * self.blocks, [expansion] * self.blocks)

    def sample(
        self,
        rng: np.random.Generator,
        kernels: Sequence[int] | None = None,
        expansions: Sequence[int] | None = None,
        shallow: bool = True,
    ) -> Subnet:
        """Draws a sub-network, every number by itself and uniformly.

        Args:
            rng: generator of all randomness.
            kernels: kernels to draw from; None takes the family's.
            expansions: expansions to draw from; None takes the family's.
            shallow: whether depths are drawn too; False keeps every stage at full depth.
        """
        depths = [
            int(rng.choice(stage.depths)) if shallow else stage.max_depth for stage in self.stages
        ]
        drawn_kernels = rng.choice(kernels or self.family.kernels, self.blocks).tolist()
        drawn = rng.choice(expansions or self.family.expansions, self.blocks).tolist()
        return self.choice(depths, drawn_kernels, drawn)

    def settings(self, choice: Subnet) -> npt.NDArray[np.int32]:
        """(runs, kernel, hidden channels) of every block of `arch(largest())`: `[blocks, 3]`."""
        rows = [(1, pair(block.kernel)[0], block.hidden) for block in self._first_block()]
        built = self._blocks(choice, [stage.max_depth for stage in self.stages])
        for (stage, position), block in zip(self.stage_of_block(), built, strict=True):
            rows.append((int(position < choice.depths[stage]), pair(block.kernel)[0], block.hidden))
        return np.array(rows, np.int32)

    def optional_blocks(self) -> tuple[int, ...]:
        """Blocks of `arch(largest())` that some sub-network leaves out."""
        places = enumerate(self.stage_of_block(), len(self._first_block()))
        return tuple(i for i, (s, position) in places if position >= min(self.stages[s].depths))

    def arch(self, choice: Subnet) -> Arch:
        """The sub-network as an architecture."""
        blocks = (*self._first_block(), *self._blocks(choice, choice.depths))
        kernel = _window(self.stem_kernel, self.input_shape[1])
        return Arch(
            self.input_shape,
            self.stem_channels,
            self.stem_stride,
            blocks,
            self.head_channels,
            stem_kernel=kernel,
        )

    def _kernel(self, size: Size) -> Size:
        """The size of a block's window."""
        return _window(size, -(-self.input_shape[1] // pair(self.stem_stride)[1]))

    def _first_block(self) -> tuple[Block, ...]:
        if not self.first_channels:
            return ()
        stem, channels = self.stem_channels, self.first_channels
        return (Block(self._kernel(3), stem, channels, 1, stem == channels),)

    def _built(self, place: BlockChoice) -> Block:
        made: object = self.family.build(place)
        name = type(self.family).__name__
        if not isinstance(made, Block):
            raise SearchError(f"{name}.build gives {shown(made)}: it must give a Block")
        if made.channels != place.channels:
            raise SearchError(
                f"{name}.build gives a block of {made.channels} channels where the stage has "
                f"{place.channels}: use choice.channels"
            )
        return made

    def _blocks(self, choice: Subnet, depths: Sequence[int]) -> list[Block]:
        """The blocks of the stages, so many of each."""
        channels = self.first_channels or self.stem_channels
        blocks = []
        slot = 0
        for stage, depth in zip(self.stages, depths, strict=True):
            for position in range(depth):
                place = BlockChoice(
                    in_channels=channels,
                    channels=stage.channels,
                    stride=stage.stride if position == 0 else 1,
                    kernel=self._kernel(choice.kernels[slot + position]),
                    expansion=choice.expansions[slot + position],
                )
                blocks.append(self._built(place))
                channels = stage.channels
            slot += stage.max_depth
        return blocks


def _window(size: Size, columns: int) -> Size:
    """A window's size: of a series its height alone."""
    return (pair(size)[0], 1) if columns == 1 else size


@dataclasses.dataclass(frozen=True)
class Skeleton:
    """Channels at width 1.0 and strides of spaces of one family.

    Attributes:
        stem_channels: output channels of the stem.
        stem_stride: stride of the stem.
        first_channels: output channels of the first block; 0 leaves it out.
        stages: (channels, stride) of each stage, one to five of them.
        family: what the blocks are.
        depths: numbers of blocks that a stage may run.
        stem_kernel: edge of the stem's window, or its (height, width).
        spans: whether the stem's window spans all columns, so that what follows is a series.
        heads: output channels of a 1 x 1 convolution behind the stages, relative to the last
            stage's, for whoever draws networks; 0 leaves it out, and spaces of one width have the
            first.
    """

    stem_channels: int
    stem_stride: Size
    first_channels: int
    stages: tuple[tuple[int, Size], ...]
    family: Family = dataclasses.field(default_factory=InvertedResidual)
    depths: tuple[int, ...] = DEPTHS
    stem_kernel: Size = STEM_KERNEL
    spans: bool = False
    heads: tuple[int, ...] = (0,)

    def makes_series(self, image_shape: tuple[int, int, int]) -> bool:
        """Whether what follows the stem has one column."""
        return self.spans or image_shape[1] == 1

    def stem_size(self, size: Size, columns: int) -> Size:
        """A stem's window or stride on images of so many columns."""
        return (pair(size)[0], columns) if self.spans else size


# MobileNetV2's and ProxylessNAS's channels. Images below 64 pixels would vanish under the strides
# of ImageNet's networks: they keep their size in the stem, end on an eighth of it, and their
# channels grow more slowly.
SMALL_IMAGES = Skeleton(32, 1, 16, ((24, 2), (40, 2), (64, 2), (96, 1)))
LARGE_IMAGES = Skeleton(32, 2, 16, ((24, 2), (40, 2), (80, 2), (96, 1), (192, 2)))
SMALL_IMAGE_LIMIT = 64

# Dense windows: what ResNet-8 of MLPerf Tiny repeats, and its wider and deeper neighbours.
PLAIN_SMALL_IMAGES = Skeleton(
    32, 1, 0, ((32, 1), (64, 2), (128, 2)), PlainResidual(), depths=(1, 2, 3)
)
FUSED_SMALL_IMAGES = Skeleton(
    24, 1, 0, ((24, 1), (40, 2), (64, 2)), FusedInvertedResidual(), depths=(1, 2, 3)
)
# DS-CNN's and MobileNetV1's blocks.
SEPARABLE_SMALL_IMAGES = Skeleton(
    32, 1, 0, ((48, 2), (96, 2), (160, 1)), DepthwiseSeparable(), depths=(1, 2, 3)
)

# Spectrograms: a stem that hears 10 rows and 4 bands at once, as DS-CNN's, and few strides behind.
SEPARABLE_SPECTROGRAMS = Skeleton(
    48, 2, 0, ((56, 1), (64, 1), (80, 2)), DepthwiseSeparable(), (1, 2, 3), (10, 4)
)
INVERTED_SPECTROGRAMS = Skeleton(
    32, 2, 0, ((32, 1), (40, 1), (48, 2)), InvertedResidual(), (1, 2, 3), (10, 4)
)
PLAIN_SPECTROGRAMS = Skeleton(24, 2, 0, ((24, 1), (32, 2), (48, 2)), PlainResidual(), (1, 2))
FUSED_SPECTROGRAMS = Skeleton(
    24, 2, 0, ((24, 1), (32, 2), (48, 2)), FusedInvertedResidual(), (1, 2)
)
# Frequencies as channels (Choi et al., arXiv:1904.03814): a new row of a stream makes one pixel.
TEMPORAL_SPECTROGRAMS = Skeleton(
    80, 2, 0, ((80, 1),), DepthwiseSeparable((3, 5, 7), residual=True), (2, 3), 5, True
)


def skeleton_for(image_shape: tuple[int, int, int]) -> Skeleton:
    """The family for images `(height, width, channels)` of a data set."""
    return SMALL_IMAGES if shortest_side(image_shape) < SMALL_IMAGE_LIMIT else LARGE_IMAGES


def shortest_side(image_shape: tuple[int, int, int]) -> int:
    """The side that strides use up first: of a series, of one column, its length."""
    height, width, _ = image_shape
    return height if width == 1 else min(height, width)


def streamable(skeleton: Skeleton, hop: int | None, series: bool = False) -> Skeleton:
    """A skeleton whose strides in time divide a hop; frequencies keep theirs, where there are some.

    A stride that is none in time any more is one along frequencies where the family allows it, and
    else goes into the stem.
    """
    if hop is None:
        return skeleton
    left = hop

    def taken(stride: int) -> int:
        nonlocal left
        common = math.gcd(left, stride)
        left //= common
        return common

    rows, columns = pair(skeleton.stem_stride)
    rows = taken(rows)
    columns = rows if series else columns
    stages: list[tuple[int, Size]] = []
    moved = False
    for channels, stride in skeleton.stages:
        height, width = pair(stride)
        kept = taken(height)
        width = kept if series else width
        if kept != width and skeleton.family.square_strides:
            # One of them goes into the stem: more would leave it next to nothing to see.
            columns, moved = (columns, moved) if moved else (columns * width, True)
            width = kept
        stages.append((channels, kept if kept == width else (kept, width)))
    stem: Size = rows if rows == columns else (rows, columns)
    return dataclasses.replace(skeleton, stem_stride=stem, stages=tuple(stages))


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
    first = skeleton.first_channels
    columns = max(1, round(image_width * resolution))
    last = rounded_channels(skeleton.stages[-1][0] * width)
    return Space(
        input_shape=(max(1, round(height * resolution)), columns, channels),
        width=width,
        stem_channels=rounded_channels(skeleton.stem_channels * width),
        stem_stride=skeleton.stem_size(skeleton.stem_stride, columns),
        first_channels=first and rounded_channels(first * width),
        stages=tuple(
            SpaceStage(rounded_channels(c * width), s, skeleton.depths) for c, s in skeleton.stages
        ),
        family=skeleton.family,
        stem_kernel=skeleton.stem_size(skeleton.stem_kernel, columns),
        head_channels=skeleton.heads[0] * last,
    )


def all_spaces(
    image_shape: tuple[int, int, int],
    resolutions: Sequence[int] = RESOLUTIONS,
    widths: Sequence[float] = WIDTHS,
    skeleton: Skeleton | None = None,
    hop: int | None = None,
) -> tuple[Space, ...]:
    """The spaces of the paper for a data set: resolutions are of 224, the data set's own size.

    Spaces that rounding makes equal but for their width are given once, under the greatest one.
    With a `hop` strides in time divide it.
    """
    skeleton = skeleton or skeleton_for(image_shape)
    skeleton = streamable(skeleton, hop, skeleton.makes_series(image_shape))
    found: dict[Space, Space] = {}
    for resolution in resolutions:
        for width in widths:
            space = make_space(image_shape, resolution / FULL_RESOLUTION, width, skeleton)
            found[dataclasses.replace(space, width=0.0)] = space
    return tuple(found.values())
