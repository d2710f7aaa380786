# SPDX-License-Identifier: Apache-2.0
"""Images that begin small and grow over a training, so that its steps cost less.

Early steps teach what is coarse, for which fewer pixels do (progressive learning, Tan and Le,
EfficientNetV2, arXiv:2104.00298, section 4.2). Within a given time a network then makes nearly
twice as many steps; the last ones see images as they are.
"""

from __future__ import annotations

from mcunet_tf.tinynas.recipe import Recipe

_STAGES = ((0.0, 0.0), (0.5, 0.35), (0.8, 1.0))
"""(share of the steps from which on, how far the side is on its way to the whole one)."""

GROWTH_TRACES = len(_STAGES) - 1
"""What is traced more than for images of one size, relative to a first step."""

_MULTIPLE = 4
_LEAST_SIDE = 16
_FIXED_COST = 0.3
"""Share of a step's time that does not go with the pixels, where it is not measured: 0.29 of a
residual network of 8 M MACs, the scaling of its images included."""

Shape = tuple[int, int, int]


def grown(shape: Shape, recipe: Recipe, progress: float) -> Shape:
    """(height, width, channels) of the images at a share, 0 to 1, of a training's steps."""
    way = next(way for start, way in reversed(_STAGES) if progress >= start)
    relative = recipe.smallest_side + way * (1.0 - recipe.smallest_side)
    height, width, channels = shape
    if relative >= 1.0:
        return shape
    return _scaled(height, relative), _scaled(width, relative), channels


def _scaled(side: int, relative: float) -> int:
    return min(side, max(_LEAST_SIDE, _MULTIPLE * round(side * relative / _MULTIPLE)))


def fixed_share(shape: Shape, small: Shape, relative_seconds: float) -> float:
    """Share of a step's time that does not go with the pixels, as two measured steps tell it.

    Args:
        shape: (height, width, channels) of whole images.
        small: that of smaller ones.
        relative_seconds: time of a step with these, relative to one with whole images.
    """
    pixels = small[0] * small[1] / (shape[0] * shape[1])
    return min(max((relative_seconds - pixels) / (1.0 - pixels), 0.0), 1.0)


def mean_cost(shape: Shape, recipe: Recipe, fixed: float = _FIXED_COST) -> float:
    """Mean time of a step, relative to one of whole images.

    Args:
        shape: (height, width, channels) of whole images.
        recipe: says how small images begin.
        fixed: share of a step's time that does not go with the pixels.
    """
    ends = [start for start, _ in _STAGES[1:]] + [1.0]
    pixels = 0.0
    for (start, _), end in zip(_STAGES, ends, strict=True):
        height, width, _ = grown(shape, recipe, start)
        pixels += (end - start) * height * width / (shape[0] * shape[1])
    return pixels + fixed * (1.0 - pixels)
