# SPDX-License-Identifier: Apache-2.0
"""What goes on from a search: its networks trained again, its supernet for another budget."""

import dataclasses

import numpy as np
import pytest

import mcunet_tf
from mcunet_tf.errors import BudgetError, SearchError
from mcunet_tf.tinynas import Arch, Block, InvertedResidual, SearchResult
from mcunet_tf.tinynas.given import keep_supernet, load_supernet
from mcunet_tf.tinynas.recipe import Recipe
from tests.tinynas.test_search import BUDGET
from tests.tinynas.tiny import EFFORT, SPACES, images

ARCH = Arch((10, 10, 1), 8, 1, (Block(3, 8, 8, 2), Block(3, 24, 8, 1, True)))


def arguments(**changes):
    return {
        "board": "stm32f412",
        "epochs": 1,
        "network": ARCH,
        "effort": EFFORT,
        "recipe": Recipe(batch_size=64, augmentation="none"),
        "verbose": False,
        **BUDGET,
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"network": 3}, "give an Arch, such as result.pareto"),
        ({"network": "resnet"}, "unknown network 'resnet'"),
        ({"network": None, "initial_weights": "x.keras"}, "initial_weights belong to one network"),
        ({"initial_weights": "none.keras"}, "there is no such file; give a Keras model"),
        ({"initial_weights": 5}, "give a Keras model, the path of a .keras file"),
        ({"teacher": "x.keras"}, "give a trained Keras model"),
        ({"supernet": "here"}, "network and supernet are two ways"),
        ({"network": None, "supernet": "here", "minutes": 1}, "leave minutes out"),
        ({"network": None, "supernet": "none"}, "holds no supernet"),
        ({"network": "resnet-8"}, "takes images of 3 channels, the data has 1"),
    ],
)
def test_what_cannot_go_on_is_said(changes, said):
    pytest.importorskip("tensorflow")
    with pytest.raises(SearchError, match=said):
        mcunet_tf.search(images(120), **arguments(**changes))


def test_a_network_that_does_not_fit_is_said():
    pytest.importorskip("tensorflow")
    with pytest.raises(BudgetError, match=r"does not fit: it needs .* B of SRAM where 500 B are"):
        mcunet_tf.search(images(120), **arguments(sram_bytes=500))


def test_a_space_is_kept_beside_its_supernet(tmp_path):
    space = dataclasses.replace(SPACES[0], family=InvertedResidual((3, 5), (2, 3)))
    keep_supernet(tmp_path, space, 3)
    with pytest.raises(SearchError, match="for 1 channels and 3 outputs, the data has 1 and 4"):
        load_supernet(tmp_path, None, 1, 4)
    with pytest.raises(SearchError, match=r"supernet-.*ckpt is missing"):
        load_supernet(tmp_path, None, 1, 3)


def teacher(outputs=3, channels=1, activation=None):
    import keras

    return keras.Sequential(
        [
            keras.Input((None, None, channels)),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(outputs, activation=activation),
        ]
    )


def test_a_teacher_must_suit():
    pytest.importorskip("tensorflow")
    from mcunet_tf.tinynas.objective import Objective
    from mcunet_tf.tinynas.teacher import Teacher

    x = np.random.default_rng(0).random((4, 10, 10, 1), np.float32)
    objective = Objective(3)
    for model, said in (
        (teacher(4), r"gives \[4\] for an image: it must give 3"),
        (teacher(3, 3), "takes images of 3 channels, the data has 1"),
    ):
        with pytest.raises(SearchError, match=said):
            Teacher(model, objective, (10, 10, 1), x)
    logits, shares = teacher(), teacher(activation="softmax")
    shares.set_weights(logits.get_weights())
    made = [Teacher(m, objective, (10, 10, 1), x).outputs(x) for m in (logits, shares)]
    assert np.allclose(made[0] - made[0].mean(1, keepdims=True), made[1] - made[1].mean(1)[:, None])


@pytest.mark.slow
def test_from_search_to_longer_training_and_another_budget(tmp_path):
    """A supernet once; then its networks trained again, taught, and found for another budget."""
    pytest.importorskip("tensorflow")
    data = images()
    first = tmp_path / "first"
    asked = arguments(network=None, epochs=2, spaces=SPACES, workdir=first)
    found = mcunet_tf.search(data, **asked)
    loaded = SearchResult.load(first)
    common = {"epochs": 1, "effort": EFFORT, "recipe": asked["recipe"], "verbose": False}
    longer = loaded.train(data, **common)
    assert longer.arch == found.arch
    assert longer.scores["accuracy"] >= found.scores["accuracy"] - 0.1
    point = loaded.pareto[0].train(data, teacher=teacher(), minutes=0.2, **common)
    assert point.arch == loaded.pareto[0].arch
    assert point.budget == found.budget
    with pytest.raises(SearchError, match=r"give supernet='.*first' to go on with its weights"):
        mcunet_tf.search(data, **{**asked, "sram_bytes": 3000})
    other = mcunet_tf.search(data, **{**asked, "workdir": None}, supernet=first)
    assert other.pareto and not any(row["phase"] == "largest" for row in other.history)
    with pytest.raises(SearchError, match=r"initial_weights: layer '.*' of the model"):
        mcunet_tf.search(data, **arguments(initial_weights=found.model))
