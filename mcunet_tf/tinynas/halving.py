# SPDX-License-Identifier: Apache-2.0
"""Finds the best of some networks within a time: all train a little, the better ones go on.

Successive halving (Jamieson and Talwalkar, arXiv:1502.07943; here the best three go on). Every
contender of a round trains for the same time, not for the same number of steps: what a network is
worth within minutes depends on how fast it learns. Published networks train beside the search's
own, and the best of them always goes on, so that the last round says by how much it was beaten.

What was measured and decided is on disk: a search that goes on takes the decisions that were taken,
on however fast a machine.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mcunet_tf.errors import SearchError
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.candidates import EvaluationData
from mcunet_tf.tinynas.checkpoint import read_state, write_state
from mcunet_tf.tinynas.contenders import (
    FINAL_SHARE,
    KEPT,
    KNOWN,
    ROUND_SHARES,
    Contender,
    balanced_cost,
    contenders_within,
    training_cost,
)
from mcunet_tf.tinynas.data import as_float
from mcunet_tf.tinynas.growth import GROWTH_TRACES, Shape, fixed_share, grown, mean_cost
from mcunet_tf.tinynas.objective import Objective
from mcunet_tf.tinynas.options import SearchOptions
from mcunet_tf.tinynas.progress_lines import ProgressLines
from mcunet_tf.tinynas.protocols import Weights
from mcunet_tf.tinynas.reading import Data
from mcunet_tf.tinynas.targets import stratified

STATE_FILE = "halving.json"

_ONE_ROUND = (0.15,)
"""Share of the time for the only round where few networks train."""

_FEW_CONTENDERS = 4
_LEAST_STEPS = 8
_LEAST_FINAL_SHARE = 0.4
_OVERHEAD = 1.08
"""Time of a training relative to that of its steps: validation and checkpoints."""

_FINISH_SECONDS = 15.0
"""Time that is left for quantisation and compilation, or a tenth of all if that is less."""

_FINAL_TRACES = 2.5
"""What is traced for the final training and its validation, relative to a first step."""

_MEASURED_SHARE = 0.01
"""Most of a search's time that a trace may take to learn how fast smaller images train."""

_BATCH = 500


