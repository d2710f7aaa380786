# SPDX-License-Identifier: Apache-2.0
"""How well a cascade watches: recall, and wakes for nothing, on sequences that are labelled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.vision.cascades import Watched
from mcunet_tf.vision.checks import require, require_real


@dataclass(frozen=True)
class Judged:
    """What a cascade did while somebody was there, and while nobody was.

    Attributes:
        moments: that were watched.
        period_s: seconds from one moment to the next.
        recall: share of the moments with somebody in which the whole says so.
        visits: unbroken times in which somebody was there.
        visits_found: those in which the whole said so at least once.
        false_alarms_per_hour: times that the whole began to say so with nobody there, by the hour
            of nobody's presence.
        false_wakes_per_hour: the same for each stage: how often it woke the next one for nothing.
        awake_with: share of the moments with somebody in which each stage is awake.
        awake_without: share of the moments with nobody in which each stage is awake, be it by
            mistake or because it has not fallen asleep yet.
    """

    moments: int
    period_s: float
    recall: float
    visits: int
    visits_found: int
    false_alarms_per_hour: float
    false_wakes_per_hour: tuple[float, ...]
    awake_with: tuple[float, ...]
    awake_without: tuple[float, ...]

    def text(self) -> str:
        """A few lines."""
        hours = self.moments * self.period_s / 3600
        wakes = ", ".join(f"{wakes:.1f}" for wakes in self.false_wakes_per_hour)
        return (
            f"{self.moments:,} moments, one in {self.period_s:g} s: {hours:.2f} hours\n"
            f"somebody there: found in {self.recall:.1%} of the moments, in "
            f"{self.visits_found} of {self.visits} visits\n"
            f"nobody there: {self.false_alarms_per_hour:.1f} false alarms an hour; stages wake "
            f"for nothing {wakes} times an hour\n"
        )


def judge(watched: Watched, present: Any, period_s: float) -> Judged:
    """Holds what a cascade did against who was there.

    Args:
        watched: from `Cascade.watch`, of one unbroken sequence.
        present: whether somebody was there, bool [moments].
        period_s: seconds from one moment to the next.

    Raises:
        VisionError: labels are of another number, or all alike, so that nothing can be said.
    """
    require_real("period_s", period_s, 1e-3, 86400)
    there: npt.NDArray[np.bool_] = np.asarray(present).astype(bool).reshape(-1)
    count = len(watched.levels)
    require(len(there) == count, f"{len(there)} labels for {count} moments: give one for each")
    require(
        bool(there.any() and not there.all()),
        "labels are all alike: give a sequence with somebody, and with nobody",
    )
    stages = watched.ran.shape[1]
    awake = watched.levels[:, None] > np.arange(stages)[None]
    begun = awake & ~np.vstack([np.zeros((1, stages), bool), awake[:-1]])
    absent_hours = float((~there).sum()) * period_s / 3600
    wakes = tuple(float(n) / absent_hours for n in (begun & ~there[:, None]).sum(axis=0))
    starts = np.flatnonzero(there & ~np.concatenate([[False], there[:-1]]))
    ends = np.flatnonzero(there & ~np.concatenate([there[1:], [False]])) + 1
    found = sum(bool(awake[a:b, -1].any()) for a, b in zip(starts, ends, strict=True))
    return Judged(
        moments=count,
        period_s=float(period_s),
        recall=float(awake[there, -1].mean()),
        visits=len(starts),
        visits_found=found,
        false_alarms_per_hour=wakes[-1],
        false_wakes_per_hour=wakes,
        awake_with=tuple(map(float, awake[there].mean(axis=0))),
        awake_without=tuple(map(float, awake[~there].mean(axis=0))),
    )
