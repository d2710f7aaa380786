# SPDX-License-Identifier: Apache-2.0
"""Images that grow over a training."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from mcunet_tf import Recipe
from mcunet_tf.tinynas.final import make_network
from mcunet_tf.tinynas.growth import fixed_share, grown, mean_cost
from mcunet_tf.tinynas.reading import read_images
from mcunet_tf.tinynas.space import Space, SpaceStage
from mcunet_tf.tinynas.train import Trainer, TrainingPhase

RECIPE = Recipe()


@pytest.mark.parametrize(
    "shape, sizes",
    [
        ((32, 32, 3), [(20, 20), (24, 24), (32, 32)]),
        ((28, 28, 1), [(16, 16), (20, 20), (28, 28)]),
        ((96, 48, 3), [(60, 32), (72, 36), (96, 48)]),
        # Nothing is made smaller than can be seen, nor larger than it is.
        ((12, 12, 3), [(12, 12)] * 3),
        ((20, 20, 3), [(16, 16), (16, 16), (20, 20)]),
    ],
)
def test_sides_begin_small_and_end_whole(shape, sizes):
    found = [grown(shape, RECIPE, progress) for progress in (0.0, 0.5, 0.8)]
    assert found == [(*size, shape[2]) for size in sizes]
    assert grown(shape, RECIPE, 0.49) == found[0]
    assert grown(shape, RECIPE, 0.79) == found[1]
    assert grown(shape, RECIPE, 1.0) == shape


def test_nothing_grows_where_the_recipe_says_so():
    recipe = Recipe(smallest_side=1.0)
    assert grown((32, 32, 3), recipe, 0.0) == (32, 32, 3)
    assert mean_cost((32, 32, 3), recipe) == 1
    spectrogram = RECIPE.of_data((49, 10, 1), 3000)
    assert grown((49, 10, 1), spectrogram, 0.0) == (49, 10, 1)


def test_a_step_costs_what_its_pixels_and_a_fixed_share_cost():
    pixels = 0.5 * (20 / 32) ** 2 + 0.3 * (24 / 32) ** 2 + 0.2
    assert mean_cost((32, 32, 3), RECIPE) == pytest.approx(pixels + 0.3 * (1 - pixels))
    assert mean_cost((32, 32, 3), RECIPE, 0.5) == pytest.approx(pixels + 0.5 * (1 - pixels))
    whole, half = (32, 32, 3), (16, 16, 3)
    assert fixed_share(whole, half, 0.25 + 0.4 * 0.75) == pytest.approx(0.4)
    assert (fixed_share(whole, half, 0.2), fixed_share(whole, half, 1.1)) == (0, 1)


def _trainer(teacher=None):
    space = Space((32, 32, 3), 1.0, 8, 1, 8, (SpaceStage(8, 2, (1, 2)),))
    network = make_network(space.arch(space.smallest()), 3, 0)
    return Trainer(network, Recipe(batch_size=10), name="t", seed=0, teacher=teacher)


def _images():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (50, 32, 32, 3)).astype(np.uint8)
    y = np.arange(50) % 3
    return read_images((x, y), (x[:9], y[:9]))


class _Watching:
    """A teacher that notes what it is shown."""

    def __init__(self):
        self.sides = []

    def outputs(self, x):
        self.sides.append(x.shape[1])
        return np.zeros((len(x), 3), np.float32)


@pytest.mark.slow
def test_the_network_sees_small_images_and_a_teacher_whole_ones(monkeypatch):
    teacher = _Watching()
    trainer = _trainer(teacher)
    seen = []
    step = trainer._largest
    monkeypatch.setattr(
        trainer, "_largest", lambda x, *rest: (seen.append(x.shape[1]), step(x, *rest))[1]
    )
    trainer.run([TrainingPhase("final", 2, grows=True)], _images())
    assert seen == [20] * 5 + [24] * 3 + [32] * 2
    assert teacher.sides == [32] * 10


def test_other_phases_see_whole_images(monkeypatch):
    trainer = _trainer()
    seen = []
    step = trainer._largest
    monkeypatch.setattr(
        trainer, "_largest", lambda x, *rest: (seen.append(x.shape[1]), step(x, *rest))[1]
    )
    trainer.run([TrainingPhase("round 1", 1)], _images())
    assert seen == [32] * 5


@pytest.mark.parametrize(
    "phase, passes",
    [
        (TrainingPhase("final", 12), 12),
        (TrainingPhase("round 1", 1, steps=2), 0.4),
        (TrainingPhase("final", 3, steps=99), 3),
        (TrainingPhase("kernel", 2, passes=20.0), 20),
    ],
)
def test_how_often_a_training_passes_the_images_decides_whether_they_are_shifted(phase, passes):
    assert phase.passes_of(5) == pytest.approx(passes)
    trainer = _trainer()
    trainer._decide(phase, _images())
    assert trainer.recipe.augmentation == ("flip" if passes < 10 else "flip_and_shift")
