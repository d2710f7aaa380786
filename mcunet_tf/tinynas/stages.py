# SPDX-License-Identifier: Apache-2.0
"""The stages of a search in order: each leaves its result in the folder and is not done again.

What is trained is written before anything else is done with it, so that whatever fails later (a
callback, quantisation, the compiler, a report) costs no training.
"""

from __future__ import annotations

import dataclasses
import functools
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mcunet_tf.errors import BudgetError, SearchError
from mcunet_tf.onednn import onednn_advice
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.candidates import Candidates, EvaluationData, evaluation_data
from mcunet_tf.tinynas.checkpoint import read_state, write_bytes, write_model, write_state
from mcunet_tf.tinynas.contenders import (
    KNOWN,
    Contender,
    by_promise,
    known_contenders,
    least_needed,
    lineup,
    own_contenders,
    smallest_contender,
)
from mcunet_tf.tinynas.cost import keeps
from mcunet_tf.tinynas.data import as_float
from mcunet_tf.tinynas.ear import Ear
from mcunet_tf.tinynas.evolve import evolve, sample_fitting
from mcunet_tf.tinynas.finish import compiled_cost, quantised
from mcunet_tf.tinynas.given import (
    SUPERNET,
    check_given,
    given_weights,
    keep_supernet,
    load_supernet,
)
from mcunet_tf.tinynas.halving import Halving, Standing
from mcunet_tf.tinynas.identity import claim_folder
from mcunet_tf.tinynas.objective import Objective, uneven_classes
from mcunet_tf.tinynas.options import SearchOptions
from mcunet_tf.tinynas.pareto import ParetoPoint, pareto_front
from mcunet_tf.tinynas.pipeline import Pipeline
from mcunet_tf.tinynas.predict import ScorePredictor
from mcunet_tf.tinynas.progress_lines import ProgressLines
from mcunet_tf.tinynas.protocols import KerasModel, Weights
from mcunet_tf.tinynas.reading import Data
from mcunet_tf.tinynas.result import SearchResult
from mcunet_tf.tinynas.space import RESOLUTIONS, Space, Subnet, all_spaces
from mcunet_tf.tinynas.statistics import (
    SpaceStatistics,
    choose_space,
    measure_spaces,
    statistics_from,
)
from mcunet_tf.tinynas.stored import write_result

_SPACES_SAVED_EVERY = 6

_FINAL_EPOCH = 0.7
"""Time of an epoch of the final training, relative to the supernet's: only the ETA knows it."""

History = list[dict[str, Any]]
"""A row for each epoch: its number, phase and loss."""


@dataclasses.dataclass(frozen=True, eq=False)
class _Winner:
    """The network that is trained to the end.

    Attributes:
        arch: the network.
        epochs: epochs of its final training.
        steps: steps of each of these epochs; None goes through all images.
        grows: whether their images begin smaller.
        weights: what its final training begins with; None begins at random.
        pareto: evaluated networks that no other one beats.
        history: epochs of the supernet.
        spaces: statistics of the search spaces; none where time was the budget.
        chosen: index of the chosen space.
        standings: networks that were trained side by side; none where a supernet ranked them.
    """

    arch: Arch
    epochs: int
    steps: int | None = None
    grows: bool = False
    weights: Weights | None = None
    pareto: tuple[ParetoPoint, ...] = ()
    history: History = dataclasses.field(default_factory=list)
    spaces: tuple[SpaceStatistics, ...] = ()
    chosen: int = 0
    standings: tuple[Standing, ...] = ()


