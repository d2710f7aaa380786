# SPDX-License-Identifier: Apache-2.0
"""Trains one network alone, by the recipe and loop of the supernet, to a plain Keras model."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.candidates import EvaluationData
from mcunet_tf.tinynas.data import Array, as_float
from mcunet_tf.tinynas.evaluator import Evaluator
from mcunet_tf.tinynas.objective import Objective
from mcunet_tf.tinynas.progress_lines import ProgressLines
from mcunet_tf.tinynas.protocols import Callback, KerasModel, Strategy, Weights
from mcunet_tf.tinynas.reading import Data
from mcunet_tf.tinynas.recipe import Recipe
from mcunet_tf.tinynas.supernet import Settings, Supernet, assign_weights, full_settings
from mcunet_tf.tinynas.targets import stratified
from mcunet_tf.tinynas.teacher import Teacher
from mcunet_tf.tinynas.train import Trainer, TrainingPhase

_LEAST_VALIDATED = 250
"""Images below which an epoch's metrics would say too little."""


@dataclasses.dataclass(frozen=True, eq=False)
class Trained:
    """A trained network.

    Attributes:
        model: its plain Keras model.
        scores: its metrics on the validation images, by name, in float32.
        history: a row for each epoch.
    """

    model: KerasModel
    scores: dict[str, float]
    history: list[dict[str, Any]]


def make_network(
    arch: Arch,
    num_classes: int,
    seed: int,
    strategy: Strategy | None = None,
    optional: Sequence[int] = (),
) -> Supernet:
    """A network with weights drawn by `seed`, in the scope of a strategy."""
    keras.utils.set_random_seed(seed)
    with (strategy or tf.distribute.get_strategy()).scope():
        return Supernet(arch, num_classes, optional)


def inherited_weights(supernet: Supernet, settings: Settings, data: EvaluationData) -> Weights:
    """What a sub-network starts from when it leaves the supernet."""
    evaluator = Evaluator(supernet, data.calibration_x, data.x)
    return supernet.subnet_weights(settings, evaluator.statistics(settings))


def train_alone(
    arch: Arch,
    images: Data,
    data: EvaluationData,
    recipe: Recipe,
    epochs: int,
    *,
    seed: int,
    steps: int | None = None,
    grows: bool = False,
    name: str = "final",
    inherited: Weights | None = None,
    folder: Path | None = None,
    callbacks: Sequence[Callback] = (),
    strategy: Strategy | None = None,
    progress: ProgressLines | None = None,
    keep: Callable[[KerasModel], None] | None = None,
    objective: Objective | None = None,
    teacher: Teacher | None = None,
) -> Trained:
    """Trains a network, from inherited weights or from scratch, and settles its batch-norm.

    Args:
        arch: the network.
        images: data at the network's resolution.
        data: its `calibration_x` gives the statistics of the norms.
        recipe: how to train.
        epochs: length of the training.
        seed: seed of all randomness.
        steps: the most steps of each epoch; None goes through all images.
        grows: whether images begin smaller, as the recipe says.
        name: name of checkpoints and logs.
        inherited: weights of `inherited_weights` to begin with; None begins at random.
        folder: folder of checkpoints and logs; None keeps nothing.
        callbacks: Keras callbacks; they work as in `fit`.
        strategy: how training is distributed; None trains on the default device.
        progress: where progress is reported.
        objective: what is learnt; None tells classes apart.
        teacher: whose outputs are learnt beside the targets; None learns these alone.
        keep: called with the trained model before anything else is done with it.
    """
    network = make_network(arch, images.num_classes, seed, strategy)
    if inherited is not None:
        network.load_subnet(inherited)
    objective = objective or Objective(images.num_classes)
    trainer = Trainer(
        network,
        dataclasses.replace(recipe, weight_decay=recipe.final_weight_decay),
        name=name,
        seed=seed,
        folder=folder,
        callbacks=callbacks,
        strategy=strategy,
        progress=progress,
        objective=objective,
        validate=epoch_validation(network, images, data, objective),
        teacher=teacher,
    )
    history = trainer.run([TrainingPhase(name, epochs, steps=steps, grows=grows)], images)
    model = plain_model(network, Evaluator(network, data.calibration_x, data.x))
    if keep is not None:
        keep(model)
    outputs = model_outputs(model, images.validation_x)
    scores = objective.scores(images.validation_y, outputs, images.validation_w)
    return Trained(model, scores, history)


def plain_model(network: Supernet, evaluator: Evaluator) -> KerasModel:
    """The largest sub-network as a plain Keras model, whose norms calibration images settle."""
    everything = full_settings(network.arch)
    model: KerasModel = network.arch.to_keras(network.num_classes)
    assign_weights(model, network.subnet_weights(everything, evaluator.statistics(everything)))
    return model


def epoch_validation(
    network: Supernet, images: Data, data: EvaluationData, objective: Objective
) -> Callable[[], dict[str, float]]:
    """A function that gives the loss and the metrics of the largest sub-network as it is now.

    It also says how the network is saved in between. So that it costs a few per cent of an epoch it
    looks at no more images than a tenth of the training part, or `_LEAST_VALIDATED`.

    Args:
        network: the network in training.
        images: the training data.
        data: images that it is calibrated and validated on.
        objective: what is learnt.
    """
    most = max(_LEAST_VALIDATED, images.count // 10)
    x, y, w = data.x, data.y, data.w
    if len(y) > most:
        picked = stratified(y, most, np.random.default_rng(0))
        x, y, w = x[picked], y[picked], None if w is None else w[picked]
    evaluator = Evaluator(network, data.calibration_x[:most], x)
    network.exporter = lambda: plain_model(network, evaluator)
    everything = full_settings(network.arch)

    def validate() -> dict[str, float]:
        outputs = evaluator.outputs(everything)
        losses = objective.losses(tf.constant(y), tf.constant(outputs)).numpy()
        scores = objective.scores(y, outputs, w)
        named = {f"val_{name}": value for name, value in scores.items()}
        return {"val_loss": float(np.average(losses, weights=w)), **named}

    return validate


def model_outputs(model: KerasModel, x: Array) -> Array:
    """Outputs `[n, k]` of a Keras model for images as they are stored."""
    return model.predict(as_float(x), batch_size=500, verbose=0)


def float_accuracy(model: KerasModel, x: Array, y: Array) -> float:
    """Share of images that a model of logits classifies correctly."""
    return float(np.mean(model_outputs(model, x).argmax(axis=1) == y))
