# SPDX-License-Identifier: Apache-2.0
"""From images to a network that fits: end to end, interrupted, and refused."""

import dataclasses

import numpy as np
import pytest

import mcunet_tf
from mcunet_tf.errors import BoardError, BudgetError, DataError, SearchError
from mcunet_tf.tinynas import Effort, Evolution, Space, SpaceStage
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


def run(workdir, data=None, **changes):
    pytest.importorskip("tensorflow")
    given = data if data is not None else (images(),)
    return mcunet_tf.search(*given, **arguments(workdir, **changes))


@pytest.fixture(scope="session")  # tests of a file may come back to a worker
def workdir(tmp_path_factory):
    return tmp_path_factory.mktemp("search")


@pytest.fixture(scope="session")  # tests of a file may come back to a worker
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


def wrong_arguments():
    """By a name: what changes, the error, and words of its one line."""
    return {
        "unknown board": ({"board": "stm32f999"}, BoardError, "unknown board"),
        "board 3": ({"board": 3}, BoardError, "board = 3: give a board's name"),
        "board None": ({"board": None}, BoardError, "board = None"),
        "no memory": ({"sram_bytes": 100}, BudgetError, "none holds sub-networks that fit"),
        "no time": ({"latency_ms": 1e-3}, BudgetError, "none holds sub-networks that fit"),
        "flash 0": ({"flash_bytes": 0}, BudgetError, "flash_bytes = 0"),
        "sram -1": ({"sram_bytes": -1}, BudgetError, "sram_bytes = -1"),
        "sram 96k": ({"sram_bytes": "96k"}, BudgetError, "sram_bytes = '96k'"),
        "sram nan": ({"sram_bytes": float("nan")}, BudgetError, "sram_bytes = nan"),
        "sram half": ({"sram_bytes": 99.5}, BudgetError, "sram_bytes = 99.5: give whole bytes"),
        "sram True": ({"sram_bytes": True}, BudgetError, "sram_bytes = True"),
        "latency inf": ({"latency_ms": float("inf")}, BudgetError, "latency_ms = inf"),
        "epochs 0": ({"epochs": 0}, SearchError, "epochs = 0: it must be a whole number from 1"),
        "epochs 1.5": ({"epochs": 1.5}, SearchError, "epochs = 1.5"),
        "supernet -1": ({"supernet_epochs": -1}, SearchError, "supernet_epochs = -1"),
        "seed -1": ({"seed": -1}, SearchError, "seed = -1: it must be a whole number from 0"),
        "seed 1.5": ({"seed": 1.5}, SearchError, "seed = 1.5"),
        "fp8": ({"quantization": "fp8"}, SearchError, "'fp8' is unknown"),
        "classes 2": ({"num_classes": 2}, DataError, "labels run from 0 to 2"),
        "classes 0": ({"num_classes": 0}, SearchError, "num_classes = 0"),
        "effort text": ({"effort": "quick"}, SearchError, r"effort = 'quick': .*Effort.quick"),
        "effort class": ({"effort": Effort}, SearchError, "give an Effort"),
        "recipe": ({"recipe": {"batch_size": 3}}, SearchError, "give a Recipe"),
        "callbacks": ({"callbacks": 3}, SearchError, "give a list of Keras callbacks"),
        "a callback class": ({"callbacks": [Killed]}, SearchError, "list of Keras callbacks"),
        "executor": ({"executor": 2}, SearchError, "executor = 2"),
        "strategy": ({"strategy": "mirrored"}, SearchError, "strategy = 'mirrored'"),
        "workdir": ({"workdir": 3}, SearchError, "workdir = 3"),
        "no spaces": ({"spaces": []}, SearchError, "spaces is empty"),
        "spaces text": ({"spaces": "all"}, SearchError, "spaces = 'all'"),
        "other channels": (
            {"spaces": [Space((10, 10, 3), 1.0, 8, 1, 8, (SpaceStage(8, 2),))]},
            SearchError,
            "is for 3 channels, the images have 1",
        ),
    }


@pytest.mark.parametrize("name", wrong_arguments())
def test_impossible_arguments_are_refused(tmp_path, name):
    changes, error, words = wrong_arguments()[name]
    with pytest.raises(error, match=words) as caught:
        run(**{"workdir": tmp_path, **changes})
    assert "\n" not in str(caught.value)


WRONG_VALUES = {
    "no channels": lambda: SpaceStage(0, 1),
    "no depth": lambda: SpaceStage(8, 1, ()),
    "depth 0": lambda: SpaceStage(8, 1, (0, 1)),
    "half a depth": lambda: SpaceStage(8, 1, (0.5,)),
    "no stages": lambda: Space((10, 10, 1), 1.0, 8, 1, 8, ()),
    "no rows": lambda: Space((0, 10, 1), 1.0, 8, 1, 8, (SpaceStage(8, 2),)),
    "flat image": lambda: Space((10, 10), 1.0, 8, 1, 8, (SpaceStage(8, 2),)),
    "head": lambda: Space((10, 10, 1), 1.0, 8, 1, 8, (SpaceStage(8, 2),), head_channels=-1),
    "no samples": lambda: Effort(samples=0),
    "half a plan": lambda: Effort(plans=1.5),
    "no evolution": lambda: Effort(evolution="long"),
    "no population": lambda: Evolution(population=0),
    "mutation": lambda: Evolution(mutation=1.5),
    "batch 0": lambda: Recipe(batch_size=0),
    "rate": lambda: Recipe(learning_rate=float("nan")),
    "momentum": lambda: Recipe(momentum=2),
    "smoothing": lambda: Recipe(label_smoothing="0.1"),
    "augmentation": lambda: Recipe(augmentation="mixup"),
    "optimizer": lambda: Recipe(optimizer="adam"),
}


