# SPDX-License-Identifier: Apache-2.0
"""What may be asked about networks that need not exist yet: arena, flash, time, and what fits.

This module is the only door from the search to the compiler. Kernels, plans and costs come from the
compiler's own selection, planner and cost model, so a predicted arena is the arena.

A candidate is a graph together with one *part* for each of its operators: a small hashable value
that stands for the operator wherever it occurs. Equal parts cost the same and are computed once,
which is what makes thousands of candidates of one search space affordable.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Sequence
from typing import Protocol

from mcunet_tf.boards import Board
from mcunet_tf.tinyengine.constant_pool import constant_sizes
from mcunet_tf.tinyengine.cost.call_counts import code_counts, whole_calls
from mcunet_tf.tinyengine.cost.kernel_sets import KernelChoice
from mcunet_tf.tinyengine.cost.model import CostModel, cost_model
from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.kernel_tables.table import Kernel
from mcunet_tf.tinyengine.ops.spec import view
from mcunet_tf.tinyengine.plan.grouping import can_fit_model, fit_model, plan_model
from mcunet_tf.tinyengine.plan.plan import Group, Plan, plan_stages, state_bytes
from mcunet_tf.tinyengine.plan.profiles import Profiles
from mcunet_tf.tinyengine.schedule.nodes import (
    Node,
    make_node,
    move_node,
    node_macs,
    storage_roots,
)
from mcunet_tf.tinyengine.select import (
    leaner_kernels,
    select_kernel,
    select_nodes,
    traded_kernels,
    worthwhile_kernels,
)
from mcunet_tf.tinyengine.streams import make_stream


class Part(Protocol):
    """One operator without its place in a network: hashable, and equal ones cost the same."""

    def __hash__(self) -> int: ...

    def graph(self) -> Graph:
        """A graph that holds this operator alone."""


@dataclasses.dataclass(frozen=True, eq=False)
class Candidate:
    """A network that need not exist yet.

    Attributes:
        graph: the network as the compiler would read it, with stand-ins for its weights.
        parts: one for each operator of the graph, in the same order.
    """

    graph: Graph
    parts: tuple[Part, ...]


@dataclasses.dataclass(frozen=True)
class PlannedCost:
    """What the planner and the cost model say of a candidate.

    Attributes:
        arena_bytes: size of the arena: input, output, activations and scratch.
        flash_bytes: packed constants and code.
        weights_bytes: packed constants alone, exact.
        instructions: instructions of one inference.
        latency_ms: modelled cycles, times the board's calibration, at its clock; None where it has
            none.
    """

    arena_bytes: int
    flash_bytes: int
    weights_bytes: int
    instructions: int
    latency_ms: float | None


@dataclasses.dataclass(frozen=True)
class StreamedCost:
    """What a call of a candidate's streamed form costs.

    Attributes:
        planned: the call's arena, flash, instructions and time.
        state_bytes: rings of rows that are kept from call to call, beside the arena.
        macs: multiply-accumulates of a call.
        form: "windows" or "endless".
    """

    planned: PlannedCost
    state_bytes: int
    macs: int
    form: str


@dataclasses.dataclass(frozen=True)
class _CostAlone:
    """What an operator costs wherever it stands, run on its own by the kernel that suits it best.

    Attributes:
        kernel: name of that kernel.
        kernel_bytes: code of the kernel, which all operators that use it share.
        call_bytes: code around the call.
        weights_bytes: constants as the kernel packs them.
        cycles: modelled cycles of the operator.
        instructions: instructions of the operator.
    """

    kernel: str
    kernel_bytes: int
    call_bytes: float
    weights_bytes: int
    cycles: float
    instructions: float


def planned_cost(candidate: Candidate, board: Board, arena_bytes: int | None = None) -> PlannedCost:
    """What a candidate costs, compiled as the compiler does it.

    Args:
        candidate: the network.
        board: the target.
        arena_bytes: budget of the arena: the fastest plan within it is taken, or the smallest one
            where none fits. Without a budget speed and memory are balanced.
    """
    if arena_bytes is not None:
        fitting = fitting_cost(candidate, board, arena_bytes)
        if fitting is not None:
            return fitting
    nodes = chosen_nodes(candidate, board)
    plan = plan_model(
        candidate.graph,
        {},
        nodes,
        weighed_as=board.core.schedules_weighed_as,
        optimize="balanced" if arena_bytes is None else "sram",
        effort=_operator_memo(board.core.schedules_weighed_as),
    )
    return _planned(candidate, board, plan)


def fitting_cost(candidate: Candidate, board: Board, arena_bytes: int) -> PlannedCost | None:
    """What a candidate costs by the fastest plan within an arena; None where no plan fits."""
    nodes = chosen_nodes(candidate, board)
    plan = fit_model(
        candidate.graph, nodes, arena_bytes, _operator_memo(board.core.schedules_weighed_as)
    )
    return None if plan is None else _planned(candidate, board, plan)


def can_fit(candidate: Candidate, board: Board, arena_bytes: int) -> bool:
    """Whether `fitting_cost` finds a plan, in less time."""
    nodes = chosen_nodes(candidate, board)
    return can_fit_model(
        candidate.graph, nodes, arena_bytes, _operator_memo(board.core.schedules_weighed_as)
    )


def streamed_arena_bytes(candidate: Candidate, board: Board, ends: Iterable[int]) -> int:
    """The arena of one plan that exists: the rows of several operators flow through each stage.

    The planner tries such plans too, so it never needs more under a budget that this plan keeps. It
    is found many times faster than the best plan.

    Args:
        candidate: the network.
        board: the target, whose kernels count.
        ends: for each stage the index of the first operator behind it, ascending; the last one is
            the number of operators.
    """
    isa = frozenset(board.isa)
    kernels = [_kernel_of(part, isa) for part in candidate.parts]
    nodes = _placed(candidate, kernels, isa, board.core.cost_model)
    groups, start = [], 0
    for end in ends:
        groups.append(Group(start, end))
        start = end
    return plan_stages(candidate.graph, {}, nodes, groups).arena_bytes


def flash_bytes_alone(parts: Sequence[Part], board: Board) -> float:
    """Constants and code of operators that each run the kernel that suits it best.

    The compiler leaves out kernels that are not worth their code, so it may need less.
    """
    costs = _costs_alone(parts, board)
    kernels = {cost.kernel: cost.kernel_bytes for cost in costs}
    flash = sum(cost.weights_bytes + cost.call_bytes for cost in costs)
    return (
        flash
        + sum(kernels.values())
        + _model(board.core.schedules_weighed_as).code.get("image", 0.0)
    )


def cycles_alone(parts: Sequence[Part], board: Board) -> float:
    """Modelled cycles of operators that run one after the other; plans that stream take more."""
    return board.calibration.scale * sum(cost.cycles for cost in _costs_alone(parts, board))


def instructions_alone(parts: Sequence[Part], board: Board) -> float:
    """Instructions of operators that run one after the other; plans that stream take more."""
    return sum(cost.instructions for cost in _costs_alone(parts, board))


def streamed_cost(
    candidate: Candidate, board: Board, hop: int, sram_bytes: int | None = None
) -> StreamedCost:
    """What a call costs that takes `hop` new rows of time, compiled as the compiler does it.

    Args:
        candidate: the network of a whole window.
        board: the target.
        hop: new rows of a call.
        sram_bytes: the most that arena and rings may take together; see `planned_cost`.

    Raises:
        UnsupportedError: the network cannot be streamed so; the message names the smallest hop.
    """
    flow = make_stream(candidate.graph, hop)
    graph = flow.graph
    ops = [op for op in graph.ops if op.kind != "RESHAPE"]
    nodes = select_nodes(graph, ops, board.isa, cost_model(board.core.cost_model), None)
    kept = state_bytes(graph)
    plan = plan_model(
        graph,
        storage_roots(graph),
        nodes,
        weighed_as=board.core.schedules_weighed_as,
        optimize="balanced",
        sram_budget_bytes=None if sram_bytes is None else max(sram_bytes - kept, 0),
    )
    weights = sum(sum(constant_sizes(node.kernel, node.view).values()) for node in nodes)
    return StreamedCost(
        _cost_of_plan(plan, weights, board), kept, sum(map(node_macs, nodes)), flow.form
    )


def chosen_nodes(candidate: Candidate, board: Board) -> tuple[Node, ...]:
    """The operators of a candidate with the kernels that the compiler chooses for them."""
    isa = frozenset(board.isa)
    kernels = [_kernel_of(part, isa) for part in candidate.parts]
    costs = cost_model(board.core.cost_model)
    if costs is not None:
        names = frozenset(kernel.name for kernel in kernels)
        choices = [
            _traded_kernels(part, isa, board.core.cost_model, names) for part in candidate.parts
        ]
        kernels = worthwhile_kernels(choices, costs)
    return _placed(candidate, kernels, isa, board.core.cost_model)


def _placed(
    candidate: Candidate, kernels: Sequence[Kernel], isa: frozenset[str], core: str
) -> tuple[Node, ...]:
    triples = zip(candidate.graph.ops, candidate.parts, kernels, strict=True)
    return tuple(
        move_node(_node_alone(part, kernel, isa, core), index, op)
        for index, (op, part, kernel) in enumerate(triples)
    )


def _planned(candidate: Candidate, board: Board, plan: Plan) -> PlannedCost:
    nodes = _nodes_of(plan)
    pairs = zip(candidate.parts, nodes, strict=True)
    weights = sum(_packed_bytes(part, node.kernel) for part, node in pairs)
    return _cost_of_plan(plan, weights, board)


def _nodes_of(plan: Plan) -> list[Node]:
    return sorted((n for stage in plan.stages for n in stage.nodes), key=lambda n: n.index)


def _cost_of_plan(plan: Plan, weights: int, board: Board) -> PlannedCost:
    nodes = _nodes_of(plan)
    model = _model(board.core.schedules_weighed_as)
    total = model.entry
    for stage in plan.stages:
        for cost in model.stage(stage):
            total = total.plus(cost) if cost else total
    kernels = {node.kernel.name: model.code_bytes(node.kernel) or 0 for node in nodes}
    code = sum(kernels.values()) + model.other_code_bytes([s.nodes for s in plan.stages])
    cycles = board.calibration.scale * total.cycles
    latency_ms = 1e3 * cycles / board.clock_hz if board.clock_hz else None
    instructions = round(total.instructions)
    return PlannedCost(plan.arena_bytes, weights + code, weights, instructions, latency_ms)


@functools.lru_cache(maxsize=1 << 16)
def _kernel_of(part: Part, isa: frozenset[str]) -> Kernel:
    """The kernel that the compiler prefers for an operator, whatever its code takes."""
    graph = part.graph()
    return select_kernel(graph, graph.ops[0], isa)


@functools.lru_cache(maxsize=1 << 16)
def _traded_kernels(
    part: Part, isa: frozenset[str], core: str, names: frozenset[str]
) -> KernelChoice:
    """The kernels that the compiler chooses among, for a network that prefers the named ones."""
    graph, costs = part.graph(), cost_model(core)
    assert costs is not None, f"nothing is known of {core}"
    return traded_kernels(graph, graph.ops[0], isa, costs, _kernel_of(part, isa), names)


# Keeps weights: as many as a dozen search spaces have.
@functools.lru_cache(maxsize=1 << 12)
def _node_alone(part: Part, kernel: Kernel, isa: frozenset[str], core: str) -> Node:
    """An operator in a graph of its own; nodes of whole networks share its view."""
    graph = part.graph()
    leaner = leaner_kernels(graph, graph.ops[0], isa, cost_model(core), kernel)
    return make_node(graph, 0, graph.ops[0], kernel, leaner)


@functools.lru_cache(maxsize=1 << 16)
def _packed_bytes(part: Part, kernel: Kernel) -> int:
    """Constants of an operator as a kernel packs them."""
    graph = part.graph()
    # Trained layers have nothing in common, whatever their stand-ins of weights have.
    return sum(constant_sizes(kernel, view(graph, graph.ops[0])).values())


def _costs_alone(parts: Sequence[Part], board: Board) -> list[_CostAlone]:
    isa = frozenset(board.isa)
    return [_cost_alone(part, isa, board.core.schedules_weighed_as) for part in parts]


@functools.lru_cache(maxsize=1 << 16)
def _cost_alone(part: Part, isa: frozenset[str], core: str) -> _CostAlone:
    graph, kernel, model = part.graph(), _kernel_of(part, isa), _model(core)
    node = make_node(graph, 0, graph.ops[0], kernel)
    spent = model.kernel(kernel, node.view, whole_calls(node))
    counts = code_counts([node])
    return _CostAlone(
        kernel=kernel.name,
        kernel_bytes=model.code_bytes(kernel) or 0,
        call_bytes=sum(count * model.code.get(name, 0.0) for name, count in counts.items()),
        weights_bytes=_packed_bytes(part, kernel),
        cycles=spent.cycles if spent else 0.0,
        instructions=spent.instructions if spent else 0.0,
    )


@functools.lru_cache(maxsize=4)
def _operator_memo(core: str) -> Profiles:
    """What is known of operators already: networks of one space share most of them."""
    return Profiles(core)


def _model(core: str) -> CostModel:
    found = cost_model(core)
    assert found is not None, "every core's schedules are weighed as some core's"
    return found
