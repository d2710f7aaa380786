# SPDX-License-Identifier: Apache-2.0
"""Chooses a kernel of the kernel table for every operator: by cost, and over the whole model.

A kernel costs time, in cycles or instructions, operator by operator, and flash, once. Without a
budget it is worth its code if it saves the model about one percent of its time per 3 kB; with a
budget the fastest kernels that fit are taken. So is what it keeps of a constant that other
operators read too, as the steps of an unrolled network do: kernels that pack it with what is an
operator's own keep copies.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np

from mcunet_tf.errors import BudgetError
from mcunet_tf.tinyengine.constant_pool import Content, constant_sizes
from mcunet_tf.tinyengine.cost.call_counts import whole_calls
from mcunet_tf.tinyengine.cost.counts import Runs
from mcunet_tf.tinyengine.cost.kernel_sets import (
    KernelChoice,
    Selection,
    cheapest_kernels,
    fastest_kernels,
)
from mcunet_tf.tinyengine.cost.model import CallCost
from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.kernel_tables import kernels_for
from mcunet_tf.tinyengine.kernel_tables.table import Kernel
from mcunet_tf.tinyengine.ops.spec import View, view
from mcunet_tf.tinyengine.schedule.nodes import Node, make_node

WORTH_SHARE, WORTH_BYTES = 0.01, 3072
"""Share of a model's time that this much code must save."""


LEANER = 1.5
"""Times as long as the fastest kernel that one with less scratch may take."""

SCRATCH_WORTH = 16
"""Bytes of code that a byte of scratch is worth: microcontrollers have so much more flash."""

LINKED_BYTES = 1024
"""Of a flash budget, for what only the linker knows: library functions, alignment, stages' code."""


class Costs(Protocol):
    """What the choice is made by: the fitted model, or measurements in front of it."""

    def kernel(self, kernel: Kernel, view: View, calls: Runs) -> CallCost | None:
        """Cost of some calls, or None where nothing is known of the kernel."""

    def time(self, cost: CallCost) -> float:
        """What kernels are compared by."""

    def code_bytes(self, kernel: Kernel) -> int | None:
        """Flash of the kernel's code, or None."""

    def other_code_bytes(self, stages: Sequence[Sequence[Node]]) -> int:
        """Flash of all code but the kernels' own, for nodes that run in the given stages."""

    def shared_code_bytes(self, kernels: Iterable[str]) -> int:
        """Flash of what some kernels share with each other or with others, by their names."""


def select_kernel(graph: Graph, op: Op, isa: Collection[str]) -> Kernel:
    """The first kernel of the table that the target can run and that takes the operator.

    The last kernel of every table is portable and takes everything, so there always is one.
    """
    seen = view(graph, op)
    for kernel in kernels_for(seen):
        if _runs_on(kernel, isa) and kernel.rejects(seen) is None:
            return kernel
    raise AssertionError(f"no kernel takes {op.kind} '{op.name}'")


def usable_kernels(seen: View, isa: Collection[str]) -> tuple[Kernel, ...]:
    """The kernels that may take an operator on a target, in the order of their table.

    Portable kernels may rely on those before them: only the first one that takes it is usable.
    """
    kernels: list[Kernel] = []
    for kernel in kernels_for(seen):
        if not _runs_on(kernel, isa) or any(other.name == kernel.name for other in kernels):
            continue
        if kernel.rejects(seen) is None:
            kernels.append(kernel)
            if kernel.isa == "portable":
                break
    assert kernels, f"no kernel takes {seen.op.kind} '{seen.op.name}'"
    return tuple(kernels)


def passed_over(seen: View, kernel: Kernel, isa: Collection[str]) -> tuple[tuple[str, str], ...]:
    """The kernels before the chosen one in its table, and why each of them was not taken.

    Args:
      seen: the operator.
      kernel: the kernel that was chosen for it.
      isa: instruction sets of the target.

    Returns:
      Pairs of a kernel's name and a reason. A kernel that could have served was too large for what
      it saves, or has another calling style.
    """
    table = kernels_for(seen)
    reasons = {}
    for faster in table[: table.index(kernel) if len(table) > 1 else 0]:
        if _runs_on(faster, isa) and faster.name != kernel.name:
            reasons[faster.name] = (
                faster.rejects(seen) or "its code is not worth what it saves here"
            )
    return tuple(reasons.items())


