# SPDX-License-Identifier: Apache-2.0
"""Pictures with boxes, found in their folders, checked, and made arrays of."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.detection.scenes import cut_boxes
from mcunet_tf.errors import DataError
from mcunet_tf.vision.pictures import GREY, PICTURES, open_picture, read_picture

Array = npt.NDArray[Any]

FITS = ("crop", "letterbox", "stretch")


@dataclass(frozen=True, eq=False)
class Labelled:
    """A picture's file with its boxes.

    Attributes:
        path: of the picture.
        size: height and width in pixels, as the boxes' file says; (0, 0) where boxes are shares.
        boxes: [boxes, 5]: left, top, right, bottom, label; pixels, or shares of the picture.
    """

    path: Path
    size: tuple[int, int]
    boxes: Array


def checked(rows: Sequence[Sequence[float]], where: str, size: tuple[int, int]) -> Array:
    """Boxes as an array; what hangs over the picture's edge is cut later.

    Args:
        rows: left, top, right, bottom and label of each.
        where: what they are called in messages.
        size: height and width of the picture; (1, 1) of boxes in shares.

    Raises:
        DataError: one is empty, or lies outside the picture; names it.
    """
    boxes = np.array(rows, np.float64).reshape(-1, 5)
    high = np.array(size[::-1])
    empty = ~np.isfinite(boxes).all(axis=1) | (boxes[:, 2:4] <= boxes[:, :2]).any(axis=1)
    outside = (boxes[:, :2] >= high).any(axis=1) | (boxes[:, 2:4] <= 0).any(axis=1)
    wrong = np.flatnonzero(empty | outside)
    if len(wrong):
        left, top, right, bottom = boxes[wrong[0], :4]
        box = f"{where}: a box from {left:g}, {top:g} to {right:g}, {bottom:g}"
        if empty[wrong[0]]:
            raise DataError(f"{box} is empty: leave it out")
        picture = "0 to 1, the shares of a picture" if high.max() <= 1 else f"{high[0]}x{high[1]}"
        raise DataError(f"{box} lies outside {picture}: correct it, or leave it out")
    return boxes


@functools.lru_cache(maxsize=64)
def _by_stem(folder: Path) -> Mapping[str, Path]:
    """Pictures by name without ending."""
    found = folder.rglob("*")
    return {path.stem: path for path in found if path.suffix.lower() in PICTURES}


def list_pictures(folder: Path) -> list[Path]:
    """The pictures of a folder and of those in it, in order.

    Raises:
        DataError: there are none.
    """
    found = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in PICTURES]
    if not found:
        raise DataError(f"{folder}: no pictures ({', '.join(PICTURES)}): give their folder")
    return found


def find_picture(folder: str | Path, name: str) -> Path:
    """The file of a picture that another computer called so.

    Args:
        folder: of the pictures.
        name: with Windows' separators, folders of that computer, another ending or none.
    """
    plain = name.replace("\\", "/")
    first = Path(folder) / plain
    for path in (first, Path(folder) / PurePosixPath(plain).name):
        if path.is_file():
            return path
    return _by_stem(Path(folder)).get(PurePosixPath(plain).stem, first)


Read = list[Labelled] | tuple[list[Labelled], tuple[str, ...]]
"""Pictures with their boxes, or what a reader gives: these, and the names of the classes."""


def pictures_of(given: Any) -> Sequence[Labelled] | None:
    """The pictures of what a reader gave, with or without the names of its classes; None: none."""
    if isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], list):
        given = given[0]
    known = isinstance(given, list) and given and all(isinstance(it, Labelled) for it in given)
    return given if known else None


def load_pictures(
    read: Read, image: tuple[int, int, int], fit: str = "crop"
) -> tuple[Array, list[Array]]:
    """Pictures of one size, upright, with the boxes that are left in them.

    Args:
        read: what one of the readers gave, or its pictures alone.
        image: height, width and channels.
        fit: as a camera's: "crop" takes the largest part of that shape from the middle,
            "letterbox" the whole picture with bars, "stretch" the whole picture.

    Returns:
        uint8 [n, height, width, channels], and boxes in pixels; those of which less than half is
        left are gone.

    Raises:
        DataError: there is no such fit, or no picture.
        VisionError: a picture cannot be read.
        ToolError: Pillow is not installed.
    """
    if fit not in FITS:
        raise DataError(f"fit = {fit!r}: use one of {FITS}")
    height, width, channels = image
    pictures = pictures_of(read)
    if pictures is None:
        raise DataError("no pictures with boxes: give what a reader gave, such as read_coco")
    images = np.zeros((len(pictures), *image), np.uint8)
    boxes = []
    for n, one in enumerate(pictures):
        picture = read_picture(one.path, (height, width), fit)
        images[n] = picture if channels == 3 else np.round(picture @ np.array(GREY))[..., None]
        boxes.append(_moved(one, height, width, fit))
    return images, boxes


def _moved(one: Labelled, height: int, width: int, fit: str) -> Array:
    """Boxes in the part that `read_picture` shows."""
    opened = open_picture(one.path)
    rows, columns = opened.upright
    own = one.boxes.copy()
    if all(one.size):
        own[:, :4] /= [*one.size[::-1], *one.size[::-1]]
        if one.size == opened.stored != opened.upright:
            # The boxes' file knows nothing of how the camera was held.
            own = opened.turned(own)
    own[:, :4] *= [columns, rows, columns, rows]
    scales = np.array([width / columns, height / rows])
    if fit != "stretch":
        scales[:] = scales.max() if fit == "crop" else scales.min()
    start = (np.array([columns, rows]) * scales - [width, height]) / 2
    own[:, :4] = own[:, :4] * np.tile(scales, 2) - np.tile(start, 2)
    return cut_boxes(own, height, width)
