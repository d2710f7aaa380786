# SPDX-License-Identifier: Apache-2.0
"""Least squares with coefficients that are not negative."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]

_TOLERANCE = 1e-9


def nonnegative_least_squares(matrix: Array, target: Array) -> Array:
    """Minimises |matrix x - target| over x >= 0.

    The active-set method of Lawson and Hanson, "Solving Least Squares Problems", chapter 23.

    Args:
        matrix: [samples, features].
        target: [samples].
    """
    norms = np.linalg.norm(matrix, axis=0)
    scale: Array = np.where(norms > 0, norms, 1.0)
    scaled = matrix / scale
    count = matrix.shape[1]
    solution = np.zeros(count)
    passive = np.zeros(count, bool)
    limit = _TOLERANCE * max(float(np.abs(scaled.T @ target).max(initial=0.0)), 1.0)
    for _ in range(6 * count):
        gradient = scaled.T @ (target - scaled @ solution)
        gradient[passive] = -np.inf
        if passive.all() or gradient.max() <= limit:
            break
        passive[int(np.argmax(gradient))] = True
        solution = _descend(scaled, target, solution, passive)
    return solution / scale


def _descend(scaled: Array, target: Array, solution: Array, passive: Any) -> Array:
    """Solves for the passive coefficients; those that would turn negative leave the set."""
    while True:
        trial = np.zeros_like(solution)
        trial[passive] = np.linalg.lstsq(scaled[:, passive], target, rcond=None)[0]
        negative = passive & (trial <= 0)
        if not negative.any():
            return trial
        step = solution[negative] / (solution[negative] - trial[negative])
        solution = solution + float(step.min()) * (trial - solution)
        passive &= solution > _TOLERANCE * max(float(solution.max()), 1e-30)
        solution[~passive] = 0.0
