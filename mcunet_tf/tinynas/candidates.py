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
from mcunet_tf.tinynas.data import Array, Images
from mcunet_tf.tinynas.progress_lines import ProgressLines
from mcunet_tf.tinynas.space import Space, Subnet
from mcunet_tf.tinynas.workers import run_tasks

_PACKAGE = "evaluation"
_EVALUATIONS = "evaluations.json"
_SAVED_EVERY = 20


@dataclasses.dataclass(frozen=True, eq=False)
class EvaluationData:
    """What an evaluation needs besides the supernet."""

    calibration_x: Array
    x: Array
    y: Array


def evaluation_data(
    images: Images, calibration: int = 1000, validation: int = 5000, seed: int = 0
) -> EvaluationData:
    """Draws training images for calibration and takes the first validation images."""
    order = np.random.default_rng([seed, 2]).permutation(len(images.train_x))
    return EvaluationData(
        images.train_x[np.sort(order[:calibration])],
        images.validation_x[:validation],
        images.validation_y[:validation],
    )


class Candidates:
    """Accuracies of sub-networks, each computed once and remembered on disk."""

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
    ):
        self.network = network
        self.space = space
        self.data = data
        self.folder = folder
        self.executor = executor
        self.progress = progress or ProgressLines(quiet=True)
        self.writes = writes
        self.path = folder / _EVALUATIONS
        self.known = _read_accuracies(self.path)
        self._evaluator: Any = None

    def accuracies(self, choices: Sequence[Subnet], title: str) -> list[float]:
        """Validation accuracies of sub-networks, in their order."""
        missing = list(dict.fromkeys(c for c in choices if _key(c) not in self.known))
        self.progress.start(title, len(choices), len(choices) - len(missing))

        def keep(index: int, finished: int, value: float) -> None:
            self.known[_key(missing[index])] = value
            if finished % _SAVED_EVERY == 0 or finished == len(missing):
                self._save()
                self.progress.step(len(choices) - len(missing) + finished, {"accuracy": value})

        settings = [self.space.settings(choice).tolist() for choice in missing]
        if missing and self.executor is not None:
            self._export()
            task = functools.partial(evaluate_exported, str(self.folder))
            run_tasks(task, settings, self.executor, keep)
        else:
            run_tasks(self._here, settings, None, keep)
        return [self.known[_key(choice)] for choice in choices]

    def _here(self, settings: list[list[int]]) -> float:
        if self._evaluator is None:
            from mcunet_tf.tinynas.evaluator import Evaluator

            data = self.data
            self._evaluator = Evaluator(self.network, data.calibration_x, data.x, data.y)
        accuracy: float = self._evaluator.accuracy(np.array(settings, np.int32))
        return accuracy

    def _save(self) -> None:
        if self.writes:
            write_state(self.path, self.known)

    def _export(self) -> None:
        """Writes everything a worker needs into the folder."""
        if not self.writes:
            return
        arrays = {f"w{i}": v.numpy() for i, v in enumerate(self.network.variables)}
        arrays.update(calibration_x=self.data.calibration_x, x=self.data.x, y=self.data.y)
        meta = {
            "arch": self.network.arch.to_json(),
            "classes": self.network.num_classes,
            "optional": sorted(self.network.optional),
        }
        Checkpoints(self.folder, _PACKAGE).save(0, arrays, meta)


def evaluate_exported(folder: str, settings: list[list[int]]) -> float:
    """Evaluates a sub-network in a worker that shares the folder, a file system away or not."""
    accuracy: float = _exported(folder).accuracy(np.array(settings, np.int32))
    return accuracy


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
    return Evaluator(network, arrays["calibration_x"], arrays["x"], arrays["y"])


def _read_accuracies(path: Path) -> dict[str, float]:
    found = read_state(path)
    if found is None:
        return {}
    if not isinstance(found, dict) or not all(isinstance(v, float) for v in found.values()):
        raise SearchError(f"{path} is damaged: delete it to redo this step")
    return found


def evaluated(folder: Path, space: Space) -> dict[Subnet, float]:
    """Validation accuracies of all sub-networks that a search evaluated, in its order.

    Raises:
        SearchError: its file is damaged, or of another space.
    """
    stages, blocks = len(space.stages), space.blocks
    found = {}
    for key, accuracy in _read_accuracies(folder / _EVALUATIONS).items():
        numbers = [int(number) for number in key.split()]
        kernels = numbers[stages : stages + blocks]
        choice = space.choice(numbers[:stages], kernels, numbers[stages + blocks :])
        found[choice] = float(accuracy)
    return found


def _key(choice: Subnet) -> str:
    return " ".join(map(str, choice.vector()))