@dataclasses.dataclass(frozen=True)
class Standing:
    """How a contender did.

    Attributes:
        name: what it is called.
        family: name of its family; "known" is a published network.
        arch: the network.
        macs: multiply-accumulates of one inference.
        parameters: number of trainable parameters.
        scores: first metric on the validation images after each round that it ended, turned so
            that greater is better, with norms of the batch's own statistics; none after a
            training that diverged.
    """

    name: str
    family: str
    arch: Arch
    macs: int
    parameters: int
    scores: tuple[float, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class Halved:
    """The outcome.

    Attributes:
        arch: the network that is trained to the end.
        weights: what it has learnt so far.
        epochs: epochs of its final training.
        steps: steps of each of these epochs; None goes through all images.
        grows: whether its images begin smaller.
        standings: all contenders, the best first.
    """

    arch: Arch
    weights: Weights
    epochs: int
    steps: int | None
    grows: bool
    standings: tuple[Standing, ...]


class Halving:
    """One run of rounds, which goes on from what is in its folder."""

    def __init__(
        self,
        options: SearchOptions,
        images: Data,
        data: EvaluationData,
        objective: Objective,
        folder: Path,
        progress: ProgressLines,
        teacher: Any = None,
    ) -> None:
        """Prepares the rounds.

        Args:
            options: what the search was asked; its `minutes` are the time for everything.
            images: the data at its own size.
            data: what is evaluated on.
            objective: what is learnt.
            folder: folder of checkpoints and of what was decided.
            progress: where progress is reported.
            teacher: a `Teacher` whose outputs are learnt beside the targets, or None.
        """
        assert options.minutes is not None
        self.options = options
        self.seconds = 60.0 * options.minutes
        self.images = images
        self.data = data
        self.objective = objective
        self.folder = folder
        self.progress = progress
        self.teacher = teacher
        self.path = folder / STATE_FILE
        self.state: dict[str, Any] = read_state(self.path) or {"rounds": [], "seconds": {}}
        self.before = float(self.state.get("spent", 0.0))
        self.started = options.clock()
        self.trainers: dict[str, Any] = {}
        self.phases: dict[str, list[Any]] = {}

    @property
    def spent(self) -> float:
        """Seconds that this search has taken, in earlier sittings too."""
        return self.before + self.options.clock() - self.started

    def known(self, key: str) -> Any:
        """What was decided under a name, or None."""
        return self.state.get(key)

    def keep(self, **decided: Any) -> None:
        """Writes what was decided."""
        self.state |= {**decided, "spent": self.spent}
        write_state(self.path, self.state)

    def step_seconds(self, contender: Contender, shape: Shape | None = None) -> tuple[float, float]:
        """Time of the first training step, which is traced, and of a later one, measured once.

        Args:
            contender: the network.
            shape: (height, width, channels) that its images are scaled to; None: as they are.
        """
        measured = self.state["seconds"]
        key = contender.arch.to_json() + (f" {shape}" if shape else "")
        if key not in measured:
            trainer, images = self._trainer(contender), self._images(contender.arch)
            measured[key] = trainer.step_seconds(images, shape, self.options.clock)
            self.keep(seconds=measured)
        traced, later = measured[key]
        return float(traced), float(later)

    def affordable(self, timed: Contender) -> float:
        """`training_cost` of a network that the time suits.

        Args:
            timed: the network whose steps tell how fast this machine is.
        """
        found = self.known("affordable")
        if found is None:
            shape, recipe = timed.arch.input_shape, self.options.recipe
            recipe = recipe.of_data(self.images.image_shape, self.images.count)
            final = self.seconds * FINAL_SHARE / mean_cost(shape, recipe)
            found = balanced_cost(final / self._passing(timed, 1.0), self.images.image_shape)
            self.keep(affordable=found)
        return float(found)

    def beginners(self, timed: Contender, own: Sequence[Contender]) -> int:
        """How many networks the first round trains, by what the search's own ones cost."""
        found = self.known("beginners")
        if found is None:
            classes = self.images.num_classes
            costs = [training_cost(contender.arch, classes) for contender in own[:KEPT]]
            passing = self._passing(timed, float(np.mean(costs)) if costs else 0.0)
            found = contenders_within(self.seconds, self.step_seconds(timed)[0], passing)
            self.keep(beginners=found)
        return int(found)

    def _passing(self, timed: Contender, cost: float) -> float:
        """Seconds of a pass over the images of a network of some cost of training."""
        batch = min(self.options.recipe.batch_size, self.images.count)
        own = training_cost(timed.arch, self.images.num_classes)
        return self.images.count / batch * self.step_seconds(timed)[1] * cost / own

    def run(self, contenders: Sequence[Contender]) -> Halved:
        """Goes through all rounds that are not done yet.

        Raises:
            SearchError: what lies in the folder is damaged, or all trainings diverged.
            OutputError: the folder cannot be written.
        """
        alive = list(contenders)
        self.progress.ends_in(self.seconds - self.spent)
        shares = ROUND_SHARES if len(alive) > _FEW_CONTENDERS else _ONE_ROUND
        self.progress.say(
            f"{len(alive)} networks, {sum(c.family == KNOWN for c in alive)} of them published, "
            f"train for {_shown_seconds(self.seconds * sum(shares))}"
        )
        scores: dict[str, list[float]] = {c.name: [] for c in alive}
        for number, share in enumerate(shares):
            last = number + 1 == len(shares)
            found = self._round(number, alive, self.seconds * share, last)
            alive = [c for c in alive if found[c.name] > -math.inf]
            for contender in alive:
                scores[contender.name].append(found[contender.name])
            if not alive:
                raise SearchError(
                    "the trainings of all networks diverged: lower the learning rate of the recipe"
                )
            ranked = sorted(alive, key=lambda c: -found[c.name])
            alive = ranked[:1] if last else _going_on(ranked, KEPT)
            self._forget(alive)
        (winner,) = alive
        standings = self._standings(contenders, scores)
        self.progress.say(verdict(standings, self.objective))
        weights = self._weights(winner)
        return Halved(winner.arch, weights, *self._final_length(winner), standings)

    def alone(self, network: Contender) -> tuple[int, int | None, bool]:
        """As `_final_length`, for one network that has all of the time."""
        self.progress.ends_in(self.seconds - self.spent)
        return self._final_length(network)

    def _round(
        self, number: int, alive: Sequence[Contender], seconds: float, last: bool
    ) -> dict[str, float]:
        """Scores of a round by name."""
        from mcunet_tf.tinynas.train import TrainingPhase

        rounds: list[dict[str, dict[str, Any]]] = self.state["rounds"]
        if len(rounds) <= number:
            rounds.append({})
        done = rounds[number]
        begun = self.options.clock()
        for index, contender in enumerate(alive):
            stored = done.setdefault(contender.name, {})
            if "steps" not in stored:
                # What others took too long for is missing here; a trace counts as training does.
                left = max(seconds - (self.options.clock() - begun), 0.0) / (len(alive) - index)
                entered = self.options.clock()
                _, per_step = self.step_seconds(contender)
                left -= self.options.clock() - entered
                stored["steps"] = max(_LEAST_STEPS, int(left / per_step / _OVERHEAD))
                self.keep(rounds=rounds)
            epochs, steps = self._epochs(int(stored["steps"]))
            phase = TrainingPhase(f"round {number + 1}", epochs, steps=steps)
            self.phases.setdefault(contender.name, []).append(phase)
            if "score" not in stored:
                stored["score"] = self._trained_score(contender, last)
                self.keep(rounds=rounds)
            score = stored["score"]
            said = "diverged" if score is None else self._said(score)
            remaining = _shown_seconds(max(self.seconds - self.spent, 0.0))
            self.progress.say(
                f"round {number + 1}, {contender.name} ({index + 1}/{len(alive)}): {said}  in all "
                f"{remaining} left"
            )
        scores = {name: stored["score"] for name, stored in done.items()}
        return {name: -math.inf if score is None else score for name, score in scores.items()}

    def _trained_score(self, contender: Contender, exact: bool) -> float | None:
        """Trains through all phases so far; gives the score on some or all validation images.

        None where the training diverged: that is this network's fault, not that of the others.
        """
        from mcunet_tf.tinynas.train import DivergedError

        trainer = self._trainer(contender)
        images = self._images(contender.arch)
        try:
            trainer.run(self.phases[contender.name], images)
        except DivergedError:
            return None
        x, y, w = self.data.x, self.data.y, self.data.w
        most = len(y) if exact else max(1000, len(y) // 3)
        if len(y) > most:
            picked = stratified(y, most, np.random.default_rng([self.options.seed, 5]))
            x, y, w = x[picked], y[picked], None if w is None else w[picked]
        # Norms take their statistics from the batch: it must not be one class alone.
        order = np.random.default_rng([self.options.seed, 6]).permutation(len(y))
        x, y, w = x[order], y[order], None if w is None else w[order]
        outputs = _outputs(trainer.network, self._scaled(x, contender.arch))
        if not np.all(np.isfinite(outputs)):
            return None
        found = self.objective.scores(y, outputs, w)
        return float(self.objective.turned(next(iter(found.values()))))

    def _epochs(self, steps: int) -> tuple[int, int | None]:
        """So many steps as epochs: whole ones, or one that is shorter."""
        whole = max(1, self.images.count // min(self.options.recipe.batch_size, self.images.count))
        if steps < whole:
            return 1, steps
        return max(1, round(steps / whole)), None

    def _final_length(self, winner: Contender) -> tuple[int, int | None, bool]:
        """Epochs of the final training, steps of each, as the time allows; whether images grow."""
        decided = self.known("final")
        if decided is None:
            traced, per_step = self.step_seconds(winner)
            finish = min(_FINISH_SECONDS, 0.1 * self.seconds) + _FINAL_TRACES * traced
            cost = self._mean_cost(winner)
            left = self.seconds - self.spent - finish
            # On a machine that was busy with other things, better late than untrained.
            left = max(left, _LEAST_FINAL_SHARE * self.seconds)
            if self.options.quantization == "qat":
                left *= 0.75
            # A step of every size is traced.
            grown = (left - GROWTH_TRACES * traced) / cost
            grows = grown > left
            steps = int(max(grown, left) / per_step / _OVERHEAD)
            decided = [*self._epochs(max(_LEAST_STEPS, steps)), grows]
            self.keep(final=decided)
        # A search that an earlier version began says nothing of images that grow.
        epochs, steps_each, *grows_at_all = decided
        return int(epochs), None if steps_each is None else int(steps_each), any(grows_at_all)

    def _mean_cost(self, winner: Contender) -> float:
        """Mean time of a step of the final training, relative to one of whole images.

        A step of the smallest ones is measured where its trace does not take too long for that.
        """
        recipe = self.options.recipe.of_data(self.images.image_shape, self.images.count)
        shape = winner.arch.input_shape
        small = grown(shape, recipe, 0.0)
        traced, whole = self.step_seconds(winner)
        if small == shape or traced > _MEASURED_SHARE * self.seconds:
            return mean_cost(shape, recipe)
        relative = self.step_seconds(winner, small)[1] / whole
        return mean_cost(shape, recipe, fixed_share(shape, small, relative))

    def _trainer(self, contender: Contender) -> Any:
        """The training of a contender, made when it is needed."""
        if contender.name not in self.trainers:
            from mcunet_tf.tinynas.final import make_network
            from mcunet_tf.tinynas.train import Trainer

            options = self.options
            classes = self.images.num_classes
            network = make_network(contender.arch, classes, options.seed, options.strategy)
            recipe = dataclasses.replace(
                options.recipe, weight_decay=options.recipe.final_weight_decay
            )
            self.trainers[contender.name] = Trainer(
                network,
                recipe,
                name=re.sub(r"\W+", "-", contender.name),
                seed=options.seed,
                folder=self.folder,
                strategy=options.strategy,
                progress=ProgressLines(quiet=True),
                objective=self.objective,
                teacher=self.teacher,
                callbacks=options.stage_callbacks("rounds"),
            )
        return self.trainers[contender.name]

    def _forget(self, alive: Sequence[Contender]) -> None:
        """Frees the networks that are out."""
        names = {contender.name for contender in alive}
        self.trainers = {name: t for name, t in self.trainers.items() if name in names}

    def _weights(self, winner: Contender) -> Weights:
        from mcunet_tf.tinynas.final import inherited_weights
        from mcunet_tf.tinynas.supernet import full_settings

        trainer = self._trainer(winner)
        trainer.run(self.phases[winner.name], self._images(winner.arch))
        data = dataclasses.replace(
            self.data,
            calibration_x=self._scaled(self.data.calibration_x, winner.arch),
            x=self._scaled(self.data.x[:1], winner.arch),
        )
        return inherited_weights(trainer.network, full_settings(winner.arch), data)

    def _images(self, arch: Arch) -> Data:
        return self.images.resized(arch.input_shape)

    def _scaled(self, x: Any, arch: Arch) -> Any:
        from mcunet_tf.tinynas.data import resize_images

        return resize_images(x, arch.input_shape)

    def _standings(
        self, contenders: Sequence[Contender], scores: dict[str, list[float]]
    ) -> tuple[Standing, ...]:
        classes = self.images.num_classes
        found = [
            Standing(
                c.name,
                c.family,
                c.arch,
                c.arch.macs(classes),
                c.arch.parameters(classes),
                tuple(scores[c.name]),
            )
            for c in contenders
        ]
        return tuple(sorted(found, key=lambda s: (-len(s.scores), *(-x for x in s.scores[-1:]))))

    def _said(self, score: float) -> str:
        name = self.objective.task.metric_names[0]
        return self.objective.said({name: self.objective.turned(score)})


def _shown_seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _going_on(ranked: Sequence[Contender], count: int) -> list[Contender]:
    """The best ones, among them the best published and the best own network."""
    kept = list(ranked[:count])
    for is_known in (True, False):
        best = next((c for c in ranked if (c.family == KNOWN) == is_known), None)
        if best is not None and best not in kept:
            kept[-1] = best
    return kept


def verdict(standings: Sequence[Standing], objective: Objective) -> str:
    """One line: who won, and how far the best of the other kind is behind."""
    standings = [standing for standing in standings if standing.scores]
    winner = standings[0]
    kind = "published" if winner.family == KNOWN else "own"
    other = next((s for s in standings if (s.family == KNOWN) != (winner.family == KNOWN)), None)
    name = objective.task.metric_names[0]
    if other is None:
        return f"{winner.name} ({kind}) won"
    rounds = min(len(winner.scores), len(other.scores))
    gap = abs(winner.scores[rounds - 1] - other.scores[rounds - 1])
    opponent = "published" if kind == "own" else "own"
    return (
        f"{winner.name} ({kind}) won; the best {opponent} network, {other.name}, was {gap:.4f} "
        f"{name} behind in round {rounds}"
    )


def _outputs(network: Any, x: Any) -> Any:
    """Outputs `[n, k]` with norms of each batch's own statistics."""
    import tensorflow as tf

    # A trace would take longer than the few batches do.
    size = max(1, math.ceil(len(x) / max(1, round(len(x) / _BATCH))))
    parts = [
        network.forward(tf.constant(as_float(x[start : start + size])))[0].numpy()
        for start in range(0, len(x), size)
    ]
    return np.concatenate(parts)
