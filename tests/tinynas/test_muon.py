# SPDX-License-Identifier: Apache-2.0
"""Muon: steps of convolutions are orthogonal, everything else moves as by SGD."""

import numpy as np
import pytest

from tests.tinynas.tiny import SPACES, images


@pytest.mark.parametrize("shape", [(72, 16), (16, 48), (24, 24)], ids=str)
def test_all_directions_of_a_step_are_of_nearly_one_length(shape):
    pytest.importorskip("tensorflow")
    from mcunet_tf.tinynas.muon import orthogonal

    rng = np.random.default_rng(0)
    left, _, right = np.linalg.svd(rng.normal(size=shape), full_matrices=False)
    # What drowns in a gradient: one direction a hundred times another one.
    matrix = (left * np.geomspace(1, 0.01, min(shape))) @ right
    found = orthogonal(matrix.astype(np.float32)).numpy()
    lengths = np.linalg.svd(found, compute_uv=False)
    assert 0.5 < lengths.min() and lengths.max() < 1.3
    nearest = left @ right
    alike = np.sum(found * nearest) / np.linalg.norm(found) / np.linalg.norm(nearest)
    assert alike > 0.97


def test_a_matrix_of_nothing_stays_nothing():
    pytest.importorskip("tensorflow")
    from mcunet_tf.tinynas.muon import orthogonal

    assert not np.any(orthogonal(np.zeros((9, 4), np.float32)).numpy())


def moved(optimizer):
    """Variables by path before and after a step, for a network of all kinds of layers."""
    pytest.importorskip("tensorflow")
    from mcunet_tf.tinynas.final import make_network
    from mcunet_tf.tinynas.recipe import Recipe
    from mcunet_tf.tinynas.train import Trainer, TrainingPhase

    network = make_network(SPACES[0].arch(SPACES[0].smallest()), 3, 0)
    recipe = Recipe(weight_decay=0.0, clip=0.0, optimizer=optimizer)
    trainer = Trainer(network, recipe, name="muon", seed=0)
    before = {v.path: v.numpy() for v in network.trainable_variables}
    x, y = images(64)
    x = x.astype(np.float32) / 255
    trainer.step(TrainingPhase("final", 1), x, y, np.random.default_rng(0))
    return before, {v.path: v.numpy() for v in network.trainable_variables}


def test_kernels_keep_their_norm_and_turn_by_the_rate_that_was_asked_for():
    from mcunet_tf.tinynas.recipe import TURN

    before, after = moved("muon")
    turned = 0
    for path, value in before.items():
        if value.ndim != 4 or value.shape[3] == 1:
            continue
        turned += 1
        norm = min(value.reshape(-1, value.shape[3]).shape) ** 0.5
        kept = value * norm / np.linalg.norm(value)
        step = np.linalg.norm(after[path] - kept) / norm
        assert 0.5 * TURN < step < 1.3 * TURN, path
    assert turned


def test_what_is_no_dense_window_moves_as_by_gradient_descent():
    before, by_muon = moved("muon")
    _, by_sgd = moved("sgd")
    others = [p for p, v in before.items() if v.ndim != 4 or v.shape[3] == 1]
    windows = [p for p in before if p not in others]
    assert any(before[p].ndim == 4 for p in others), "no depthwise window in this network"
    # Norms make what a network computes independent of the norms of its kernels.
    for path in others:
        np.testing.assert_allclose(by_muon[path], by_sgd[path], rtol=1e-3, atol=1e-5)
    assert all(np.abs(by_muon[path] - by_sgd[path]).max() > 1e-3 for path in windows)


def test_measuring_a_step_learns_nothing():
    pytest.importorskip("tensorflow")
    from mcunet_tf.tinynas.data import Images
    from mcunet_tf.tinynas.final import make_network
    from mcunet_tf.tinynas.recipe import Recipe
    from mcunet_tf.tinynas.train import Trainer

    network = make_network(SPACES[0].arch(SPACES[0].smallest()), 3, 0)
    trainer = Trainer(network, Recipe(batch_size=16), name="timing", seed=0)
    before = [v.numpy() for v in (*network.variables, *trainer.optimizer.variables)]
    x, y = images(64)
    trainer.step_seconds(Images(x, y, x[:8], y[:8], 3))
    after = [v.numpy() for v in (*network.variables, *trainer.optimizer.variables)]
    assert all(map(np.array_equal, before, after))