class SearchRun:
    """One search under way: what was asked, the data, the folder, and a method for each stage."""

    def __init__(
        self, options: SearchOptions, images: Data, folder: Path, ear: Ear | None = None
    ) -> None:
        self.options = options
        self.images = images
        self.objective = Objective.of_data(options.task, images.train_y, images.num_classes)
        self.folder = folder
        self.ear = ear
        self.progress = ProgressLines(quiet=not options.verbose)
        self.finished = False
        resolver = options.strategy.cluster_resolver if options.strategy is not None else None
        if isinstance(images, Pipeline) and getattr(resolver, "task_type", None):
            raise SearchError(
                "the processes of a cluster must see the same batches: pass arrays, not a pipeline"
            )

    def run(self) -> SearchResult:
        """Goes through all stages that are not done yet.

        Raises:
            BudgetError: nothing fits.
            SearchError: the folder is another search's, or damaged, or a stage failed.
            OutputError: the folder cannot be written.
        """
        spaces = self._spaces()
        claim_folder(self.folder, self.options, self.images, spaces, self._writes())
        self.objective.check_loss(self.images.train_y)
        for said in (onednn_advice(), uneven_classes(self.objective, self.images.train_y)):
            if said:
                self.progress.say(said)
        winner = self._winner(spaces)
        self.images = self.images.resized(winner.arch.input_shape)
        if self._writes():
            write_bytes(self.folder / "arch.json", winner.arch.to_json().encode())
        model, scores, history = self._final(winner)
        flatbuffer = quantised(
            model,
            self.images,
            self.options,
            winner.epochs,
            self.objective,
            self.folder,
            self.progress,
        )
        if self._writes():
            write_bytes(self.folder / "model.tflite", flatbuffer)
        result = SearchResult(
            arch=winner.arch,
            model=model,
            num_classes=self.images.num_classes,
            scores=scores,
            objective=self.objective,
            cost=compiled_cost(
                winner.arch, self.images.num_classes, flatbuffer, self.options, self.folder
            ),
            budget=self.options.budget,
            board=self.options.target,
            history=[*winner.history, *history],
            pareto=winner.pareto,
            spaces=winner.spaces,
            chosen=winner.chosen,
            flatbuffer=flatbuffer,
            standings=winner.standings,
            ear=self.ear,
        )
        if self._writes():
            write_result(self.folder, result)
        self.finished = True
        return result

    def _winner(self, spaces: Sequence[Space]) -> _Winner:
        if self.options.arch is not None:
            return self._given(self.options.arch)
        return self._by_minutes() if self.options.minutes else self._by_supernet(spaces)

    def remove_unless_needed(self) -> None:
        """Removes a temporary folder, unless the search ended early and left something trained."""
        if self.finished or not any(self.folder.glob("*.ckpt")):
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            self.progress.say(
                f"what was trained is in {self.folder}: pass it as workdir to go on from there"
            )

    def _spaces(self) -> tuple[Space, ...]:
        shape, hop = self.images.image_shape, self.options.budget.hop
        spaces = self.options.spaces or self._all_spaces(shape, hop)
        channels = self.images.image_shape[2]
        for space in spaces:
            if space.input_shape[2] != channels:
                raise SearchError(
                    f"a search space is for {space.input_shape[2]} channels, the images have "
                    f"{channels}: make it with make_space(image_shape)"
                )
        return tuple(spaces)

    def _all_spaces(self, shape: tuple[int, int, int], hop: int | None) -> tuple[Space, ...]:
        # A front end gives rows of one size: what a stream takes is not scaled.
        resolutions = RESOLUTIONS if hop is None and self.ear is None else RESOLUTIONS[-1:]
        return all_spaces(shape, resolutions, hop=hop)

    def _writes(self) -> bool:
        if self.options.strategy is None:
            return True
        from mcunet_tf.tinynas.train import is_chief

        return is_chief(self.options.strategy)

    def _measure(self, spaces: Sequence[Space]) -> list[SpaceStatistics]:
        """Stage 1: statistics of every space, measured or read."""
        path = self.folder / "spaces.json"
        try:
            stored = read_state(path) or ()
            known = [statistics_from(row, spaces[i]) for i, row in enumerate(stored)]
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise SearchError(f"{path} is damaged: delete it to redo this step") from error
        self.progress.start("search spaces", len(spaces), len(known))

        def keep(found: Sequence[SpaceStatistics]) -> None:
            if self._writes() and (
                len(found) % _SPACES_SAVED_EVERY == 0 or len(found) == len(spaces)
            ):
                write_state(path, [dataclasses.asdict(s) for s in found])
            self.progress.step(len(found))

        effort = self.options.effort
        return measure_spaces(
            spaces,
            self.images.num_classes,
            self.options.target,
            self.options.budget,
            samples=effort.samples,
            plans=effort.plans,
            seed=self.options.seed,
            processes=effort.processes,
            known=known,
            report=keep,
        )

    @functools.cached_property
    def _teacher(self) -> Any:
        """What networks learn from beside the targets, or None."""
        if self.options.teacher is None:
            return None
        from mcunet_tf.tinynas.teacher import Teacher

        rng = np.random.default_rng([self.options.seed, 4])
        sample = as_float(self.images.training_sample(8, rng))
        return Teacher(self.options.teacher, self.objective, self.images.image_shape, sample)

    def _given(self, arch: Arch) -> _Winner:
        """A network that the user names: nothing is searched."""
        options, classes = self.options, self.images.num_classes
        check_given(arch, self.images.image_shape, classes, options)
        assert self._teacher or options.teacher is None  # raises where it does not suit
        images = self.images.resized(arch.input_shape)
        weights = None
        if options.initial_weights is not None:
            rng = np.random.default_rng([options.seed, 2])
            x = images.training_sample(options.effort.calibration_images, rng)
            weights = given_weights(arch, classes, options.initial_weights, x)
        if not options.minutes:
            return _Winner(arch, options.epochs, weights=weights)
        halving = self._halving()
        length = halving.alone(Contender("network", KNOWN, arch))
        return _Winner(arch, *length, weights=weights)

    def _halving(self) -> Halving:
        return Halving(
            self.options,
            self.images,
            self._evaluation_data(),
            self.objective,
            self.folder,
            self.progress,
            self._teacher,
        )

    def _by_minutes(self) -> _Winner:
        """Networks of all families and published ones train side by side: no supernet."""
        options, images = self.options, self.images
        classes, shape = images.num_classes, images.image_shape
        halving = self._halving()

        def fits(arch: Arch) -> bool:
            return keeps(arch, classes, options.target, options.budget)

        known = known_contenders(shape, fits)
        rng = np.random.default_rng([options.seed, 1])
        # The first step of a deep network takes long: that of a small one tells as much.
        cheap = by_promise(known, shape, 1.0, classes)
        timed = cheap[0] if cheap else smallest_contender(shape, classes, options, fits)
        cost = halving.affordable(timed)
        own = own_contenders(shape, classes, fits, options.budget, cost, rng, options.spaces)
        published = by_promise(known, shape, cost, classes)
        chosen = lineup(published, own, halving.beginners(timed, own))
        found = halving.run(chosen or [timed])
        ended = (s for s in found.standings if s.scores)
        points = (ParetoPoint(s.arch, s.scores[-1], s.macs) for s in ended)
        return _Winner(
            found.arch,
            found.epochs,
            found.steps,
            found.grows,
            found.weights,
            pareto_front(points),
            standings=found.standings,
        )

    def _by_supernet(self, spaces: Sequence[Space]) -> _Winner:
        """MCUNet's way: the space with the largest fitting sub-networks, then the best in it."""
        if self.options.supernet is not None:
            return self._by_old_supernet(Path(self.options.supernet))
        assert self._teacher or self.options.teacher is None  # raises where it does not suit
        statistics = self._measure(spaces)
        try:
            chosen = choose_space(statistics)
        except BudgetError as error:
            least = {str(i): space.arch(space.smallest()) for i, space in enumerate(spaces)}
            said = least_needed(least, self.images.num_classes, self.options)
            raise BudgetError(f"{error}; {said}") from error
        space = chosen.space
        self.progress.say(f"space: {space.input_shape}, width {space.width}")
        self.images = self.images.resized(space.input_shape)
        return dataclasses.replace(
            self._found(space), spaces=tuple(statistics), chosen=statistics.index(chosen)
        )

    def _by_old_supernet(self, folder: Path) -> _Winner:
        """Evolution in a supernet that an earlier search trained, for another board or budget."""
        shape, classes = self.images.image_shape, self.images.num_classes
        space, network = load_supernet(folder, self.options.spaces, shape[2], classes)
        self.images = self.images.resized(space.input_shape)
        return self._evolved(space, network, [])

    def _found(self, space: Space) -> _Winner:
        """Stages 2 and 3: a supernet and evolution in it, or evolution by MACs without one."""
        epochs = self.options.epochs
        if not self.options.supernet_length:
            self.progress.say(
                "supernet_epochs=0: what computes the most within the budget is trained from "
                "scratch"
            )
            return _Winner(space.arch(self._largest_fitting(space)), epochs)
        network, history = self._supernet(space)
        if self._writes():
            keep_supernet(self.folder, space, self.images.num_classes)
        return self._evolved(space, network, history)

    def _evolved(self, space: Space, network: Any, history: History) -> _Winner:
        from mcunet_tf.tinynas.final import inherited_weights

        subnet, pareto = self._evolution(space, network)
        settings = space.settings(subnet)
        weights = inherited_weights(network, settings, self._evaluation_data())
        arch = space.arch(subnet)
        return _Winner(arch, self.options.epochs, weights=weights, pareto=pareto, history=history)

    def _supernet(self, space: Space) -> tuple[Any, History]:
        """Stage 2: trains the weights that all sub-networks share."""
        from mcunet_tf.tinynas.final import epoch_validation, make_network
        from mcunet_tf.tinynas.train import Trainer, elastic_phases

        options = self.options
        largest, optional = space.arch(space.largest()), space.optional_blocks()
        classes = self.images.num_classes
        network = make_network(largest, classes, options.seed, options.strategy, optional)
        trainer = Trainer(
            network,
            options.recipe.of_supernet(),
            name=SUPERNET,
            seed=options.seed,
            folder=self.folder,
            callbacks=options.stage_callbacks("supernet"),
            strategy=options.strategy,
            progress=self.progress,
            objective=self.objective,
            validate=epoch_validation(
                network, self.images, self._evaluation_data(), self.objective
            ),
            teacher=self._teacher,
        )
        self.progress.following = _FINAL_EPOCH * options.epochs
        history = trainer.run(elastic_phases(space, options.supernet_length), self.images)
        self.progress.following = 0.0
        return network, history

    def _fits(self, space: Space, subnet: Subnet) -> bool:
        arch, options = space.arch(subnet), self.options
        return keeps(arch, self.images.num_classes, options.target, options.budget)

    def _largest_fitting(self, space: Space) -> Subnet:
        """The fitting sub-network that evolution finds to compute the most."""

        def macs(subnets: Sequence[Subnet]) -> list[float]:
            return [space.arch(s).macs(self.images.num_classes) for s in subnets]

        rng = np.random.default_rng([self.options.seed, 1])
        evolution = self.options.effort.evolution
        return evolve(space, lambda s: self._fits(space, s), macs, rng, evolution)[0].choice

    def _evolution(self, space: Space, network: Any) -> tuple[Subnet, tuple[ParetoPoint, ...]]:
        """Stage 3: evaluates some sub-networks, predicts many, evaluates the best."""
        effort = self.options.effort
        candidates = Candidates(
            network,
            space,
            self._evaluation_data(),
            folder=self.folder,
            executor=self.options.executor,
            progress=self.progress,
            writes=self._writes(),
            objective=self.objective,
        )
        rng = np.random.default_rng([self.options.seed, 1])
        tries = effort.evolution.tries

        def fits(subnet: Subnet) -> bool:
            return self._fits(space, subnet)

        self.progress.say("drawing sub-networks that fit")
        drawn = [sample_fitting(space, fits, rng, tries) for _ in range(effort.evaluated)]
        drawn = list(dict.fromkeys(drawn))
        scores = candidates.scores(drawn, "evaluated")
        predictor = ScorePredictor(space, drawn, scores)
        ranked = sorted(zip(scores, drawn, strict=True), key=lambda pair: -pair[0])
        self.progress.start("generations", effort.evolution.generations + 1)
        found = evolve(
            space,
            fits,
            predictor.predict,
            rng,
            effort.evolution,
            [subnet for _, subnet in ranked],
            lambda n, best: self.progress.step(n + 1, {"predicted": best[0].score}),
        )
        finalists = [scored.choice for scored in found[: effort.finalists]]
        final = candidates.scores(finalists, "finalists")
        pairs = dict(zip([*drawn, *finalists], [*scores, *final], strict=True))
        best = max(pairs, key=lambda subnet: pairs[subnet])
        name = self.objective.task.metric_names[0]
        said = self.objective.said({name: self.objective.turned(pairs[best])})
        self.progress.say(f"best sub-network: {said} in the supernet")
        archs = ((space.arch(subnet), score) for subnet, score in pairs.items())
        classes = self.images.num_classes
        return best, pareto_front(ParetoPoint(arch, s, arch.macs(classes)) for arch, s in archs)

    def _evaluation_data(self) -> EvaluationData:
        effort = self.options.effort
        return evaluation_data(
            self.images,
            effort.calibration_images,
            effort.validation_images,
            self.options.seed,
        )

    def _final(self, winner: _Winner) -> tuple[KerasModel, dict[str, float], History]:
        """Stage 4: trains the chosen network alone, from what it has learnt so far on."""
        from mcunet_tf.tinynas.final import train_alone

        options = self.options

        def keep(model: KerasModel) -> None:
            if self._writes():
                write_model(self.folder / "model.keras", model)

        trained = train_alone(
            winner.arch,
            self.images,
            self._evaluation_data(),
            options.recipe,
            winner.epochs,
            steps=winner.steps,
            grows=winner.grows,
            seed=options.seed,
            inherited=winner.weights,
            folder=self.folder,
            callbacks=options.stage_callbacks("final"),
            strategy=options.strategy,
            progress=self.progress,
            keep=keep,
            objective=self.objective,
            teacher=self._teacher,
        )
        said = self.objective.said(trained.scores)
        self.progress.say(f"final network: {said} on the validation images")
        return trained.model, trained.scores, trained.history
