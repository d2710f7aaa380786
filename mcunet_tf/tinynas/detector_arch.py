# SPDX-License-Identifier: Apache-2.0
"""Architectures as a detector's backbone: as far as its grid, then a head for scores and sides."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

from mcunet_tf.boards import Board
from mcunet_tf.detection import Detection
from mcunet_tf.tinyengine import query
from mcunet_tf.tinyengine.query import Candidate
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.build import build_with
from mcunet_tf.tinynas.cost import Budget, Cost
from mcunet_tf.tinynas.layer import CONV, ArchLayer, pair
from mcunet_tf.tinynas.lower import lowered_layers


def on_grid(arch: Arch, strides: tuple[int, ...]) -> Arch | None:
    """The architecture with the strides of a detector's grids: what lies deeper keeps the last.

    None where it never comes as far, leaves a grid out, or halves its axes apart.
    """
    stride = pair(arch.stem_stride)
    blocks, reached = [], set()
    for block in arch.blocks:
        own = pair(block.stride)
        wanted = (stride[0] * own[0], stride[1] * own[1])
        if max(wanted) > strides[-1]:
            block, wanted = dataclasses.replace(block, stride=1), stride
        blocks.append(block)
        stride = wanted
        reached.add(stride)
    if stride != (strides[-1],) * 2 or not {(s, s) for s in strides} <= reached:
        return None
    return dataclasses.replace(arch, blocks=tuple(blocks), head_channels=0)


def _ends(layers: Sequence[ArchLayer], task: Detection) -> list[int]:
    """The layer at which the backbone's part of each grid ends: that of the grid's last block.

    What widens the grid for a block behind it is that block's.
    """
    made = {layer.block: n for n, layer in enumerate(layers) if layer.block >= 0}
    ends = sorted(made.values())
    return [
        max(n for n in ends if (layers[n].out_height, layers[n].out_width) == grid)
        for grid in task.grids
    ]


@functools.lru_cache(maxsize=4096)
def detector_layers(arch: Arch, task: Detection) -> tuple[ArchLayer, ...]:
    """The layers of a whole detector, its outputs at the end: scores, and sides of boxes."""
    layers = arch.layers(1)[:-2]  # without mean and logits
    heads = [("scores", task.classes)] + [("sides", 4)] * (task.kind == "boxes")
    made = []
    for stride, end in zip(task.strides, _ends(layers, task), strict=True):
        last = layers[end]
        made += [
            ArchLayer(
                f"{name}_{stride}",
                CONV,
                last.out_height,
                last.out_width,
                last.out_channels,
                channels,
                sources=(end,),
            )
            for name, channels in heads
        ]
    return (*layers, *made)


def detector_candidate(arch: Arch, task: Detection) -> Candidate:
    """A detector as the compiler's queries take it."""
    outputs = task.outputs * len(task.strides)
    return lowered_layers(arch.input_shape, detector_layers(arch, task), outputs)


def detector_keeps(arch: Arch, task: Detection, board: Board, budget: Budget) -> bool:
    """Whether a detector keeps a budget, by the compiler's own kernels, planner and cost model."""
    candidate = detector_candidate(arch, task)
    limit = budget.flash_bytes
    if limit is not None and query.flash_bytes_alone(candidate.parts, board) > limit:
        return False
    if budget.sram_bytes is None:
        planned = query.planned_cost(candidate, board)
    else:
        found = query.fitting_cost(candidate, board, budget.sram_bytes)
        if found is None:
            return False
        planned = found
    late = budget.latency_ms is not None and (planned.latency_ms or 0.0) > budget.latency_ms
    return not late and (limit is None or planned.flash_bytes <= limit)


def detector_cost(arch: Arch, task: Detection, board: Board, sram_bytes: int | None) -> Cost:
    """What a detector that need not exist yet costs on a board."""
    planned = query.planned_cost(detector_candidate(arch, task), board, sram_bytes)
    layers = detector_layers(arch, task)
    return Cost(
        sram_bytes=planned.arena_bytes,
        flash_bytes=planned.flash_bytes,
        weights_bytes=planned.weights_bytes,
        macs=sum(layer.macs for layer in layers),
        parameters=sum(layer.parameters for layer in layers),
        instructions=planned.instructions,
        latency_ms=planned.latency_ms,
    )


def detector_features(arch: Arch, task: Detection) -> Any:
    """The backbone as `Detection.network` takes it; a new one at each call."""

    def features(given: Any) -> Any:
        import keras

        layers, made = arch.layers(1)[:-2], {}

        def keep(name: str, result: Any) -> Any:
            made[name] = result
            return result

        whole = build_with(keras, arch.input_shape, layers, "features", keep)
        ends = [made[layers[end].name] for end in _ends(layers, task)]
        return keras.Model(whole.input, ends, name="features")(given)

    return features
