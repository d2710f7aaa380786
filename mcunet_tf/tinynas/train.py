# SPDX-License-Identifier: Apache-2.0
"""Trains a supernet, or one network of its kind, under any distribution strategy.

The loop is our own because every step runs another sub-network. All randomness of an epoch comes
from (seed, epoch), every worker draws the same global batch and takes its share, and the state is
on disk after every epoch: a run that was killed ends as if it had not been.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import math
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mcunet_tf.errors import SearchError
from mcunet_tf.tinynas.ahead import ahead
from mcunet_tf.tinynas.augment import mixed
from mcunet_tf.tinynas.checkpoint import Checkpoints
from mcunet_tf.tinynas.data import Array, resize_images
from mcunet_tf.tinynas.epoch_callbacks import EpochCallbacks
from mcunet_tf.tinynas.epoch_log import EpochLog
from mcunet_tf.tinynas.growth import grown
from mcunet_tf.tinynas.muon import Muon
from mcunet_tf.tinynas.objective import Objective
from mcunet_tf.tinynas.progress_lines import ProgressLines
from mcunet_tf.tinynas.protocols import Callback, Strategy
from mcunet_tf.tinynas.reading import Data
from mcunet_tf.tinynas.recipe import CAREFUL_RATE, QUICK_RATE, TURN, Recipe
from mcunet_tf.tinynas.space import Space
from mcunet_tf.tinynas.supernet import Settings, Supernet
from mcunet_tf.tinynas.teacher import Teacher

Draw = Callable[[np.random.Generator], Settings]


@dataclasses.dataclass(frozen=True)
class TrainingPhase:
    """A part of a training.

    Attributes:
        name: name of the phase, for progress and logs.
        epochs: number of epochs.
        draw: gives the sub-network of a step; None trains the largest.
        sort_channels: whether hidden channels are sorted before the phase begins.
        steps: the most steps of each epoch; None goes through all images.
        grows: whether images begin smaller, as the recipe says.
        passes: how often the training that it is a part of passes all images; None: as it does.
    """

    name: str
    epochs: int
    draw: Draw | None = None
    sort_channels: bool = False
    steps: int | None = None
    grows: bool = False
    passes: float | None = None

    def passes_of(self, batches: int) -> float:
        """`passes`, for images of so many batches."""
        own = self.epochs * min(self.steps or batches, batches) / max(batches, 1)
        return own if self.passes is None else self.passes


def elastic_phases(space: Space, epochs: int) -> tuple[TrainingPhase, ...]:
    """The largest sub-network for a fifth of the time, then kernel, depth and expansion."""
    shares = (0.2, 0.2, 0.2, 0.4)
    ends = [round(epochs * sum(shares[: i + 1])) for i in range(len(shares))]
    lengths = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    family = space.family
    most = family.expansions[-1:]

    def draw(expansions: Sequence[int], shallow: bool) -> Draw:
        return lambda rng: space.settings(space.sample(rng, family.kernels, expansions, shallow))

    phases = (
        TrainingPhase("largest", lengths[0]),
        TrainingPhase("kernel", lengths[1], draw(most, False)),
        TrainingPhase("depth", lengths[2], draw(most, True)),
        TrainingPhase("expansion", lengths[3], draw(family.expansions, True), sort_channels=True),
    )
    return tuple(dataclasses.replace(p, passes=float(epochs)) for p in phases if p.epochs)


class DivergedError(SearchError):
    """A training whose loss is no number any more."""


class Trainer:
    """Runs phases of training on a network; see the module."""

    def __init__(
        self,
        network: Supernet,
        recipe: Recipe,
        *,
        name: str,
        seed: int,
        folder: Path | None = None,
        callbacks: Sequence[Callback] = (),
        strategy: Strategy | None = None,
        progress: ProgressLines | None = None,
        objective: Objective | None = None,
        validate: Callable[[], dict[str, float]] | None = None,
        teacher: Teacher | None = None,
    ):
        """Prepares a training.

        Args:
            network: a network made in the scope of `strategy`.
            recipe: how to train.
            name: name of checkpoints and logs.
            seed: seed of order, augmentation and sub-networks.
            folder: folder of checkpoints and logs; None keeps nothing.
            callbacks: Keras callbacks; they work as in `fit`.
            strategy: a `tf.distribute` strategy; None trains on the default device.
            progress: where progress is reported.
            objective: what is learnt; None tells classes apart.
            validate: gives metrics by name, `val_...`, at the end of every epoch.
            teacher: whose outputs are learnt beside the targets; None learns these alone.
        """
        self.network = network
        self.asked = recipe
        self.recipe = recipe
        self.name = name
        self.seed = seed
        self.strategy = strategy or tf.distribute.get_strategy()
        self.progress = progress or ProgressLines(quiet=True)
        self.objective = objective or Objective(network.num_classes)
        usual = self._usual_rate()
        self._peak = usual if recipe.learning_rate is None else recipe.learning_rate
        self.writes = is_chief(self.strategy)
        self.checkpoints = Checkpoints(folder, name) if folder else None
        self.log_dir = folder / "logs" / name if folder else None
        with self.strategy.scope():
            self.optimizer = self._made_optimizer(TURN / usual)
            self.optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
            self.optimizer.build(network.trainable_variables)
        directions = self.objective.directions()
        self.callbacks = EpochCallbacks(callbacks, network, self.optimizer, directions)
        self.validate = validate
        self.teacher = teacher
        self.history: list[dict[str, Any]] = []
        self._largest = tf.function(self._distributed(None))
        self._elastic = tf.function(self._distributed("elastic"))

    def run(self, phases: Sequence[TrainingPhase], images: Data) -> list[dict[str, Any]]:
        """Trains through all phases, from the last checkpoint on; returns a row per epoch.

        Raises:
            SearchError: a checkpoint is damaged, or belongs to another network.
            OutputError: a checkpoint cannot be written.
        """
        total = sum(phase.epochs for phase in phases)
        done = self._restore()
        last = self.history[-1] if self.history else {}
        self.callbacks.factor = last.get("rate_factor", 1.0)
        self.callbacks.begin_training(total, images.count // self._batch(images))
        self.progress.start(self.name, total, done)
        log = EpochLog(self.log_dir) if self.log_dir and self.writes else None
        self.network.stop_training = bool(last.get("stopped", False))
        for phase, first, epoch in _epochs(phases):
            if epoch < done or self.network.stop_training:
                continue
            if epoch == first:
                self._enter(phase)
            row = self._epoch(phase, epoch, first, images)
            self.history.append(row)
            self._keep(epoch + 1)
            if log is not None:
                log.add(row)
            self.progress.step(epoch + 1, row)
        self.callbacks.end_training(_logs(self.history[-1]) if self.history else None)
        return self.history

    def _decide(self, phase: TrainingPhase, images: Data) -> None:
        """What the recipe leaves to the data and to the length of the training."""
        passes = phase.passes_of(images.count // self._batch(images))
        self.recipe = self.asked.of_data(images.image_shape, images.count, passes)

    def _made_optimizer(self, turn: float) -> Any:
        recipe = self.recipe
        options: dict[str, Any] = {
            "momentum": recipe.momentum,
            "nesterov": True,
            "weight_decay": recipe.weight_decay,
            "global_clipnorm": recipe.clip / self.strategy.num_replicas_in_sync or None,
        }
        if recipe.optimizer == "sgd":
            return keras.optimizers.SGD(self._peak, **options)
        return Muon(self._peak, turn=turn, **options)

    def _usual_rate(self) -> float:
        """The learning rate that the loss bears."""
        if not self.objective.task.bounded:
            return CAREFUL_RATE
        return QUICK_RATE * min(1.0, self.recipe.batch_size / Recipe.batch_size)

    def _batch(self, images: Data) -> int:
        return min(self.recipe.batch_size, images.count)

    def _enter(self, phase: TrainingPhase) -> None:
        if phase.sort_channels:
            self.network.sort_channels()
        for variable in self.optimizer.variables:
            # Momentum of the phase before points where its sub-networks wanted to go.
            if "momentum" in variable.path:
                variable.assign(tf.zeros(variable.shape))

    def _epoch(self, phase: TrainingPhase, epoch: int, first: int, images: Data) -> dict[str, Any]:
        stream = zlib.crc32(self.name.encode())
        rng = np.random.default_rng([self.seed, stream, epoch])
        draws = np.random.default_rng([self.seed, stream, epoch, 1])
        blends = np.random.default_rng([self.seed, stream, epoch, 2])
        size = self._batch(images)
        self._decide(phase, images)
        steps = min(images.count // size, phase.steps or images.count)
        self.callbacks.begin_epoch(epoch, self._rate(phase, (epoch - first) / phase.epochs))
        losses = []
        with contextlib.closing(ahead(images.epoch(size, rng, self.recipe))) as batches:
            for step, (x, y, w) in enumerate(itertools.islice(batches, steps)):
                progress = (epoch - first + step / steps) / phase.epochs
                self.callbacks.begin_step(step, self._rate(phase, progress))
                shape = grown(images.image_shape, self.recipe, progress) if phase.grows else None
                losses.append(self.step(phase, x, y, draws, w, blends, shape))
                self.progress.tick(step + 1, steps)
                if math.isnan(losses[-1]):
                    raise DivergedError(
                        f"training '{self.name}' diverged in epoch {epoch + 1}: lower the learning "
                        "rate"
                    )
                self.callbacks.end_step(step, losses[-1])
        row = {"epoch": epoch + 1, "phase": phase.name, "loss": float(np.mean(losses))}
        if self.validate is not None:
            row |= self.validate()
        self.callbacks.end_epoch(epoch, _logs(row))
        # What a later sitting must know.
        if self.callbacks.factor != 1.0:
            row["rate_factor"] = self.callbacks.factor
        if self.network.stop_training:
            row["stopped"] = True
        return row

    def _rate(self, phase: TrainingPhase, share: float) -> float:
        peak = self._peak * (self.recipe.elastic_rate if phase.draw else 1.0)
        return peak * 0.5 * (1 + math.cos(math.pi * share))

    def step(
        self,
        phase: TrainingPhase,
        x: Array,
        y: Array,
        rng: np.random.Generator,
        weights: Array | None = None,
        blends: np.random.Generator | None = None,
        shape: tuple[int, int, int] | None = None,
    ) -> float:
        """Trains on one batch, by sub-networks drawn with `rng`; returns the loss.

        The network sees the images scaled to `shape`, a teacher sees them as they are. Where the
        recipe mixes images up, `blends` says how, and the loss of each sample is that for its own
        target and that for its partner's.
        """
        weights = self.objective.sample_weights(y, weights)
        replicas = self.strategy.num_replicas_in_sync
        targets: Any = y
        shares_of_loss: Any = weights
        if self.recipe.mixup and blends is not None:
            x, partners, shares = mixed(x, self.recipe.mixup, blends)
            own = shares if weights is None else shares * weights
            other = 1 - shares if weights is None else (1 - shares) * weights[partners]
            targets, shares_of_loss = (y, y[partners]), (own, other)

        def share(values: Any) -> Any:
            if isinstance(values, tuple):
                return tuple(map(share, values))
            if values.dtype == np.float64:
                values = values.astype(np.float32)
            if replicas == 1:
                return tf.constant(values)
            return self.strategy.experimental_distribute_values_from_function(
                lambda context: tf.constant(values[context.replica_id_in_sync_group :: replicas])
            )

        count = tf.constant(float(len(x)))
        w = None if shares_of_loss is None else share(shares_of_loss)
        soft = None if self.teacher is None else share(self.teacher.outputs(x))
        x = x if shape is None else resize_images(x, shape)
        if phase.draw is None:
            return float(self._largest(share(x), share(targets), w, count, soft, None))
        drawn = tf.constant(
            np.stack([phase.draw(rng) for _ in range(self.recipe.subnets_per_step)])
        )
        return float(self._elastic(share(x), share(targets), w, count, soft, drawn))

    def step_seconds(
        self,
        images: Data,
        shape: tuple[int, int, int] | None = None,
        clock: Callable[[], float] = time.monotonic,
        timed: int = 6,
    ) -> tuple[float, float]:
        """Seconds of the first step, which is traced, and of each later one of the whole network.

        What they learn is forgotten.

        Args:
            images: what is trained on.
            shape: what images are scaled to; None leaves them as they are.
            clock: gives seconds.
            timed: number of later steps, of which the mean counts.
        """
        self._decide(TrainingPhase("timing", 1), images)
        rng = np.random.default_rng(self.seed)
        phase = TrainingPhase("timing", 1)
        before = [variable.numpy() for variable in self._state()]
        times = [clock()]
        # Batches are prepared as in a training, whether or not a clock counts other threads.
        with contextlib.closing(ahead(images.epoch(self._batch(images), rng, self.recipe))) as all_:
            for x, y, w in itertools.islice(all_, timed + 1):
                self.step(phase, x, y, rng, w, rng, shape)
                times.append(clock())
        for variable, value in zip(self._state(), before, strict=True):
            variable.assign(value)
        first, *later = np.diff(times).tolist()
        return first, float(np.mean(later)) if later else first

    def _distributed(self, kind: str | None) -> Callable[..., Any]:
        local = self._largest_step if kind is None else self._elastic_step

        def step(x: Any, y: Any, w: Any, count: Any, soft: Any, settings: Any) -> Any:
            losses = self.strategy.run(local, args=(x, y, w, count, soft, settings))
            return self.strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)

        return step

    def _largest_step(self, x: Any, y: Any, w: Any, count: Any, soft: Any, _: Any) -> Any:
        with tf.GradientTape() as tape:
            outputs = self.network.forward(x)[0]
            loss = self._target_loss(y, w, outputs, count)
            if soft is not None:
                loss += self._soft_loss(soft, outputs, count)
        self._apply(tape, loss)
        return loss

    def _elastic_step(self, x: Any, y: Any, w: Any, count: Any, soft: Any, settings: Any) -> Any:
        if soft is None and self.recipe.distillation:
            soft = tf.stop_gradient(self.network.forward(x)[0])
        subnets = self.recipe.subnets_per_step
        with tf.GradientTape() as tape:
            loss = tf.constant(0.0)
            for index in range(subnets):
                logits = self.network.forward(x, settings[index])[0]
                loss += self._target_loss(y, w, logits, count) / subnets
                if soft is not None:
                    loss += self._soft_loss(soft, logits, count) / subnets
        self._apply(tape, loss)
        return loss

    def _soft_loss(self, soft: Any, outputs: Any, count: Any) -> Any:
        """This replica's part of what a teacher's outputs add to the loss."""
        losses = self.objective.soft_losses(soft, outputs)
        return (self.recipe.distillation or 1.0) * tf.reduce_sum(losses) / count

    def _target_loss(self, y: Any, w: Any, outputs: Any, count: Any) -> Any:
        """This replica's part of the mean over the global batch; the optimizer adds the parts."""
        if isinstance(y, tuple):
            pairs = zip(y, w, strict=True)
            return sum(self._target_loss(each, weight, outputs, count) for each, weight in pairs)
        losses = self.objective.losses(y, outputs, self.recipe.label_smoothing)
        return tf.reduce_sum(losses if w is None else losses * w) / count

    def _apply(self, tape: Any, loss: Any) -> None:
        variables = self.network.trainable_variables
        gradients = tape.gradient(loss, variables)
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))

    def _state(self) -> list[Any]:
        return [*self.network.variables, *self.optimizer.variables]

    def _keep(self, epoch: int) -> None:
        if self.checkpoints is None or not self.writes:
            return
        arrays = {f"v{i}": v.numpy() for i, v in enumerate(self._state())}
        self.checkpoints.save(epoch, arrays, self.history)

    def _restore(self) -> int:
        if self.checkpoints is None:
            return 0
        found = self.checkpoints.load()
        if found is None:
            return 0
        epoch, arrays, self.history = found
        state = self._state()
        shapes = [tuple(arrays[f"v{i}"].shape) for i in range(len(arrays))]
        if shapes != [tuple(v.shape) for v in state]:
            raise SearchError(
                f"the checkpoints of '{self.name}' in {self.checkpoints.folder} belong to another "
                "network: choose another workdir or delete them"
            )
        for index, variable in enumerate(state):
            variable.assign(arrays[f"v{index}"])
        return epoch


def _logs(row: dict[str, Any]) -> dict[str, float]:
    """The losses and metrics of an epoch's row."""
    return {k: v for k, v in row.items() if k == "loss" or k.startswith("val_")}


def _epochs(phases: Sequence[TrainingPhase]) -> Iterator[tuple[TrainingPhase, int, int]]:
    """(phase, its first epoch, epoch) in order."""
    first = 0
    for phase in phases:
        for epoch in range(first, first + phase.epochs):
            yield phase, first, epoch
        first += phase.epochs


def is_chief(strategy: Strategy) -> bool:
    """Whether this process writes; the others of a cluster compute the same."""
    resolver = strategy.cluster_resolver
    if resolver is None or not resolver.task_type:
        return True
    task = (str(resolver.task_type), int(resolver.task_id))
    return task[0] == "chief" or task == ("worker", 0)
