# SPDX-License-Identifier: Apache-2.0
"""From a network's results to detections: scores averaged over time, a threshold, and a pause."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.audio.settings import require, require_real, require_whole
from mcunet_tf.errors import AudioError

Integers = npt.NDArray[Any]


@dataclass(frozen=True)
class Detector:
    """What is done with a network's results, the same in Python and C.

    The scores of each label are averaged over the last results. Where the greatest average of a
    word reaches the threshold, the word is detected, and for some results there is no detection.

    Attributes:
        labels: what the network's outputs are called, in their order.
        average: results that scores are averaged over.
        threshold: the probability that an average must reach, from 0 to 1.
        refractory: results behind a detection that are none.
        ignored: labels that are no words; those that begin with "_" are none either.
    """

    labels: tuple[str, ...]
    average: int = 1
    threshold: float = 0.5
    refractory: int = 0
    ignored: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require(
            isinstance(self.labels, tuple)
            and bool(self.labels)
            and all(isinstance(label, str) and label for label in self.labels),
            f"labels={self.labels!r}: give a tuple of names, one for each output",
        )
        doubled = sorted({label for label in self.labels if self.labels.count(label) > 1})
        require(not doubled, f"two labels are called {doubled[0] if doubled else ''!r}: rename one")
        require_whole("average", self.average, 1, 1000, " results")
        require_whole("refractory", self.refractory, 0, 100000, " results")
        require_real("threshold", self.threshold, 0.0, 1.0)
        unknown = sorted(set(self.ignored).difference(self.labels))
        require(not unknown, f"ignored label {unknown[0] if unknown else ''!r} is none of labels")
        require(
            bool(np.any(self.listened)),
            "every label is ignored, so there is nothing to detect: leave one out of ignored",
        )

    @property
    def listened(self) -> Integers:
        """Which labels are words; uint8 [labels]."""
        words = [not label.startswith("_") and label not in self.ignored for label in self.labels]
        return np.array(words, np.uint8)

    def limit(self, scale: float) -> int:
        """The least sum of scores in steps of `scale` over the averaged results."""
        return math.ceil(self.threshold * self.average / scale - 1e-9)

    def begin(self) -> DetectorState:
        """The state before the first result."""
        zeros = np.zeros((self.average, len(self.labels)), np.int64)
        return DetectorState(zeros, 0, 0)

    def detect(
        self, state: DetectorState, scores: Integers, scale: float
    ) -> tuple[Integers, DetectorState]:
        """The words that results complete.

        Args:
            state: what `begin` or the last call gave.
            scores: the network's outputs less their zero point, integers [results, labels].
            scale: of the output.

        Returns:
            The label's number or -1 for each result, and the state for the next call.

        Raises:
            AudioError: there are more or fewer scores than labels.
        """
        if scores.ndim != 2 or scores.shape[1] != len(self.labels):
            raise AudioError(
                f"results are {list(scores.shape)} for {len(self.labels)} labels: give "
                "[results, labels]"
            )
        history = np.concatenate([state.history, scores.astype(np.int64)])
        sums = np.cumsum(np.concatenate([np.zeros((1, scores.shape[1]), np.int64), history]), 0)
        # Sums of windows that end with each of the new results.
        sums = sums[self.average + 1 :] - sums[1 : -self.average]
        heard = np.where(self.listened, sums, np.iinfo(np.int64).min)
        best, limit = heard.argmax(axis=1), self.limit(scale)
        reached = heard.max(axis=1) >= limit
        words = np.full(len(scores), -1)
        filled, wait = state.filled, state.wait
        for number in range(len(scores)):
            filled = min(filled + 1, self.average)
            if wait > 0:
                wait -= 1
            elif filled == self.average and reached[number]:
                words[number] = best[number]
                wait = self.refractory
        return words, DetectorState(history[len(history) - self.average :], filled, wait)


@dataclass(frozen=True, eq=False)
class DetectorState:
    """What is remembered from one result to the next.

    Attributes:
        history: the last scores, int64 [average, labels].
        filled: how many of them there have been.
        wait: results until there may be another detection.
    """

    history: Integers
    filled: int
    wait: int
