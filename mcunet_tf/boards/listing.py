# SPDX-License-Identifier: Apache-2.0
"""The boards that come with the package as a table for people: `--board=list`."""

from __future__ import annotations

from mcunet_tf.boards.board import Board, list_boards, load_board

LIST = "list"
"""What `--board` takes in place of a board's name to have this table."""

_HEAD = ("board", "core", "SRAM kB", "flash kB", "MHz", "runs on", "what it is")
_NUMBERS = range(2, 5)


def board_list() -> str:
    """One line per board: name, core, SRAM and flash in kB of 1,024 bytes, clock, emulator."""
    rows = [_HEAD, *(_row(load_board(name)) for name in list_boards())]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    lines = []
    for row in rows:
        cells = zip(row, widths, strict=True)
        padded = (c.rjust(w) if i in _NUMBERS else c.ljust(w) for i, (c, w) in enumerate(cells))
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def _row(board: Board) -> tuple[str, ...]:
    return (
        board.name,
        board.core.name,
        _kilobytes(board.ram_bytes),
        _kilobytes(board.flash_bytes),
        f"{board.clock_hz / 1e6:g}" if board.clock_hz else "-",
        _runs_on(board),
        board.description,
    )


def _kilobytes(size_bytes: int | None) -> str:
    return f"{size_bytes / 1024:,.0f}" if size_bytes else "-"


def _runs_on(board: Board) -> str:
    """Where code for a board runs without the board."""
    if board.runner.kind == "host":
        return "this computer"
    return board.name if board.runner.kind == "qemu" else board.runner.emulated_on or "-"
