# SPDX-License-Identifier: Apache-2.0
"""Images and labels as a search takes them: checked once, then plain arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

VALIDATION_SHARE = 0.1
_SHIFT_SHARE = 1 / 8
_RESIZED_AT_ONCE = 512


@dataclasses.dataclass(frozen=True, eq=False)
class Images:
    """Labelled images in two disjoint parts, `[n, h, w, c]` uint8 or float32 and `[n]` int64."""

    train_x: Array
    train_y: Array
    validation_x: Array
    validation_y: Array
    num_classes: int

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        height, width, channels = self.train_x.shape[1:]
        return height, width, channels

    def resized(self, shape: tuple[int, int, int]) -> Images:
        """The same images scaled to (height, width, channels), with antialiasing."""
        if shape == self.image_shape:
            return self
        return dataclasses.replace(
            self,
            train_x=resize_images(self.train_x, shape),
            validation_x=resize_images(self.validation_x, shape),
        )


def as_float(images: Array) -> npt.NDArray[np.float32]:
    """Images as networks take them: uint8 becomes 0..1, floats stay what they are."""
    if images.dtype == np.uint8:
        return images.astype(np.float32) / np.float32(255)
    return np.asarray(images, np.float32)


def batches(
    x: Array, y: Array, size: int, rng: np.random.Generator, augmentation: str
) -> Iterator[tuple[npt.NDArray[np.float32], Array]]:
    """Goes once through shuffled, augmented images; what does not fill a batch is left out."""
    order = rng.permutation(len(x))
    for start in range(0, len(order) - size + 1, size):
        picked = order[start : start + size]
        yield augmented(as_float(x[picked]), rng, augmentation), y[picked]


def augmented(
    images: npt.NDArray[np.float32], rng: np.random.Generator, augmentation: str
) -> npt.NDArray[np.float32]:
    """Mirrors half of the images `[n, h, w, c]`, and shifts all by up to an eighth, as asked."""
    count, height, width, _ = images.shape
    if augmentation in ("flip_and_shift", "flip"):
        mirrored = np.asarray(rng.random(count) < 0.5)
        images = np.where(mirrored[:, None, None, None], images[:, :, ::-1], images)
    if augmentation in ("flip", "none"):
        return images
    rows, columns = round(height * _SHIFT_SHARE), round(width * _SHIFT_SHARE)
    padded = np.pad(images, ((0, 0), (rows, rows), (columns, columns), (0, 0)))
    top = rng.integers(0, 2 * rows + 1, count)[:, None, None]
    left = rng.integers(0, 2 * columns + 1, count)[:, None, None]
    y = top + np.arange(height)[None, :, None]
    x = left + np.arange(width)[None, None, :]
    shifted: npt.NDArray[np.float32] = padded[np.arange(count)[:, None, None], y, x]
    return shifted


def resize_images(images: Array, shape: tuple[int, int, int]) -> Array:
    """Scales images `[n, h, w, c]` to (height, width, channels), with antialiasing."""
    if images.shape[1:] == shape:
        return images
    import tensorflow as tf

    made = np.empty((len(images), *shape), images.dtype)
    for start in range(0, len(images), _RESIZED_AT_ONCE):
        chunk = np.asarray(images[start : start + _RESIZED_AT_ONCE], np.float32)
        scaled = tf.image.resize(chunk, shape[:2], antialias=True).numpy()
        if images.dtype == np.uint8:
            scaled = np.clip(np.round(scaled), 0, 255)
        made[start : start + _RESIZED_AT_ONCE] = scaled
    return made