@pytest.mark.parametrize("name", WRONG_VALUES)
def test_values_are_checked_when_they_are_made(name):
    with pytest.raises(SearchError) as caught:
        WRONG_VALUES[name]()
    assert "\n" not in str(caught.value)


def wrong_data():
    x, y = images(40)
    nan = x.astype(np.float32)
    nan[3, 2, 2] = np.nan
    return {
        "no training images": ((x[:0], y[:0]), "no training images"),
        "labels are missing": ((x, y[:-1]), "one whole number per image, or a one-hot row"),
        "several ones": ((x, np.ones((40, 3))), "pass head='multilabel'"),
        "rows of values": ((x, np.eye(3)[y] / 2), "pass head='regression'"),
        "weights missing": ((x, y, np.ones(3)), "one number for each of the 40 images"),
        "weights below 0": ((x, y, np.full(40, -1.0)), "from 0 on"),
        "weights 0": ((x, y, np.zeros(40)), "not all 0"),
        "nan": ((nan, y), "image 3 holds NaN"),
        "negative": ((x, y - 1), "labels run from -1"),
        "one label": ((x, y * 0), "same label"),
        "int32 images": ((x.astype(np.int32), y), "must be uint8, int8 or float32"),
        "no pair": (x[0], "pair"),
        "none": (None, "must be a pair .* not None"),
        "text": ("cifar10", "must be a pair .* not 'cifar10'"),
        "dictionary": ({"x": x, "y": y}, "not a dict"),
        "four": ((x, y, y, y), "not a tuple of 4"),
        "images none": ((None, y), "images must be an array, not None"),
        "labels a dictionary": ((x, {}), "labels must be an array, not a dict"),
        "ragged": (([[1, 2], [3]], [0, 1]), "images are no array"),
        "objects": ((np.array([{}] * 40), y), "images are object"),
        "text images": ((np.array(["a"] * 40), y), "images are <U1"),
        "scalar": ((np.uint8(3), y), "no training images"),
        "no pixels": ((x[:, :0], y), "they hold no values"),
        "no channels": ((x[..., :0], y), "they hold no values"),
        "infinity": ((np.where(nan == nan, nan, np.inf), y), "image 3 holds NaN or infinity"),
        "beyond float32": ((x.astype(np.float64) + 1e300, y), "image 0 holds NaN or infinity"),
        "float labels": ((x, y.astype(np.float32)), r"labels are float32.*astype\('int64'\)"),
        "text labels": ((x, np.array(["cat"] * 40)), "labels <U3"),
        "label 2**40": ((x, y + 2**40), "run up to .* but there are only"),
        "label 2**63": ((x, y.astype(np.uint64) + np.uint64(2**63)), "number classes from 0"),
        "one image": ((x[:1], y[:1]), "too few"),
    }


@pytest.mark.parametrize("name", wrong_data())
def test_wrong_data_is_refused(name):
    given, words = wrong_data()[name]
    with pytest.raises(DataError, match=words) as caught:
        read_images(given)
    assert "\n" not in str(caught.value)


def test_efforts_are_values():
    assert dataclasses.replace(EFFORT) == EFFORT
    assert package_search is mcunet_tf.search


def test_a_result_lives_on_without_its_data(found, workdir):
    from mcunet_tf import SearchResult

    loaded = SearchResult.load(workdir)
    assert loaded.flatbuffer == found.flatbuffer
    assert (loaded.arch, loaded.scores, loaded.cost) == (found.arch, found.scores, found.cost)
    assert (loaded.budget, loaded.board) == (found.budget, found.board)
    assert [p.arch for p in loaded.pareto] == [p.arch for p in found.pareto]
    x, _ = images(40)
    np.testing.assert_allclose(loaded.predict(x), found.predict(x), rtol=1e-5)


def test_a_folder_without_a_result_is_no_result(tmp_path, found, workdir):
    from mcunet_tf import SearchResult

    with pytest.raises(SearchError, match="holds no finished search"):
        SearchResult.load(tmp_path)
    for path in workdir.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "model.tflite").unlink()
    with pytest.raises(SearchError, match="is damaged"):
        SearchResult.load(tmp_path)


def test_every_form_of_the_network_is_evaluated(found):
    x, y = images(60)
    evaluations = {on: found.evaluate(x, y, on) for on in ("float", "int8", "host", "qemu-m7")}
    for evaluation in evaluations.values():
        assert evaluation.confusion.sum() == 60
        right = np.trace(evaluation.confusion) / 60
        assert evaluation.scores["accuracy"] == pytest.approx(right)
        assert evaluation.recall.shape == evaluation.precision.shape == (3,)
    for on in ("host", "qemu-m7"):
        np.testing.assert_array_equal(evaluations[on].predictions, evaluations["int8"].predictions)
    near = np.abs(evaluations["float"].predictions - evaluations["int8"].predictions).mean()
    assert near < 0.1
    with pytest.raises(BoardError, match="'float', 'int8' or a board"):
        found.evaluate(x, y, "mars")
    with pytest.raises(SearchError, match="labels are from 0 to 7"):
        found.evaluate(x, np.where(y == 0, 7, 0), "float")


def test_the_budget_limits_the_board_and_not_this_computer(found):
    """Kernels of a computer want more memory than the board has, and it is there."""
    small = dataclasses.replace(found, budget=dataclasses.replace(found.budget, sram_bytes=64))
    x, y = images(10)
    for on in ("int8", "host"):
        assert small.evaluate(x, y, on).scores == found.evaluate(x, y, on).scores
    with pytest.raises(BudgetError, match="over the budget of 64 B"):
        small.evaluate(x, y, "qemu-m7")
