# SPDX-License-Identifier: Apache-2.0
"""What `demo_eyes` looks at: clothes, and bags that are not meant, as a sensor sends them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.datasets import ImageDataset
from mcunet_tf.detection import compose_scenes
from mcunet_tf.vision import Camera
from mcunet_tf.vision.pictures import sensor_frame

Array = npt.NDArray[Any]

BAG = 8
"""Fashion-MNIST's class that nobody is to be woken for."""
_PRESENT, _ABSENT = 5, 14
"""Moments that somebody stays, and stays away, on average."""


@dataclass(frozen=True, eq=False)
class Scenes:
    """Scenes and the boxes of what is meant in them.

    Attributes:
        images: grey, uint8 [n, 96, 96, 1].
        boxes: of each, [boxes, 5]; label 0, as there is one class.
    """

    images: Array
    boxes: list[Array]

    def halved(self) -> Scenes:
        """The same at half the size, as a smaller network is given them."""
        n, height, width, _ = self.images.shape
        parts = self.images.reshape(n, height // 2, 2, width // 2, 2, 1).astype(np.float32)
        images = np.floor(parts.mean(axis=(2, 4)) + 0.5).astype(np.uint8)
        return Scenes(images, [boxes * [0.5, 0.5, 0.5, 0.5, 1] for boxes in self.boxes])


def scenes(data: ImageDataset, part: str, count: int, seed: int, most: int = 5) -> Scenes:
    """Scenes of up to so many pieces, bags among them, which have no box.

    Args:
        data: Fashion-MNIST.
        part: "train" or "test".
        count: scenes to make.
        seed: of everything.
        most: pieces of a scene at most; the fewest are none.
    """
    pieces, labels = getattr(data, f"{part}_images"), getattr(data, f"{part}_labels")
    images, boxes = compose_scenes(pieces, labels, count, pieces_of=(0, most), seed=seed)
    return Scenes(images, [_meant(own) for own in boxes])


def _meant(boxes: Array) -> Array:
    kept: Array = boxes[boxes[:, 4] != BAG].copy()
    kept[:, 4] = 0
    return kept


def sequence(data: ImageDataset, count: int, seed: int) -> tuple[Array, Array]:
    """A place where now and then somebody comes, and now and then only a bag is left.

    Returns:
        Images of test pieces, uint8 [count, 96, 96, 1], and whether somebody is there, bool.
    """
    rng = np.random.default_rng(seed)
    bags = data.test_labels == BAG
    pools = {}
    for n, (kind, mask, pieces_of) in enumerate(
        (("nobody", bags, (0, 0)), ("bag", bags, (1, 2)), ("somebody", ~bags, (1, 3)))
    ):
        pieces, labels = data.test_images[mask], data.test_labels[mask]
        pools[kind] = compose_scenes(pieces, labels, count, pieces_of=pieces_of, seed=seed + n)[0]
    kinds: list[str] = []
    while len(kinds) < count:
        kinds += [str(rng.choice(["nobody", "nobody", "bag"]))] * int(rng.geometric(1 / _ABSENT))
        kinds += ["somebody"] * int(rng.geometric(1 / _PRESENT))
    kinds = kinds[:count]
    images = np.stack([pools[kind][n] for n, kind in enumerate(kinds)])
    return images, np.array(kinds) == "somebody"


def frames(camera: Camera, images: Array) -> list[Array]:
    """What a sensor sends that has a scene in the middle of its picture.

    Args:
        camera: the sensor.
        images: grey, uint8 [n, height, width, 1].
    """
    made = []
    size = min(camera.height, camera.width)
    places = (np.arange(size) * images.shape[1]) // size
    for image in images:
        picture = np.full((camera.height, camera.width, 3), 20, np.uint8)
        left, top = (camera.width - size) // 2, (camera.height - size) // 2
        grown = image[places][:, places]
        picture[top : top + size, left : left + size] = np.repeat(grown, 3, axis=2)
        made.append(sensor_frame(camera, picture))
    return made


def several(images: Array, boxes: Sequence[Array], count: int) -> list[int]:
    """Numbers of scenes that show something, for pictures."""
    shown = [n for n, own in enumerate(boxes) if len(own) >= 2]
    return shown[: min(count, len(images))]
