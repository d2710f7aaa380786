# SPDX-License-Identifier: Apache-2.0
"""Reads what a user hands to a search: every mistake is one line that names what was found."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcunet_tf.errors import DataError
from mcunet_tf.tinynas.checks import check_whole, shown
from mcunet_tf.tinynas.data import VALIDATION_SHARE, Array, Images
from mcunet_tf.tinynas.protocols import Dataset

_CHECKED_AT_ONCE = 1024
_MOST_ELEMENTS = 1 << 31
"""Values that a dataset may give before it is taken for an endless one: 2 GB of uint8."""


def read_images(
    train: Any, validation: Any = None, num_classes: int | None = None, seed: int = 0
) -> Images:
    """Reads and checks the data of a search.

    Args:
        train: a pair `(x, y)` of arrays (memory-mapped ones too), or a `tf.data.Dataset` of such
            pairs, batched or not, that fits into memory.
        validation: data of the same form; None sets a tenth of the training images aside.
        num_classes: number of classes; by default one more than the greatest label.
        seed: seed of the choice of images that are set aside.

    Raises:
        DataError: there are no images, labels do not fit, or an image holds NaN or infinity.
        SearchError: `num_classes` is no number of classes.
    """
    if num_classes is not None:
        check_whole("num_classes", num_classes, 2)
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
    classes = _checked_classes(train_y, validation_y, num_classes)
    return Images(train_x, train_y, validation_x, validation_y, classes)


def _checked_classes(train_y: Array, validation_y: Array, asked: int | None) -> int:
    """The number of classes, where labels are in range and not all the same."""
    greatest = int(train_y.max())
    if asked is None and greatest >= len(train_y) > 1:
        raise DataError(
            f"training labels run up to {greatest}, but there are only {len(train_y)} images: "
            "number classes from 0 on, or pass num_classes"
        )
    classes = asked or greatest + 1
    for part, labels in (("training", train_y), ("validation", validation_y)):
        low, high = labels.min(), labels.max()
        if low < 0:
            raise DataError(f"{part} labels run from {low} to {high}: number classes from 0 on")
        if high >= classes:
            raise DataError(
                f"{part} labels run from {low} to {high}; with {classes} classes they must lie in "
                f"0..{classes - 1}"
            )
    if np.all(train_y == train_y[0]):
        raise DataError(
            "all training images carry the same label: there is nothing to tell apart, so check "
            "how the labels were read"
        )
    return classes


def _arrays(part: str, given: Any) -> tuple[Array, Array]:
    """(images, labels) as arrays, checked."""
    if hasattr(given, "element_spec"):
        given = _collect(part, given)
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise DataError(
            f"{part} data must be a pair (images, labels) or a tf.data.Dataset of pairs, not "
            f"{_kind(given)}"
        )
    x, y = _array(part, "images", given[0]), _array(part, "labels", given[1])
    if not x.ndim or not y.ndim or not len(x) or not len(y):
        raise DataError(f"there are no {part} images: check where they are read from")
    if x.ndim == 3:
        x = x[..., np.newaxis]
    if x.ndim != 4 or not (x.dtype == np.uint8 or np.issubdtype(x.dtype, np.floating)):
        raise DataError(
            f"{part} images are {x.dtype} {list(x.shape)}; they must be uint8 or float32 "
            "[n, h, w, c]"
        )
    if not all(x.shape):
        raise DataError(f"{part} images are {list(x.shape[1:])}: they hold no values")
    y = _labels(part, y, len(x))
    _check_finite(part, x)
    return x, y


def _array(part: str, what: str, given: Any) -> Array:
    if isinstance(given, np.ndarray):
        return given
    if isinstance(given, dict | set | str | bytes) or given is None:
        raise DataError(f"{part} {what} must be an array, not {_kind(given)}")
    try:
        return np.asarray(given)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{part} {what} are no array: all of them must have one shape and be numbers"
        ) from error


def _labels(part: str, y: Array, count: int) -> Array:
    """One whole number for each image."""
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim == 1 and np.issubdtype(y.dtype, np.floating) and len(y) == count:
        raise DataError(
            f"{part} labels are {y.dtype}; classes are whole numbers from 0 on: pass "
            "labels.astype('int64')"
        )
    if y.ndim != 1 or count != len(y) or not np.issubdtype(y.dtype, np.integer):
        raise DataError(
            f"{count} {part} images come with labels {y.dtype} {list(y.shape)}; there must be one "
            "whole number per image, not one-hot rows"
        )
    if y.dtype == np.uint64 and y.max() > np.iinfo(np.int64).max:
        raise DataError(f"{part} labels run up to {y.max()}: number classes from 0 on")
    return y.astype(np.int64)


def _kind(given: Any) -> str:
    if given is None or isinstance(given, str | bytes | int | float):
        return shown(given)
    if isinstance(given, tuple | list):
        return f"a {type(given).__name__} of {len(given)}"
    return f"a {type(given).__name__}"


def _check_finite(part: str, x: Array) -> None:
    if x.dtype == np.uint8:
        return
    for start in range(0, len(x), _CHECKED_AT_ONCE):
        with np.errstate(over="ignore", invalid="ignore"):
            chunk = np.asarray(x[start : start + _CHECKED_AT_ONCE], np.float32)
        wrong = ~np.isfinite(chunk).all(axis=(1, 2, 3))
        if wrong.any():
            index = start + int(np.argmax(wrong))
            raise DataError(f"{part} image {index} holds NaN or infinity: remove or repair it")


def _collect(part: str, dataset: Dataset) -> tuple[Array, Array]:
    spec = dataset.element_spec
    pair = isinstance(spec, tuple) and len(spec) == 2
    if not pair or not all(hasattr(part_spec, "shape") for part_spec in spec):
        raise DataError(
            f"the {part} dataset must give pairs (image, label), not {shown(spec)}: map it"
        )
    _check_ends(part, dataset)
    batched = is_batched(part, *spec)
    xs: list[Array] = []
    ys: list[Array] = []
    elements = 0
    for x, y in dataset.as_numpy_iterator():
        xs.append(x if batched else x[np.newaxis])
        ys.append(np.asarray(y) if batched else np.asarray(y)[np.newaxis])
        elements += xs[-1].size
        if elements > _MOST_ELEMENTS:
            raise DataError(
                f"the {part} dataset gave {elements:,} values and goes on: a search holds its data "
                "in memory; pass .take(n), or smaller images"
            )
    if not xs:
        raise DataError(f"there are no {part} images: the dataset is empty")
    try:
        return np.concatenate(xs), np.concatenate(ys)
    except ValueError as error:
        raise DataError(f"the {part} dataset gives images of different shapes: resize them") from (
            error
        )


def _check_ends(part: str, dataset: Dataset) -> None:
    """Makes sure that a dataset which knows its length has an end."""
    cardinality = getattr(dataset, "cardinality", None)
    if cardinality is not None and int(cardinality()) == -1:  # tf.data.INFINITE_CARDINALITY
        raise DataError(
            f"the {part} dataset repeats for ever: pass it without .repeat(), or with .take(n)"
        )


def is_batched(part: str, image: Any, label: Any) -> bool:
    """Whether an element of a dataset holds several images, told by its specification.

    A rank of 4 is a batch of images, a rank of 3 with a single label is one image. A rank of 3
    with a row of labels is a batch of grey images where both have the same, or an open, first
    size, and else one image with a row of classes.

    Raises:
        DataError: the element is neither.
    """
    ranks = (image.shape.rank, label.shape.rank)  # None where a rank is unknown
    if ranks[0] == 4:
        return True
    if ranks == (2, 0) or ranks == (3, 0):
        return False
    if ranks[0] == 3 and ranks[1] == 1:
        return bool(image.shape[0] == label.shape[0] or image.shape[0] is None)
    raise DataError(
        f"an element of the {part} dataset holds an image {image.shape} and a label "
        f"{label.shape}: give [h, w, c] and one whole number, or batches of them"
    )
