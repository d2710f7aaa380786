# SPDX-License-Identifier: Apache-2.0
"""The parts of the pages that are made from the code: `python -m tests.repo.readme` renews them."""

from __future__ import annotations

import re
from pathlib import Path

from mcunet_tf.boards import Board, list_boards, load_board

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
BOARDS = ROOT / "docs" / "boards.md"


def boards_table() -> str:
    """Returns one row per board that comes with the package."""
    rows = ["| `--board` | what | kernels | RAM for the model | flash |", "|---|---|---|---|---|"]
    for board in map(load_board, list_boards()):
        cells = (
            f"`{board.name}`",
            board.description,
            ", ".join((*board.isa, "portable")),
            _memory(board, "arena"),
            _memory(board, "weights"),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _memory(board: Board, role: str) -> str:
    size_bytes = sum(region.size_bytes for region in board.memory if role in region.roles)
    return f"{size_bytes >> 10:,} KiB" if size_bytes else "-"


def block(text: str, name: str) -> str:
    """Returns what stands between the markers `<!-- name:begin -->` and `<!-- name:end -->`."""
    found = re.search(f"<!-- {name}:begin -->\n(.*?)<!-- {name}:end -->", text, re.DOTALL)
    assert found, f"the page lacks the markers of {name}"
    return found.group(1)


def renewed(text: str) -> str:
    """Returns the text of a page with its generated parts made anew."""
    return text.replace(
        f"<!-- boards:begin -->\n{block(text, 'boards')}",
        f"<!-- boards:begin -->\n{boards_table()}\n",
    )


if __name__ == "__main__":
    BOARDS.write_text(renewed(BOARDS.read_text()))
