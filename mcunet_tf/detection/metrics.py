# SPDX-License-Identifier: Apache-2.0
"""How good boxes are: average precision, and the F1 of things found at the right place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.vision.boxes import UNITS

Array = npt.NDArray[Any]

OVERLAPS = tuple(0.5 + 0.05 * step for step in range(10))
"""Of AP50:95, COCO's."""
_RECALLS = np.linspace(0, 1, 101)


def sides_of(boxes: Array) -> Array:
    """Left, top, right and bottom in pixels, float64 [boxes, 4], of boxes of dtype `BOX`."""
    names = ("left", "top", "right", "bottom")
    sides: Array = np.stack([boxes[name] / UNITS for name in names], axis=-1)
    return sides.reshape(-1, 4)


def overlaps(first: Array, second: Array) -> Array:
    """Shared over joint area of all pairs, [first, second]."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:4], second[None, :, 2:4])
    both = np.prod(np.maximum(high - low, 0), axis=-1)
    areas = [np.prod(boxes[:, 2:4] - boxes[:, :2], axis=-1) for boxes in (first, second)]
    joint = areas[0][:, None] + areas[1][None] - both
    found: Array = both / np.maximum(joint, 1e-9)
    return found


def average_precision(
    found: Sequence[Array], truth: Sequence[Array], classes: int, least: float = 0.5
) -> Array:
    """Average precision of each class by COCO's 101 points; NaN where a class never occurs.

    Args:
        found: boxes of each image, of dtype `BOX`, the best first.
        truth: real boxes of each image, [boxes, 5]: left, top, right, bottom, label.
        classes: how many there are.
        least: the overlap that counts as found.
    """
    made = np.full(classes, np.nan)
    for label in range(classes):
        right, total = _ranked(found, truth, label, least)
        if total:
            made[label] = _area(right, total)
    return made


def precision_recall(
    found: Sequence[Array], truth: Sequence[Array], label: int = 0, least: float = 0.5
) -> tuple[Array, Array]:
    """Recall and precision of one class behind each box, from the best score on.

    Args:
        found: boxes of each image, of dtype `BOX`, the best first.
        truth: real boxes of each image, [boxes, 5]: left, top, right, bottom, label.
        label: the class.
        least: the overlap that counts as found.
    """
    right, total = _ranked(found, truth, label, least)
    hits = np.cumsum(right)
    return hits / max(total, 1), hits / np.arange(1, len(hits) + 1)


def _ranked(
    found: Sequence[Array], truth: Sequence[Array], label: int, least: float
) -> tuple[Array, int]:
    """Whether each box of a class is right, the best score first, and how many real ones are."""
    scores: list[int] = []
    right: list[bool] = []
    total = 0
    for boxes, real in zip(found, truth, strict=True):
        own, wanted = boxes[boxes["label"] == label], real[real[:, 4] == label]
        total += len(wanted)
        scores += list(own["score"])
        right += _matched(overlaps(sides_of(own), wanted), least)
    order = np.argsort(-np.array(scores, np.int64), kind="stable")
    return np.array(right, bool)[order], total


def _matched(pairs: Array, least: float) -> list[bool]:
    """Whether each box, the best first, has a real one for itself."""
    taken, right = np.zeros(pairs.shape[1], bool), []
    for row in pairs:
        free = np.where(taken, -1.0, row)
        best = int(np.argmax(free)) if len(free) else -1
        hit = best >= 0 and free[best] >= least
        if hit:
            taken[best] = True
        right.append(bool(hit))
    return right


def _area(right: Array, total: int) -> float:
    hits = np.cumsum(right)
    recall, precision = hits / total, hits / np.arange(1, len(hits) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(recall, _RECALLS, side="left")
    return float(np.mean([best[p] if p < len(best) else 0.0 for p in places]))


def box_scores(found: Sequence[Array], truth: Sequence[Array], classes: int) -> dict[str, float]:
    """AP50 and AP50:95, means over the classes that occur."""
    each = [np.nanmean(average_precision(found, truth, classes, least)) for least in OVERLAPS]
    return {"ap50": float(each[0]), "ap50_95": float(np.mean(each))}


def centroid_scores(
    found: Sequence[Array], truth: Sequence[Array], within: float
) -> dict[str, float]:
    """Precision, recall and F1 of middles that have a real one of their label near by.

    Args:
        found: boxes of each image, of dtype `BOX`.
        truth: real boxes of each image, [boxes, 5].
        within: pixels along each axis that a middle may be off.
    """
    right = made = wanted = 0
    for boxes, real in zip(found, truth, strict=True):
        sides = sides_of(boxes)
        middles = [(part[:, :2] + part[:, 2:4]) / 2 for part in (sides, real)]
        far = np.abs(middles[0][:, None] - middles[1][None]).max(axis=-1, initial=0)
        near = np.where(boxes["label"][:, None] == real[None, :, 4], within - far, -1.0)
        right += sum(_matched(near, 0.0))
        made, wanted = made + len(boxes), wanted + len(real)
    precision, recall = right / max(made, 1), right / max(wanted, 1)
    f1 = 2 * right / max(made + wanted, 1)
    return {"f1": f1, "precision": precision, "recall": recall}
