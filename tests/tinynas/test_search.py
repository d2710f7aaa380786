# SPDX-License-Identifier: Apache-2.0
"""From images to a network that fits: end to end, interrupted, and refused."""

import dataclasses

import numpy as np
import pytest

import mcunet_tf
from mcunet_tf.errors import BoardError, BudgetError, DataError, SearchError
from mcunet_tf.tinynas import search as package_search
from mcunet_tf.tinynas.candidates import evaluated
from mcunet_tf.tinynas.reading import read_images
from mcunet_tf.tinynas.recipe import Recipe
from tests.tinynas.tiny import EFFORT, SPACES, images

BUDGET = {"sram_bytes": 6000, "flash_bytes": 60_000}


class Killed(Exception):
    """Stands for the end of the process."""


def arguments(workdir, **changes):
    return {
        "board": "stm32f412",
        "epochs": 2,
        "supernet_epochs": 3,
        "workdir": workdir,
        "spaces": SPACES,
        "effort": EFFORT,
        "recipe": Recipe(batch_size=64, augmentation="none"),
        "verbose": False,
        **BUDGET,
        **changes,
    }


def run(workdir, **changes):
    pytest.importorskip("tensorflow")
    return mcunet_tf.search(images(), **arguments(workdir, **changes))


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    return tmp_path_factory.mktemp("search")


@pytest.fixture(scope="module")
def found(workdir):
    return run(workdir)


def test_the_result_fits_and_classifies(found):
    assert found.cost.sram_bytes <= BUDGET["sram_bytes"]
    assert found.cost.flash_bytes <= BUDGET["flash_bytes"]
    assert found.accuracy > 0.6
    phases = [row["phase"] for row in found.history]
    assert phases == ["largest", "depth", "expansion", "final", "final"]
    assert len(found.spaces) == len(SPACES)


def test_the_result_compiles_and_is_written(found, tmp_path):
    found.to_tflite(tmp_path / "m.tflite")
    compiled = found.compile(tmp_path / "c")
    assert compiled.arena_bytes == found.cost.sram_bytes
    assert (tmp_path / "c" / "model.c").is_file()
    assert (tmp_path / "m.tflite").read_bytes() == found.flatbuffer
    found.report(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "<svg" in page and f"{found.cost.sram_bytes:,} B" in page


def test_the_pareto_front_rises(found):
    accuracies = [point.accuracy for point in found.pareto]
    macs = [point.macs for point in found.pareto]
    assert accuracies == sorted(accuracies) and macs == sorted(macs)


def test_every_evaluation_can_be_read_again(found, workdir):
    space = found.spaces[found.chosen].space
    accuracies = evaluated(workdir, space)
    best = max(accuracies, key=lambda choice: accuracies[choice])
    assert len(accuracies) > 1
    assert accuracies[best] == found.pareto[-1].accuracy
    assert any(space.arch(choice) == found.arch for choice in accuracies)


@pytest.mark.slow
def test_a_killed_search_ends_as_if_it_had_not_been(found, tmp_path):
    """Killed after an epoch of each training, and started again each time."""
    import keras

    class Kill(keras.callbacks.Callback):
        def __init__(self, at):
            super().__init__()
            self.at = at
            self.epochs = 0

        def on_epoch_begin(self, epoch, logs=None):
            self.epochs += 1
            if self.epochs > self.at:
                raise Killed

    for _ in range(10):
        try:
            again = run(tmp_path, callbacks=[Kill(2)])
            break
        except Killed:
            continue
    assert again.arch == found.arch
    assert again.flatbuffer == found.flatbuffer
    assert again.history == found.history


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"board": "stm32f999"}, BoardError, "unknown board"),
        ({"sram_bytes": 100}, BudgetError, "none holds sub-networks that fit"),
        ({"flash_bytes": 0}, BudgetError, "flash_bytes = 0"),
        ({"latency_ms": 1e-3}, BudgetError, "none holds sub-networks that fit"),
        ({"epochs": 0}, SearchError, "epochs = 0: it must be a whole number from 1 on"),
        ({"quantization": "fp8"}, SearchError, "'fp8' is unknown"),
        ({"num_classes": 2}, DataError, "labels run from 0 to 2"),
    ],
)
def test_impossible_arguments_are_refused(tmp_path, changes, error, words):
    with pytest.raises(error, match=words) as caught:
        run(tmp_path, **changes)
    assert "\n" not in str(caught.value)


def wrong_data():
    x, y = images(40)
    nan = x.astype(np.float32)
    nan[3, 2, 2] = np.nan
    return {
        "no training images": ((x[:0], y[:0]), "no training images"),
        "labels are missing": ((x, y[:-1]), "one whole number per image"),
        "one-hot": ((x, np.eye(3)[y]), "one-hot"),
        "nan": ((nan, y), "image 3 holds NaN"),
        "negative": ((x, y - 1), "labels run from -1"),
        "one label": ((x, y * 0), "same label"),
        "int32 images": ((x.astype(np.int32), y), "must be uint8 or float32"),
        "no pair": (x[0], "pair"),
    }


@pytest.mark.parametrize("name", wrong_data())
def test_wrong_data_is_refused(name):
    given, words = wrong_data()[name]
    with pytest.raises(DataError, match=words):
        read_images(given)


def test_datasets_and_arrays_are_read_alike():
    tf = pytest.importorskip("tensorflow")
    x, y = images(50)
    dataset = tf.data.Dataset.from_tensor_slices((x, y))
    for given in (dataset, dataset.batch(16)):
        read = read_images(given, (x, y))
        np.testing.assert_array_equal(read.train_x, x)
        np.testing.assert_array_equal(read.train_y, y)
    aside = read_images((x, y), seed=1)
    assert len(aside.validation_x) == 5 and len(aside.train_x) == 45


def test_efforts_are_values():
    assert dataclasses.replace(EFFORT) == EFFORT
    assert package_search is mcunet_tf.search
