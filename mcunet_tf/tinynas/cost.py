# SPDX-License-Identifier: Apache-2.0
"""What an architecture costs on a board, and whether it keeps a budget.

All numbers come from the compiler's queries (`tinyengine/query.py`): the budget that a search keeps
is the one that the compiled model has. Answers are remembered by architecture.
"""

from __future__ import annotations

import dataclasses
import functools
import math

from mcunet_tf.boards import Board
from mcunet_tf.errors import UnsupportedError
from mcunet_tf.tinyengine import query
from mcunet_tf.tinyengine.query import PlannedCost
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.layer import CONV, DEPTHWISE, IMAGE
from mcunet_tf.tinynas.lower import lowered, pieces

_LEAST_PER_MAC, _LEAST_PER_MAC_OF_VECTORS = 0.4, 0.05
"""Instructions for a multiply-accumulate that no kernel stays below, and none of vectors."""

_VECTORS = frozenset({"mve", "rvv", "simd"})


_MOST_OF_A_PLAN = 6 * 1024
"""Bytes of code that loops, and kernels that share memory better, may take beyond the best kernels
of all layers: 4.6 kB was the most of 140 networks on three cores."""


@dataclasses.dataclass(frozen=True)
class Cost:
    """A network on a board; of a streamed one, what one call costs.

    Attributes:
        sram_bytes: size of the arena, as the planner lays it out: input, output, activations and
            scratch; of a streamed network the rows too that are kept from call to call.
        flash_bytes: packed weights and code.
        weights_bytes: packed weights alone, exact.
        macs: multiply-accumulates of one inference.
        parameters: number of trainable parameters.
        instructions: instructions of one inference, by the compiler's cost model.
        latency_ms: modelled cycles at the board's clock; None where the board has no clock.
        hop: new rows of time that a call brings; None of whole windows.
    """

    sram_bytes: int
    flash_bytes: int
    weights_bytes: int
    macs: int
    parameters: int
    instructions: int
    latency_ms: float | None
    hop: int | None = None


@dataclasses.dataclass(frozen=True)
class Budget:
    """The most a network may cost; None where there is no limit.

    Attributes:
        sram_bytes: arena, and rows that a stream keeps.
        flash_bytes: weights and code.
        latency_ms: time of an inference.
        instructions: instructions of an inference.
        hop: rows of time that the streamed network takes in a call, which all limits then are
            about; None: the network takes whole windows.
    """

    sram_bytes: int | None = None
    flash_bytes: int | None = None
    latency_ms: float | None = None
    instructions: int | None = None
    hop: int | None = None

    @classmethod
    def of_board(cls, board: Board) -> Budget:
        """What a board has: RAM without its stack, and flash."""
        ram_bytes = board.ram_bytes
        sram_bytes = None if ram_bytes is None else ram_bytes - board.stack_reserve_bytes
        return cls(sram_bytes, board.flash_bytes)


def candidate_cost(
    arch: Arch,
    num_classes: int,
    board: Board,
    sram_bytes: int | None = None,
    hop: int | None = None,
) -> Cost:
    """Costs a network that need not exist yet.

    `sram_bytes` of the result equals the compiled model's arena to the byte wherever the trained
    weights let the compiler choose the kernels it chooses for weights of a usual spread.

    Args:
        arch: the network.
        num_classes: number of its logits.
        board: the target.
        sram_bytes: budget of the arena, as it is given to the compiler: the fastest plan that keeps
            it is taken. Without one speed and memory are balanced.
        hop: rows of time that a call of the streamed network takes; None costs whole windows.

    Raises:
        UnsupportedError: the network cannot be streamed by that hop.
    """
    if hop is not None:
        return _streamed_cost(arch, num_classes, board, hop, sram_bytes)
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
    if budget.hop is not None:
        return _keeps_streamed(arch, num_classes, board, budget)
    if not within_flash_and_time(arch, num_classes, board, budget):
        # Cheap, and what is turned away here is at best a few kernels' code within the budget.
        return False
    limit = budget.sram_bytes
    no_time = budget.latency_ms is None and budget.instructions is None
    if no_time and not near_flash(arch, num_classes, board, budget):
        if limit is None or streamed_bytes(arch, num_classes, board) <= limit:
            return True
        return _can_fit(arch, num_classes, board, limit)
    if limit is None:
        planned: PlannedCost | None = planned_cost(arch, num_classes, board)
    else:
        planned = _fitting_cost(arch, num_classes, board, limit)
    if planned is None:
        return False
    pairs = (
        (planned.flash_bytes, budget.flash_bytes),
        (planned.latency_ms or 0.0, budget.latency_ms),
        (planned.instructions, budget.instructions),
    )
    return all(most is None or need <= most for need, most in pairs)


def _keeps_streamed(arch: Arch, num_classes: int, board: Board, budget: Budget) -> bool:
    """Whether a call of a streamed network keeps a budget."""
    if budget.flash_bytes is not None and arch.parameters(num_classes) > budget.flash_bytes:
        return False
    assert budget.hop is not None
    if not _may_stream(arch, num_classes, board, budget):
        return False
    try:
        cost = _streamed_cost(arch, num_classes, board, budget.hop, budget.sram_bytes)
    except UnsupportedError:
        return False
    return not excesses(cost, budget)


