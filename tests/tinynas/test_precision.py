# SPDX-License-Identifier: Apache-2.0
"""A script that computes its own models in half of the precision searches as others do."""

import pytest

import mcunet_tf
from mcunet_tf.errors import BudgetError
from mcunet_tf.tinynas.recipe import Recipe
from tests.tinynas.tiny import EFFORT, SPACES, images

RECIPE = Recipe(batch_size=64, augmentation="none")


@pytest.fixture
def half_precision():
    pytest.importorskip("tensorflow")
    import keras

    keras.config.set_dtype_policy("mixed_bfloat16")
    yield
    keras.config.set_dtype_policy("float32")


@pytest.mark.usefixtures("half_precision")
@pytest.mark.slow
def test_a_search_computes_in_float32_and_gives_the_policy_back():
    import keras

    arch = SPACES[0].arch(SPACES[0].smallest())
    found = mcunet_tf.search(
        images(), network=arch, epochs=2, recipe=RECIPE, effort=EFFORT, verbose=False
    )
    assert found.accuracy > 0.6
    assert {layer.compute_dtype for layer in found.model.layers} == {"float32"}
    assert keras.config.dtype_policy().name == "mixed_bfloat16"


@pytest.mark.usefixtures("half_precision")
def test_a_search_that_fails_gives_it_back_too():
    import keras

    arch = SPACES[0].arch(SPACES[0].largest())
    with pytest.raises(BudgetError):
        mcunet_tf.search(images(), network=arch, flash_bytes=1000, epochs=1, verbose=False)
    assert keras.config.dtype_policy().name == "mixed_bfloat16"
