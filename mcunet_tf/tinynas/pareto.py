# SPDX-License-Identifier: Apache-2.0
"""The sub-networks among which a user has to choose: no other one is better in everything."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from mcunet_tf.tinynas.arch import Arch


@dataclasses.dataclass(frozen=True)
class ParetoPoint:
    """An evaluated sub-network that no other one beats in both score and MACs.

    Attributes:
        arch: the sub-network as an architecture.
        score: the first metric on the validation images with the weights of the supernet, turned so
            that greater is better; the accuracy by default.
        macs: multiply-accumulates of one inference.
    """

    arch: Arch
    score: float
    macs: int

    @property
    def accuracy(self) -> float:
        """The score of searches whose first metric is the accuracy."""
        return self.score


def pareto_front(points: Iterable[ParetoPoint]) -> tuple[ParetoPoint, ...]:
    """The points that no other point beats in both score and MACs, ascending in both."""
    kept: list[ParetoPoint] = []
    for point in sorted(points, key=lambda p: (p.macs, -p.score)):
        if not kept or point.score > kept[-1].score:
            kept.append(point)
    return tuple(kept)
