# SPDX-License-Identifier: Apache-2.0
"""Predicts instructions and cycles of kernels from their shapes: count x coefficient, summed.

The coefficients were fitted to exact instruction counts on the emulated boards
(`python -m mcunet_tf.benchmark.tune --fit`); cycles are those of the boards' static cycle model.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from mcunet_tf.errors import BoardError
from mcunet_tf.tinyengine.cost.call_counts import code_counts, feed_counts, stage_calls
from mcunet_tf.tinyengine.cost.counts import Counts, Runs
from mcunet_tf.tinyengine.cost.features import features_of
from mcunet_tf.tinyengine.kernel_tables.table import Kernel
from mcunet_tf.tinyengine.ops.spec import View
from mcunet_tf.tinyengine.schedule.nodes import Node, is_row_source
from mcunet_tf.tinyengine.schedule.stage import Stage

COEFFICIENTS = "coefficients.json"


class CallCost(NamedTuple):
    """Of some code: instructions executed, and cycles by the board's static model."""

    instructions: float
    cycles: float

    def plus(self, other: CallCost) -> CallCost:
        """The sum of two costs."""
        return CallCost(self.instructions + other.instructions, self.cycles + other.cycles)


Weights = Mapping[str, tuple[float, float]]
"""(instructions, cycles) of one run of a loop, by its feature's name."""


@dataclasses.dataclass(frozen=True)
class KernelModel:
    """What is known of one kernel on one core.

    Attributes:
      weights: the weights of its features.
      code_bytes: code and tables in flash, whatever it includes among them, without what it shares.
      error: the largest relative error of the instructions over the shapes of the fit.
    """

    weights: Weights
    code_bytes: int
    error: float


@dataclasses.dataclass(frozen=True)
class SharedCode:
    """Code that is there once for several kernels.

    Attributes:
      kernels: their names.
      code_bytes: of flash.
    """

    kernels: frozenset[str]
    code_bytes: int


@dataclasses.dataclass(frozen=True)
class CostModel:
    """Costs on one kind of core.

    Attributes:
      core: that the coefficients were fitted on, as `Core.cost_model` names it.
      label: says where the figures come from.
      kernels: the kernels by name.
      feed: weights of the emitted code around the kernels.
      entry: cost of entering and leaving `invoke`.
      code: weights of the size of that code, in bytes.
      shared: what several kernels call.
      by_cycles: whether kernels are compared by cycles; see `time`.
    """

    core: str
    label: str
    kernels: Mapping[str, KernelModel]
    feed: Weights
    entry: CallCost
    code: Mapping[str, float]
    shared: Sequence[SharedCode] = ()
    by_cycles: bool = False

    def time(self, cost: CallCost) -> float:
        """What kernels are chosen by.

        Cycles, where published measurements say what the core's cycle model is worth; else
        instructions, which need no model.
        """
        return cost.cycles if self.by_cycles else cost.instructions

    def kernel(self, kernel: Kernel, view: View, calls: Runs) -> CallCost | None:
        """Predicts the calls of one kernel; None for one without coefficients."""
        known = self.kernels.get(kernel.name)
        if known is None:
            return None
        features = features_of(kernel.name, view.op.kind, kernel.isa, kernel.style)
        return weigh(known.weights, features(view, calls))

    def stage(self, stage: Stage) -> list[CallCost | None]:
        """Predicts each node of a stage, the emitted code that feeds it included."""
        costs: list[CallCost | None] = []
        for position, (node, calls) in enumerate(zip(stage.nodes, stage_calls(stage), strict=True)):
            feed = weigh(self.feed, feed_counts(stage, position))
            if is_row_source(node):
                costs.append(feed)
                continue
            kernel = self.kernel(node.kernel, node.view, calls)
            costs.append(kernel.plus(feed) if kernel else None)
        return costs

    def other_code_bytes(self, stages: Sequence[Sequence[Node]]) -> int:
        """Flash of all code but the kernels' own, for nodes that run in the given stages."""
        counts: Counts = {"image": 1, "source": 1}
        for nodes in stages:
            for name, count in code_counts(nodes).items():
                counts[name] = counts.get(name, 0) + count
        around = round(sum(count * self.code.get(name, 0.0) for name, count in counts.items()))
        return around + self.shared_code_bytes(n.kernel.name for nodes in stages for n in nodes)

    def shared_code_bytes(self, kernels: Iterable[str]) -> int:
        """Flash of what some kernels share with each other or with others, by their names."""
        names = frozenset(kernels)
        return sum(code.code_bytes for code in self.shared if code.kernels & names)

    def code_bytes(self, kernel: Kernel) -> int | None:
        """Flash that a kernel's code takes, once; None for one that was not measured."""
        known = self.kernels.get(kernel.name)
        return known.code_bytes if known else None


def weigh(weights: Weights, counts: Counts) -> CallCost:
    """The sum of count x weight; counts without a weight cost nothing."""
    instructions = cycles = 0.0
    for name, count in counts.items():
        weight = weights.get(name)
        if weight is not None:
            instructions += count * weight[0]
            cycles += count * weight[1]
    return CallCost(instructions, cycles)


@functools.cache
def cost_model(core: str) -> CostModel | None:
    """The model that was fitted on a core, for instance "cortex-m4"; None for the empty name.

    `Core.cost_model` names it: a core may stand on another's figures, if its file says so.

    Raises:
      BoardError: a core's file names one on which nothing was fitted.
    """
    if not core:
        return None
    file = importlib.resources.files("mcunet_tf.tinyengine.cost").joinpath(COEFFICIENTS)
    cores = json.loads(file.read_text(encoding="utf-8"))["cores"]
    if core not in cores:
        raise BoardError(f"no costs were fitted on {core!r}: name one of {', '.join(cores)}")
    return read_model(core, cores[core])


def read_model(core: str, entry: Mapping[str, Any]) -> CostModel:
    """Builds the model from its part of `coefficients.json`."""
    kernels = {
        name: KernelModel(_pairs(it["weights"]), int(it["code_bytes"]), float(it["error"]))
        for name, it in entry["kernels"].items()
    }
    return CostModel(
        core=core,
        label=str(entry["label"]),
        kernels=kernels,
        feed=_pairs(entry["feed"]),
        entry=CallCost(*entry["entry"]),
        code={str(name): float(value) for name, value in entry["code"].items()},
        shared=[
            SharedCode(frozenset(it["kernels"]), int(it["code_bytes"]))
            for it in entry.get("shared", {}).values()
        ],
        by_cycles=bool(entry["by_cycles"]),
    )


def _pairs(table: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    return {name: (float(pair[0]), float(pair[1])) for name, pair in table.items()}
