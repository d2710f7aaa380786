# SPDX-License-Identifier: Apache-2.0
"""From a data set and a board to the best int8 network that fits: the stages in order.

    space -> supernet -> evolution -> final training -> int8

Every stage leaves its result in the working folder and is not done again. After MCUNet (Lin et al.,
arXiv:2007.10319), with the compiler's own planner for every budget.
"""

from __future__ import annotations

import dataclasses
import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mcunet_tf.boards import Board, load_board
from mcunet_tf.errors import BudgetError, SearchError, require_packages
from mcunet_tf.tinynas.candidates import Candidates, EvaluationData, evaluation_data
from mcunet_tf.tinynas.checkpoint import (
    read_json,
    write_bytes,
    write_json,
    write_model,
)
from mcunet_tf.tinynas.cost import Budget, Cost, candidate_cost, keeps
from mcunet_tf.tinynas.data import AUGMENTATIONS, Images, as_float, read_images
from mcunet_tf.tinynas.evolve import Evolution, evolve, sample_fitting
from mcunet_tf.tinynas.pareto import ParetoPoint, pareto_front
from mcunet_tf.tinynas.predict import AccuracyPredictor
from mcunet_tf.tinynas.progress_lines import ProgressLines
from mcunet_tf.tinynas.result import SearchResult
from mcunet_tf.tinynas.space import Space, SpaceStage, Subnet, all_spaces
from mcunet_tf.tinynas.statistics import SpaceStatistics, choose_space, measure_spaces

_SPACES_SAVED_EVERY = 6
QUANTIZATIONS = ("ptq", "qat")
QAT_SHARE = 0.1
"""Epochs of quantisation-aware training, relative to the final training."""


@dataclasses.dataclass(frozen=True)
class Effort:
    """How much a search looks at.

    Attributes:
        samples: Sub-networks drawn from each search space.
        plans: The most of them that the planner decides.
        evaluated: Sub-networks whose accuracies the predictor learns from.
        finalists: Best predicted ones that are evaluated too.
        evolution: Sizes of the evolution.
        calibration_images: For the norms of a sub-network.
        validation_images: The most that an evaluation looks at.
        representative_images: For the ranges of int8 activations.
        processes: For the search spaces; None takes every core.
    """

    samples: int = 1000
    plans: int = 20
    evaluated: int = 200
    finalists: int = 20
    evolution: Evolution = dataclasses.field(default_factory=Evolution)
    calibration_images: int = 1000
    validation_images: int = 5000
    representative_images: int = 300
    processes: int | None = None

    @classmethod
    def quick(cls) -> Effort:
        """What a first look at a data set or a demonstration can wait for."""
        return cls(
            samples=60,
            plans=2,
            evaluated=32,
            finalists=8,
            evolution=Evolution(population=32, parents=8, generations=6),
            calibration_images=500,
            validation_images=2000,
        )


