# SPDX-License-Identifier: Apache-2.0
"""The learning rate that a recipe leaves open follows from what trains."""

import numpy as np
import pytest

from mcunet_tf.tinynas.recipe import CAREFUL_RATE, QUICK_RATE, Recipe
from mcunet_tf.tinynas.task import Task
from tests.tinynas.tiny import SPACES, images


def first_rate(task, recipe):
    """Learning rate at the beginning of a training."""
    pytest.importorskip("tensorflow")
    from mcunet_tf.tinynas.final import make_network
    from mcunet_tf.tinynas.objective import Objective
    from mcunet_tf.tinynas.train import Trainer

    network = make_network(SPACES[0].arch(SPACES[0].smallest()), 3, 0)
    _, labels = images()
    values = labels[:, None].astype("float32") if task.head == "regression" else labels
    objective = Objective.of_data(task, values, 3)
    trainer = Trainer(network, recipe, name="rate", seed=0, objective=objective)
    return float(trainer.optimizer.learning_rate)


@pytest.mark.parametrize(
    "task, recipe, rate",
    [
        (Task(), Recipe(), QUICK_RATE),
        (Task(loss="focal"), Recipe(batch_size=32), QUICK_RATE / 4),
        (Task(), Recipe(batch_size=512), QUICK_RATE),
        (Task(head="regression"), Recipe(), CAREFUL_RATE),
        (Task(loss=lambda y, outputs: 1e6 * outputs[:, 0]), Recipe(), CAREFUL_RATE),
        (Task(head="regression"), Recipe(learning_rate=0.3), 0.3),
    ],
    ids=["classes", "small_batch", "large_batch", "regression", "own_loss", "asked"],
)
def test_losses_without_a_bound_train_carefully(task, recipe, rate):
    assert first_rate(task, recipe) == pytest.approx(rate)


def first_change(clip):
    """Norm of what the first step adds to all weights together, relative to the learning rate."""
    pytest.importorskip("tensorflow")
    from mcunet_tf.tinynas.final import make_network
    from mcunet_tf.tinynas.train import Trainer, TrainingPhase

    network = make_network(SPACES[0].arch(SPACES[0].smallest()), 3, 0)
    recipe = Recipe(momentum=0.0, weight_decay=0.0, clip=clip, optimizer="sgd")
    trainer = Trainer(network, recipe, name="clip", seed=0)
    before = [variable.numpy() for variable in network.trainable_variables]
    x, y = images(64)
    trainer.step(TrainingPhase("final", 1), x.astype(np.float32) / 255, y, np.random.default_rng(0))
    now = [variable.numpy() for variable in network.trainable_variables]
    moved = np.concatenate([(b - a).ravel() for a, b in zip(before, now, strict=True)])
    return float(np.linalg.norm(moved)) / QUICK_RATE


def test_all_gradients_of_a_step_are_bounded_together():
    free = first_change(0.0)
    assert free > 0.2
    assert first_change(0.1) == pytest.approx(0.1, rel=1e-3)
    assert first_change(2 * free) == pytest.approx(free, rel=1e-3)


def test_supernets_train_carefully():
    assert Recipe().of_supernet().learning_rate == CAREFUL_RATE
    assert Recipe(learning_rate=0.2).of_supernet().learning_rate == 0.2
    # A step may train a part of a kernel.
    assert Recipe(learning_rate=0.2).of_supernet().optimizer == "sgd"
    assert Recipe(optimizer="muon").of_supernet().optimizer == "muon"


@pytest.mark.slow
def test_a_search_trains_its_supernet_by_that_recipe(tmp_path, monkeypatch):
    """Also where no block is optional, so that nothing of the network tells it from others."""
    pytest.importorskip("tensorflow")
    import mcunet_tf
    from mcunet_tf.tinynas import train
    from mcunet_tf.tinynas.space import Space, SpaceStage
    from tests.tinynas.tiny import EFFORT

    rates = {}
    whole = train.Trainer.__init__

    def noting(self, network, recipe, **rest):
        whole(self, network, recipe, **rest)
        rates[rest["name"]] = float(self.optimizer.learning_rate)

    monkeypatch.setattr(train.Trainer, "__init__", noting)
    space = Space((10, 10, 1), 1.0, 8, 1, 8, (SpaceStage(8, 2, (1,)),))
    mcunet_tf.search(
        images(), board="stm32f412", spaces=[space], epochs=1, supernet_epochs=2, effort=EFFORT,
        workdir=tmp_path, recipe=Recipe(batch_size=128, augmentation="none"), verbose=False,
    )  # fmt: skip
    assert rates == pytest.approx({"supernet": CAREFUL_RATE, "final": QUICK_RATE})
