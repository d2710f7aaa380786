# SPDX-License-Identifier: Apache-2.0
"""What a candidate costs on a board, from the compiler's own kernels and planner.

This is the only door from the search to the compiler: the budget that a search keeps is the one
that the compiled model has.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from pathlib import Path

from mcunet_tf.boards import Board
from mcunet_tf.tinyengine.ops.spec import view
from mcunet_tf.tinyengine.plan.grouping import plan_model
from mcunet_tf.tinynas import arch as arches
from mcunet_tf.tinynas.arch import Arch, Layer
from mcunet_tf.tinynas.lower import anonymous, kernel_of, lower, lower_alone

_CODE_SIZES = Path(__file__).with_name("code_sizes.json")


@dataclasses.dataclass(frozen=True)
class Cost:
    """A network on a board.

    Attributes:
        sram_bytes: The arena: input, output, activations and scratch, as the planner lays it out.
        flash_bytes: Packed weights exactly, code from the table of measured kernels.
        macs: Multiply-accumulates of one inference.
        parameters: Trainable ones.
    """

    sram_bytes: int
    flash_bytes: int
    macs: int
    parameters: int


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


def candidate_cost(arch: Arch, num_classes: int, board: Board) -> Cost:
    """Costs a network that need not exist yet.

    `sram_bytes` equals the compiled model's arena to the byte wherever the trained weights let the
    compiler choose the kernels it chooses for weights of a usual spread.
    """
    return Cost(
        sram_bytes=arena_bytes(arch, num_classes, board),
        flash_bytes=flash_bytes(arch, num_classes, board),
        macs=arch.macs(num_classes),
        parameters=arch.parameters(num_classes),
    )


@functools.lru_cache(maxsize=1 << 14)
def arena_bytes(arch: Arch, num_classes: int, board: Board) -> int:
    """The arena that the compiler's planner needs for the network."""
    lowered = lower(arch, num_classes, board)
    return plan_model(lowered.graph, {}, lowered.nodes).arena_bytes


def flash_bytes(arch: Arch, num_classes: int, board: Board) -> int:
    """Weights as the kernels pack them, the kernels themselves, and the code that calls them."""
    isa = frozenset(board.isa)
    layers = [anonymous(layer) for layer in arch.layers(num_classes)]
    sizes = _code_sizes()
    kernels = {kernel_of(layer, isa).name for layer in layers}
    code = sum(sizes.get(name, sizes["unknown_kernel"]) for name in kernels)
    code += sizes["fixed"] + sizes["per_layer"] * len(layers)
    return code + sum(_weights_bytes(layer, isa) for layer in layers)


@functools.lru_cache(maxsize=1 << 16)
def _weights_bytes(layer: Layer, isa: frozenset[str]) -> int:
    graph = lower_alone(layer)
    blobs = kernel_of(layer, isa).arguments(view(graph, graph.ops[0])).blobs()
    return sum(blob.size_bytes for blob in blobs.values())


@functools.cache
def _code_sizes() -> dict[str, int]:
    """Bytes of code by kernel, measured on a Cortex-M4 with the project's own flags."""
    sizes: dict[str, int] = json.loads(_CODE_SIZES.read_text(encoding="utf-8"))
    return sizes


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