def search(
    train: Any,
    validation: Any = None,
    *,
    board: str | Board = "stm32f746",
    sram_bytes: int | None = None,
    flash_bytes: int | None = None,
    latency_ms: float | None = None,
    num_classes: int | None = None,
    epochs: int = 40,
    supernet_epochs: int | None = None,
    seed: int = 0,
    workdir: str | Path | None = None,
    callbacks: Sequence[Any] = (),
    strategy: Any = None,
    executor: Any = None,
    quantization: str = "ptq",
    recipe: Any = None,
    effort: Effort = Effort(),
    spaces: Sequence[Space] | None = None,
    verbose: bool = True,
) -> SearchResult:
    """Searches, trains and quantises the best network that fits a board.

    Args:
        train: `(images, labels)` arrays, uint8 or float32 `[n, h, w, c]` and `[n]`, or a
            `tf.data.Dataset` of such pairs.
        validation: Likewise; None sets a tenth of `train` aside.
        board: Name or description of the target.
        sram_bytes: The most the arena may take, if less than the board has.
        flash_bytes: The most that weights and code may take, if less than the board has.
        latency_ms: The longest that one inference may take, by the compiler's cost model.
        num_classes: By default one more than the greatest label.
        epochs: Of the final training.
        supernet_epochs: Of the supernet, a fifth of them for the largest sub-network; by default as
            many as `epochs`.
        seed: Of everything random; the same seed gives the same result.
        workdir: For checkpoints and logs, and to go on from after an interruption; a temporary
            folder by default.
        callbacks: Keras callbacks for both trainings.
        strategy: A `tf.distribute` strategy for both trainings.
        executor: A `concurrent.futures.Executor` whose workers see `workdir`, for evaluations.
        quantization: "ptq", or "qat" for quantisation-aware training after the final one.
        recipe: A `tinynas.train.Recipe`.
        effort: How much to look at.
        spaces: Search spaces to choose from; by default all that the data set's size gives.
        verbose: Whether progress is printed.

    Raises:
        DataError: The data set is empty, mislabelled, or holds NaN.
        BudgetError: Nothing fits.
        BoardError: The board is unknown.
        SearchError: An argument is wrong, or the working folder is another search's, or damaged.
        OutputError: The working folder cannot be written.
        ToolError: TensorFlow is not installed, or for "qat" what that needs.
    """
    require_packages("the search", "tensorflow", "keras")
    if quantization == "qat":
        require_packages("quantization='qat'", "tf_keras", "tensorflow_model_optimization")
    target = load_board(board) if isinstance(board, str) else board
    budget = _budget(target, sram_bytes, flash_bytes, latency_ms)
    images = read_images(train, validation, num_classes, seed)
    folder = Path(workdir) if workdir else Path(tempfile.mkdtemp(prefix="mcunet_search_"))
    trial = _Search(
        target, budget, images, folder, epochs, supernet_epochs or epochs, seed, callbacks,
        strategy, executor, quantization, recipe, effort, ProgressLines(quiet=not verbose),
    )  # fmt: skip
    return trial.run(spaces)


def _budget(
    board: Board, sram_bytes: int | None, flash_bytes: int | None, latency_ms: float | None
) -> Budget:
    asked = {"sram_bytes": sram_bytes, "flash_bytes": flash_bytes, "latency_ms": latency_ms}
    for name, value in asked.items():
        if value is not None and not value > 0:
            raise BudgetError(f"{name} = {value}: a budget must be above 0")
    has = Budget.of_board(board)

    def least(asked_bytes: int | None, limit: int | None) -> int | None:
        known = [value for value in (asked_bytes, limit) if value is not None]
        return min(known) if known else None

    return Budget(
        least(sram_bytes, has.sram_bytes), least(flash_bytes, has.flash_bytes), latency_ms
    )


