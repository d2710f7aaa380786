# SPDX-License-Identifier: Apache-2.0
"""Evaluates sub-networks of a trained supernet, here or in workers that read it from disk."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mcunet_tf.errors import SearchError
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.checkpoint import Checkpoints, read_state, write_state
from mcunet_tf.tinynas.data import Array
from mcunet_tf.tinynas.objective import Objective
from mcunet_tf.tinynas.progress_lines import ProgressLines
from mcunet_tf.tinynas.reading import Data
from mcunet_tf.tinynas.space import Space, Subnet
from mcunet_tf.tinynas.targets import stratified
from mcunet_tf.tinynas.workers import run_tasks

_PACKAGE = "evaluation"
_EVALUATIONS = "evaluations.json"
_SAVED_EVERY = 20


@dataclasses.dataclass(frozen=True, eq=False)
class EvaluationData:
    """What an evaluation needs besides the supernet.

    Attributes:
        calibration_x: training images whose statistics the norms get.
        x: validation images.
        y: targets of the validation images.
        w: weights of the validation images; None: all weigh the same.
    """

    calibration_x: Array
    x: Array
    y: Array
    w: Array | None = None


def evaluation_data(
    images: Data, calibration: int = 1000, validation: int = 5000, seed: int = 0
) -> EvaluationData:
    """Draws training images for calibration, and validation images of each class by its share."""
    rng = np.random.default_rng([seed, 2])
    sample = images.training_sample(calibration, rng)
    x, y, w = images.validation_x, images.validation_y, images.validation_w
    if len(y) > validation:
        picked = stratified(y, validation, rng)
        x, y, w = x[picked], y[picked], None if w is None else w[picked]
    return EvaluationData(sample, x, y, w)


class Candidates:
    """Scores of sub-networks, each computed once and remembered on disk.

    A score is the first metric, turned so that greater is better: the accuracy by default.
    """

    def __init__(
        self,
        network: Any,
        space: Space,
        data: EvaluationData,
        *,
        folder: Path,
        executor: concurrent.futures.Executor | None = None,
        progress: ProgressLines | None = None,
        writes: bool = True,
        objective: Objective | None = None,
    ):
        self.network = network
        self.space = space
        self.data = data
        self.folder = folder
        self.executor = executor
        self.progress = progress or ProgressLines(quiet=True)
        self.writes = writes
        self.objective = objective or Objective(network.num_classes)
        self.path = folder / _EVALUATIONS
        self.known = _read_scores(self.path)
        self._evaluator: Any = None

    def scores(self, choices: Sequence[Subnet], title: str) -> list[float]:
        """Validation scores of sub-networks, in their order."""
        missing = list(dict.fromkeys(c for c in choices if _key(c) not in self.known))
        self.progress.start(title, len(choices), len(choices) - len(missing))

        name = self.objective.task.metric_names[0]

        def keep(index: int, finished: int, outputs: Array) -> None:
            scores = self.objective.scores(self.data.y, outputs, self.data.w)
            self.known[_key(missing[index])] = self.objective.goodness(scores)
            if finished % _SAVED_EVERY == 0 or finished == len(missing):
                self._save()
                self.progress.step(len(choices) - len(missing) + finished, {name: scores[name]})

        settings = [self.space.settings(choice).tolist() for choice in missing]
        if missing and self.executor is not None:
            self._export()
            task = functools.partial(evaluate_exported, str(self.folder))
            run_tasks(task, settings, self.executor, keep)
        else:
            run_tasks(self._here, settings, None, keep)
        return [self.known[_key(choice)] for choice in choices]

    def _here(self, settings: list[list[int]]) -> Array:
        if self._evaluator is None:
            from mcunet_tf.tinynas.evaluator import Evaluator

            data = self.data
            self._evaluator = Evaluator(self.network, data.calibration_x, data.x)
        outputs: Array = self._evaluator.outputs(np.array(settings, np.int32))
        return outputs

    def _save(self) -> None:
        if self.writes:
            write_state(self.path, self.known)

    def _export(self) -> None:
        """Writes everything a worker needs into the folder."""
        if not self.writes:
            return
        arrays = {f"w{i}": v.numpy() for i, v in enumerate(self.network.variables)}
        arrays.update(calibration_x=self.data.calibration_x, x=self.data.x)
        meta = {
            "arch": self.network.arch.to_json(),
            "classes": self.network.num_classes,
            "optional": sorted(self.network.optional),
        }
        Checkpoints(self.folder, _PACKAGE).save(0, arrays, meta)


def evaluate_exported(folder: str, settings: list[list[int]]) -> Array:
    """Runs a sub-network in a worker that shares the folder, a file system away or not.

    Outputs are what comes back: losses and metrics of the user need not be known to workers.
    """
    outputs: Array = _exported(folder).outputs(np.array(settings, np.int32))
    return outputs


@functools.lru_cache(maxsize=1)
def _exported(folder: str) -> Any:
    from mcunet_tf.tinynas.evaluator import Evaluator
    from mcunet_tf.tinynas.supernet import Supernet

    found = Checkpoints(Path(folder), _PACKAGE).load()
    if found is None:
        raise SearchError(f"{folder} holds nothing to evaluate: workers must share this folder")
    _, arrays, meta = found
    network = Supernet(Arch.from_json(meta["arch"]), meta["classes"], meta["optional"])
    for index, variable in enumerate(network.variables):
        variable.assign(arrays[f"w{index}"])
    return Evaluator(network, arrays["calibration_x"], arrays["x"])


def _read_scores(path: Path) -> dict[str, float]:
    found = read_state(path)
    if found is None:
        return {}
    if not isinstance(found, dict) or not all(isinstance(v, float) for v in found.values()):
        raise SearchError(f"{path} is damaged: delete it to redo this step")
    return found


def evaluated(folder: Path, space: Space) -> dict[Subnet, float]:
    """Validation scores of all sub-networks that a search evaluated, in its order.

    Raises:
        SearchError: its file is damaged, or of another space.
    """
    stages, blocks = len(space.stages), space.blocks
    found = {}
    for key, score in _read_scores(folder / _EVALUATIONS).items():
        numbers = [int(number) for number in key.split()]
        kernels = numbers[stages : stages + blocks]
        choice = space.choice(numbers[:stages], kernels, numbers[stages + blocks :])
        found[choice] = float(score)
    return found


def _key(choice: Subnet) -> str:
    return " ".join(map(str, choice.vector()))
