# SPDX-License-Identifier: Apache-2.0
"""How good a found network is: as a Keras model, as an int8 file, as compiled C, on a board."""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol

import numpy as np

from mcunet_tf.errors import BoardError, SearchError, is_installed
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.cost import Budget
from mcunet_tf.tinynas.data import Array, as_float, resize_images
from mcunet_tf.tinynas.objective import Objective
from mcunet_tf.tinynas.protocols import KerasModel
from mcunet_tf.tinynas.reading import read_part

FLOAT, INT8 = "float", "int8"


class Runnable(Protocol):
    """What is evaluated: the fields of a `SearchResult` that are read here."""

    @property
    def arch(self) -> Arch: ...  # noqa: D102

    @property
    def model(self) -> KerasModel: ...  # noqa: D102

    @property
    def num_classes(self) -> int: ...  # noqa: D102

    @property
    def objective(self) -> Objective: ...  # noqa: D102

    @property
    def budget(self) -> Budget: ...  # noqa: D102

    @property
    def flatbuffer(self) -> bytes: ...  # noqa: D102


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """What a network gives for labelled samples.

    Attributes:
        on: where it ran.
        scores: the metrics of the search, by name.
        predictions: probabilities of classes or labels, or values in the targets' own units:
            `[n, k]`.
        confusion: samples by true class (rows) and by the most probable one (columns), `[k, k]`;
            None where the task is not to tell classes apart.
    """

    on: str
    scores: dict[str, float]
    predictions: Array
    confusion: Array | None

    @property
    def recall(self) -> Array:
        """Share of each class's samples that is recognised, `[k]`; NaN for classes without any.

        Raises:
            SearchError: the task is not to tell classes apart.
        """
        return self._share(axis=1)

    @property
    def precision(self) -> Array:
        """Share of what is taken for each class that is right, `[k]`; NaN where nothing is.

        Raises:
            SearchError: the task is not to tell classes apart.
        """
        return self._share(axis=0)

    def _share(self, axis: int) -> Array:
        if self.confusion is None:
            raise SearchError("recall and precision are of classes: this task has none")
        with np.errstate(invalid="ignore"):
            shares: Array = np.diag(self.confusion) / self.confusion.sum(axis=axis)
        return shares


def evaluated_on(result: Runnable, x: Any, y: Any, on: str) -> Evaluation:
    """Evaluates a result; see `SearchResult.evaluate`."""
    objective = result.objective
    images, targets, _ = read_part((x, y), objective.task.head, result.arch.input_shape[1] == 1)
    scaled = as_float(resize_images(images, result.arch.input_shape))
    outputs = _outputs(result, scaled, on)
    confusion = None
    if objective.task.head == "classes":
        classes = result.num_classes
        if targets.min() < 0 or targets.max() >= classes:
            raise SearchError(
                f"labels are from {targets.min()} to {targets.max()}: the network knows "
                f"0..{classes - 1}"
            )
        confusion = np.zeros((classes, classes), np.int64)
        np.add.at(confusion, (targets, outputs.argmax(axis=1)), 1)
    scores = objective.scores(targets, outputs, None)
    return Evaluation(on, scores, objective.predictions(outputs), confusion)


def _outputs(result: Runnable, images: Array, on: str) -> Array:
    """Outputs `[n, k]` as the Keras model gives them."""
    from mcunet_tf.check.edges import dequantise, quantise
    from mcunet_tf.tinyengine import compile_tflite

    if on == FLOAT:
        from mcunet_tf.tinynas.final import model_outputs

        return model_outputs(result.model, images)
    board = "host" if on == INT8 else on
    # Whole windows are evaluated: what a call of a stream may take says nothing of them, and this
    # computer, whose kernels want memory of their own, has room.
    limited = board != "host" and result.budget.hop is None
    limit = result.budget.sram_bytes if limited else None
    try:
        compiled = compile_tflite(result.flatbuffer, board, name="model", sram_budget_bytes=limit)
    except BoardError as error:
        raise BoardError(f"on = '{on}': give '{FLOAT}', '{INT8}' or a board: {error}") from error
    source, made = compiled.inputs[0], compiled.outputs[0]
    stored = quantise(images, source.scale, source.zero_point, source.dtype)
    inputs = [(image[np.newaxis],) for image in stored]
    if on == INT8 and (is_installed("tflite_runtime") or is_installed("tflite_micro")):
        from mcunet_tf.check import Reference

        answers = [arrays[0] for arrays in Reference(result.flatbuffer).run(inputs)]
    else:
        from mcunet_tf.benchmark import run_on_board

        found = run_on_board(compiled, board, inputs)
        answers = [arrays[0] for arrays in found.outputs]
    rows = np.concatenate([np.asarray(answer).reshape(1, -1) for answer in answers])
    return dequantise(rows, made.scale, made.zero_point)
