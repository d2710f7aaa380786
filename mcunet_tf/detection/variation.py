# SPDX-License-Identifier: Apache-2.0
"""Images with boxes, varied anew in every epoch: mirrored, moved, zoomed, lit, put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.detection.scenes import cut_boxes
from mcunet_tf.errors import DataError

Array = npt.NDArray[Any]

_LIGHT, _OFFSET = 0.25, 15
_DARK = 40
"""Most brightness of what comes in from outside a picture."""


@dataclass(frozen=True)
class Variation:
    """How much images differ from one epoch to the next.

    Attributes:
        flip: share that is mirrored.
        shift: pixels by which they are moved at most, along each axis.
        zoom: things become larger or smaller by up to this factor; 1 leaves their size.
        colour: how far the channels' brightness goes apart at most; 0.2 is a fifth.
        mosaic: share that is put together of the parts of four.

    Raises:
        DataError: a number cannot be.
    """

    flip: float = 0.5
    shift: int = 12
    zoom: float = 1.0
    colour: float = 0.0
    mosaic: float = 0.0

    def __post_init__(self) -> None:
        limits = {"flip": (0, 1), "shift": (0, 1024), "zoom": (1, 8), "colour": (0, 1)}
        for name, (low, high) in {**limits, "mosaic": (0, 1)}.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise DataError(f"variation: {name} = {value!r}: give {low} to {high}")


def varied(
    images: Array, boxes: Sequence[Array], variation: Variation, rng: np.random.Generator
) -> tuple[Array, list[Array]]:
    """All images, each varied once."""
    made, own = np.empty_like(images), []
    for n, (image, known) in enumerate(zip(images, boxes, strict=True)):
        if rng.random() < variation.flip:
            image, known = flipped(image, known)
        most = variation.shift
        down, right = (int(v) for v in rng.integers(-most, most + 1, 2))
        fill = int(rng.integers(0, _DARK))
        if variation.zoom > 1:
            factor = float(variation.zoom ** rng.uniform(-1, 1))
            image, known = zoomed(image, known, factor, (down, right), fill)
        else:
            image, known = moved(image, known, down, right, fill)
        light: Any = rng.uniform(1 - _LIGHT, 1 + _LIGHT)
        if variation.colour:
            spread = variation.colour / 2
            light = light * rng.uniform(1 - spread, 1 + spread, image.shape[2])
        lit = image.astype(np.float32) * light + rng.uniform(-_OFFSET, _OFFSET)
        made[n] = np.clip(lit, 0, 255)
        own.append(known)
    return _mosaics(made, own, variation.mosaic, rng) if variation.mosaic else (made, own)


def _mosaics(
    images: Array, boxes: list[Array], share: float, rng: np.random.Generator
) -> tuple[Array, list[Array]]:
    made, own = images.copy(), list(boxes)
    height, width = images.shape[1:3]
    for n in np.flatnonzero(rng.random(len(images)) < share):
        four = [int(n), *(int(k) for k in rng.integers(0, len(images), 3))]
        middle = (
            int(rng.integers(height // 4, height - height // 4 + 1)),
            int(rng.integers(width // 4, width - width // 4 + 1)),
        )
        made[n], own[n] = mosaic([images[k] for k in four], [boxes[k] for k in four], middle)
    return made, own


def flipped(image: Array, boxes: Array) -> tuple[Array, Array]:
    """Left and right change places, in the image and its boxes."""
    width, made = image.shape[1], boxes.copy()
    made[:, [0, 2]] = width - boxes[:, [2, 0]]
    return image[:, ::-1], made


def moved(image: Array, boxes: Array, down: int, right: int, fill: int) -> tuple[Array, Array]:
    """The image moves on the canvas; boxes are cut, and go where less than half is left."""
    height, width = image.shape[:2]
    made = np.full_like(image, fill)
    rows = slice(max(down, 0), height + min(down, 0))
    columns = slice(max(right, 0), width + min(right, 0))
    source = image[max(-down, 0) : height - max(down, 0), max(-right, 0) : width - max(right, 0)]
    made[rows, columns] = source
    shifted = boxes + np.array([right, down, right, down, 0], boxes.dtype)
    return made, cut_boxes(shifted, height, width)


def zoomed(
    image: Array, boxes: Array, factor: float, shift: tuple[int, int], fill: int
) -> tuple[Array, Array]:
    """The image grows or shrinks around its middle, which moves; boxes are cut as by `moved`.

    Args:
        image: uint8 [height, width, channels].
        boxes: [boxes, 5].
        factor: by which it grows.
        shift: pixels down and to the right.
        fill: brightness of what comes in from outside.
    """
    height, width = image.shape[:2]
    starts = [
        size / 2 * (1 - factor) + far for size, far in zip((height, width), shift, strict=True)
    ]
    rows, down, inside_y = _lines(height, factor, starts[0])
    columns, right, inside_x = _lines(width, factor, starts[1])
    source = image.astype(np.float32)
    across = source[:, columns] * (1 - right[:, None]) + source[:, columns + 1] * right[:, None]
    whole = across[rows] * (1 - down[:, None, None]) + across[rows + 1] * down[:, None, None]
    made = np.where((inside_y[:, None] & inside_x)[..., None], whole, fill).astype(np.uint8)
    placed = boxes.copy()
    placed[:, :4] = boxes[:, :4] * factor + np.array([*starts[::-1], *starts[::-1]])
    return made, cut_boxes(placed, height, width)


def _lines(size: int, factor: float, start: float) -> tuple[Array, Array, Array]:
    """Between which two source pixels each target pixel lies, where, and whether inside."""
    place = (np.arange(size) + 0.5 - start) / factor - 0.5
    below = np.clip(np.floor(place), 0, size - 2).astype(int)
    share = np.clip(place - below, 0, 1).astype(np.float32)
    return below, share, (place > -0.5) & (place < size - 0.5)


def mosaic(images: Sequence[Array], boxes: Sequence[Array], middle: tuple[int, int]) -> Any:
    """Four images in the quarters of one, each showing the part that lies there.

    Args:
        images: four of one shape.
        boxes: theirs.
        middle: row and column where they meet.
    """
    made, parts = np.zeros_like(images[0]), []
    height, width = made.shape[:2]
    for number, (image, own) in enumerate(zip(images, boxes, strict=True)):
        rows = (0, middle[0]) if number < 2 else (middle[0], height)
        columns = (0, middle[1]) if number % 2 == 0 else (middle[1], width)
        made[slice(*rows), slice(*columns)] = image[slice(*rows), slice(*columns)]
        low, high = np.array([columns[0], rows[0]]), np.array([columns[1], rows[1]])
        inside = own.copy()
        inside[:, :2], inside[:, 2:4] = (
            np.clip(own[:, :2], low, high),
            np.clip(own[:, 2:4], low, high),
        )
        areas = [np.prod(b[:, 2:4] - b[:, :2], axis=1) for b in (inside, own)]
        parts.append(inside[areas[0] >= 0.5 * areas[1]])
    return made, np.concatenate(parts)
