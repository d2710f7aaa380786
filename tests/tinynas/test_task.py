# SPDX-License-Identifier: Apache-2.0
"""Tasks: losses, metrics and weights by hand, then searches for labels and for real values."""

import numpy as np
import pytest

from mcunet_tf.errors import DataError, SearchError
from mcunet_tf.tinynas import search_page
from mcunet_tf.tinynas.metrics import METRICS
from mcunet_tf.tinynas.objective import Objective, uneven_classes
from mcunet_tf.tinynas.reading import read_images
from mcunet_tf.tinynas.task import Task
from tests.tinynas.test_search import run
from tests.tinynas.tiny import images

tf = pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(50, 4)).astype(np.float32)
CLASSES = RNG.integers(0, 4, 50)
LABELS = (RNG.random((50, 4)) < 0.4).astype(np.float32)
VALUES = RNG.normal(5, 3, (50, 4)).astype(np.float32)


def mean_loss(task, y, outputs, **given):
    objective = Objective.of_data(task, y, 4)
    return float(tf.reduce_mean(objective.losses(y, outputs, **given)))


def test_losses_are_those_of_keras():
    losses = keras.losses
    sparse = losses.SparseCategoricalCrossentropy(from_logits=True)
    assert mean_loss(Task(), CLASSES, LOGITS) == pytest.approx(float(sparse(CLASSES, LOGITS)))
    smooth = losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    expected = float(smooth(np.eye(4)[CLASSES], LOGITS))
    assert mean_loss(Task(), CLASSES, LOGITS, smoothing=0.1) == pytest.approx(expected)
    binary = losses.BinaryCrossentropy(from_logits=True)
    multilabel = Task("multilabel")
    assert mean_loss(multilabel, LABELS, LOGITS) == pytest.approx(float(binary(LABELS, LOGITS)))
    focal = losses.BinaryFocalCrossentropy(gamma=2.0, from_logits=True)
    found = mean_loss(Task("multilabel", "focal"), LABELS, LOGITS)
    assert found == pytest.approx(float(focal(LABELS, LOGITS)), rel=1e-4)


@pytest.mark.parametrize("name", ["mse", "mae", "huber"])
def test_losses_of_regression_are_of_standardised_targets(name):
    scaled = (VALUES - VALUES.mean(axis=0)) / VALUES.std(axis=0)
    reference = {"mse": "mean_squared_error", "mae": "mean_absolute_error", "huber": "huber"}[name]
    expected = float(np.mean(getattr(keras.losses, reference)(scaled, LOGITS)))
    found = mean_loss(Task("regression", name), VALUES, LOGITS)
    assert found == pytest.approx(expected, rel=1e-4)


def test_own_losses_give_one_number_for_each_sample():
    def hinge(targets, outputs):
        signs = 2.0 * tf.one_hot(targets, 4) - 1.0
        return tf.nn.relu(1.0 - signs * outputs)

    signs = 2 * np.eye(4)[CLASSES] - 1
    expected = np.maximum(0, 1 - signs * LOGITS).mean()
    assert mean_loss(Task(loss=hinge), CLASSES, LOGITS) == pytest.approx(expected, rel=1e-5)
    of_keras = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    assert mean_loss(Task(loss=of_keras), CLASSES, LOGITS) == pytest.approx(
        mean_loss(Task(), CLASSES, LOGITS), rel=1e-5
    )
    whole = Task(loss=lambda targets, outputs: tf.reduce_mean(outputs))
    with pytest.raises(SearchError, match="gives one number for a batch"):
        mean_loss(whole, CLASSES, LOGITS)


def score(head, name, y, predictions, weights=None):
    w = np.ones(len(y)) if weights is None else weights
    return METRICS[head][name](y, predictions, w)


def test_metrics_by_hand():
    y = np.array([0, 0, 0, 1])
    p = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]])
    assert score("classes", "accuracy", y, p) == 0.75
    assert score("classes", "accuracy", y, p, np.array([0, 0, 1, 3])) == 0.75
    assert score("classes", "balanced_accuracy", y, p) == pytest.approx((2 / 3 + 1) / 2)
    # Class 0: 2 right, 2 found, 3 wanted; class 1: 1 right, 2 found, 1 wanted.
    assert score("classes", "macro_f1", y, p) == pytest.approx((4 / 5 + 2 / 3) / 2)
    labels = np.array([[1, 0], [0, 1], [1, 1], [0, 0]], float)
    p = np.array([[0.9, 0.2], [0.4, 0.3], [0.4, 0.8], [0.1, 0.1]])
    assert score("multilabel", "binary_accuracy", labels, p) == pytest.approx(6 / 8)
    # First label: of the pairs (with, without) one is a tie; second: all are in order.
    assert score("multilabel", "auc", labels, p) == pytest.approx((3.5 / 4 + 1) / 2)
    assert score("multilabel", "macro_f1", labels, p) == pytest.approx(2 / 3)
    values, p = np.array([[1.0], [2.0], [3.0]]), np.array([[1.0], [2.0], [5.0]])
    assert score("regression", "mae", values, p) == pytest.approx(2 / 3)
    assert score("regression", "mse", values, p) == pytest.approx(4 / 3)
    assert score("regression", "rmse", values, p) == pytest.approx((4 / 3) ** 0.5)
    assert score("regression", "r2", values, p) == pytest.approx(1 - 4 / 2)
    assert score("regression", "mae", values, p, np.array([1, 1, 0])) == 0


