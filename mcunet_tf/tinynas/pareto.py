# SPDX-License-Identifier: Apache-2.0
"""The sub-networks among which a user has to choose: no other one is better in everything."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from mcunet_tf.tinynas.arch import Arch


@dataclasses.dataclass(frozen=True)
class ParetoPoint:
    """An evaluated sub-network that no other one beats in both accuracy and MACs.

    Attributes:
        arch: the sub-network as an architecture.
        accuracy: its validation accuracy with the weights of the supernet.
        macs: multiply-accumulates of one inference.
    """

    arch: Arch
    accuracy: float
    macs: int


def pareto_front(points: Iterable[ParetoPoint]) -> tuple[ParetoPoint, ...]:
    """The points that no other point beats in both accuracy and MACs, ascending in both."""
    kept: list[ParetoPoint] = []
    for point in sorted(points, key=lambda p: (p.macs, -p.accuracy)):
        if not kept or point.accuracy > kept[-1].accuracy:
            kept.append(point)
    return tuple(kept)
