# SPDX-License-Identifier: Apache-2.0
"""Predicts the score of sub-networks from a few hundred that were evaluated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinynas.space import Space, Subnet


class ScorePredictor:
    """Ridge regression on which kernel and expansion each block has, and on every depth.

    Blocks that do not run have features of their own, so that the weight of a kernel is that of a
    block that runs. The strength of the ridge is the one with the least leave-one-out error.
    """

    STRENGTHS = (0.1, 1.0, 10.0, 100.0)

    def __init__(self, space: Space, choices: Sequence[Subnet], scores: Sequence[float]):
        self.space = space
        features = self._features(choices)
        targets = np.asarray(scores, np.float64)
        # A sub-network whose metric is no number is as bad as the worst that has one.
        finite = targets[np.isfinite(targets)]
        targets = np.where(np.isfinite(targets), targets, finite.min() if len(finite) else 0.0)
        self.offset = float(targets.mean())
        self.centre = features.mean(axis=0)
        fits = [
            _ridge(features - self.centre, targets - self.offset, strength)
            for strength in self.STRENGTHS
        ]
        self.weights, self.error = min(fits, key=lambda fit: fit[1])

    def predict(self, choices: Sequence[Subnet]) -> npt.NDArray[np.float64]:
        """Expected scores."""
        shifted = self._features(choices) - self.centre
        predicted: npt.NDArray[np.float64] = shifted @ self.weights + self.offset
        return predicted

    def _features(self, choices: Sequence[Subnet]) -> npt.NDArray[np.float64]:
        return np.array([self._row(choice) for choice in choices], np.float64)

    def _row(self, choice: Subnet) -> list[float]:
        row = [
            float(depth == d)
            for depth, stage in zip(choice.depths, self.space.stages, strict=True)
            for d in stage.depths
        ]
        for slot, (stage_index, position) in enumerate(self.space.stage_of_block()):
            runs = position < choice.depths[stage_index]
            row += [float(runs and choice.kernels[slot] == k) for k in self.space.family.kernels]
            expansions = self.space.family.expansions
            row += [float(runs and choice.expansions[slot] == e) for e in expansions]
        return row


def _ridge(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], strength: float
) -> tuple[npt.NDArray[np.float64], float]:
    """(weights, root mean square of the leave-one-out errors)."""
    inverse = np.linalg.inv(x.T @ x + strength * np.eye(x.shape[1]))
    weights = inverse @ x.T @ y
    leverage = np.einsum("ij,jk,ik->i", x, inverse, x)
    errors = (y - x @ weights) / np.maximum(1 - leverage, 1e-9)
    return weights, float(np.sqrt(np.mean(errors**2)))
