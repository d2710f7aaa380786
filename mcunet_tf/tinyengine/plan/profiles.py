# SPDX-License-Identifier: Apache-2.0
"""What one operator takes wherever it stands: what schedules are weighed and compared by.

Instructions come from the fitted cost model. Profiles are kept by shape, so that a search over many
networks, which share most of their operators, computes each of them once.

`README.md` beside this file draws an example.
"""

from __future__ import annotations

from collections.abc import Sequence

from mcunet_tf.errors import BoardError
from mcunet_tf.tinyengine.cost.call_counts import node_calls
from mcunet_tf.tinyengine.cost.counts import Counts
from mcunet_tf.tinyengine.cost.model import CostModel, cost_model, weigh
from mcunet_tf.tinyengine.kernel_tables.table import Style
from mcunet_tf.tinyengine.ops.spec import View
from mcunet_tf.tinyengine.schedule.calls import Calls, band_of
from mcunet_tf.tinyengine.schedule.nodes import Node, is_row_source
from mcunet_tf.tinyengine.schedule.reach import Reach
from mcunet_tf.tinyengine.schedule.row_progress import Progresses

# Per value, for rows that the model does not know.
INSTRUCTIONS_PER_VALUE = 12.0
# Profiles that are kept, with the weights of their operators: as many as a dozen spaces have.
MAX_PROFILES = 4096


class Alone:
    """A stage of one operator, in every detail.

    Attributes:
      inner_bytes: its scratch.
      instructions: predicted.
      distances: by the positions of the operands that are one tensor: how far that tensor must lie
        above the result; None: they cannot share memory.
    """

    def __init__(self, inner_bytes: int, instructions: float) -> None:
        self.inner_bytes = inner_bytes
        self.instructions = instructions
        self.distances: dict[tuple[int, ...], int | None] = {}


class Profile:
    """An operator's shape and costs, whatever its place in whatever network.

    Attributes:
      height, row_bytes, size_bytes: height, bytes of a row, and bytes of its output.
      window, pixels, reduce: its calling style.
      alone: known stages of this operator only, by their calls.
    """

    def __init__(self, node: Node, model: CostModel) -> None:
        self.node = node
        self.model = model
        self.height, self.row_bytes = node.view.output.rows
        self.size_bytes = node.view.output.size_bytes
        self.window = node.kernel.style is Style.WINDOW
        self.pixels = node.kernel.style is Style.PIXELS
        self.reduce = node.kernel.style is Style.REDUCE
        self.alone: dict[Calls, Alone] = {}
        self._bands: dict[int, int] = {}
        self._scratch: dict[int, int] = {}
        self._calls: dict[tuple[int, int], float] = {}

    def band(self, limit: int) -> int:
        """Output rows per call within a stage of several operators."""
        found = self._bands.get(limit)
        if found is None:
            found = self._bands[limit] = band_of(self.node, limit)
        return found

    def reach(self, streamed: bool) -> Reach:
        """Which rows of an operand are read that comes row by row, or as a whole."""
        return self.node.reach_of(streamed)

    def scratch_bytes(self, band: int) -> int:
        """Scratch of a call, without a row of padding."""
        found = self._scratch.get(band)
        if found is None:
            found = self._scratch[band] = self.node.scratch_bytes(band)
        return found

    def call(self, rows: int, calls: Calls) -> float:
        """Instructions of one call that makes `rows` output rows, and of the code around it."""
        key = rows, calls.chunk
        found = self._calls.get(key)
        if found is None:
            found = self._calls[key] = self._feed(rows) + self._kernel(calls.parts(rows))
        return found

    def rows(self, rows: int, calls: Calls) -> float:
        """Instructions of making rows in bands, the last one shorter if need be."""
        first = min(calls.first, rows)
        whole, rest = divmod(rows - first, calls.band)
        total = self.call(first, calls) + whole * self.call(calls.band, calls)
        return total + (self.call(rest, calls) if rest else 0.0)

    def _kernel(self, parts: Sequence[int]) -> float:
        node = self.node
        if is_row_source(node):
            return 0.0
        cost = self.model.kernel(node.kernel, node.view, node_calls(node, [(parts, 1)]))
        if cost is not None:
            return cost.instructions
        values = max(node.view.output.elements, node.view.input(0).elements)
        return INSTRUCTIONS_PER_VALUE * values / node.height * sum(parts)

    def _feed(self, rows: int) -> float:
        node = self.node
        if node.kernel.style is Style.WHOLE:
            counts: Counts = {"direct_call": 1, "direct_operand": len(node.inputs) - 1}
            return weigh(self.model.feed, counts).instructions
        counts = {f"{node.kernel.style.value}_call": 1, "operand": len(node.inputs) - 1}
        if self.window:
            pointers = "pointer_in" if node.pad_row_bytes else "plain_pointer_in"
            counts |= {pointers: node.window.count(rows), "pointer_out": rows}
        return weigh(self.model.feed, counts).instructions


class Profiles:
    """Profiles on one core, and how operators follow each other, computed once each.

    Attributes:
      model: whose instructions are weighed.
      progresses: how far producers run ahead of their readers.
    """

    def __init__(self, weighed_as: str) -> None:
        """Begins with nothing known; `weighed_as` is a core's `schedules_weighed_as`.

        Raises:
          BoardError: nothing was fitted on a core of that name.
        """
        found = cost_model(weighed_as)
        if found is None:
            raise BoardError("a core must name the core that schedules_weighed_as stands for")
        self.model: CostModel = found
        self.progresses = Progresses()
        self._known: dict[tuple[View, str], Profile] = {}

    def profile(self, node: Node) -> Profile:
        """What the node takes; one object for all nodes that show the same view."""
        key = (node.view, node.kernel.name)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= MAX_PROFILES:
                self._known.clear()
            found = self._known[key] = Profile(node, self.model)
        return found

    def call(self, node: Node, rows: int, calls: Calls) -> float:
        """Instructions of one call that makes `rows` output rows, and of the code around it."""
        return self.profile(node).call(rows, calls)
