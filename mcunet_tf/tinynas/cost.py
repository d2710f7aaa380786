# SPDX-License-Identifier: Apache-2.0
"""What a candidate costs on a board, from the compiler's own kernels, planner and cost model.

This is the only door from the search to the compiler: the budget that a search keeps is the one
that the compiled model has.
"""

from __future__ import annotations

import dataclasses
import functools

from mcunet_tf.boards import Board
from mcunet_tf.tinyengine.cost.calls import code_counts, whole_calls
from mcunet_tf.tinyengine.cost.model import CostModel, cost_model
from mcunet_tf.tinyengine.plan.effort import FALLBACK_CORE
from mcunet_tf.tinyengine.plan.grouping import plan_model
from mcunet_tf.tinyengine.plan.nodes import make_node
from mcunet_tf.tinyengine.plan.plan import Plan
from mcunet_tf.tinynas import arch as arches
from mcunet_tf.tinynas.arch import Arch, Layer
from mcunet_tf.tinynas.lower import anonymous, kernel_of, lower, lower_alone


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
    instructions: int
    latency_ms: float | None


@dataclasses.dataclass(frozen=True)
class _LayerCost:
    """What a layer costs wherever it stands, run on its own."""

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
    weights = weights_bytes(arch, num_classes, board)
    return Cost(
        sram_bytes=planned.arena_bytes,
        flash_bytes=weights + code_bytes(arch, num_classes, board),
        weights_bytes=weights,
        macs=arch.macs(num_classes),
        parameters=arch.parameters(num_classes),
        instructions=planned.instructions,
        latency_ms=planned.latency_ms,
    )


def keeps(arch: Arch, num_classes: int, board: Board, budget: Budget) -> bool:
    """Whether a network keeps a budget; the planner is asked last, because it takes longest."""
    if not within_flash_and_time(arch, num_classes, board, budget):
        return False
    if budget.sram_bytes is None and budget.latency_ms is None:
        return True
    planned = planned_cost(arch, num_classes, board, budget.sram_bytes)
    if budget.sram_bytes is not None and planned.arena_bytes > budget.sram_bytes:
        return False
    return budget.latency_ms is None or (planned.latency_ms or 0.0) <= budget.latency_ms


def within_flash_and_time(arch: Arch, num_classes: int, board: Board, budget: Budget) -> bool:
    """Whether a network keeps the parts of a budget that need no memory plan.

    Latency is that of layers which run one after the other; a plan that streams takes longer.
    """
    if budget.flash_bytes is not None:
        flash = weights_bytes(arch, num_classes, board) + code_bytes(arch, num_classes, board)
        if flash > budget.flash_bytes:
            return False
    if budget.latency_ms is None or not board.clock_hz:
        return True
    cycles = sum(layer.cycles for layer in _layer_costs(arch, num_classes, board))
    return 1e3 * cycles / board.clock_hz <= budget.latency_ms


@functools.lru_cache(maxsize=1 << 14)
def planned_cost(
    arch: Arch, num_classes: int, board: Board, sram_bytes: int | None = None
) -> Planned:
    """Lays out the network's memory and adds up its kernel calls."""
    lowered = lower(arch, num_classes, board)
    plan = plan_model(
        lowered.graph, {}, lowered.nodes, core=board.core, sram_budget_bytes=sram_bytes
    )
    instructions, cycles = _effort(plan, board)
    latency_ms = 1e3 * cycles / board.clock_hz if board.clock_hz else None
    return Planned(plan.arena_bytes, round(instructions), latency_ms)


def _effort(plan: Plan, board: Board) -> tuple[float, float]:
    """(instructions, cycles) of a plan; rows that the model does not know count nothing."""
    model = _model(board.core)
    total = model.entry
    for stage in plan.stages:
        for cost in model.stage(stage):
            total = total.plus(cost) if cost else total
    return total.instructions, total.cycles


def weights_bytes(arch: Arch, num_classes: int, board: Board) -> int:
    """Weights as the kernels pack them."""
    return sum(layer.weights_bytes for layer in _layer_costs(arch, num_classes, board))


def code_bytes(arch: Arch, num_classes: int, board: Board) -> int:
    """The kernels, each once, and the code that calls them."""
    costs = _layer_costs(arch, num_classes, board)
    kernels = {cost.kernel: cost.kernel_bytes for cost in costs}
    image = _model(board.core).code.get("image", 0.0)
    return sum(kernels.values()) + round(image + sum(cost.call_bytes for cost in costs))


def _layer_costs(arch: Arch, num_classes: int, board: Board) -> list[_LayerCost]:
    isa = frozenset(board.isa)
    layers = arch.layers(num_classes)
    return [_layer_cost(anonymous(layer), isa, board.core) for layer in layers]


@functools.lru_cache(maxsize=1 << 16)
def _layer_cost(layer: Layer, isa: frozenset[str], core: str) -> _LayerCost:
    graph, kernel, model = lower_alone(layer), kernel_of(layer, isa), _model(core)
    node = make_node(graph, 0, graph.ops[0], kernel)
    effort = model.kernel(kernel, node.view, whole_calls(node))
    counts = code_counts([node])
    blobs = kernel.arguments(node.view).blobs()
    return _LayerCost(
        kernel=kernel.name,
        kernel_bytes=model.code_bytes(kernel) or 0,
        call_bytes=sum(count * model.code.get(name, 0.0) for name, count in counts.items()),
        weights_bytes=sum(blob.size_bytes for blob in blobs.values()),
        cycles=effort.cycles if effort else 0.0,
    )


def _model(core: str) -> CostModel:
    found = cost_model(core) or cost_model(FALLBACK_CORE)
    assert found is not None, "the package lacks its cost coefficients"
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