def select_kernels(
    graph: Graph,
    ops: Sequence[Op],
    isa: Collection[str],
    costs: Costs | None,
    flash_budget_bytes: int | None = None,
) -> list[Kernel]:
    """Chooses a kernel for each operator.

    Without a budget only kernels of the preferred one's calling style are considered, so that the
    choice costs no memory.

    Args:
      graph: holds the tensors.
      ops: that need a kernel.
      isa: instruction sets of the target.
      costs: None takes the first kernel of each table.
      flash_budget_bytes: the most that code and constants may take.

    Raises:
      BudgetError: no kernels fit the budget, or nothing is known of what they take.
    """
    if flash_budget_bytes is not None:
        if costs is None:
            raise BudgetError(
                "a flash budget needs a board whose kernels were measured: name a Cortex-M board"
            )
        return _within_budget(graph, ops, isa, costs, flash_budget_bytes)
    first = [select_kernel(graph, op, isa) for op in ops]
    if costs is None:
        return first
    sharing = _sharing(graph, ops)

    def traded(names: Collection[str]) -> list[KernelChoice]:
        return [
            traded_kernels(graph, op, isa, costs, kernel, names, index in sharing)
            for index, (op, kernel) in enumerate(zip(ops, first, strict=True))
        ]

    names = {kernel.name for kernel in first}
    choices = traded(names)
    fastest = {choice.kernels[int(np.argmin(choice.times))].name for choice in choices}
    if not fastest <= names:
        choices = traded(names | fastest)
    return worthwhile_kernels(_with_copies(graph, ops, choices, sharing), costs)


def select_nodes(
    graph: Graph,
    ops: Sequence[Op],
    isa: Collection[str],
    costs: Costs | None,
    flash_budget_bytes: int | None = None,
) -> list[Node]:
    """`select_kernels`, as nodes; with leaner ones, unless flash counts too."""
    kernels = select_kernels(graph, ops, isa, costs, flash_budget_bytes)
    nodes = []
    for index, (op, kernel) in enumerate(zip(ops, kernels, strict=True)):
        free = flash_budget_bytes is None
        leaner = leaner_kernels(graph, op, isa, costs, kernel) if free else ()
        nodes.append(make_node(graph, index, op, kernel, leaner))
    return nodes


def worthwhile_kernels(choices: Sequence[KernelChoice], costs: Costs) -> list[Kernel]:
    """One kernel for each operator, such that every kernel in use is worth its code."""
    fastest = sum(min(choice.times) for choice in choices)
    price = WORTH_SHARE * fastest / WORTH_BYTES
    choices = [choice.priced(price) for choice in choices]
    kernels = cheapest_kernels(choices, _code_sizes(choices, costs), price).kernels
    return [kernels[index] for index in range(len(choices))]


def traded_kernels(
    graph: Graph,
    op: Op,
    isa: Collection[str],
    costs: Costs,
    first: Kernel,
    names: Collection[str],
    all_of_them: bool = False,
) -> KernelChoice:
    """The first kernel, and those of its style that are faster, portable, or needed elsewhere.

    Others could not be chosen, and proving that a kernel takes an operator is what takes time.

    Args:
      graph: holds the tensors.
      op: the operator.
      isa: instruction sets of the target.
      costs: the costs of the target.
      first: the kernel that the table prefers.
      names: kernels that are preferred for some operator of the model.
      all_of_them: whether slower kernels are traded as well, for an operator whose constants count.
    """
    seen = view(graph, op)
    own = _time(graph, op, first, costs)
    if own is None:
        # A kernel that nobody has measured keeps its place in the table.
        return KernelChoice((first,), (0.0,), (0,))
    kernels, times = [first], [own]
    table = kernels_for(seen)
    for kernel in table[table.index(first) + 1 :]:
        if kernels[-1].isa == "portable":
            break
        if not _runs_on(kernel, isa) or kernel.style is not first.style:
            continue
        cost = _time(graph, op, kernel, costs)
        if cost is None or kernel.name in [other.name for other in kernels]:
            continue
        wanted = all_of_them or cost < own or kernel.name in names or kernel.isa == "portable"
        if wanted and kernel.rejects(seen) is None:
            kernels.append(kernel)
            times.append(cost)
    return KernelChoice(tuple(kernels), tuple(times), (0,) * len(kernels))


