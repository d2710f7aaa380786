# SPDX-License-Identifier: Apache-2.0
"""What a search gives: the model, its architecture, its cost, and how it was found."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

from mcunet_tf.boards import Board
from mcunet_tf.tinyengine import CompiledModel, compile_tflite
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.checkpoint import write_bytes
from mcunet_tf.tinynas.cost import Budget, Cost
from mcunet_tf.tinynas.pareto import ParetoPoint
from mcunet_tf.tinynas.protocols import KerasModel
from mcunet_tf.tinynas.search_page import report_html
from mcunet_tf.tinynas.statistics import SpaceStatistics


@dataclasses.dataclass(frozen=True, eq=False)
class SearchResult:
    """The outcome of `mcunet_tf.search`.

    Attributes:
        arch: the chosen architecture.
        model: a trained plain functional Keras model, `[h, w, c]` -> logits. Where the images were
            uint8 it takes them divided by 255.
        num_classes: number of logits.
        accuracy: share of the validation images that `model` classifies correctly in float32.
        cost: what the compiled int8 model costs on the board.
        budget: the budget that was to be kept.
        board: the target.
        history: a row per epoch of supernet and final training.
        pareto: evaluated sub-networks of the supernet, ascending in MACs.
        spaces: statistics of every search space.
        chosen: index of the chosen space in `spaces`.
        flatbuffer: the int8 `.tflite` file.
    """

    arch: Arch
    model: KerasModel
    num_classes: int
    accuracy: float
    cost: Cost
    budget: Budget
    board: Board
    history: list[dict[str, Any]]
    pareto: tuple[ParetoPoint, ...]
    spaces: tuple[SpaceStatistics, ...]
    chosen: int
    flatbuffer: bytes

    def to_tflite(self, path: str | os.PathLike[str]) -> None:
        """Writes the full-int8 `.tflite` file.

        Raises:
            OutputError: it cannot be written.
        """
        write_bytes(Path(path), self.flatbuffer)

    def compile(self, output_dir: str | os.PathLike[str], name: str = "model") -> CompiledModel:
        """Compiles the int8 model for the board to a folder of C.

        Raises:
            OutputError: the folder cannot be written.
        """
        return compile_tflite(
            self.flatbuffer,
            self.board,
            output_dir,
            name=name,
            sram_budget_bytes=self.budget.sram_bytes,
        )

    def report(self, path: str | os.PathLike[str]) -> None:
        """Writes a self-contained HTML page: the network, its cost, the spaces, the training.

        Raises:
            OutputError: it cannot be written.
        """
        write_bytes(Path(path), report_html(self).encode())
