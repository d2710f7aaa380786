# SPDX-License-Identifier: Apache-2.0
"""Reads what a user hands to a search: every mistake is one line that names what was found."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcunet_tf.errors import DataError
from mcunet_tf.tinynas.checks import check_whole, shown
from mcunet_tf.tinynas.data import VALIDATION_SHARE, Array, Images
from mcunet_tf.tinynas.pipeline import (
    Chunk,
    Pipeline,
    as_images,
    check_finite,
    check_images,
    checked_chunks,
    collect,
    first_pass,
    is_pipeline,
)
from mcunet_tf.tinynas.targets import (
    check_classes,
    check_rows,
    read_targets,
    read_weights,
    stratified,
)

_CHECKED_AT_ONCE = 1024

Data = Images | Pipeline
"""What a search trains and validates on."""


def read_images(
    train: Any,
    validation: Any = None,
    num_classes: int | None = None,
    seed: int = 0,
    head: str = "classes",
    series: bool = False,
) -> Data:
    """Reads and checks the data of a search.

    Args:
        train: `(x, y)` or `(x, y, weights)` as arrays (memory-mapped ones too); or a
            `tf.data.Dataset`, a Keras PyDataset, or a function that gives an iterator, of such
            samples, batched or not, which is read anew every epoch.
        validation: data of the same forms, which is held in memory; None sets a tenth of the
            training arrays aside, of each class its share.
        num_classes: number of classes; by default one more than the greatest label.
        seed: seed of the choice of images that are set aside.
        head: what the targets are, one of `task.HEADS`.
        series: whether samples are `[t, c]`, not grey images `[h, w]`.

    Raises:
        DataError: there are no images, targets do not fit, or an image holds NaN or infinity.
        SearchError: `num_classes` is no number of classes.
    """
    if num_classes is not None:
        check_whole("num_classes", num_classes, 1 if head != "classes" else 2)
    if is_pipeline(train):
        return _pipeline(train, validation, num_classes, head, series)
    x, y, w = _arrays("training", train, head, series)
    if validation is None:
        kept, aside = _split(y, seed)
        vx, vy, vw = x[aside], y[aside], None if w is None else w[aside]
        x, y, w = x[kept], y[kept], None if w is None else w[kept]
    else:
        vx, vy, vw = _validation(validation, head, series)
    _check_alike(x.dtype, x.shape[1:], vx)
    outputs = _outputs(y, vy, num_classes)
    return Images(x, y, vx, vy, outputs, w, vw)


def _split(y: Array, seed: int) -> tuple[Array, Array]:
    """Indices of samples that are kept and set aside."""
    count = max(1, round(len(y) * VALIDATION_SHARE))
    if count >= len(y):
        raise DataError(f"{len(y)} training images are too few: pass validation images too")
    aside = stratified(y, count, np.random.default_rng([seed, 0]))
    return np.setdiff1d(np.arange(len(y)), aside), aside


def _pipeline(
    train: Any, validation: Any, num_classes: int | None, head: str, series: bool
) -> Pipeline:
    if validation is None:
        raise DataError(
            "data that is read anew every epoch cannot be split: pass validation data too"
        )
    y, shape, dtype = first_pass(train, head, series)
    vx, vy, vw = _validation(validation, head, series)
    _check_alike(dtype, shape, vx)
    outputs = _outputs(y, vy, num_classes)

    def source() -> Any:
        return checked_chunks("training", train, head, series)

    return Pipeline(source, shape, dtype, shape, y, vx, vy, outputs, vw)


def read_part(given: Any, head: str = "classes", series: bool = False) -> Chunk:
    """(images, targets, weights or None) of labelled samples, checked.

    Args:
        given: data of the forms that `read_images` takes for validation.
        head: what the targets are, one of `task.HEADS`.
        series: whether samples are `[t, c]`, not grey images `[h, w]`.

    Raises:
        DataError: there are no images, targets do not fit, or an image holds NaN or infinity.
    """
    return _validation(given, head, series)


def _validation(given: Any, head: str, series: bool) -> Chunk:
    if is_pipeline(given):
        return collect("validation", given, head, series)
    return _arrays("validation", given, head, series)


def _outputs(train_y: Array, validation_y: Array, asked: int | None) -> int:
    check = check_classes if train_y.ndim == 1 else check_rows
    return check(train_y, validation_y, asked)


def _check_alike(dtype: np.dtype[Any], shape: tuple[int, ...], vx: Array) -> None:
    if tuple(shape) != vx.shape[1:] or dtype != vx.dtype:
        raise DataError(
            f"training images are {dtype} {list(shape)}, validation images "
            f"{vx.dtype} {list(vx.shape[1:])}: bring them to one form"
        )


def _arrays(part: str, given: Any, head: str, series: bool) -> Chunk:
    """(images, targets, weights) as arrays, checked."""
    if not isinstance(given, tuple | list) or len(given) not in (2, 3):
        raise DataError(
            f"{part} data must be a pair (images, labels) or a tf.data.Dataset of pairs, not "
            f"{_kind(given)}"
        )
    x, y = _array(part, "images", given[0]), _array(part, "labels", given[1])
    if not x.ndim or not y.ndim or not len(x) or not len(y):
        raise DataError(f"there are no {part} images: check where they are read from")
    x = as_images(x, series)
    check_images(part, x)
    y = read_targets(part, y, len(x), head)
    for start in range(0, len(x), _CHECKED_AT_ONCE):
        check_finite(part, x[start : start + _CHECKED_AT_ONCE], start)
    if len(given) == 2 or given[2] is None:
        return x, y, None
    return x, y, read_weights(part, _array(part, "weights", given[2]), len(x))


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


def _kind(given: Any) -> str:
    if given is None or isinstance(given, str | bytes | int | float):
        return shown(given)
    if isinstance(given, tuple | list):
        return f"a {type(given).__name__} of {len(given)}"
    return f"a {type(given).__name__}"
