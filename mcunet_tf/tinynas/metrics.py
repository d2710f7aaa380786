# SPDX-License-Identifier: Apache-2.0
"""Metrics by name, in numpy: what a search maximises and what its report states.

Every metric takes targets, predictions and weights of the samples. Predictions are probabilities
`[n, k]` for classes and labels, and real values `[n, k]` for regression; see `objective.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Metric = Callable[[Array, Array, Array], float]
"""(targets, predictions, weights) -> value."""


def _accuracy(y: Array, predictions: Array, weights: Array) -> float:
    return float(np.average(predictions.argmax(axis=1) == y, weights=weights))


def _balanced_accuracy(y: Array, predictions: Array, weights: Array) -> float:
    """Mean over the classes that occur of the share of their samples that is right."""
    right = predictions.argmax(axis=1) == y
    classes = np.unique(y)
    return float(np.mean([np.average(right[y == c], weights=weights[y == c]) for c in classes]))


def _binary_accuracy(y: Array, predictions: Array, weights: Array) -> float:
    return float(np.average(((predictions > 0.5) == (y > 0.5)).mean(axis=1), weights=weights))


def _macro_f1(y: Array, predictions: Array, weights: Array) -> float:
    """Mean over the labels of F1 at a probability of one half; for classes each is a label."""
    if y.ndim == 1:
        k = predictions.shape[1]
        wanted, found = np.eye(k, dtype=bool)[y], np.eye(k, dtype=bool)[predictions.argmax(axis=1)]
    else:
        wanted, found = y > 0.5, predictions > 0.5
    w = weights[:, np.newaxis]
    true = (w * (wanted & found)).sum(axis=0)
    either = (w * wanted).sum(axis=0) + (w * found).sum(axis=0)
    occurs = either > 0
    return float(np.mean(2 * true[occurs] / either[occurs])) if occurs.any() else 0.0


def _auc(y: Array, predictions: Array, weights: Array) -> float:
    """Mean over the labels of the area under the curve of hits against false alarms."""
    wanted = np.eye(predictions.shape[1], dtype=bool)[y] if y.ndim == 1 else y > 0.5
    areas = [
        _area(wanted[:, k], predictions[:, k], weights)
        for k in range(predictions.shape[1])
        if wanted[:, k].any() and not wanted[:, k].all()
    ]
    return float(np.mean(areas)) if areas else 0.5


def _area(wanted: Array, predictions: Array, weights: Array) -> float:
    """Chance that a sample with the label is rated above one without; ties count one half."""
    values, places = np.unique(predictions, return_inverse=True)
    positive = np.bincount(places, weights * wanted, len(values))
    negative = np.bincount(places, weights * ~wanted, len(values))
    below = np.cumsum(negative) - negative / 2
    return float((positive * below).sum() / (positive.sum() * negative.sum()))


def _mae(y: Array, predictions: Array, weights: Array) -> float:
    return float(np.average(np.abs(predictions - y).mean(axis=1), weights=weights))


def _mse(y: Array, predictions: Array, weights: Array) -> float:
    return float(np.average(((predictions - y) ** 2).mean(axis=1), weights=weights))


def _rmse(y: Array, predictions: Array, weights: Array) -> float:
    return float(np.sqrt(_mse(y, predictions, weights)))


def _r2(y: Array, predictions: Array, weights: Array) -> float:
    """Share of the targets' variance that is explained, the mean over all targets."""
    mean = np.average(y, axis=0, weights=weights)
    left = np.average((predictions - y) ** 2, axis=0, weights=weights)
    whole = np.average((y - mean) ** 2, axis=0, weights=weights)
    return float(np.mean(1 - left / np.maximum(whole, 1e-12)))


METRICS: dict[str, dict[str, Metric]] = {
    "classes": {
        "accuracy": _accuracy,
        "balanced_accuracy": _balanced_accuracy,
        "macro_f1": _macro_f1,
        "auc": _auc,
    },
    "multilabel": {"macro_f1": _macro_f1, "auc": _auc, "binary_accuracy": _binary_accuracy},
    "regression": {"r2": _r2, "mae": _mae, "mse": _mse, "rmse": _rmse},
}
"""By head and name; the first one of a head is its default."""

LOWER_IS_BETTER = frozenset({"mae", "mse", "rmse"})
