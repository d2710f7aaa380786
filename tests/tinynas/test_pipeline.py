# SPDX-License-Identifier: Apache-2.0
"""Data that is read anew every epoch: all forms give the same, and what is wrong is one line."""

import numpy as np
import pytest

from mcunet_tf.errors import DataError
from mcunet_tf.tinynas import pipeline as pipelines
from mcunet_tf.tinynas.candidates import evaluation_data
from mcunet_tf.tinynas.pipeline import Pipeline
from mcunet_tf.tinynas.reading import read_images
from mcunet_tf.tinynas.recipe import Recipe
from mcunet_tf.tinynas.targets import stratified
from tests.tinynas.test_search import run
from tests.tinynas.tiny import images

tf = pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")

PLAIN = Recipe(augmentation="none")


class Sequence(keras.utils.PyDataset):
    """Batches of 16, which says how often it was gone through."""

    def __init__(self, x, y):
        super().__init__()
        self.x, self.y, self.ends = x, y, 0

    def __len__(self):
        return -(-len(self.x) // 16)

    def __getitem__(self, index):
        part = slice(16 * index, 16 * index + 16)
        return self.x[part], self.y[part]

    def on_epoch_end(self):
        self.ends += 1


def forms(x, y):
    pairs = tf.data.Dataset.from_tensor_slices((x, y))
    weights = np.full(len(x), 2.0, np.float32)
    return {
        "dataset": pairs,
        "batches": pairs.batch(16),
        "one-hot": pairs.map(lambda a, b: (a, tf.one_hot(b, 3))),
        "one-hot batches": pairs.map(lambda a, b: (a, tf.one_hot(b, 3))).batch(7),
        "columns": pairs.map(lambda a, b: (a, b[tf.newaxis])).batch(8),
        "weighted": tf.data.Dataset.from_tensor_slices((x, y, weights)).batch(9),
        "PyDataset": Sequence(x, y),
        "function": lambda: iter(zip(x, y, strict=True)),
        "function of batches": lambda: ((x[i : i + 30], y[i : i + 30]) for i in range(0, 50, 30)),
    }


@pytest.mark.parametrize("name", list(forms(*images(50))))
def test_all_forms_give_the_same_batches(name):
    x, y = images(50)
    data = read_images(forms(x, y)[name], images(30))
    assert isinstance(data, Pipeline) and (data.count, data.num_classes) == (50, 3)
    rng = np.random.default_rng(0)
    for _ in range(2):
        found = list(data.epoch(12, rng, PLAIN))
        assert [len(part[0]) for part in found] == [12] * 4
        np.testing.assert_array_equal(np.concatenate([p[1] for p in found]), y[:48])
        pixels = np.concatenate([p[0] for p in found])
        np.testing.assert_allclose(pixels, x[:48] / 255, atol=1e-6)
        weights = [p[2] for p in found]
        assert all((w is None) == (name != "weighted") for w in weights)


def test_what_a_pipeline_does_at_random_is_new_each_epoch():
    x, y = images(60)
    chance = np.random.default_rng(1)

    def noise(a, b):
        # TensorFlow's own begins anew with every pass, once somebody has set its seed.
        drawn = tf.numpy_function(lambda: np.float32(chance.uniform()), [], tf.float32)
        return tf.cast(a, tf.float32) + tf.ensure_shape(drawn, []), b

    noisy = tf.data.Dataset.from_tensor_slices((x, y)).map(noise)
    data = read_images(noisy, (x.astype(np.float32), y))
    rng = np.random.default_rng(0)
    first, second = (next(iter(data.epoch(30, rng, PLAIN)))[0] for _ in range(2))
    assert np.abs(first - second).max() > 0.1


def test_images_are_scaled_as_they_come():
    x, y = images(50)
    whole = read_images((x, y), (x, y)).resized((6, 8, 1))
    data = read_images(lambda: iter(zip(x, y, strict=True)), (x, y)).resized((6, 8, 1))
    assert data.image_shape == (6, 8, 1)
    np.testing.assert_array_equal(data.validation_x, whole.validation_x)
    found = next(iter(data.epoch(50, np.random.default_rng(0), PLAIN)))[0]
    np.testing.assert_allclose(found, whole.train_x / np.float32(255), atol=1e-6)


def test_only_a_batch_and_the_targets_are_held():
    """A set of 400 MB as a function, in a fraction of that."""
    tracemalloc = pytest.importorskip("tracemalloc")
    image = np.random.default_rng(0).integers(0, 255, (100, 100, 1), np.uint8)

    def source():
        return (
            (np.broadcast_to(image, (100, 100, 100, 1)), np.arange(100) % 7) for _ in range(400)
        )

    tracemalloc.start()
    data = read_images(source, (np.stack([image] * 20), np.arange(20) % 7))
    batches = sum(1 for _ in data.epoch(100, np.random.default_rng(0), PLAIN))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (data.count, batches) == (40_000, 400)
    assert peak < 60e6


def wrong():
    x, y = images(60)
    pairs = tf.data.Dataset.from_tensor_slices((x, y))
    order = np.argsort(y, kind="stable")
    half = x[:, :5]

    def shapes():
        yield x[:3], y[:3]
        yield half[:3], y[:3]

    return {
        "endless": (pairs.repeat(), r"repeats for ever: pass it without .repeat\(\)"),
        "endless batches": (pairs.batch(8).repeat(), "repeats for ever"),
        "empty": (pairs.take(0), "the dataset is empty"),
        "empty function": (lambda: iter(()), "the dataset is empty"),
        "no iterator": (lambda: 3, "gives 3: it must give an iterator"),
        "no labels": (tf.data.Dataset.from_tensor_slices(x), "must give pairs"),
        "images alone": (lambda: iter(x), "give .image, label."),
        "names": (pairs.map(lambda a, b: {"x": a, "y": b}), "must give pairs"),
        "float labels": (pairs.map(lambda a, b: (a, tf.cast(b, tf.float32))), "float32"),
        "nan": (pairs.map(lambda a, b: (tf.cast(a, tf.float32) / 0.0, b)), "NaN"),
        "batches of batches": (pairs.batch(8).batch(5), "give .h, w, c. and one whole number"),
        "by class": (
            tf.data.Dataset.from_tensor_slices((x[order], y[order])),
            "comes class by class: shuffle it",
        ),
        "shapes": (shapes, "image 3 is uint8 .5, 10, 1., the ones before are uint8 .10, 10, 1."),
        "integers": (
            pairs.map(lambda a, b: (tf.cast(a, tf.int32), b)),
            "must be uint8, int8 or float32",
        ),
        "three classes of two": (pairs.map(lambda a, b: (a, b + 5)).take(7), "only 7 images"),
    }


def test_what_is_wrong_is_one_line():
    for name, (given, words) in wrong().items():
        with pytest.raises(DataError, match=words) as caught:
            read_images(given, images(30))
        assert "\n" not in str(caught.value), name


def test_a_pipeline_cannot_be_split():
    x, y = images(60)
    with pytest.raises(DataError, match="pass validation data too"):
        read_images(tf.data.Dataset.from_tensor_slices((x, y)))


def test_an_endless_function_is_noticed(monkeypatch):
    """Nobody knows its length: it is given up, as training data and as validation data."""
    x, y = images(4)

    def endless():
        while True:
            yield x, y

    monkeypatch.setattr(pipelines, "_MOST_SAMPLES", 1000)
    monkeypatch.setattr(pipelines, "_MOST_VALUES", 10_000)
    with pytest.raises(DataError, match="the training data does not end"):
        read_images(endless, (x, y))
    with pytest.raises(DataError, match=r"gave 10,000 values|gave 10,400 values and goes on"):
        read_images((x, y), endless)


def test_a_generator_that_ran_out_is_noticed():
    x, y = images(60)
    once = iter(zip(x, y, strict=True))
    data = read_images(lambda: once, (x, y))
    with pytest.raises(DataError, match=r"ended after 0 of 60 samples.*must begin anew"):
        list(data.epoch(20, np.random.default_rng(0), PLAIN))


def test_validation_is_a_sample_of_every_class():
    """A set that comes class by class: the first ones would be of one class."""
    x, y = images(300)
    order = np.argsort(y, kind="stable")
    data = read_images((x, y), (x[order], y[order]))
    found = evaluation_data(data, 50, 60)
    counts = np.bincount(found.y, minlength=3)
    expected = 60 * np.bincount(y, minlength=3) / len(y)
    assert len(found.y) == 60 and np.abs(counts - expected).max() <= 1
    aside = read_images((x[order], y[order]), seed=2)
    share = np.bincount(aside.validation_y, minlength=3) / np.bincount(y, minlength=3)
    np.testing.assert_allclose(share, 0.1, atol=0.02)


def test_rare_classes_are_in_a_stratified_sample():
    y = np.array([0] * 900 + [1] * 90 + [2] * 10)
    found = y[stratified(y, 100, np.random.default_rng(1))]
    assert np.bincount(found).tolist() in ([90, 9, 1], [89, 9, 2], [90, 10, 0], [91, 8, 1])


@pytest.mark.slow
@pytest.mark.parametrize("quantization", ["ptq", "qat"])
def test_a_search_goes_through_a_pipeline(tmp_path, quantization):
    x, y = images(300)
    given = tf.data.Dataset.from_tensor_slices((x, y)).batch(50)
    found = run(
        tmp_path, data=(given, images(90)), epochs=3, supernet_epochs=3, quantization=quantization
    )
    assert found.accuracy > 0.6
    assert (tmp_path / "model.tflite").read_bytes() == found.flatbuffer
    again = run(
        tmp_path, data=(given, images(90)), epochs=3, supernet_epochs=3, quantization=quantization
    )
    assert again.history == found.history
