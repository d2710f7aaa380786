# SPDX-License-Identifier: Apache-2.0
"""What a search is given and cannot use: one sentence each, before anything is trained."""

import numpy as np
import pytest

import mcunet_tf
from mcunet_tf.errors import BudgetError, DataError, McunetError, SearchError
from mcunet_tf.tinynas import Block, Family, Space, SpaceStage
from mcunet_tf.tinynas.data import as_float
from mcunet_tf.tinynas.reading import read_images
from tests.tinynas.tiny import EFFORT, SPACES, images


class GivesNothing(Family):
    def build(self, choice):
        return None


class GivesMore(Family):
    def build(self, choice):
        return Block(3, choice.in_channels, choice.channels + 8)


@pytest.mark.parametrize(
    ("family", "said"),
    [
        (Family(), r"Family has no build\(self, choice\): give one"),
        (GivesNothing(), "GivesNothing.build gives None: it must give a Block"),
        (GivesMore(), "gives a block of 16 channels where the stage has 8: use choice.channels"),
    ],
)
def test_a_family_is_tried_when_a_space_is_made(family, said):
    with pytest.raises(SearchError, match=said):
        Space((10, 10, 1), 1.0, 8, 1, 8, (SpaceStage(8, 1),), family)


def test_sources_that_fail_are_one_line():
    x, y = images(40)

    def broken():
        yield x[0], y[0]
        raise RuntimeError("the disk\nis gone")

    with pytest.raises(DataError, match="the training data failed: the disk is gone"):
        read_images(lambda: broken(), (x, y))


def test_int8_images_are_halves_to_ones():
    x, y = images(40)
    shifted = (x.astype(int) - 128).astype(np.int8)
    data = read_images((shifted, y))
    assert data.train_x.dtype == np.int8
    values = as_float(shifted)
    assert values.min() >= -1 and values.max() < 1
    assert data.resized((5, 5, 1)).train_x.dtype == np.int8


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"instructions": 10}, BudgetError, r"instructions where 10 are allowed: raise that limit"),
        ({"sram_bytes": 100}, BudgetError, r"none holds .* B of SRAM where 100 B are allowed"),
        ({"hop": 3}, McunetError, "the smallest hop is 2"),
        ({"loss": lambda y, out: out.no_such}, SearchError, "loss '<lambda>' fails for targets"),
    ],
)
def test_what_binds_is_said(changes, error, said):
    pytest.importorskip("tensorflow")
    asked = {"board": "stm32f412", "spaces": SPACES, "effort": EFFORT, "verbose": False}
    with pytest.raises(error, match=said):
        mcunet_tf.search(images(80), **{**asked, **changes})


def test_losses_from_probabilities_are_refused():
    keras = pytest.importorskip("keras")
    with pytest.raises(SearchError, match="wants probabilities, but networks give logits"):
        mcunet_tf.search(images(80), loss=keras.losses.CategoricalCrossentropy(), verbose=False)
