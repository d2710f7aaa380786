# SPDX-License-Identifier: Apache-2.0
"""What a candidate costs on a board, from the compiler's own kernels, planner and cost model.

This is the only door from the search to the compiler: the budget that a search keeps is the one
that the compiled model has.
"""

from __future__ import annotations

import dataclasses
import functools

from mcunet_tf.boards import Board
from mcunet_tf.tinyengine.constant_pool import constant_sizes
from mcunet_tf.tinyengine.cost.call_counts import code_counts, whole_calls
from mcunet_tf.tinyengine.cost.model import CostModel, cost_model
from mcunet_tf.tinyengine.kernel_tables.table import Kernel
from mcunet_tf.tinyengine.ops.spec import view
from mcunet_tf.tinyengine.plan.grouping import can_fit_model, fit_model, plan_model
from mcunet_tf.tinyengine.plan.plan import Group, Plan, plan_stages
from mcunet_tf.tinyengine.plan.profiles import Profiles
from mcunet_tf.tinyengine.schedule.nodes import make_node
from mcunet_tf.tinynas import arch as arches
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.lower import (
    Lowered,
    Piece,
    kernel_of,
    lower,
    lower_alone,
    lower_graph,
    pieces,
    place_nodes,
)


@dataclasses.dataclass(frozen=True)
class Cost:
    """A network on a board.

    Attributes:
        sram_bytes: The arena: input, output, activations and scratch, as the planner lays it out.
        flash_bytes: Packed weights and code.
        weights_bytes: The first part of it, exact.
        macs: Multiply-accumulates of one inference.
        parameters: Trainable ones.
        instructions: Of one inference, by the compiler's cost model.
        latency_ms: Its modelled cycles at the board's clock; None where it has none.
    """

    sram_bytes: int
    flash_bytes: int
    weights_bytes: int
    macs: int
    parameters: int
    instructions: int
    latency_ms: float | None


@dataclasses.dataclass(frozen=True)
class Budget:
    """The most a network may cost; None where there is no limit."""

    sram_bytes: int | None = None
    flash_bytes: int | None = None
    latency_ms: float | None = None

    @classmethod
    def of_board(cls, board: Board) -> Budget:
        """What a board has: RAM without its stack, and flash."""
        ram_bytes = board.ram_bytes
        sram_bytes = None if ram_bytes is None else ram_bytes - board.stack_reserve_bytes
        return cls(sram_bytes, board.flash_bytes)


@dataclasses.dataclass(frozen=True)
class Planned:
    """What the planner and the cost model say of a network."""

    arena_bytes: int
    flash_bytes: int
    weights_bytes: int
    instructions: int
    latency_ms: float | None


@dataclasses.dataclass(frozen=True)
class _LayerCost:
    """What a layer costs wherever it stands, run on its own by the kernel that suits it best."""

    kernel: str
    kernel_bytes: int
    call_bytes: float
    weights_bytes: int
    cycles: float


def candidate_cost(
    arch: Arch, num_classes: int, board: Board, sram_bytes: int | None = None
) -> Cost:
    """Costs a network that need not exist yet.

    `sram_bytes` of the result equals the compiled model's arena to the byte wherever the trained
    weights let the compiler choose the kernels it chooses for weights of a usual spread.

    Args:
        arch: The network.
        num_classes: Its logits.
        board: Where it runs.
        sram_bytes: The arena's budget, as it is given to the compiler: the fastest plan that keeps
            it is taken. Without one speed and memory are balanced.
    """
    planned = planned_cost(arch, num_classes, board, sram_bytes)
    return Cost(
        sram_bytes=planned.arena_bytes,
        flash_bytes=planned.flash_bytes,
        weights_bytes=planned.weights_bytes,
        macs=arch.macs(num_classes),
        parameters=arch.parameters(num_classes),
        instructions=planned.instructions,
        latency_ms=planned.latency_ms,
    )