def _sharing(graph: Graph, ops: Sequence[Op]) -> dict[int, int]:
    """Operators that read a constant which others of their kind read too, and that tensor.

    Of several such constants the largest counts: it is the weights.
    """
    readers: dict[tuple[int, str], list[int]] = {}
    for index, op in enumerate(ops):
        for tensor in {i for i in op.inputs if i >= 0 and graph.tensors[i].data is not None}:
            readers.setdefault((tensor, op.kind), []).append(index)
    found = {}
    for (tensor, _), several in sorted(
        readers.items(), key=lambda item: graph.tensors[item[0][0]].elements
    ):
        if len(several) > 1:
            found.update(dict.fromkeys(several, tensor))
    return found


def _with_copies(
    graph: Graph, ops: Sequence[Op], choices: Sequence[KernelChoice], sharing: Mapping[int, int]
) -> list[KernelChoice]:
    """The same choices; operators in `sharing` with their part of the constants of each kernel."""
    sizes: dict[tuple[int, str], dict[Content, int]] = {}
    keepers: Counter[tuple[int, str, Content]] = Counter()
    for index, tensor in sharing.items():
        for kernel in choices[index].kernels if len(choices[index].kernels) > 1 else ():
            own = constant_sizes(kernel, view(graph, ops[index]))
            sizes[index, kernel.name] = own
            keepers.update((tensor, kernel.name, content) for content in own)

    def part(index: int, kernel: Kernel) -> int:
        own = sizes.get((index, kernel.name), {})
        return sum(
            size // keepers[sharing[index], kernel.name, content] for content, size in own.items()
        )

    return [
        dataclasses.replace(choice, constant_bytes=tuple(part(index, k) for k in choice.kernels))
        for index, choice in enumerate(choices)
    ]


def leaner_kernels(
    graph: Graph, op: Op, isa: Collection[str], costs: Costs | None, chosen: Kernel
) -> tuple[Kernel, ...]:
    """Kernels that take less scratch than the chosen one, not much more time, and are worth it.

    Which one runs is the plan's choice: where scratch sets the peak of memory, and only as far as
    the instructions that it costs are tolerated.

    Args:
      graph: holds the tensors.
      op: the operator.
      isa: instruction sets of the target.
      costs: the costs of the target; none: no kernel is known to be fast enough.
      chosen: the kernel that is worth its code.
    """
    seen = view(graph, op)
    scratch_bytes = _scratch_bytes(graph, op, chosen)
    if costs is None or not scratch_bytes:
        return ()
    own = _time(graph, op, chosen, costs)
    found = {chosen.name: scratch_bytes}
    kernels = []
    for kernel in kernels_for(seen):
        if own is None or kernel.name in found or not _runs_on(kernel, isa):
            continue
        cost, bytes_then = (
            _time(graph, op, kernel, costs),
            _scratch_bytes(graph, op, kernel),
        )
        code_bytes = costs.code_bytes(kernel) or 0
        worth = SCRATCH_WORTH * (scratch_bytes - bytes_then)
        lean = kernel.style is chosen.style and worth > 0 and worth >= code_bytes
        if lean and cost is not None and cost <= LEANER * own and kernel.rejects(seen) is None:
            found[kernel.name] = bytes_then
            kernels.append(kernel)
    return tuple(kernels)


