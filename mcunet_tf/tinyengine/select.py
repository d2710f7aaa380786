# SPDX-License-Identifier: Apache-2.0
"""Chooses a row of the kernel table for every operator: by cost, and over the whole model.

A row costs instructions, operator by operator, and flash, once. Without a budget a row is worth
its code if it saves the model about one percent of its instructions per 3 kB; with a budget the
fastest set of rows that fits is taken.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mcunet_tf.errors import BudgetError
from mcunet_tf.tinyengine.cost.calls import whole_calls
from mcunet_tf.tinyengine.cost.features import Calls
from mcunet_tf.tinyengine.cost.model import Cost
from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.kernels import KERNELS
from mcunet_tf.tinyengine.kernels.table import Kernel
from mcunet_tf.tinyengine.ops.spec import View, view
from mcunet_tf.tinyengine.plan.nodes import Node, make_node

WORTH_SHARE, WORTH_BYTES = 0.01, 3072
"""Share of a model's instructions that this much code must save."""

_MAX_ROWS = 16  # rows that are chosen among at once: their subsets are enumerated
_Floats = npt.NDArray[np.float64]


class Costs(Protocol):
    """What the choice is made by: the fitted model, or measurements in front of it."""

    def kernel(self, kernel: Kernel, view: View, calls: Calls) -> Cost | None:
        """Cost of some calls, or None where nothing is known of the row."""

    def code_bytes(self, kernel: Kernel) -> int | None:
        """Flash of the row's code, or None."""

    def other_code_bytes(self, stages: Sequence[Sequence[Node]]) -> int:
        """Flash of all code but the kernels', for nodes that run in the given stages."""


