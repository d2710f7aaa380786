# SPDX-License-Identifier: Apache-2.0
"""Runs of a kernel, and counts of its loops: what feature functions take and give."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from mcunet_tf.tinyengine.cost.tiles import Columns
from mcunet_tf.tinyengine.ops.spec import View


class Run(NamedTuple):
    """Parts of calls that are of one size.

    Attributes:
      units: output rows of a WINDOW kernel, pixels of a PIXELS kernel, input rows of a REDUCE
        kernel, 1 of a WHOLE kernel.
      times: how many parts of so many units.
      calls: how many of them begin a call: all, but for kernels that work in chunks.
    """

    units: int
    times: int
    calls: int


Runs = tuple[Run, ...]

Counts = dict[str, float]
Features = Callable[[View, Runs], Counts]


def total(calls: Runs) -> tuple[int, int]:
    """(calls, units of all of them)."""
    return sum(run.calls for run in calls), sum(run.units * run.times for run in calls)


def conv2d_columns(view: View) -> Columns:
    """The windows of a convolution along a row."""
    attributes = view.attributes
    return Columns(
        view.input(0).shape[2],
        view.output.shape[2],
        view.input(1).shape[2],
        attributes.stride_width,
        attributes.dilation_width,
        attributes.padding.left,
    )
