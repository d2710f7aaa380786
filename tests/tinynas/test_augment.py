# SPDX-License-Identifier: Apache-2.0
"""What is done to training images at random does what it says, and nothing else."""

import dataclasses

import numpy as np
import pytest

from mcunet_tf.errors import SearchError
from mcunet_tf.tinynas.augment import augmented, mixed
from mcunet_tf.tinynas.recipe import Recipe


def pictures(count=200, shape=(16, 12, 2)):
    return np.random.default_rng(0).random((count, *shape)).astype(np.float32)


def changed(x, found):
    """Which pixels `[n, h, w]` are others than they were."""
    return (x != found).any(axis=-1)


def run(x, **recipe):
    recipe = Recipe(**{"augmentation": "none", **recipe})
    return augmented(x, np.random.default_rng(1), recipe)


def test_nothing_is_done_unasked():
    x = pictures()
    assert run(x) is x


def test_mirrors_half():
    x = pictures()
    found = run(x, augmentation="flip")
    mirrored = [np.array_equal(a, b[:, ::-1]) for a, b in zip(found, x, strict=True)]
    same = [np.array_equal(a, b) for a, b in zip(found, x, strict=True)]
    assert all(m != s for m, s in zip(mirrored, same, strict=True))
    assert 60 < sum(mirrored) < 140


def test_shifts_by_up_to_an_eighth():
    x = pictures()
    found = run(x, augmentation="shift")
    places = set()
    for a, b in zip(found, x, strict=True):
        padded = np.pad(b, ((2, 2), (2, 2), (0, 0)))
        places |= {
            (top, left)
            for top in range(5)
            for left in range(5)
            if np.array_equal(padded[top : top + 16, left : left + 12], a)
        }
    rows, columns = zip(*places, strict=True)
    assert set(rows) == set(range(5)) and set(columns) == {0, 1, 2, 3, 4}


def test_rows_are_earlier_or_later_by_up_to_a_tenth():
    """What a recording begins or ends with goes on before and behind it."""
    x = pictures()
    moves = set()
    for a, b in zip(run(x, augmentation="shift_rows"), x, strict=True):
        padded = np.pad(b, ((2, 2), (0, 0), (0, 0)), "edge")
        moves |= {m for m in range(5) if np.array_equal(padded[m : m + 16], a)}
    assert moves == {0, 1, 2, 3, 4}


def test_masks_are_bands_over_the_whole_image():
    x = pictures()
    hidden = changed(x, run(x, masks=(0.5, 0.0)))
    assert (hidden.all(axis=2) == hidden.any(axis=2)).all()
    heights = hidden.all(axis=2).sum(axis=1)
    assert heights.max() == 8 and len(set(heights)) > 6
    hidden = changed(x, run(x, masks=(0.0, 0.5)))
    assert (hidden.all(axis=1) == hidden.any(axis=1)).all() and hidden.any()


def test_what_is_hidden_has_the_mean_of_its_image():
    x = pictures()
    found = run(x, cutout=0.5)
    hidden = changed(x, found)
    assert hidden.any(axis=(1, 2)).all()
    means = np.broadcast_to(x.mean(axis=(1, 2), keepdims=True), x.shape)
    np.testing.assert_array_equal(found[hidden], means[hidden])
    # One rectangle each, cut off at the borders.
    assert hidden.sum(axis=(1, 2)).max() == 8 * 6
    rows, columns = hidden.any(axis=2), hidden.any(axis=1)
    assert np.array_equal(hidden, rows[:, :, None] & columns[:, None, :])


def test_blends_an_image_with_its_partner():
    x = pictures()
    found, partners, shares = mixed(x, 0.3, np.random.default_rng(0))
    assert sorted(partners) == list(range(len(x)))
    assert shares.min() >= 0.5 and shares.max() <= 1.0 and shares.std() > 0.1
    wanted = shares[:, None, None, None] * x + (1 - shares)[:, None, None, None] * x[partners]
    np.testing.assert_allclose(found, wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"mixup": -1.0}, "mixup = -1.0"),
        ({"cutout": 2.0}, "cutout = 2.0"),
        ({"masks": 0.5}, "two shares"),
        ({"masks": (0.5, 2.0)}, "masks = 2.0"),
    ],
)
def test_what_no_recipe_can_be(setting, said):
    with pytest.raises(SearchError, match=said):
        Recipe(**setting)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.slow
def test_the_loss_of_a_blend_is_that_of_both_targets(weighted):
    tf = pytest.importorskip("tensorflow")
    from mcunet_tf.tinynas.final import make_network
    from mcunet_tf.tinynas.space import make_space
    from mcunet_tf.tinynas.train import Trainer, TrainingPhase

    x = pictures(40, (16, 16, 1))
    y = np.arange(40) % 3
    w = np.linspace(0.5, 2.0, 40).astype(np.float32) if weighted else None
    space = make_space((16, 16, 1), 1.0, 0.2)
    network = make_network(space.arch(space.smallest()), 3, 0)
    recipe = Recipe(learning_rate=0.0, weight_decay=0.0, mixup=0.5, label_smoothing=0.1)
    trainer = Trainer(network, recipe, name="blends", seed=0)
    blend = lambda: np.random.default_rng(7)  # noqa: E731
    found = trainer.step(TrainingPhase("all", 1), x, y, blend(), w, blend())
    seen, partners, shares = mixed(x, 0.5, blend())
    outputs = network.forward(tf.constant(seen))[0]
    own = trainer.objective.losses(y, outputs, 0.1).numpy()
    other = trainer.objective.losses(y[partners], outputs, 0.1).numpy()
    weights = np.ones(40) if w is None else w
    wanted = np.mean(shares * weights * own + (1 - shares) * weights[partners] * other)
    assert found == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize(
    ("shape", "count", "augmentation", "mixup", "masks"),
    [
        ((32, 32, 3), 50_000, "flip_and_shift", 0.0, (0, 0)),
        ((64, 32, 3), 5_000, "flip_and_shift", 0.3, (0, 0)),
        ((28, 28, 1), 60_000, "flip_and_shift", 0.0, (0, 0)),
        ((49, 10, 1), 3_000, "shift_rows", 0.3, (0.2, 0.3)),
        ((49, 10, 1), 90_000, "shift_rows", 0.0, (0, 0)),
        ((128, 1, 3), 3_000, "none", 0.3, (0, 0)),
    ],
)
def test_data_decides_what_is_left_open(shape, count, augmentation, mixup, masks):
    found = Recipe().of_data(shape, count)
    assert (found.augmentation, found.mixup, found.masks) == (augmentation, mixup, masks)
    # What is seen a few times is not shifted.
    enough = 25.0 if count >= 10_000 else 10.0
    short = Recipe().of_data(shape, count, enough - 0.1)
    assert short.augmentation == {"flip_and_shift": "flip"}.get(augmentation, augmentation)
    assert Recipe().of_data(shape, count, enough) == found
    asked = Recipe(augmentation="shift", mixup=0.1, masks=(0.1, 0.0))
    side = 0.625 if augmentation == "flip_and_shift" else 1.0
    assert asked.of_data(shape, count) == dataclasses.replace(asked, smallest_side=side)


def test_clips_are_moved_and_masked_where_they_are_heard():
    left = Recipe().of_clips().of_data((49, 10, 1), 3_000)
    assert (left.augmentation, left.masks) == ("none", (0.0, 0.0))
    asked = Recipe(augmentation="shift", masks=(0.1, 0.2))
    assert asked.of_clips() == asked