@dataclasses.dataclass
class _Search:
    """One search under way: its arguments, and a method per stage."""

    board: Board
    budget: Budget
    images: Images
    folder: Path
    epochs: int
    supernet_epochs: int
    seed: int
    callbacks: Sequence[Any]
    strategy: Any
    executor: Any
    quantization: str
    recipe: Any
    effort: Effort
    progress: ProgressLines

    def run(self, spaces: Sequence[Space] | None) -> SearchResult:
        self._check()
        candidates = spaces or all_spaces(self.images.image_shape)
        self._claim_folder(candidates)
        statistics = self._space(candidates)
        chosen = choose_space(statistics)
        space = chosen.space
        self.progress.say(f"space: {space.input_shape}, width {space.width}")
        self.images = self.images.resized(space.input_shape)
        network, history = self._supernet(space)
        best, pareto = self._evolution(space, network)
        arch = space.arch(best)
        model, accuracy, final_history = self._final(space, best, network)
        flatbuffer = self._quantise(arch, model)
        result = SearchResult(
            arch=arch,
            model=model,
            num_classes=self.images.num_classes,
            accuracy=accuracy,
            cost=self._cost(arch, flatbuffer),
            budget=self.budget,
            board=self.board,
            history=[*history, *final_history],
            pareto=pareto,
            spaces=tuple(statistics),
            chosen=statistics.index(chosen),
            flatbuffer=flatbuffer,
        )
        if self._writes():
            write_bytes(self.folder / "model.tflite", flatbuffer)
            write_bytes(self.folder / "arch.json", arch.to_json().encode())
        return result

    def _check(self) -> None:
        if self.epochs < 1 or self.supernet_epochs < 1:
            raise SearchError(f"epochs = {self.epochs}: train for at least one epoch")
        if self.quantization not in QUANTIZATIONS:
            raise SearchError(
                f"quantization '{self.quantization}' is unknown: use one of {QUANTIZATIONS}"
            )
        from mcunet_tf.tinynas.train import Recipe

        self.recipe = self.recipe or Recipe()
        if self.recipe.augmentation not in AUGMENTATIONS:
            raise SearchError(
                f"augmentation '{self.recipe.augmentation}' is unknown: use one of {AUGMENTATIONS}"
            )

    def _claim_folder(self, spaces: Sequence[Space]) -> None:
        """Makes sure that what lies in the folder comes from the same question."""
        digest = hashlib.sha256()
        for array in (self.images.train_x, self.images.train_y, self.images.validation_y):
            # A few thousand images tell data sets apart.
            digest.update(np.ascontiguousarray(array[:: max(1, len(array) // 4096)]).tobytes())
        effort = dataclasses.replace(self.effort, processes=None)
        question = {
            "images": digest.hexdigest(),
            "count": len(self.images.train_x),
            "board": self.board.name,
            "settings": repr((self.budget, self.epochs, self.supernet_epochs, self.seed)),
            "recipe": repr(self.recipe),
            "effort": repr(effort),
            "spaces": hashlib.sha256(repr(spaces).encode()).hexdigest(),
        }
        path = self.folder / "search.json"
        found = read_json(path)
        if found is None:
            if self._writes():
                write_json(path, question)
        elif found != question:
            other = next(key for key in question if found.get(key) != question[key])
            raise SearchError(
                f"{self.folder} holds another search (its {other} differ): choose another workdir "
                "or delete it"
            )

    def _writes(self) -> bool:
        if self.strategy is None:
            return True
        from mcunet_tf.tinynas.train import is_chief

        return is_chief(self.strategy)

    def _space(self, spaces: Sequence[Space]) -> list[SpaceStatistics]:
        """Stage 1: statistics of every space, measured or read."""
        path = self.folder / "spaces.json"
        try:
            known = [_statistics_from(row) for row in read_json(path) or ()]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise SearchError(f"{path} is damaged: delete it to redo this step") from error
        self.progress.start("search spaces", len(spaces), len(known))

        def keep(found: Sequence[SpaceStatistics]) -> None:
            if self._writes() and (
                len(found) % _SPACES_SAVED_EVERY == 0 or len(found) == len(spaces)
            ):
                write_json(path, [dataclasses.asdict(s) for s in found])
            self.progress.step(len(found))

        return measure_spaces(
            spaces,
            self.images.num_classes,
            self.board,
            self.budget,
            samples=self.effort.samples,
            plans=self.effort.plans,
            seed=self.seed,
            processes=self.effort.processes,
            known=known,
            report=keep,
        )

    def _supernet(self, space: Space) -> tuple[Any, list[dict[str, Any]]]:
        """Stage 2: trains the weights that all sub-networks share."""
        from mcunet_tf.tinynas.final import make_network
        from mcunet_tf.tinynas.train import Trainer, elastic_phases

        largest, optional = space.arch(space.largest()), space.optional_blocks()
        classes = self.images.num_classes
        network = make_network(largest, classes, self.seed, self.strategy, optional)
        trainer = Trainer(
            network,
            self.recipe,
            name="supernet",
            seed=self.seed,
            folder=self.folder,
            callbacks=self.callbacks,
            strategy=self.strategy,
            progress=self.progress,
        )
        return network, trainer.run(elastic_phases(space, self.supernet_epochs), self.images)

    def _fits(self, space: Space, choice: Subnet) -> bool:
        return keeps(space.arch(choice), self.images.num_classes, self.board, self.budget)

    def _evolution(self, space: Space, network: Any) -> tuple[Subnet, tuple[ParetoPoint, ...]]:
        """Stage 3: evaluates some, predicts many, evaluates the best."""
        candidates = Candidates(
            network,
            space,
            self._evaluation_data(),
            folder=self.folder,
            executor=self.executor,
            progress=self.progress,
            writes=self._writes(),
        )
        rng = np.random.default_rng([self.seed, 1])
        tries = self.effort.evolution.tries

        def fits(choice: Subnet) -> bool:
            return self._fits(space, choice)

        self.progress.say("drawing sub-networks that fit")
        drawn = [sample_fitting(space, fits, rng, tries) for _ in range(self.effort.evaluated)]
        drawn = list(dict.fromkeys(drawn))
        accuracies = candidates.accuracies(drawn, "evaluated")
        predictor = AccuracyPredictor(space, drawn, accuracies)
        ranked = sorted(zip(accuracies, drawn, strict=True), key=lambda pair: -pair[0])
        self.progress.start("generations", self.effort.evolution.generations + 1)
        found = evolve(
            space,
            fits,
            predictor.predict,
            rng,
            self.effort.evolution,
            [choice for _, choice in ranked],
            lambda n, best: self.progress.step(n + 1, {"predicted": best[0].score}),
        )
        finalists = [scored.choice for scored in found[: self.effort.finalists]]
        final = candidates.accuracies(finalists, "finalists")
        pairs = dict(zip([*drawn, *finalists], [*accuracies, *final], strict=True))
        best = max(pairs, key=lambda choice: pairs[choice])
        self.progress.say(f"best sub-network: {100 * pairs[best]:.2f} % in the supernet")
        return best, self._pareto(space, pairs)

    def _evaluation_data(self) -> EvaluationData:
        effort = self.effort
        return evaluation_data(
            self.images, effort.calibration_images, effort.validation_images, self.seed
        )

    def _pareto(self, space: Space, pairs: dict[Subnet, float]) -> tuple[ParetoPoint, ...]:
        points = []
        for choice, accuracy in pairs.items():
            arch = space.arch(choice)
            points.append(ParetoPoint(arch, accuracy, arch.macs(self.images.num_classes)))
        return pareto_front(points)

    def _final(
        self, space: Space, best: Subnet, supernet: Any
    ) -> tuple[Any, float, list[dict[str, Any]]]:
        """Stage 4: trains the chosen sub-network alone, from the supernet's weights on."""
        from mcunet_tf.tinynas.final import inherited_weights, train_alone

        data = self._evaluation_data()
        trained = train_alone(
            space.arch(best),
            self.images,
            data,
            self.recipe,
            self.epochs,
            seed=self.seed,
            inherited=inherited_weights(supernet, space.settings(best), data),
            folder=self.folder,
            callbacks=self.callbacks,
            strategy=self.strategy,
            progress=self.progress,
        )
        self.progress.say(f"final network: {100 * trained.accuracy:.2f} % of validation images")
        if self._writes():
            write_model(self.folder / "model.keras", trained.model)
        return trained.model, trained.accuracy, trained.history

    def _quantise(self, arch: Any, model: Any) -> bytes:
        """Stage 5: full int8."""
        images = self.images
        chosen = np.random.default_rng([self.seed, 3]).permutation(len(images.train_x))
        picked = np.sort(chosen[: self.effort.representative_images])
        samples = as_float(images.train_x[picked])
        if self.quantization == "qat":
            from mcunet_tf.tinynas.finish import train_quantised

            epochs = max(1, round(self.epochs * QAT_SHARE))
            self.progress.say(f"training in int8 for {epochs} epochs")
            rate = self.recipe.learning_rate
            return train_quantised(arch, model, images, rate, epochs, self.seed)
        from mcunet_tf.quantize import quantize_ptq

        return quantize_ptq(model, samples)

    def _cost(self, arch: Any, flatbuffer: bytes) -> Cost:
        """What the compiled model costs; its arena is counted, not predicted."""
        from mcunet_tf.tinyengine import compile_tflite

        limit = self.budget.sram_bytes
        compiled = compile_tflite(flatbuffer, self.board, name="model", sram_budget_bytes=limit)
        predicted = candidate_cost(arch, self.images.num_classes, self.board, limit)
        weights = compiled.report.weights_bytes
        return dataclasses.replace(
            predicted,
            sram_bytes=compiled.arena_bytes,
            flash_bytes=predicted.flash_bytes - predicted.weights_bytes + weights,
            weights_bytes=weights,
        )


def _statistics_from(row: dict[str, Any]) -> SpaceStatistics:
    stored = dict(row["space"])
    stages = tuple(
        SpaceStage(s["channels"], s["stride"], tuple(s["depths"])) for s in stored.pop("stages")
    )
    stored["input_shape"] = tuple(stored["input_shape"])
    space = Space(stages=stages, **stored)
    rest: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in row.items() if k != "space"
    }
    return SpaceStatistics(space=space, **rest)