def keeps(arch: Arch, num_classes: int, board: Board, budget: Budget) -> bool:
    """Whether a network keeps a budget."""
    if not within_flash_and_time(arch, num_classes, board, budget):
        # Cheap, and what is turned away here is at best a few kernels' code within the budget.
        return False
    limit = budget.sram_bytes
    if budget.latency_ms is None:
        if limit is None or streamed_bytes(arch, num_classes, board) <= limit:
            return True
        return _fits(arch, num_classes, board, limit)
    if limit is None:
        planned: Planned | None = planned_cost(arch, num_classes, board)
    else:
        planned = _fitting_cost(arch, num_classes, board, limit)
    if planned is None:
        return False
    pairs = (
        (planned.flash_bytes, budget.flash_bytes),
        (planned.latency_ms or 0.0, budget.latency_ms),
    )
    return all(most is None or need <= most for need, most in pairs)


def within_flash_and_time(arch: Arch, num_classes: int, board: Board, budget: Budget) -> bool:
    """Whether a network keeps the parts of a budget that need no memory plan.

    Flash counts the best kernel of every layer, latency layers that run one after the other; a plan
    that streams takes longer, and the compiler leaves out kernels that are not worth their code.
    """
    layers = _layer_costs(arch, num_classes, board)
    if budget.flash_bytes is not None:
        kernels = {layer.kernel: layer.kernel_bytes for layer in layers}
        flash = sum(layer.weights_bytes + layer.call_bytes for layer in layers)
        flash += sum(kernels.values()) + _model(board.core.schedules_weighed_as).code.get(
            "image", 0.0
        )
        if flash > budget.flash_bytes:
            return False
    if budget.latency_ms is None or not board.clock_hz:
        return True
    cycles = sum(layer.cycles for layer in layers)
    return 1e3 * cycles / board.clock_hz <= budget.latency_ms


@functools.lru_cache(maxsize=1 << 14)
def streamed_bytes(arch: Arch, num_classes: int, board: Board) -> int:
    """The arena of one plan that exists: the rows of every block flow through it, block by block.

    The planner tries this plan too, so it never needs more under a budget that this plan keeps. It
    is found many times faster than the best one.
    """
    layers = arch.layers(num_classes)
    isa = frozenset(board.isa)
    graph = lower_graph(arch, num_classes)
    found = pieces(arch, num_classes)
    nodes = place_nodes(graph, found, [kernel_of(piece, isa) for piece in found])
    groups, start = [], 0
    for end in range(1, len(layers) + 1):
        together = end < len(layers) and layers[end].block == layers[start].block >= 0
        if not together:
            groups.append(Group(start, end))
            start = end
    return plan_stages(graph, {}, nodes, groups).arena_bytes


@functools.lru_cache(maxsize=1 << 14)
def planned_cost(
    arch: Arch, num_classes: int, board: Board, sram_bytes: int | None = None
) -> Planned:
    """Chooses kernels, lays out memory and adds up the calls, as the compiler does."""
    if sram_bytes is not None:
        fitting = _fitting_cost(arch, num_classes, board, sram_bytes)
        if fitting is not None:
            return fitting
    lowered = lower(arch, num_classes, board)
    plan = plan_model(
        lowered.graph,
        {},
        lowered.nodes,
        weighed_as=board.core.schedules_weighed_as,
        optimize="balanced" if sram_bytes is None else "sram",
        effort=_effort(board.core.schedules_weighed_as),
    )
    return _planned(arch, num_classes, board, lowered, plan)


@functools.lru_cache(maxsize=1 << 14)
def _fits(arch: Arch, num_classes: int, board: Board, sram_bytes: int) -> bool:
    """Whether `_fitting_cost` finds a plan, in less time."""
    lowered = lower(arch, num_classes, board)
    return can_fit_model(
        lowered.graph, lowered.nodes, sram_bytes, _effort(board.core.schedules_weighed_as)
    )


