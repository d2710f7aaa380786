# SPDX-License-Identifier: Apache-2.0
"""Images and labels as a search takes them: checked once, then plain arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinynas.augment import augmented
from mcunet_tf.tinynas.recipe import Recipe

Array = npt.NDArray[Any]

VALIDATION_SHARE = 0.1
_RESIZED_AT_ONCE = 512


Batch = tuple[npt.NDArray[np.float32], Array, Array | None]
"""Images `[n, h, w, c]`, targets and weights of samples; None where all weigh the same."""


@dataclasses.dataclass(frozen=True, eq=False)
class Images:
    """Samples in two disjoint parts, in memory.

    Attributes:
        train_x: training images `[n, h, w, c]`, uint8, int8 or float32.
        train_y: their targets: classes int64 `[n]`, labels or values float32 `[n, k]`.
        validation_x: validation images.
        validation_y: their targets.
        num_classes: number of outputs that a network needs: classes, labels or values.
        train_w: weights of the training samples, float32 `[n]`; None: all weigh the same.
        validation_w: weights of the validation samples.
    """

    train_x: Array
    train_y: Array
    validation_x: Array
    validation_y: Array
    num_classes: int
    train_w: Array | None = None
    validation_w: Array | None = None

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        height, width, channels = self.train_x.shape[1:]
        return height, width, channels

    @property
    def count(self) -> int:
        """Number of training samples."""
        return len(self.train_x)

    def resized(self, shape: tuple[int, int, int]) -> Images:
        """The same images scaled to (height, width, channels), with antialiasing."""
        if shape == self.image_shape:
            return self
        return dataclasses.replace(
            self,
            train_x=resize_images(self.train_x, shape),
            validation_x=resize_images(self.validation_x, shape),
        )

    def epoch(self, size: int, rng: np.random.Generator, recipe: Recipe) -> Iterator[Batch]:
        """Goes once through shuffled, augmented images; what does not fill a batch is left out."""
        order = rng.permutation(len(self.train_x))
        for start in range(0, len(order) - size + 1, size):
            picked = order[start : start + size]
            x = augmented(as_float(self.train_x[picked]), rng, recipe)
            w = None if self.train_w is None else self.train_w[picked]
            yield x, self.train_y[picked], w

    def training_sample(self, count: int, rng: np.random.Generator) -> Array:
        """Some training images, in their order."""
        return self.train_x[np.sort(rng.permutation(len(self.train_x))[:count])]

    def training_part(self, most: int) -> tuple[Array, Array]:
        """(images, targets) of the training part, at most so many of them."""
        return self.train_x[:most], self.train_y[:most]


def as_float(images: Array) -> npt.NDArray[np.float32]:
    """Images as networks take them: uint8 becomes 0..1, int8 -1..1, floats stay what they are."""
    if images.dtype == np.int8:
        return images.astype(np.float32) / np.float32(128)
    if images.dtype == np.uint8:
        return images.astype(np.float32) / np.float32(255)
    return np.asarray(images, np.float32)


def resize_images(images: Array, shape: tuple[int, int, int]) -> Array:
    """Scales images `[n, h, w, c]` to (height, width, channels), with antialiasing."""
    if images.shape[1:] == shape:
        return images
    import tensorflow as tf

    made = np.empty((len(images), *shape), images.dtype)
    for start in range(0, len(images), _RESIZED_AT_ONCE):
        chunk = np.asarray(images[start : start + _RESIZED_AT_ONCE], np.float32)
        scaled = tf.image.resize(chunk, shape[:2], antialias=True).numpy()
        if images.dtype in (np.uint8, np.int8):
            limits = np.iinfo(images.dtype)
            scaled = np.clip(np.round(scaled), limits.min, limits.max)
        made[start : start + _RESIZED_AT_ONCE] = scaled
    return made
