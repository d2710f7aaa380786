# SPDX-License-Identifier: Apache-2.0
"""How much a search looks at."""

from __future__ import annotations

import dataclasses

from mcunet_tf.errors import SearchError
from mcunet_tf.tinynas.checks import check_whole, shown
from mcunet_tf.tinynas.evolve import Evolution


@dataclasses.dataclass(frozen=True)
class Effort:
    """How much a search looks at.

    Attributes:
        samples: sub-networks drawn from each search space.
        plans: the most of these samples that the planner decides.
        evaluated: sub-networks whose accuracies the predictor learns from.
        finalists: best predicted sub-networks that are evaluated too.
        evolution: sizes of the evolution.
        calibration_images: training images that settle the norms of a sub-network.
        validation_images: the most validation images that an evaluation looks at.
        representative_images: training images that settle the ranges of int8 activations.
        processes: processes that measure the search spaces; None takes every core.

    Raises:
        SearchError: a number is below 1, or no whole number.
    """

    samples: int = 1000
    plans: int = 20
    evaluated: int = 200
    finalists: int = 20
    evolution: Evolution = dataclasses.field(default_factory=Evolution)
    calibration_images: int = 1000
    validation_images: int = 5000
    representative_images: int = 300
    processes: int | None = None

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name == "evolution":
                if not isinstance(value, Evolution):
                    raise SearchError(f"evolution = {shown(value)}: it must be an Evolution")
            elif field.name != "processes" or value is not None:
                check_whole(field.name, value, 1)

    @classmethod
    def quick(cls) -> Effort:
        """What a first look at a data set or a demonstration can wait for."""
        return cls(
            samples=60,
            plans=2,
            evaluated=32,
            finalists=8,
            evolution=Evolution(population=32, parents=8, generations=6),
            calibration_images=500,
            validation_images=2000,
        )