def test_the_first_metric_decides_and_errors_are_turned():
    objective = Objective.of_data(Task("regression", metrics=("mae", "r2")), VALUES, 4)
    good = objective.scores(VALUES, (VALUES - objective.mean) / objective.deviation)
    bad = objective.scores(VALUES, np.zeros_like(VALUES))
    assert good["mae"] == pytest.approx(0, abs=1e-5) and good["r2"] == pytest.approx(1)
    assert bad["r2"] == pytest.approx(0, abs=1e-6) and bad["mae"] > 1
    assert objective.goodness(good) > objective.goodness(bad)
    assert objective.turned(objective.goodness(bad)) == bad["mae"]


def test_own_metrics_are_greater_is_better_and_give_numbers():
    def mae(targets, predictions):  # of the same name as one of ours, but not turned
        return np.abs(targets - predictions).mean()

    objective = Objective.of_data(Task("regression", metrics=(mae,)), VALUES, 4)
    scores = objective.scores(VALUES, np.zeros_like(VALUES))
    assert objective.goodness(scores) == scores["mae"] > 0
    broken = Objective(4, Task(metrics=(lambda targets, predictions: "good",)))
    with pytest.raises(SearchError, match="must give a number"):
        broken.scores(CLASSES, LOGITS)
    unknown = Objective(4, Task(metrics=(lambda targets, predictions: float("nan"),)))
    assert unknown.goodness(unknown.scores(CLASSES, LOGITS)) == float("-inf")


def test_class_weights():
    y = np.array([0] * 90 + [1] * 10)
    balanced = Objective.of_data(Task(class_weight="balanced"), y, 3)
    weights = balanced.sample_weights(y, None)
    assert weights.mean() == pytest.approx(1)
    assert weights[y == 0].sum() == pytest.approx(weights[y == 1].sum())
    given = Objective.of_data(Task(class_weight={1: 4.0}), y, 3)
    assert given.sample_weights(y, None)[[0, -1]].tolist() == [1, 4]
    assert given.sample_weights(y, np.full(100, 0.5))[[0, -1]].tolist() == [0.5, 2]
    assert Objective.of_data(Task(), y, 3).sample_weights(y, None) is None
    assert "class 0 has 90 samples, class 1 has 10" in uneven_classes(Objective(2), y)
    assert not uneven_classes(balanced, y) and not uneven_classes(Objective(2), y[80:])


