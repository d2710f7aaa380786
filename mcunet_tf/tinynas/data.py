# SPDX-License-Identifier: Apache-2.0
"""Images and labels as a search takes them: checked once, then plain arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.errors import DataError

Array = npt.NDArray[Any]

AUGMENTATIONS = ("flip_and_shift", "flip", "shift", "none")
VALIDATION_SHARE = 0.1
_SHIFT_SHARE = 1 / 8
_CHECKED_AT_ONCE = 1024
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


def read_images(
    train: Any, validation: Any = None, num_classes: int | None = None, seed: int = 0
) -> Images:
    """Reads and checks what a user hands to a search.

    Args:
        train: `(x, y)` arrays (memory-mapped ones too), or a `tf.data.Dataset` of such pairs,
            batched or not, that fits into memory.
        validation: Likewise; None sets a tenth of the training images aside.
        num_classes: By default one more than the greatest label.
        seed: Of the images set aside.

    Raises:
        DataError: There are no images, labels do not fit, or an image holds NaN or infinity.
    """
    train_x, train_y = _arrays("training", train)
    if validation is None:
        order = np.random.default_rng([seed, 0]).permutation(len(train_x))
        count = max(1, round(len(order) * VALIDATION_SHARE))
        if count >= len(order):
            raise DataError(f"{len(order)} training images are too few: pass validation images too")
        aside, kept = np.sort(order[:count]), np.sort(order[count:])
        validation_x, validation_y = train_x[aside], train_y[aside]
        train_x, train_y = train_x[kept], train_y[kept]
    else:
        validation_x, validation_y = _arrays("validation", validation)
    if train_x.shape[1:] != validation_x.shape[1:] or train_x.dtype != validation_x.dtype:
        raise DataError(
            f"training images are {train_x.dtype} {list(train_x.shape[1:])}, validation images "
            f"{validation_x.dtype} {list(validation_x.shape[1:])}: bring them to one form"
        )
    classes = num_classes or int(train_y.max()) + 1
    for part, labels in (("training", train_y), ("validation", validation_y)):
        if labels.min() < 0:
            raise DataError(
                f"{part} labels run from {labels.min()} to {labels.max()}: number classes from 0 on"
            )
        if labels.max() >= classes:
            raise DataError(
                f"{part} labels run from {labels.min()} to {labels.max()}; with {classes} classes "
                f"they must lie in 0..{classes - 1}"
            )
    if len(np.unique(train_y)) < 2:
        raise DataError(
            "all training images carry the same label: there is nothing to tell apart, so check "
            "how the labels were read"
        )
    return Images(train_x, train_y, validation_x, validation_y, classes)


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


def _arrays(part: str, given: Any) -> tuple[Array, Array]:
    """(images, labels) as arrays, checked."""
    if hasattr(given, "element_spec"):
        given = _collect(part, given)
    try:
        x, y = given
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{part} data must be a pair (images, labels) or a tf.data.Dataset of pairs"
        ) from error
    x = x if isinstance(x, np.ndarray) else np.asarray(x)
    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if not len(x) or not len(y):
        raise DataError(f"there are no {part} images: check where they are read from")
    if x.ndim == 3:
        x = x[..., np.newaxis]
    if x.ndim != 4 or not (x.dtype == np.uint8 or np.issubdtype(x.dtype, np.floating)):
        raise DataError(
            f"{part} images are {x.dtype} {list(x.shape)}; they must be uint8 or float32 "
            "[n, h, w, c]"
        )
    if y.ndim != 1 or len(x) != len(y) or not np.issubdtype(y.dtype, np.integer):
        raise DataError(
            f"{len(x)} {part} images come with labels {y.dtype} {list(y.shape)}; there must be one "
            "whole number per image, not one-hot rows"
        )
    _check_finite(part, x)
    return x, y.astype(np.int64)


def _check_finite(part: str, x: Array) -> None:
    if x.dtype == np.uint8:
        return
    for start in range(0, len(x), _CHECKED_AT_ONCE):
        chunk = x[start : start + _CHECKED_AT_ONCE]
        wrong = ~np.isfinite(chunk).all(axis=(1, 2, 3))
        if wrong.any():
            index = start + int(np.argmax(wrong))
            raise DataError(f"{part} image {index} holds NaN or infinity: remove or repair it")


def _collect(part: str, dataset: Any) -> tuple[Array, Array]:
    spec = dataset.element_spec
    if not isinstance(spec, tuple) or len(spec) != 2:
        raise DataError(f"the {part} dataset must give pairs (image, label), not {spec}")
    batched = spec[1].shape.rank == 1
    xs, ys = [], []
    for x, y in dataset.as_numpy_iterator():
        xs.append(x if batched else x[np.newaxis])
        ys.append(np.asarray(y).reshape(-1))
    if not xs:
        raise DataError(f"there are no {part} images: the dataset is empty")
    return np.concatenate(xs), np.concatenate(ys)


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
