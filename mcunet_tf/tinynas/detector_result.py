# SPDX-License-Identifier: Apache-2.0
"""What a search for a detector gives: the network, its file, its decoder, and what it costs."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mcunet_tf.boards import Board
from mcunet_tf.detection import Detection, float_scores, output_scores
from mcunet_tf.detection.detector import inputs_of
from mcunet_tf.detection.training import check_boxes
from mcunet_tf.errors import SearchError
from mcunet_tf.tinyengine import CompiledModel, compile_tflite
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.checkpoint import write_bytes
from mcunet_tf.tinynas.cost import Budget, Cost
from mcunet_tf.tinynas.data import Array
from mcunet_tf.tinynas.halving import Standing
from mcunet_tf.tinynas.protocols import KerasModel
from mcunet_tf.vision import Decoder, box_part, detect, with_parts
from mcunet_tf.vision.decoder import decoder_json

FORMS = ("float", "int8")


@dataclasses.dataclass(frozen=True, eq=False)
class DetectorResult:
    """The outcome of `mcunet_tf.search(..., task=mcunet_tf.Detection(...))`.

    Attributes:
        task: what is found.
        arch: the backbone, on the detector's grid.
        model: the trained Keras model; it takes images from -1 to 1.
        scores: the metrics of `model` on the validation images.
        cost: what the compiled int8 model costs on the board.
        budget: the budget that was to be kept.
        board: the target.
        flatbuffer: the int8 `.tflite` file.
        decoder: what its outputs mean, as `--decode` takes it.
        standings: the networks that were trained side by side, the best first.
    """

    task: Detection
    arch: Arch
    model: KerasModel
    scores: dict[str, float]
    cost: Cost
    budget: Budget
    board: Board
    flatbuffer: bytes
    decoder: Decoder
    standings: tuple[Standing, ...]

    def said(self) -> str:
        """The metrics in words."""
        return ", ".join(f"{name} {value:.3f}" for name, value in self.scores.items())

    def detect(self, images: Array) -> list[Array]:
        """The boxes that the board would find in each image.

        Args:
            images: uint8 [n, height, width, channels], of the task's size.
        """
        outputs, infos = self._outputs(images)
        return [detect(self.decoder, one, infos) for one in outputs]

    def evaluate(self, images: Array, boxes: Sequence[Array], on: str = "int8") -> dict[str, float]:
        """The metrics on labelled images.

        Args:
            images: uint8 [n, height, width, channels], of the task's size.
            boxes: of each, [boxes, 5]: left, top, right, bottom in pixels, label.
            on: "int8": the file, by TensorFlow Lite's reference kernels and the board's decoder;
                "float": the Keras model.

        Raises:
            DataError: images and boxes do not fit together.
            SearchError: there is no such form.
        """
        if on not in FORMS:
            raise SearchError(f"on = {on!r}: a detector is evaluated as one of {FORMS}")
        check_boxes(self.task, images, boxes, every_class=False)
        if on == "float":
            return float_scores(self.task, self.model, images, boxes)
        outputs, infos = self._outputs(images)
        return output_scores(self.task, self.decoder, outputs, infos, boxes)

    def _outputs(self, images: Array) -> tuple[list[Any], Any]:
        from mcunet_tf.check.edges import inputs_for
        from mcunet_tf.check.reference import Reference

        compiled = compile_tflite(self.flatbuffer, "portable", name="model")
        scaled = inputs_of(np.asarray(images))
        given = [inputs_for(compiled.inputs, (scaled[k : k + 1],)) for k in range(len(scaled))]
        return Reference(self.flatbuffer).run(given), compiled.outputs

    def to_tflite(self, path: str | os.PathLike[str]) -> None:
        """Writes the full-int8 `.tflite` file.

        Raises:
            OutputError: it cannot be written.
        """
        write_bytes(Path(path), self.flatbuffer)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Writes `model.tflite` and `decoder.json`, as `--decode` takes it.

        Raises:
            OutputError: the folder cannot be written.
        """
        Path(folder).mkdir(parents=True, exist_ok=True)
        self.to_tflite(Path(folder) / "model.tflite")
        write_bytes(Path(folder) / "decoder.json", decoder_json(self.decoder).encode())

    def compile(
        self, output_dir: str | os.PathLike[str] | None = None, name: str = "model"
    ) -> CompiledModel:
        """Compiles the detector with its decoder for the board, to a folder of C if one is given.

        Raises:
            OutputError: the folder cannot be written.
        """
        compiled = compile_tflite(
            self.flatbuffer,
            self.board,
            name=name,
            sram_budget_bytes=self.budget.sram_bytes,
            flash_budget_bytes=self.budget.flash_bytes,
        )
        made = with_parts(compiled, [box_part(self.decoder)])
        if output_dir is not None:
            made.write(output_dir)
        return made
