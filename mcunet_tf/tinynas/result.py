# SPDX-License-Identifier: Apache-2.0
"""What a search gives: the model, its architecture, its cost, and how it was found."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import numpy as np

from mcunet_tf.audio import Detector, Spotter
from mcunet_tf.boards import Board
from mcunet_tf.errors import SearchError
from mcunet_tf.tinyengine import CompiledModel, compile_tflite
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.checkpoint import write_bytes
from mcunet_tf.tinynas.cost import Budget, Cost
from mcunet_tf.tinynas.data import Array, resize_images
from mcunet_tf.tinynas.ear import Ear, joined
from mcunet_tf.tinynas.evaluation import Evaluation, evaluated_on
from mcunet_tf.tinynas.halving import Standing
from mcunet_tf.tinynas.objective import Objective
from mcunet_tf.tinynas.pareto import Asked, ParetoPoint, search_again
from mcunet_tf.tinynas.pipeline import as_images
from mcunet_tf.tinynas.protocols import KerasModel
from mcunet_tf.tinynas.search_page import report_html
from mcunet_tf.tinynas.statistics import SpaceStatistics
from mcunet_tf.tinynas.stored import read_fields


@dataclasses.dataclass(frozen=True, eq=False)
class SearchResult:
    """The outcome of `mcunet_tf.search`.

    Attributes:
        arch: the chosen architecture.
        model: a trained plain functional Keras model, `[h, w, c]` -> logits, or of a regression
            (value - mean) / deviation of each target. Where the images were uint8 it takes them
            divided by 255, where they were int8 by 128.
        num_classes: number of logits.
        scores: all metrics of `model` on the validation images, by name, in float32; the first one
            is what the search improved.
        objective: what was learnt; of a regression it has the mean and deviation of the targets.
        cost: what the compiled int8 model costs on the board.
        budget: the budget that was to be kept.
        board: the target.
        history: a row per epoch of supernet and final training.
        pareto: evaluated networks that no other one beats, ascending in MACs.
        spaces: statistics of every search space; none of a search by minutes.
        chosen: index of the chosen space in `spaces`.
        flatbuffer: the int8 `.tflite` file.
        standings: of a search by minutes, the networks that were trained side by side, the best
            first; otherwise none.
        ear: of a search with spoken words, the front end and the labels; otherwise None.
    """

    arch: Arch
    model: KerasModel
    num_classes: int
    scores: dict[str, float]
    objective: Objective
    cost: Cost
    budget: Budget
    board: Board
    history: list[dict[str, Any]]
    pareto: tuple[ParetoPoint, ...]
    spaces: tuple[SpaceStatistics, ...]
    chosen: int
    flatbuffer: bytes
    standings: tuple[Standing, ...] = ()
    ear: Ear | None = None

    def __post_init__(self) -> None:
        points = (dataclasses.replace(point, asked=self._asked) for point in self.pareto)
        object.__setattr__(self, "pareto", tuple(points))

    @property
    def _asked(self) -> Asked:
        return Asked(self.board, self.budget, self.objective.task, self.num_classes)

    @property
    def accuracy(self) -> float:
        """Share of the validation images that `model` classifies correctly in float32.

        Raises:
            SearchError: the accuracy was not among the metrics of the search.
        """
        if "accuracy" not in self.scores:
            raise SearchError(
                f"this search measured {', '.join(self.scores)}, not the accuracy: see scores"
            )
        return self.scores["accuracy"]

    def train(self, train: Any, validation: Any = None, **options: Any) -> SearchResult:
        """Trains the network longer, from the weights that it has, and quantises it again.

        Example:
            >>> better = SearchResult.load("out/search").train((images, labels), epochs=40)

        Args:
            train: training data, as for `mcunet_tf.search`.
            validation: validation data; None sets a tenth of the arrays aside.
            options: arguments of `mcunet_tf.search` that shall be others; the board, the budget and
                the task are by default those of this search. A loss or metrics that were functions
                must be given again where the result was loaded.

        Raises:
            McunetError: as `mcunet_tf.search`.
        """
        given = {"network": self.arch, "initial_weights": self.model, **options}
        found: SearchResult = search_again(train, validation, self._asked, given)
        return found

    def predict(self, images: Array) -> Array:
        """What `model` says of images `[n, h, w, c]` as the search was given them: `[n, k]`.

        Probabilities of classes or labels, or values in the targets' own units. Images are scaled
        to the size that the network takes.
        """
        from mcunet_tf.tinynas.final import model_outputs

        as_given = as_images(np.asarray(images), self.arch.input_shape[1] == 1)
        scaled = resize_images(as_given, self.arch.input_shape)
        return self.objective.predictions(model_outputs(self.model, scaled))

    def evaluate(self, x: Any, y: Any, on: str = "host") -> Evaluation:
        """Runs the network on labelled samples.

        Args:
            x: images `[n, h, w, c]` as the search was given them; they are scaled.
            y: their targets, as the search was given them.
            on: "float": the Keras model; "int8": the file, by TensorFlow Lite's reference kernels;
                or the name of a board: "host" runs the compiled C on this computer, at the speed of
                hundreds of images a second, "qemu-m7" in emulation.

        Raises:
            DataError: images or targets are of another form.
            SearchError: a label is none of the network's classes.
            BoardError: there is no such board.
            ToolError: a compiler or an emulator is missing.
        """
        return evaluated_on(self, x, y, on)

    @classmethod
    def load(
        cls, workdir: str | os.PathLike[str], board: str | Board | None = None
    ) -> SearchResult:
        """Reads the result of a finished search from its working folder, without the data.

        Statistics of search spaces are left out; a loss or metrics that were functions are known
        by their scores alone.

        Args:
            workdir: the folder.
            board: the target; None takes the search's own by its name.

        Raises:
            SearchError: the folder holds no finished search, or is damaged.
            BoardError: the board is unknown, or no longer what it was.
        """
        return cls(**read_fields(Path(workdir), board))

    def to_tflite(self, path: str | os.PathLike[str]) -> None:
        """Writes the full-int8 `.tflite` file.

        Raises:
            OutputError: it cannot be written.
        """
        write_bytes(Path(path), self.flatbuffer)

    def compile(self, output_dir: str | os.PathLike[str], name: str = "model") -> CompiledModel:
        """Compiles the int8 model for the board to a folder of C, streamed by the search's hop.

        Raises:
            OutputError: the folder cannot be written.
        """
        hop = self.budget.hop
        return compile_tflite(
            self.flatbuffer,
            self.board,
            output_dir,
            name=name,
            input_mode="frame" if hop is None else "stream",
            hop=hop,
            sram_budget_bytes=self.budget.sram_bytes,
            flash_budget_bytes=self.budget.flash_bytes,
        )

    def spotter(
        self, detector: Detector | None = None, board: Board | str = "host", **options: Any
    ) -> Spotter:
        """Front end, network and detector as one, streamed by the search's hop.

        Args:
            detector: what is done with results; None takes each label from a score of a half on.
            board: a board or its name.
            options: others of `mcunet_tf.audio.join`.

        Raises:
            AudioError: the search was not one with spoken words.
        """
        return joined(self.flatbuffer, self.ear, detector, board, self.budget.hop, options)

    def report(self, path: str | os.PathLike[str]) -> None:
        """Writes a self-contained HTML page: the network, its cost, the spaces, the training.

        Raises:
            OutputError: it cannot be written.
        """
        write_bytes(Path(path), report_html(self).encode())