@functools.lru_cache(maxsize=1 << 14)
def _fitting_cost(arch: Arch, num_classes: int, board: Board, sram_bytes: int) -> Planned | None:
    """The same for the fastest plan within a budget; None where there is none."""
    lowered = lower(arch, num_classes, board)
    plan = fit_model(
        lowered.graph, lowered.nodes, sram_bytes, _effort(board.core.schedules_weighed_as)
    )
    return None if plan is None else _planned(arch, num_classes, board, lowered, plan)


def _planned(arch: Arch, num_classes: int, board: Board, lowered: Lowered, plan: Plan) -> Planned:
    model = _model(board.core.schedules_weighed_as)
    total = model.entry
    for stage in plan.stages:
        for cost in model.stage(stage):
            total = total.plus(cost) if cost else total
    weights = sum(
        _packed_bytes(piece, node.kernel)
        for piece, node in zip(pieces(arch, num_classes), lowered.nodes, strict=True)
    )
    kernels = {node.kernel.name: model.code_bytes(node.kernel) or 0 for node in lowered.nodes}
    code = sum(kernels.values()) + model.other_code_bytes([s.nodes for s in plan.stages])
    latency_ms = 1e3 * total.cycles / board.clock_hz if board.clock_hz else None
    return Planned(plan.arena_bytes, weights + code, weights, round(total.instructions), latency_ms)


@functools.lru_cache(maxsize=1 << 16)
def _packed_bytes(piece: Piece, kernel: Kernel) -> int:
    """Constants of a layer as a kernel packs them."""
    graph = lower_alone(piece)
    # Trained layers have nothing in common, whatever their stand-ins of weights have.
    return sum(constant_sizes(kernel, view(graph, graph.ops[0])).values())


def _layer_costs(arch: Arch, num_classes: int, board: Board) -> list[_LayerCost]:
    isa = frozenset(board.isa)
    return [
        _layer_cost(piece, isa, board.core.schedules_weighed_as)
        for piece in pieces(arch, num_classes)
    ]


@functools.lru_cache(maxsize=1 << 16)
def _layer_cost(piece: Piece, isa: frozenset[str], core: str) -> _LayerCost:
    graph, kernel, model = lower_alone(piece), kernel_of(piece, isa), _model(core)
    node = make_node(graph, 0, graph.ops[0], kernel)
    effort = model.kernel(kernel, node.view, whole_calls(node))
    counts = code_counts([node])
    return _LayerCost(
        kernel=kernel.name,
        kernel_bytes=model.code_bytes(kernel) or 0,
        call_bytes=sum(count * model.code.get(name, 0.0) for name, count in counts.items()),
        weights_bytes=_packed_bytes(piece, kernel),
        cycles=effort.cycles if effort else 0.0,
    )


@functools.lru_cache(maxsize=4)
def _effort(core: str) -> Profiles:
    """What is known of operators already: networks of one space share most of them."""
    return Profiles(core)


def _model(core: str) -> CostModel:
    found = cost_model(core)
    assert found is not None, "every core's schedules are weighed as some core's"
    return found


def layer_by_layer_bytes(arch: Arch, num_classes: int) -> int:
    """The peak of tensors alive when every layer finishes before the next one starts.

    No kernel scratch, nothing in place, nothing streamed: the least arena of a planner that only
    knows whole tensors and lifetimes.
    """
    layers = arch.layers(num_classes)
    residual = {layer.block for layer in layers if layer.kind == arches.ADD}
    peak, shortcut, block = 0, 0, -1
    for layer in layers:
        source = layer.height * layer.width * layer.in_channels
        result = layer.out_height * layer.out_width * layer.out_channels
        held = shortcut if layer.block in residual else 0
        if layer.block != block:
            # The first layer of a block reads the tensor that the block's end will add.
            shortcut, block, held = source, layer.block, 0
        peak = max(peak, source + result + held)
    return peak