WRONG = {
    "head": (lambda: Task("segmentation"), "head = 'segmentation': use one of"),
    "loss": (lambda: Task(loss="mse"), "'mse' is unknown for head 'classes'"),
    "loss 3": (lambda: Task(loss=3), "loss = 3"),
    "loss class": (lambda: Task(loss=keras.losses.MeanSquaredError), "give an instance"),
    "metric": (lambda: Task("regression", metrics=("accuracy",)), "'accuracy' is unknown"),
    "metric 3": (lambda: Task(metrics=(3,)), "metric 3"),
    "twice": (lambda: Task(metrics=("auc", "auc")), "two have the same name"),
    "weights text": (lambda: Task(class_weight="even"), "class_weight = 'even'"),
    "weights list": (lambda: Task(class_weight=[1, 2]), "give 'balanced', or a dictionary"),
    "weight -1": (lambda: Task(class_weight={0: -1}), "class_weight of class 0 = -1"),
    "weight name": (lambda: Task(class_weight={"cat": 1}), "a class of class_weight = 'cat'"),
    "weights of labels": (
        lambda: Task("multilabel", class_weight="balanced"),
        "belongs to head 'classes'",
    ),
    "weight of class 9": (
        lambda: Objective.of_data(Task(class_weight={9: 1.0}), CLASSES, 4),
        "names class 9; the data has classes 0..3",
    ),
    "no weight": (
        lambda: Objective.of_data(Task(class_weight=dict.fromkeys(range(4), 0)), CLASSES, 4),
        "nothing would be learnt",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_contradictions_are_one_line(name):
    make, words = WRONG[name]
    with pytest.raises(SearchError, match=words) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_targets_that_do_not_fit_the_head_are_one_line():
    x, y = images(40)
    nan = np.where(np.arange(40) == 3, np.nan, 1.0)
    for head, given, words in (
        ("multilabel", y, "wants a row of zeros and ones per image"),
        ("multilabel", np.full((40, 2), 0.5), "wants a row of zeros and ones"),
        ("multilabel", np.ones((40, 2)), "the same target"),
        ("regression", nan, "target 3 is NaN or infinite"),
        ("regression", np.ones(40), "the same target"),
        ("regression", np.full(40, "a"), "one number or a row of numbers"),
    ):
        with pytest.raises(DataError, match=words) as caught:
            read_images((x, given), head=head)
        assert "\n" not in str(caught.value)


def bars(count=400):
    """Images with any of three bars; which ones are there, and how many pixels they cover."""
    rng = np.random.default_rng(0)
    labels = (rng.random((count, 3)) < 0.4).astype(np.float32)
    pixels = rng.integers(0, 120, (count, 10, 10, 1), dtype=np.uint8)
    for label in range(3):
        pixels[labels[:, label] > 0, 1 + 3 * label : 3 + 3 * label] += 110
    return pixels, labels


def dequantised(found, x):
    """What the int8 network gives, in real values: `[n, k]`."""
    from mcunet_tf.check import Reference
    from mcunet_tf.tinyengine import compile_tflite

    model = compile_tflite(found.flatbuffer, "host", name="m")
    source, result = model.inputs[0], model.outputs[0]
    steps = np.clip(np.round(x / source.scale) + source.zero_point, -128, 127).astype(np.int8)
    outputs = Reference(found.flatbuffer).run([(step[np.newaxis],) for step in steps])
    values = np.concatenate([arrays[0].reshape(1, -1) for arrays in outputs]).astype(float)
    return (values - result.zero_point) * result.scale


@pytest.mark.slow
@pytest.mark.parametrize("quantization", ["ptq", "qat"])
def test_several_labels_are_found(tmp_path, quantization):
    x, y = bars()
    found = run(
        tmp_path,
        data=((x, y),),
        head="multilabel",
        metrics=["auc", "macro_f1"],
        epochs=6,
        supernet_epochs=3,
        quantization=quantization,
    )
    assert list(found.scores) == ["auc", "macro_f1"]
    assert found.scores["auc"] > 0.85
    with pytest.raises(SearchError, match="measured auc, macro_f1, not the accuracy"):
        found.accuracy  # noqa: B018  # the access is what is tested
    found.report(tmp_path / "report.html")
    assert "macro_f1" in (tmp_path / "report.html").read_text()
    outputs = dequantised(found, x / 255.0)
    assert METRICS["multilabel"]["auc"](y, outputs, np.ones(len(y))) > 0.85


@pytest.mark.slow
@pytest.mark.parametrize("quantization", ["ptq", "qat"])
def test_real_values_are_found_in_their_own_units(tmp_path, quantization):
    x, labels = bars()
    y = 1000 + 20 * labels.sum(axis=1)
    found = run(
        tmp_path,
        data=((x, y, np.ones(len(y))),),
        head="regression",
        loss="huber",
        epochs=6,
        supernet_epochs=3,
        quantization=quantization,
    )
    assert found.scores["r2"] > 0.6 and found.num_classes == 1
    predicted = found.predict(x)
    assert np.corrcoef(predicted[:, 0], y)[0, 1] > 0.8
    assert abs(predicted.mean() - y.mean()) < 10
    values = found.objective.predictions(dequantised(found, x / 255.0))
    assert np.corrcoef(values[:, 0], y)[0, 1] > 0.75
    assert abs(values.mean() - y.mean()) < 10
    assert "* output" in search_page.report_html(found)


@pytest.mark.slow
def test_a_rare_class_is_found_where_it_is_weighed(tmp_path):
    """A class of one in twenty: the balanced accuracy is what weights are for."""
    x, y = images(600)
    kept = np.flatnonzero((y != 2) | (np.random.default_rng(1).random(len(y)) < 0.1))
    given = ((x[kept], y[kept]), images(200))
    metrics = ["balanced_accuracy", "accuracy"]
    weighed = run(tmp_path, data=given, class_weight="balanced", metrics=metrics, epochs=4)
    assert list(weighed.scores) == metrics
    assert weighed.scores["balanced_accuracy"] > 0.6
    with pytest.raises(SearchError, match=r"task.class_weight was balanced and is None"):
        run(tmp_path, data=given, metrics=metrics, epochs=4)
