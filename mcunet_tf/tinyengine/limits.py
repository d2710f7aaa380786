# SPDX-License-Identifier: Apache-2.0
"""Budgets and a board's memories, held against what a plan takes."""

from __future__ import annotations

from collections.abc import Sequence

from mcunet_tf.boards import Board
from mcunet_tf.errors import BudgetError
from mcunet_tf.tinyengine.emit.cost_report import Report
from mcunet_tf.tinyengine.emit.placement import Places

_NAME_CHARACTERS = 60


def check_memory(report: Report, sram_budget_bytes: int | None) -> None:
    """Holds the budget against arena and states; names the layer that sets the peak."""
    needed_bytes = report.arena_bytes + report.state_bytes
    if sram_budget_bytes is None or needed_bytes <= sram_budget_bytes:
        return
    worst = max(report.layers, key=lambda layer: layer.live_bytes)
    # Converters join the names of all that they fused.
    name = worst.name[:_NAME_CHARACTERS] + "..." * (len(worst.name) > _NAME_CHARACTERS)
    states = f" and its states {report.state_bytes} B" if report.state_bytes else ""
    raise BudgetError(
        f"{report.model}: the smallest arena is {report.arena_bytes} B{states}, over the budget of "
        f"{sram_budget_bytes} B; layer {worst.index} ({worst.op} '{name}') sets it"
    )


def check_flash(report: Report, flash_budget_bytes: int | None) -> None:
    """Holds the budget against the plan's own stages, of which the choice of kernels knew none."""
    if flash_budget_bytes is None:
        return
    flash_bytes = (report.code_bytes or 0) + report.weights_bytes
    if flash_bytes > flash_budget_bytes:
        raise BudgetError(
            f"{report.model}: code and weights take {flash_bytes:,} B of flash, over the budget of "
            f"{flash_budget_bytes:,} B: raise it or use a smaller model"
        )


def fit_notes(
    report: Report, board: Board, place: Places, region_bytes: Sequence[int]
) -> list[str]:
    """What a board has no room for, unless the application says where it lies.

    It is no error: a project may be for a board whose file knows its internal memories alone.
    """
    arena_bytes = report.arena_bytes + report.state_bytes
    notes = []
    if not region_bytes and "arena" not in place.sections:
        notes += _over("the arena takes", arena_bytes, "SRAM", board.ram_bytes, board, "arena")
    if "weights" not in place.sections:
        flash_bytes = (report.code_bytes or 0) + report.weights_bytes
        notes += _over("it takes", flash_bytes, "flash", board.flash_bytes, board, "weights")
    return notes


def _over(
    takes: str, needed_bytes: int, memory: str, size_bytes: int | None, board: Board, what: str
) -> list[str]:
    if size_bytes is None or needed_bytes <= size_bytes:
        return []
    return [
        f"does not fit: {takes} {needed_bytes:,} B, {board.name} has {size_bytes:,} B of {memory}: "
        f"choose another board or a smaller model, or say where it lies (--place={what}:.section)"
    ]