@dataclasses.dataclass(frozen=True, eq=False)
class _Choice:
    """An operator and the rows that take it.

    Attributes:
      rows: the preferred one first.
      instructions: of each row.
      constant_bytes: weights and tables of each row, as packed; zeros where flash has no limit.
    """

    rows: tuple[Kernel, ...]
    instructions: tuple[float, ...]
    constant_bytes: tuple[int, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class _Option:
    """Rows for some operators: what they take together."""

    flash_bytes: float
    instructions: float
    rows: Mapping[int, Kernel]


def select_kernel(graph: Graph, op: Op, isa: Collection[str]) -> Kernel:
    """The first row of the table that the target can run and that takes the operator.

    The last row of every table is portable and takes everything, so there always is one.
    """
    seen = view(graph, op)
    for kernel in KERNELS[op.kind]:
        usable = kernel.isa == "portable" or kernel.isa in isa
        if usable and kernel.rejects(seen) is None:
            return kernel
    raise AssertionError(f"no kernel row takes {op.kind} '{op.name}'")


def usable_rows(seen: View, isa: Collection[str], any_style: bool = True) -> tuple[Kernel, ...]:
    """The rows that may take an operator on a target, in the order of their table.

    Portable rows may rely on those before them: only the first one that takes it is usable.

    Args:
      seen: the operator.
      isa: instruction sets of the target.
      any_style: else only rows of the first one's calling style.
    """
    rows: list[Kernel] = []
    for kernel in KERNELS[seen.op.kind]:
        if kernel.isa != "portable" and kernel.isa not in isa:
            continue
        if rows and not any_style and kernel.style is not rows[0].style:
            continue
        if any(row.name == kernel.name for row in rows) or kernel.rejects(seen) is not None:
            continue
        rows.append(kernel)
        if kernel.isa == "portable":
            break
    assert rows, f"no kernel row takes {seen.op.kind} '{seen.op.name}'"
    return tuple(rows)


def select_kernels(
    graph: Graph,
    ops: Sequence[Op],
    isa: Collection[str],
    costs: Costs | None,
    flash_budget_bytes: int | None = None,
) -> list[Kernel]:
    """Chooses a row for each operator.

    Without a budget only rows of the preferred row's calling style are considered, so that the
    choice costs no memory.

    Args:
      graph: holds the tensors.
      ops: that need a kernel.
      isa: instruction sets of the target.
      costs: None takes the first row of each table.
      flash_budget_bytes: the most that code and constants may take.

    Raises:
      BudgetError: no rows fit the budget, or nothing is known of what they take.
    """
    if costs is None:
        if flash_budget_bytes is not None:
            raise BudgetError("a flash budget needs a board whose kernels were measured")
        return [select_kernel(graph, op, isa) for op in ops]
    limited = flash_budget_bytes is not None
    choices = [_choice(graph, op, isa, costs, limited) for op in ops]
    groups = _connected(choices)
    if flash_budget_bytes is None:
        fastest = sum(min(choice.instructions) for choice in choices)
        price = WORTH_SHARE * fastest / WORTH_BYTES
        picked = [_cheapest(group, choices, costs, price) for group in groups]
    else:
        # Stages are not known yet: as if every operator ran on its own.
        stages = [[make_node(graph, i, op, choices[i].rows[0])] for i, op in enumerate(ops)]
        rest = flash_budget_bytes - costs.other_code_bytes(stages)
        picked = [_fastest_within(groups, choices, costs, rest, flash_budget_bytes)]
    rows = {index: kernel for option in picked for index, kernel in option.rows.items()}
    return [rows[index] for index in range(len(ops))]


def _choice(graph: Graph, op: Op, isa: Collection[str], costs: Costs, limited: bool) -> _Choice:
    seen = view(graph, op)
    rows = usable_rows(seen, isa, any_style=limited)
    known = [_instructions(graph, op, row, costs) for row in rows]
    if any(value is None for value in known) and not limited:
        # A row that nobody has measured keeps its place in the table.
        return _Choice(rows[:1], (known[0] or 0.0,), (0,))
    pairs = [(row, value) for row, value in zip(rows, known, strict=True) if value is not None]
    if not pairs:
        raise BudgetError(
            f"layer '{op.name}': the size of kernel {rows[0].name} is not known: "
            "leave out the flash budget"
        )
    sizes = tuple(_constant_bytes(row, seen) if limited else 0 for row, _ in pairs)
    return _Choice(tuple(row for row, _ in pairs), tuple(value for _, value in pairs), sizes)


def _instructions(graph: Graph, op: Op, row: Kernel, costs: Costs) -> float | None:
    node = make_node(graph, 0, op, row)
    cost = costs.kernel(row, node.view, whole_calls(node))
    return None if cost is None or costs.code_bytes(row) is None else cost.instructions


def _constant_bytes(row: Kernel, seen: View) -> int:
    return sum(blob.size_bytes for blob in row.arguments(seen).blobs().values())


def _connected(choices: Sequence[_Choice]) -> list[list[int]]:
    """Groups of operators that have rows in common, directly or through others."""
    groups: list[tuple[set[str], list[int]]] = []
    for index, choice in enumerate(choices):
        names = {row.name for row in choice.rows}
        joined = [group for group in groups if group[0] & names]
        groups = [group for group in groups if not group[0] & names]
        names = names.union(*(group[0] for group in joined))
        groups.append((names, sorted([index, *(i for group in joined for i in group[1])])))
    return [members for _, members in groups]


class _Subsets:
    """All sets of rows for a group of operators: what each would take.

    Attributes:
      code_bytes: [sets].
      instructions: [sets]; infinite where an operator has no row in the set.
      constant_bytes: [sets].
    """

    def __init__(self, group: Sequence[int], choices: Sequence[_Choice], costs: Costs) -> None:
        self.group = group
        self.choices = choices
        self.names = _row_names(group, choices)
        sizes = {row.name: costs.code_bytes(row) or 0 for i in group for row in choices[i].rows}
        count = 1 << len(self.names)
        members = np.arange(count)
        self.code_bytes = np.zeros(count)
        for bit, name in enumerate(self.names):
            self.code_bytes += np.where(members >> bit & 1, sizes[name], 0)
        self.instructions = np.zeros(count)
        self.constant_bytes = np.zeros(count)
        for index in group:
            instructions, constants = self._best(choices[index], members)
            self.instructions += instructions
            self.constant_bytes += constants

    def _best(self, choice: _Choice, members: npt.NDArray[np.int64]) -> tuple[_Floats, _Floats]:
        """The fastest row of each set for one operator."""
        fastest = np.full(len(members), np.inf)
        constants = np.zeros(len(members))
        # A later row must be faster to replace an earlier one: the table's order breaks ties.
        for row, instructions, size in zip(
            choice.rows, choice.instructions, choice.constant_bytes, strict=True
        ):
            if row.name not in self.names:
                continue
            better = (members >> self.names.index(row.name) & 1 > 0) & (instructions < fastest)
            fastest = np.where(better, instructions, fastest)
            constants = np.where(better, size, constants)
        return fastest, constants

    def option(self, subset: int) -> _Option:
        """The rows of one set."""
        inside = {name for bit, name in enumerate(self.names) if subset >> bit & 1}
        rows = {}
        for index in self.group:
            choice = self.choices[index]
            pairs = zip(choice.instructions, range(len(choice.rows)), strict=True)
            usable = [pair for pair in pairs if choice.rows[pair[1]].name in inside]
            rows[index] = choice.rows[min(usable)[1]]
        flash = float(self.code_bytes[subset] + self.constant_bytes[subset])
        return _Option(flash, float(self.instructions[subset]), rows)


def _row_names(group: Sequence[int], choices: Sequence[_Choice]) -> list[str]:
    """The rows to choose among; if they are too many, those that are fastest somewhere."""
    names = list(dict.fromkeys(row.name for i in group for row in choices[i].rows))
    if len(names) <= _MAX_ROWS:
        return names
    fastest = (choices[i].rows[int(np.argmin(choices[i].instructions))].name for i in group)
    return list(dict.fromkeys(fastest))[:_MAX_ROWS]


def _cheapest(
    group: Sequence[int], choices: Sequence[_Choice], costs: Costs, price: float
) -> _Option:
    """The set of least instructions + price * code bytes."""
    subsets = _Subsets(group, choices, costs)
    return subsets.option(int(np.argmin(subsets.instructions + price * subsets.code_bytes)))


def _fastest_within(
    groups: Sequence[Sequence[int]],
    choices: Sequence[_Choice],
    costs: Costs,
    limit_bytes: float,
    budget_bytes: int,
) -> _Option:
    """The fastest rows for all operators whose code and constants keep to the limit."""
    options = [_Option(0.0, 0.0, {})]
    for group in groups:
        front = _front([s.option(i) for s in [_Subsets(group, choices, costs)] for i in _sets(s)])
        options = _front(
            [
                _Option(
                    a.flash_bytes + b.flash_bytes,
                    a.instructions + b.instructions,
                    {**a.rows, **b.rows},
                )
                for a in options
                for b in front
            ]
        )
    within = [option for option in options if option.flash_bytes <= limit_bytes]
    if not within:
        least = min(option.flash_bytes for option in options) + budget_bytes - limit_bytes
        raise BudgetError(
            f"code and weights take {least:,.0f} B of flash at the least, over the budget of "
            f"{budget_bytes:,} B: raise the budget or use a smaller model"
        )
    return min(within, key=lambda option: (option.instructions, option.flash_bytes))


def _sets(subsets: _Subsets) -> list[int]:
    """The sets on the front of flash and instructions."""
    flash = subsets.code_bytes + subsets.constant_bytes
    order = np.lexsort((flash, subsets.instructions))
    kept, least = [], np.inf
    for index in order:
        if np.isfinite(subsets.instructions[index]) and flash[index] < least:
            kept.append(int(index))
            least = flash[index]
    return kept


def _front(options: Sequence[_Option]) -> list[_Option]:
    """The options that no other one beats in both flash and instructions."""
    kept: list[_Option] = []
    for option in sorted(options, key=lambda o: (o.instructions, o.flash_bytes)):
        if not kept or option.flash_bytes < kept[-1].flash_bytes:
            kept.append(option)
    return kept
