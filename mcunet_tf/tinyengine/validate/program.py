# SPDX-License-Identifier: Apache-2.0
"""The kernel calls that the emitted C makes under a plan, in order.

This runs the C's own control flow: a counter of rows for each operator, loops of bands, and what
each of them waits for or pulls. It takes the plan's figures as they are and trusts none of them.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.validate.errors import PlanError

if TYPE_CHECKING:
    from mcunet_tf.tinyengine.plan.plan import Plan
    from mcunet_tf.tinyengine.schedule.nodes import Node
    from mcunet_tf.tinyengine.schedule.stage import Stage

Ints = npt.NDArray[np.int64]
# What stands for the application that pushes rows.
ROWS = "ROWS"
_Call = tuple[int, int, int]


class Execution(NamedTuple):
    """An operator of the plan and its calls.

    Attributes:
      number: the number of its stage.
      position: its position in the stage.
      node: what the plan says of it.
      chunk: rows that the kernel works on at once within a call; 0: all of them.
      times: when each call is made, counted over the whole inference.
      first, end: rows of each call.
    """

    number: int
    position: int
    node: Node
    chunk: int
    times: Ints
    first: Ints
    end: Ints


def run_program(plan: Plan) -> tuple[list[Execution], list[tuple[int, int]]]:
    """Every operator with its calls; and of each stage the times [start, end) of its calls.

    Raises:
      PlanError: a loop would not end, or the calls are not those that the plan lists.
    """
    layers: list[Execution] = []
    spans: list[tuple[int, int]] = []
    start = 0
    for number, stage in enumerate(plan.stages):
        _check_loops(stage)
        pushed = stage.nodes[0].op.kind == ROWS
        if pushed and number:
            raise PlanError("rows are pushed into a later stage than the first one")
        calls = _pushed(stage) if pushed else _pulled(stage)
        table = np.array(calls, np.int64).reshape(-1, 3)
        _compare(stage, table)
        for position, node in enumerate(stage.nodes):
            own = np.flatnonzero(table[:, 0] == position)
            times, first, end = own + start, table[own, 1], table[own, 2]
            chunk = stage.calls[position].chunk
            layers.append(Execution(number, position, node, chunk, times, first, end))
        spans.append((start, start + len(calls)))
        start += len(calls)
    return layers, spans


def _check_loops(stage: Stage) -> None:
    for i, (node, calls, pulls) in enumerate(
        zip(stage.nodes, stage.calls, stage.pulls, strict=True)
    ):
        # `in` and `out` of the emitted C have as many places as a band has rows.
        if not 1 <= calls.first <= calls.band or calls.chunk < 0:
            raise PlanError(f"'{node.op.name}': calls of {calls.first}, then {calls.band} rows")
        if any(not 0 <= pull.position < i or pull.growth < 1 for pull in pulls):
            raise PlanError(f"'{node.op.name}' waits for an operator that comes later")


def _needed(pull: tuple[int, int, int, int, int], end: int) -> int:
    """Rows of its producer that a band up to `end` waits for."""
    _, stride, offset, growth, height = pull
    return max(min((end * stride + offset) // growth, height), 0)


def _pulled(stage: Stage) -> list[_Call]:
    """The last operator pulls, and then those that owe rows to later stages."""
    heights = [node.height for node in stage.nodes]
    bands = [(calls.first, calls.band) for calls in stage.calls]
    done = [0] * len(heights)
    made: list[_Call] = []

    def until(i: int, end: int) -> None:
        while done[i] < end:
            y = done[i]
            up_to = min(y + bands[i][y > 0], heights[i])
            if up_to <= y:
                raise PlanError(f"'{stage.nodes[i].op.name}' is asked for more rows than it has")
            for pull in stage.pulls[i]:
                until(pull.position, _needed(pull, up_to))
            made.append((i, y, up_to))
            done[i] = up_to

    until(len(heights) - 1, heights[-1])
    for i, node in enumerate(stage.nodes[:-1]):
        if node.output not in stage.rings:
            until(i, heights[i])
    return made


def _pushed(stage: Stage) -> list[_Call]:
    """Each row that comes in is offered to its readers, which run as far as they can."""
    heights = [node.height for node in stage.nodes]
    bands = [(calls.first, calls.band) for calls in stage.calls]
    readers = [[k for k, n in enumerate(stage.nodes) if m.output in n.inputs] for m in stage.nodes]
    done = [0] * len(heights)
    made: list[_Call] = []

    def advance(i: int) -> None:
        while done[i] < heights[i]:
            y = done[i]
            up_to = min(y + bands[i][y > 0], heights[i])
            if any(done[pull.position] < _needed(pull, up_to) for pull in stage.pulls[i]):
                return
            made.append((i, y, up_to))
            done[i] = up_to
            for k in readers[i]:
                advance(k)

    for y in range(heights[0]):
        made.append((0, y, y + 1))
        done[0] = y + 1
        for k in readers[0]:
            advance(k)
    return made


def _compare(stage: Stage, calls: Ints) -> None:
    """The plan's own list of calls, which costs and figures are derived from, is this one."""
    listed = stage.events
    same = len(listed.nodes) == len(stage.nodes) and all(
        map(operator.is_, listed.nodes, stage.nodes)
    )
    for column, own in zip((listed.position, listed.first, listed.end), calls.T, strict=True):
        same = same and np.array_equal(column, own)
    if not same:
        raise PlanError(f"the calls of the stage of '{stage.nodes[-1].op.name}' are other ones")