def _scratch_bytes(graph: Graph, op: Op, kernel: Kernel) -> int:
    """Scratch of a kernel that makes one row at a time."""
    return make_node(graph, 0, op, kernel).scratch_bytes(1)


def _within_budget(
    graph: Graph, ops: Sequence[Op], isa: Collection[str], costs: Costs, budget_bytes: int
) -> list[Kernel]:
    sized = [_sized(graph, op, isa, costs) for op in ops]
    choices = [choice for choice, _ in sized]
    # Stages are not known yet: as if every operator ran on its own.
    stages = [[make_node(graph, i, op, choices[i].kernels[0])] for i, op in enumerate(ops)]
    firsts = {choice.kernels[0].name for choice in choices}
    rest = costs.other_code_bytes(stages) - costs.shared_code_bytes(firsts) + LINKED_BYTES
    front = fastest_kernels(choices, _code_sizes(choices, costs))
    taken = []
    for selection in front:
        shared = _shared_bytes(selection, [contents for _, contents in sized])
        shared += _counted_twice({kernel.name for kernel in selection.kernels.values()}, costs)
        taken.append(selection.flash_bytes - shared + rest)
        if taken[-1] <= budget_bytes:
            return [selection.kernels[index] for index in range(len(ops))]
    raise BudgetError(
        f"{graph.name}: code and weights take {min(taken):,.0f} B of flash at the least, over the "
        f"budget of {budget_bytes:,} B: raise it or use a smaller model"
    )


def _counted_twice(names: Collection[str], costs: Costs) -> int:
    """Code that kernels share, beyond one copy of each: `_code_sizes` has one for each of them."""
    apart = sum(costs.shared_code_bytes([name]) for name in names)
    return apart - costs.shared_code_bytes(names)


_Contents = Mapping[str, Mapping[Content, int]]
"""Bytes of each constant of an operator, by the kernel that needs it."""


def _shared_bytes(selection: Selection, contents: Sequence[_Contents]) -> int:
    """What is saved by keeping constants once that several operators have in common."""
    own = [contents[index][kernel.name] for index, kernel in selection.kernels.items()]
    together = {content: size for sizes in own for content, size in sizes.items()}
    return sum(sum(sizes.values()) for sizes in own) - sum(together.values())


def _sized(
    graph: Graph, op: Op, isa: Collection[str], costs: Costs
) -> tuple[KernelChoice, dict[str, dict[Content, int]]]:
    """All kernels of which speed and size are known, and the constants of each."""
    seen = view(graph, op)
    usable = usable_kernels(seen, isa)
    known = [(kernel, _time(graph, op, kernel, costs)) for kernel in usable]
    pairs = [(kernel, time) for kernel, time in known if time is not None]
    if not pairs:
        raise BudgetError(
            f"layer '{op.name}': the size of kernel {usable[0].name} is not known: "
            "leave out the flash budget"
        )
    kernels = tuple(kernel for kernel, _ in pairs)
    contents = {kernel.name: constant_sizes(kernel, seen) for kernel in kernels}
    sizes = tuple(sum(contents[kernel.name].values()) for kernel in kernels)
    return KernelChoice(kernels, tuple(value for _, value in pairs), sizes), contents


def _runs_on(kernel: Kernel, isa: Collection[str]) -> bool:
    return kernel.isa == "portable" or kernel.isa in isa


def _time(graph: Graph, op: Op, kernel: Kernel, costs: Costs) -> float | None:
    node = make_node(graph, 0, op, kernel)
    cost = costs.kernel(kernel, node.view, whole_calls(node))
    return None if cost is None or costs.code_bytes(kernel) is None else costs.time(cost)


def _code_sizes(choices: Sequence[KernelChoice], costs: Costs) -> dict[str, int]:
    kernels = {kernel.name: kernel for choice in choices for kernel in choice.kernels}
    return {
        name: (costs.code_bytes(kernel) or 0) + costs.shared_code_bytes([name])
        for name, kernel in kernels.items()
    }