def _may_stream(arch: Arch, num_classes: int, board: Board, budget: Budget) -> bool:
    """Whether a call may keep a budget, by what it computes and keeps at least; cheap to say."""
    layers, hop = arch.layers(num_classes), budget.hop or 1
    rows = arch.input_shape[0]
    if budget.instructions is not None:
        macs = sum(layer.macs for layer in layers if layer.out_height > 1) * hop / rows
        least = _LEAST_PER_MAC_OF_VECTORS if _VECTORS & {*board.isa} else _LEAST_PER_MAC
        if macs * least > budget.instructions:
            return False
    kept = sum(
        max(layer.kernel[0] - layer.stride[0], 0) * layer.width * layer.in_channels
        for layer in layers
        if layer.kind in (CONV, DEPTHWISE)
    )
    return budget.sram_bytes is None or kept <= budget.sram_bytes


def excesses(cost: Cost, budget: Budget) -> list[str]:
    """What a network needs of each limit that it does not keep, in words."""
    counted = (
        ("B of SRAM", cost.sram_bytes, budget.sram_bytes),
        ("B of flash", cost.flash_bytes, budget.flash_bytes),
        ("instructions", cost.instructions, budget.instructions),
    )
    said = [
        f"{need:,} {unit} where {most:,}{' B' if unit.startswith('B') else ''} are allowed"
        for unit, need, most in counted
        if most is not None and need > most
    ]
    latency, most = cost.latency_ms, budget.latency_ms
    if latency is not None and most is not None and latency > most:
        said.append(f"{latency:.3g} ms where {most:g} ms are allowed")
    return said


def within_flash_and_time(arch: Arch, num_classes: int, board: Board, budget: Budget) -> bool:
    """Whether a network keeps the parts of a budget that need no memory plan.

    Flash counts the best kernel of every layer, latency layers that run one after the other; a plan
    that streams takes longer, and the compiler leaves out kernels that are not worth their code.
    """
    if budget.hop is not None:
        # What a call computes is known only once the network is streamed.
        return budget.flash_bytes is None or arch.parameters(num_classes) <= budget.flash_bytes
    parts = pieces(arch, num_classes)
    if budget.flash_bytes is not None:
        if query.flash_bytes_alone(parts, board) > budget.flash_bytes:
            return False
    if budget.instructions is not None:
        if query.instructions_alone(parts, board) > budget.instructions:
            return False
    if budget.latency_ms is None or not board.clock_hz:
        return True
    return 1e3 * query.cycles_alone(parts, board) / board.clock_hz <= budget.latency_ms


def near_flash(arch: Arch, num_classes: int, board: Board, budget: Budget) -> bool:
    """Whether only a plan tells if a network keeps the flash: its layers nearly fill it."""
    if budget.flash_bytes is None:
        return False
    alone = query.flash_bytes_alone(pieces(arch, num_classes), board)
    return alone + _MOST_OF_A_PLAN > budget.flash_bytes


@functools.lru_cache(maxsize=1 << 14)
def streamed_bytes(arch: Arch, num_classes: int, board: Board) -> int:
    """The arena of one plan that exists: the rows of every block flow through it, block by block.

    The planner tries this plan too, so it never needs more under a budget that this plan keeps. It
    is found many times faster than the best one.
    """
    layers = arch.layers(num_classes)
    ends = [
        end
        for end in range(1, len(layers) + 1)
        if end == len(layers) or not layers[end].block == layers[end - 1].block >= 0
    ]
    return query.streamed_arena_bytes(lowered(arch, num_classes), board, ends)


@functools.lru_cache(maxsize=1 << 14)
def planned_cost(
    arch: Arch, num_classes: int, board: Board, sram_bytes: int | None = None
) -> PlannedCost:
    """Chooses kernels, lays out memory and adds up the calls, as the compiler does."""
    return query.planned_cost(lowered(arch, num_classes), board, sram_bytes)


@functools.lru_cache(maxsize=1 << 12)
def _streamed_cost(
    arch: Arch, num_classes: int, board: Board, hop: int, sram_bytes: int | None
) -> Cost:
    found = query.streamed_cost(lowered(arch, num_classes), board, hop, sram_bytes)
    planned = found.planned
    return Cost(
        sram_bytes=planned.arena_bytes + found.state_bytes,
        flash_bytes=planned.flash_bytes,
        weights_bytes=planned.weights_bytes,
        macs=found.macs,
        parameters=arch.parameters(num_classes),
        instructions=planned.instructions,
        latency_ms=planned.latency_ms,
        hop=hop,
    )


@functools.lru_cache(maxsize=1 << 14)
def _can_fit(arch: Arch, num_classes: int, board: Board, sram_bytes: int) -> bool:
    """Whether `_fitting_cost` finds a plan, in less time."""
    return query.can_fit(lowered(arch, num_classes), board, sram_bytes)


@functools.lru_cache(maxsize=1 << 14)
def _fitting_cost(
    arch: Arch, num_classes: int, board: Board, sram_bytes: int
) -> PlannedCost | None:
    """What a network costs by the fastest plan within a budget; None where there is none."""
    return query.fitting_cost(lowered(arch, num_classes), board, sram_bytes)


def layer_by_layer_bytes(arch: Arch, num_classes: int) -> int:
    """The peak of tensors alive when every layer finishes before the next one starts.

    No kernel scratch, nothing in place, nothing streamed: the least arena of a planner that only
    knows whole tensors and lifetimes.
    """
    layers = arch.layers(num_classes)
    last_read = {source: index for index, layer in enumerate(layers) for source in layer.sources}
    sizes = {IMAGE: math.prod(arch.input_shape)}
    peak = 0
    for index, layer in enumerate(layers):
        sizes[index] = layer.out_height * layer.out_width * layer.out_channels
        peak = max(peak, sum(sizes.values()))
        sizes = {made: size for made, size in sizes.items() if last_read.get(made, 0) > index}
    return peak
