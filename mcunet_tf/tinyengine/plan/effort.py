# SPDX-License-Identifier: Apache-2.0
"""Instructions of single kernel calls, by the fitted cost model: what schedules are compared by."""

from __future__ import annotations

from mcunet_tf.tinyengine.cost.calls import node_calls
from mcunet_tf.tinyengine.cost.features import Counts
from mcunet_tf.tinyengine.cost.model import CostModel, cost_model, weigh
from mcunet_tf.tinyengine.kernels.table import Style
from mcunet_tf.tinyengine.plan.nodes import Node, is_row_source

# Schedules for cores without coefficients are compared as if for this one.
FALLBACK_CORE = "cortex-m4"
# Per value, for rows that the model does not know.
INSTRUCTIONS_PER_VALUE = 12.0


class Effort:
    """Costs of calls on one core, computed once each."""

    def __init__(self, core: str) -> None:
        found = cost_model(core) or cost_model(FALLBACK_CORE)
        assert found is not None, "the package lacks its cost coefficients"
        self.model: CostModel = found
        self.known: dict[tuple[Node, int], float] = {}

    def call(self, node: Node, rows: int) -> float:
        """Instructions of one call that makes `rows` output rows, and of the code around it."""
        key = (node, rows)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = self._feed(node, rows) + self._kernel(node, rows)
        return found

    def rows(self, node: Node, rows: int, band: int) -> float:
        """Instructions of making rows in bands, the last one shorter if need be."""
        whole, rest = divmod(rows, band)
        return whole * self.call(node, band) + (self.call(node, rest) if rest else 0.0)

    def _kernel(self, node: Node, rows: int) -> float:
        if is_row_source(node):
            return 0.0
        cost = self.model.kernel(node.kernel, node.view, node_calls(node, [rows]))
        if cost is not None:
            return cost.instructions
        values = max(node.view.output.elements, node.view.input(0).elements)
        return INSTRUCTIONS_PER_VALUE * values / node.height * rows

    def _feed(self, node: Node, rows: int) -> float:
        counts: Counts = {f"{node.kernel.style.value}_call": 1, "operand": len(node.inputs) - 1}
        if node.kernel.style is Style.WINDOW:
            counts |= {"pointer_in": node.window.count(rows), "pointer_out": rows}
        return weigh(self.model.feed, counts).instructions
