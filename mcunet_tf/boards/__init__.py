# SPDX-License-Identifier: Apache-2.0
"""A board is data: one TOML file feeds the planner, the linker script and the runner."""

from mcunet_tf.boards.board import (
    DEFAULT_BOARD,
    Board,
    MemoryRegion,
    Runner,
    SupplyCurrent,
    list_boards,
    load_board,
)
from mcunet_tf.boards.calibration import Calibration, error_text
from mcunet_tf.boards.core import (
    Architecture,
    Core,
    feature_test,
    list_architectures,
    list_cores,
    load_core,
    package_of,
)
from mcunet_tf.boards.linker import emulate, linker_script, memory_blocks
from mcunet_tf.boards.listing import LIST, board_list

__all__ = [
    "DEFAULT_BOARD",
    "LIST",
    "Architecture",
    "Board",
    "Calibration",
    "Core",
    "MemoryRegion",
    "Runner",
    "SupplyCurrent",
    "board_list",
    "emulate",
    "error_text",
    "feature_test",
    "linker_script",
    "list_architectures",
    "list_boards",
    "list_cores",
    "load_board",
    "load_core",
    "memory_blocks",
    "package_of",
]
