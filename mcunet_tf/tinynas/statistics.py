# SPDX-License-Identifier: Apache-2.0
"""Chooses the search space for a budget, without training, after MCUNet's first stage.

Of every space sub-networks are drawn, and the space whose fitting ones compute the most on average
is the one most likely to hold an accurate one (Lin et al., arXiv:2007.10319, section 3.1).

Whether a sub-network fits is decided from its flash and latency first; its SRAM is certain where a
plan that streams block by block fits. The planner decides a random sample of the rest, which stands
for all of them with its weight: an unbiased estimate, whose size each result states.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import functools
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import get_context
from typing import Any

import numpy as np

from mcunet_tf.boards import Board
from mcunet_tf.errors import BudgetError
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.cost import (
    Budget,
    keeps,
    near_flash,
    streamed_bytes,
    within_flash_and_time,
)
from mcunet_tf.tinynas.space import Space
from mcunet_tf.tinynas.workers import run_tasks

SAMPLES = 1000
PLANS = 20
LEAST_FITTING_SHARE = 0.01
"""Spaces of which fewer sub-networks fit are no choice: evolution would find nothing."""


@dataclasses.dataclass(frozen=True)
class SpaceStatistics:
    """What sub-networks of a space are like under a budget.

    Attributes:
        space: the search space.
        samples: number of sub-networks that were drawn.
        planned: number of them that the planner had to decide.
        fitting_share: share of the samples that fits.
        mean_macs: mean MACs of those that fit; 0 where none does.
        macs: MACs of those that are known to fit, ascending.
        weights: number of sub-networks that each of `macs` stands for.
    """

    space: Space
    samples: int
    planned: int
    fitting_share: float
    mean_macs: float
    macs: tuple[int, ...]
    weights: tuple[float, ...]


def measure_space(
    space: Space,
    num_classes: int,
    board: Board,
    budget: Budget,
    samples: int = SAMPLES,
    plans: int = PLANS,
    seed: int = 0,
) -> SpaceStatistics:
    """Draws sub-networks of a space and says how many fit and how much they compute.

    Where not even the smallest one fits none is drawn: the others need more of everything.
    """
    if not keeps(space.arch(space.smallest()), num_classes, board, budget):
        return SpaceStatistics(space, samples, 0, 0.0, 0.0, (), ())
    rng = np.random.default_rng(seed)
    sure: list[int] = []
    open_cases = []
    for _ in range(samples):
        arch = space.arch(space.sample(rng))
        if not within_flash_and_time(arch, num_classes, board, budget):
            continue
        if _surely_fits(arch, num_classes, board, budget):
            sure.append(arch.macs(num_classes))
        else:
            open_cases.append(arch)
    planned = open_cases[:plans]
    weight = len(open_cases) / max(len(planned), 1)
    decided = [
        arch.macs(num_classes) for arch in planned if keeps(arch, num_classes, board, budget)
    ]
    pairs = sorted([(m, 1.0) for m in sure] + [(m, weight) for m in decided])
    total = sum(w for _, w in pairs)
    return SpaceStatistics(
        space=space,
        samples=samples,
        planned=len(planned),
        fitting_share=total / samples,
        mean_macs=sum(m * w for m, w in pairs) / total if total else 0.0,
        macs=tuple(m for m, _ in pairs),
        weights=tuple(w for _, w in pairs),
    )


def _surely_fits(arch: Arch, num_classes: int, board: Board, budget: Budget) -> bool:
    if (budget.latency_ms, budget.instructions, budget.hop) != (None, None, None):
        return False
    if near_flash(arch, num_classes, board, budget):
        return False
    limit = budget.sram_bytes
    return limit is None or streamed_bytes(arch, num_classes, board) <= limit


def measure_spaces(
    spaces: Sequence[Space],
    num_classes: int,
    board: Board,
    budget: Budget,
    *,
    samples: int = SAMPLES,
    plans: int = PLANS,
    seed: int = 0,
    processes: int | None = None,
    known: Sequence[SpaceStatistics] = (),
    report: Callable[[Sequence[SpaceStatistics]], None] | None = None,
) -> list[SpaceStatistics]:
    """Measures all spaces, on all cores; what a worker that died leaves undone is done again.

    Args:
        spaces: the search spaces.
        num_classes: number of classes of the data set.
        board: the target, whose kernels count.
        budget: the budget that must be kept.
        samples: sub-networks that are drawn from each space.
        plans: the most of them that the planner decides.
        seed: seed of the draws; the same sub-networks are drawn in every space.
        processes: number of worker processes; 1 works here, None takes every core.
        known: statistics of the first spaces, from an earlier run with the same arguments.
        report: called with the statistics that are there, whenever a space is finished.
    """
    measure = functools.partial(
        measure_space,
        num_classes=num_classes,
        board=board,
        budget=budget,
        samples=samples,
        plans=plans,
        seed=seed,
    )
    count = processes or os.cpu_count() or 1
    if any(type(space.family).__module__ == "__main__" for space in spaces):
        count = 1  # other processes do not know a family of the caller's script
    missing = spaces[len(known) :]
    # Workers finish in any order; what is reported, and so kept on disk, are the first spaces.
    finished: dict[int, SpaceStatistics] = {}
    found = list(known)

    def keep(index: int, _: int, statistics: SpaceStatistics) -> None:
        finished[index] = statistics
        while len(found) - len(known) in finished:
            found.append(finished[len(found) - len(known)])
            if report:
                report(found)

    with contextlib.ExitStack() as stack:
        executor = None
        if count > 1 and missing:
            # A fresh interpreter: a forked one would inherit TensorFlow's threads in an unknown
            # state.
            context = get_context("spawn")
            executor = concurrent.futures.ProcessPoolExecutor(count, mp_context=context)
            stack.enter_context(executor)
            stack.enter_context(_without_main())
        run_tasks(measure, missing, executor, keep)
    return found


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """Lets processes start without running the caller's script once more in each of them.

    A script that searches seldom hides it behind `if __name__ == "__main__"`. What is measured
    needs nothing of it.
    """
    main = vars(sys.modules["__main__"])
    hidden: dict[str, Any] = {n: main[n] for n in ("__file__", "__spec__") if n in main}
    main.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        main.update(hidden)


def choose_space(
    statistics: Sequence[SpaceStatistics], least_share: float = LEAST_FITTING_SHARE
) -> SpaceStatistics:
    """The space whose fitting sub-networks compute the most on average.

    Args:
        statistics: statistics of all spaces.
        least_share: share of the sub-networks that must fit.

    Raises:
        BudgetError: no space has sub-networks that fit.
    """
    possible = [s for s in statistics if s.fitting_share >= least_share]
    if not possible:
        raise BudgetError(
            f"of {len(statistics)} search spaces none holds sub-networks that fit the budget"
        )
    return max(possible, key=lambda s: s.mean_macs)


def statistics_from(row: dict[str, Any], space: Space) -> SpaceStatistics:
    """The stored statistics of a space."""
    if row["space"] != json.loads(json.dumps(dataclasses.asdict(space))):
        raise ValueError("it is of another space")
    rest: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in row.items() if k != "space"
    }
    return SpaceStatistics(space=space, **rest)
