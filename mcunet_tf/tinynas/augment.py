# SPDX-License-Identifier: Apache-2.0
"""What is done to training images at random, in numpy: each batch is another sight of the data."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinynas.recipe import Recipe

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float32]

_SHIFT_SHARE = 1 / 8
_LATE_SHARE = 1 / 10
"""Of the time of a recording: a tenth of a second of Speech Commands' (arXiv:1804.03209)."""


def augmented(images: Floats, rng: np.random.Generator, recipe: Recipe) -> Floats:
    """Mirrors, shifts and hides parts of images `[n, h, w, c]`, as a recipe asks.

    What is shifted in is zero, where rows alone move the last one that was there; what is hidden
    has the mean of its own image, so that neither its brightness nor the statistics of norms
    change.
    """
    if recipe.augmentation in ("flip_and_shift", "flip"):
        mirrored = np.asarray(rng.random(len(images)) < 0.5)
        images = np.where(mirrored[:, None, None, None], images[:, :, ::-1], images)
    if recipe.augmentation in ("flip_and_shift", "shift"):
        images = _shifted(images, rng)
    if recipe.augmentation == "shift_rows":
        images = _earlier_or_later(images, rng)
    if recipe.masks and any(recipe.masks):
        rows, columns = (
            _bands(len(images), size, rng.random(len(images)) * share, rng)
            for size, share in zip(images.shape[1:3], recipe.masks, strict=True)
        )
        images = _without(images, rows[:, :, None] | columns[:, None, :])
    if recipe.cutout:
        side = np.full(len(images), recipe.cutout)
        rows, columns = (_bands(len(images), size, side, rng) for size in images.shape[1:3])
        images = _without(images, rows[:, :, None] & columns[:, None, :])
    return images


def mixed(
    images: Floats, alpha: float, rng: np.random.Generator
) -> tuple[Floats, Array, npt.NDArray[np.float32]]:
    """Blends every image of a batch with another one.

    Args:
        images: images `[n, h, w, c]`.
        alpha: both parameters of the Beta distribution of shares.
        rng: generator of shares and of partners.

    Returns:
        (blended images, places of the partners `[n]`, shares `[n]` of the images themselves, from a
        half on).
    """
    shares = rng.beta(alpha, alpha, len(images)).astype(np.float32)
    shares = np.maximum(shares, 1 - shares)
    partners = rng.permutation(len(images))
    kept = shares[:, None, None, None]
    return kept * images + (1 - kept) * images[partners], partners, shares


def _shifted(images: Floats, rng: np.random.Generator) -> Floats:
    """Images moved by up to an eighth of their height and width."""
    count, height, width, _ = images.shape
    rows, columns = round(height * _SHIFT_SHARE), round(width * _SHIFT_SHARE)
    padded = np.pad(images, ((0, 0), (rows, rows), (columns, columns), (0, 0)))
    top = rng.integers(0, 2 * rows + 1, count)[:, None, None]
    left = rng.integers(0, 2 * columns + 1, count)[:, None, None]
    y = top + np.arange(height)[None, :, None]
    x = left + np.arange(width)[None, None, :]
    shifted: Floats = padded[np.arange(count)[:, None, None], y, x]
    return shifted


def _earlier_or_later(images: Floats, rng: np.random.Generator) -> Floats:
    """Images whose rows are moved by up to a tenth of their number."""
    count, height = images.shape[:2]
    most = round(height * _LATE_SHARE)
    moves = rng.integers(-most, most + 1, count)
    rows = np.clip(np.arange(height)[None, :] + moves[:, None], 0, height - 1)
    moved: Floats = images[np.arange(count)[:, None], rows]
    return moved


def _bands(
    count: int, size: int, shares: npt.NDArray[np.float64], rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Which of `size` rows or columns a band hides, `[count, size]`; centres are anywhere."""
    width = np.round(shares * size)
    first = np.round(rng.random(count) * size - width / 2)
    places = np.arange(size)[None, :]
    hidden: npt.NDArray[np.bool_] = (places >= first[:, None]) & (places < (first + width)[:, None])
    return hidden


def _without(images: Floats, hidden: npt.NDArray[np.bool_]) -> Floats:
    """Images whose hidden pixels `[n, h, w]` have their image's mean."""
    means = images.mean(axis=(1, 2), keepdims=True)
    found: Floats = np.where(hidden[..., None], means, images)
    return found
