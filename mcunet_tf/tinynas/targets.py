# SPDX-License-Identifier: Apache-2.0
"""Targets and weights of samples: checked, and brought to one form for each head."""

from __future__ import annotations

import numpy as np

from mcunet_tf.errors import DataError
from mcunet_tf.tinynas.data import Array


def read_targets(part: str, y: Array, count: int, head: str) -> Array:
    """Targets of `count` samples.

    Args:
        part: name of the part of the data, for messages.
        y: what was given.
        count: number of samples.
        head: one of `task.HEADS`.

    Returns:
        "classes": int64 `[n]`, from whole numbers or one-hot rows; "multilabel": float32 `[n, k]`
        of zeros and ones; "regression": float32 `[n, k]`, from `[n]` or `[n, k]`.

    Raises:
        DataError: the targets are of another form.
    """
    if y.ndim == 2 and y.shape[1] == 1 and head == "classes":
        y = y[:, 0]
    numbers = y.dtype == np.bool_ or np.issubdtype(y.dtype, np.number)
    if y.ndim not in (1, 2) or len(y) != count or not numbers or np.iscomplexobj(y):
        wanted = {
            "classes": "one whole number per image, or a one-hot row",
            "multilabel": "a row of zeros and ones per image",
            "regression": "one number or a row of numbers per image",
        }[head]
        raise DataError(
            f"{count} {part} images come with labels {y.dtype} {list(y.shape)}; there must be "
            f"{wanted}"
        )
    read = {"classes": _classes, "multilabel": _labels, "regression": _values}[head]
    return read(part, y)


def _classes(part: str, y: Array) -> Array:
    if y.ndim == 2:
        if not _is_binary(y):
            raise DataError(
                f"{part} labels are {y.dtype} {list(y.shape)}; there must be one whole number per "
                "image, or a one-hot row; for real values pass head='regression'"
            )
        if np.any(y.sum(axis=1) != 1):
            raise DataError(
                f"{part} labels are rows of zeros and ones, some with none or several ones: pass "
                "head='multilabel'"
            )
        classes: Array = y.argmax(axis=1).astype(np.int64)
        return classes
    if not np.issubdtype(y.dtype, np.integer):
        raise DataError(
            f"{part} labels are {y.dtype}; classes are whole numbers from 0 on: pass "
            "labels.astype('int64'), or head='regression' for real values"
        )
    if y.dtype == np.uint64 and y.max() > np.iinfo(np.int64).max:
        raise DataError(f"{part} labels run up to {y.max()}: number classes from 0 on")
    return y.astype(np.int64)


def _labels(part: str, y: Array) -> Array:
    if y.ndim != 2 or not _is_binary(y):
        raise DataError(
            f"{part} labels are {y.dtype} {list(y.shape)}; head='multilabel' wants a row of zeros "
            "and ones per image"
        )
    return y.astype(np.float32)


def _values(part: str, y: Array) -> Array:
    with np.errstate(over="ignore", invalid="ignore"):
        values = y.astype(np.float32)
    wrong = ~np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    if wrong.any():
        raise DataError(f"{part} target {int(np.argmax(wrong))} is NaN or infinite: remove it")
    return values[:, np.newaxis] if values.ndim == 1 else values


def _is_binary(y: Array) -> bool:
    return bool(np.all((y == 0) | (y == 1)))


def read_weights(part: str, given: Array, count: int) -> Array:
    """Weights of `count` samples, float32 `[n]`.

    Raises:
        DataError: they are of another form, negative or not finite, or all are zero.
    """
    if given.shape != (count,) or not np.issubdtype(given.dtype, np.number):
        raise DataError(
            f"{part} weights are {given.dtype} {list(given.shape)}; there must be one number for "
            f"each of the {count} images"
        )
    weights = given.astype(np.float32)
    if not np.all(np.isfinite(weights)) or weights.min() < 0 or not weights.max() > 0:
        raise DataError(f"{part} weights must be finite, from 0 on, and not all 0")
    return weights


def check_classes(train_y: Array, validation_y: Array, asked: int | None) -> int:
    """The number of classes, where labels are in range and not all the same.

    Raises:
        DataError: they are not.
    """
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


def check_rows(train_y: Array, validation_y: Array, asked: int | None) -> int:
    """The number of labels or values of each sample, where both parts have as many.

    Raises:
        DataError: they have not, or nothing changes from sample to sample.
    """
    width = int(train_y.shape[1])
    if validation_y.shape[1] != width:
        raise DataError(
            f"training targets have {width} columns, validation targets {validation_y.shape[1]}"
        )
    if asked is not None and asked != width:
        raise DataError(f"num_classes = {asked}, but each target has {width} columns")
    if np.all(train_y == train_y[0]):
        raise DataError("all training images carry the same target: there is nothing to learn")
    return width


def stratified(y: Array, count: int, rng: np.random.Generator) -> Array:
    """Indices of `count` samples, ascending, in which every class has its share.

    Targets that are no classes are drawn evenly.

    Args:
        y: int64 `[n]` for classes, float32 `[n, k]` else.
        count: number of samples, at most n.
        rng: generator of all randomness.
    """
    order = rng.permutation(len(y))
    if y.ndim == 1:
        # Within a class by chance, then all classes side by side by their share.
        labels = y[order]
        place = np.empty(len(order))
        for label in np.unique(labels):
            members = np.flatnonzero(labels == label)
            place[members] = (np.arange(len(members)) + rng.random()) / len(members)
        order = order[np.argsort(place, kind="stable")]
    return np.sort(order[:count])
