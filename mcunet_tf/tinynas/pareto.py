# SPDX-License-Identifier: Apache-2.0
"""The sub-networks among which a user has to choose: no other one is better in everything."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Iterable, Mapping
from typing import Any

from mcunet_tf.boards import Board
from mcunet_tf.errors import SearchError
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.cost import Budget
from mcunet_tf.tinynas.task import Task


@dataclasses.dataclass(frozen=True)
class Asked:
    """What a search was asked for, so that another one may ask the same.

    Attributes:
        board: the target.
        budget: what was to be kept.
        task: what was learnt.
        num_classes: number of outputs.
    """

    board: Board
    budget: Budget
    task: Task
    num_classes: int

    def options(self, changed: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments of a search for the same, but for what is changed.

        Another board has its own budget.
        """
        asked: dict[str, Any] = {
            "board": self.board,
            "num_classes": self.num_classes,
            "head": self.task.head,
            "loss": self.task.loss,
            "metrics": self.task.metrics,
            "class_weight": self.task.class_weight,
        }
        if "board" in changed:
            asked["hop"] = self.budget.hop
        else:
            asked.update(dataclasses.asdict(self.budget))
        return {**asked, **changed}


@dataclasses.dataclass(frozen=True)
class ParetoPoint:
    """An evaluated sub-network that no other one beats in both score and MACs.

    Attributes:
        arch: the sub-network as an architecture.
        score: the first metric on the validation images with the weights of the supernet, turned so
            that greater is better; the accuracy by default.
        macs: multiply-accumulates of one inference.
        asked: what the search was asked for; None outside a result.
    """

    arch: Arch
    score: float
    macs: int
    asked: Asked | None = dataclasses.field(default=None, compare=False, repr=False)

    def train(self, train: Any, validation: Any = None, **options: Any) -> Any:
        """Trains this network alone and quantises it, for the board and budget of the search.

        Example:
            >>> smaller = result.pareto[0].train((images, labels), epochs=20)

        Args:
            train: training data, as for `mcunet_tf.search`.
            validation: validation data; None sets a tenth of the arrays aside.
            options: arguments of `mcunet_tf.search` that shall be others: `epochs`, `minutes`,
                `board`, `teacher`, `workdir` and so on.

        Returns:
            The `SearchResult`.

        Raises:
            McunetError: as `mcunet_tf.search`.
        """
        if self.asked is None:
            raise SearchError("this point belongs to no result: use search(network=point.arch)")
        return search_again(train, validation, self.asked, {"network": self.arch, **options})

    @property
    def accuracy(self) -> float:
        """The score of searches whose first metric is the accuracy."""
        return self.score


def search_again(train: Any, validation: Any, asked: Asked, changed: Mapping[str, Any]) -> Any:
    """Calls `mcunet_tf.search` for what was asked before, but for what is changed."""
    # A search makes results: imported from here its module would be in a circle.
    search: Any = importlib.import_module("mcunet_tf").search
    return search(train, validation, **asked.options(changed))


def pareto_front(points: Iterable[ParetoPoint]) -> tuple[ParetoPoint, ...]:
    """The points that no other point beats in both score and MACs, ascending in both."""
    kept: list[ParetoPoint] = []
    for point in sorted(points, key=lambda p: (p.macs, -p.score)):
        if not kept or point.score > kept[-1].score:
            kept.append(point)
    return tuple(kept)
