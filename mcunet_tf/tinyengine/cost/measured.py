# SPDX-License-Identifier: Apache-2.0
"""Measured costs in front of the fitted model."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from mcunet_tf.tinyengine.cost.counts import Runs
from mcunet_tf.tinyengine.cost.model import CallCost, CostModel
from mcunet_tf.tinyengine.kernel_tables.table import Kernel
from mcunet_tf.tinyengine.ops.spec import View
from mcunet_tf.tinyengine.schedule.nodes import Node


@dataclasses.dataclass(frozen=True)
class MeasuredCosts:
    """Costs of kernel calls that were counted on a board; the model answers for all others.

    Attributes:
      model: the cost model of the same core.
      table: costs by `cost_key`.
    """

    model: CostModel
    table: Mapping[str, CallCost]

    def kernel(self, kernel: Kernel, view: View, calls: Runs) -> CallCost | None:
        """The measured cost of some calls, or the predicted one."""
        found = self.table.get(cost_key(kernel, view, calls))
        return found or self.model.kernel(kernel, view, calls)

    def time(self, cost: CallCost) -> float:
        """As the model has it."""
        return self.model.time(cost)

    def code_bytes(self, kernel: Kernel) -> int | None:
        """As the model has it."""
        return self.model.code_bytes(kernel)

    def other_code_bytes(self, stages: Sequence[Sequence[Node]]) -> int:
        """As the model has it."""
        return self.model.other_code_bytes(stages)

    def shared_code_bytes(self, kernels: Iterable[str]) -> int:
        """As the model has it."""
        return self.model.shared_code_bytes(kernels)


def cost_key(kernel: Kernel, view: View, calls: Runs) -> str:
    """Names everything but the constants that the cost of some calls depends on."""
    shapes = ["-" if t is None else "x".join(map(str, t.shape)) for t in view.inputs]
    shapes.append("x".join(map(str, view.output.shape)))
    made = " ".join(f"{run.times}*{run.units} in {run.calls}" for run in calls)
    return f"{kernel.name} {view.op.kind} {','.join(shapes)} {view.op.attributes} {made}"
