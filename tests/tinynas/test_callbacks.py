# SPDX-License-Identifier: Apache-2.0
"""Callbacks of Keras work as they do in `fit`, in either training."""

import numpy as np
import pytest

from mcunet_tf.errors import SearchError
from mcunet_tf.tinynas.candidates import evaluation_data
from mcunet_tf.tinynas.options import SearchOptions
from mcunet_tf.tinynas.reading import read_images
from mcunet_tf.tinynas.recipe import Recipe
from tests.tinynas.test_search import run
from tests.tinynas.tiny import SPACES, images

keras = pytest.importorskip("keras")
pytest.importorskip("tensorflow")

from mcunet_tf.tinynas.final import float_accuracy, train_alone  # noqa: E402

callbacks = keras.callbacks
ARCH = SPACES[0].arch(SPACES[0].smallest())
RECIPE = Recipe(batch_size=64, augmentation="none")


class Rates(callbacks.Callback):
    """Notes the learning rate of every step."""

    def __init__(self):
        super().__init__()
        self.rates = []
        self.logs = []

    def on_train_batch_begin(self, batch, logs=None):
        self.rates.append(float(self.model.optimizer.learning_rate.numpy()))

    def on_epoch_end(self, epoch, logs=None):
        self.logs.append(dict(logs))


def train(*given, folder=None, epochs=3):
    data = read_images(images(), images(100))
    return train_alone(
        ARCH, data, evaluation_data(data), RECIPE, epochs, seed=0, callbacks=given, folder=folder
    )


@pytest.mark.slow
def test_epochs_end_with_losses_and_metrics_of_validation_images():
    rates = Rates()
    trained = train(rates)
    history = trained.history
    assert [set(logs) for logs in rates.logs] == [{"loss", "val_loss", "val_accuracy"}] * 3
    for row, logs in zip(history, rates.logs, strict=True):
        assert {key: row[key] for key in logs} == logs
    assert all(0 <= logs["val_accuracy"] <= 1 for logs in rates.logs)
    # Those of the last epoch are the model's.
    assert history[-1]["val_accuracy"] == pytest.approx(trained.scores["accuracy"])


@pytest.mark.slow
def test_training_is_the_same_with_callbacks_that_change_nothing():
    plain, watched = train(), train(Rates(), callbacks.TerminateOnNaN())
    assert watched.history == plain.history
    for a, b in zip(plain.model.get_weights(), watched.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.slow
def test_a_rate_that_is_reduced_stays_reduced_and_is_remembered(tmp_path):
    plain, reduced = Rates(), Rates()
    train(plain)
    # No epoch is an improvement of 100: the rate falls to a tenth after the second epoch.
    plateau = callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.1, patience=1, min_delta=100)
    history = train(plateau, reduced, folder=tmp_path).history
    steps = len(plain.rates) // 3
    np.testing.assert_allclose(reduced.rates[: 2 * steps], plain.rates[: 2 * steps], rtol=1e-6)
    np.testing.assert_allclose(
        reduced.rates[2 * steps :], 0.1 * np.array(plain.rates[2 * steps :]), rtol=1e-4
    )
    assert history[1]["rate_factor"] == pytest.approx(0.1)
    again = Rates()
    (tmp_path / "final-00003.ckpt").unlink()
    train(again, folder=tmp_path)
    np.testing.assert_allclose(again.rates, reduced.rates[2 * steps :], rtol=1e-5)


@pytest.mark.slow
def test_a_schedule_scales_its_epoch_alone():
    plain, scheduled = Rates(), Rates()
    train(plain)
    halved = callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch == 1 else rate)
    train(halved, scheduled)
    steps = len(plain.rates) // 3
    expected = np.array(plain.rates)
    expected[steps : 2 * steps] /= 2
    np.testing.assert_allclose(scheduled.rates, expected, rtol=1e-4)


@pytest.mark.parametrize("monitor", ["val_accuracy", "val_loss", "loss"])
@pytest.mark.slow
def test_early_stopping_knows_the_direction_and_stays_stopped(tmp_path, monitor):
    stop = callbacks.EarlyStopping(monitor=monitor, min_delta=100, patience=1)
    history = train(stop, folder=tmp_path, epochs=5).history
    assert len(history) == 2 and history[-1]["stopped"]
    assert train(stop, folder=tmp_path, epochs=5).history == history
    expected = np.less if monitor.endswith("loss") else np.greater
    assert bool(stop.monitor_op(1.0, 2.0)) == bool(expected(1.0, 2.0))


def test_checkpoints_are_plain_models(tmp_path):
    """The best one by validation accuracy, saved by its epoch and metric."""
    name = "{epoch:02d}-{val_accuracy:.2f}.keras"
    save = callbacks.ModelCheckpoint(tmp_path / name, monitor="val_accuracy")
    trained = train(save, callbacks.CSVLogger(tmp_path / "log.csv"))
    last = keras.models.load_model(sorted(tmp_path.glob("03-*.keras"))[0])
    assert {type(layer).__module__.split(".")[0] for layer in last.layers} == {"keras"}
    x, y = images(100)
    assert float_accuracy(last, x, y) == pytest.approx(trained.scores["accuracy"])
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 4


def test_a_network_outside_of_a_training_is_not_saved(tmp_path):
    from mcunet_tf.tinynas.final import make_network

    with pytest.raises(SearchError, match="only within a training"):
        make_network(ARCH, 3, 0).save(tmp_path / "m.keras")


@pytest.mark.slow
def test_callbacks_of_each_stage(tmp_path):
    both, supernet, final = Rates(), Rates(), Rates()
    save = callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras")
    found = run(tmp_path / "a", callbacks={"supernet": [supernet, save], "final": [final]})
    assert (len(supernet.logs), len(final.logs)) == (3, 2)
    assert (tmp_path / "3.keras").is_file() and not (tmp_path / "4.keras").exists()
    run(tmp_path / "b", callbacks=[both])
    assert both.logs == supernet.logs + final.logs
    assert [row["val_loss"] for row in found.history] == [logs["val_loss"] for logs in both.logs]
    found.report(tmp_path / "report.html")
    assert "val_accuracy" in (tmp_path / "report.html").read_text()


def test_rounds_have_callbacks_of_their_own():
    one = Rates()
    assert SearchOptions(callbacks=[one]).stage_callbacks("final") == [one]
    assert SearchOptions(callbacks=[one]).stage_callbacks("rounds") == ()
    assert SearchOptions(callbacks={"rounds": [one]}).stage_callbacks("rounds") == [one]


def test_unknown_stages_are_one_line(tmp_path):
    with pytest.raises(SearchError, match="callbacks for 'evolution': the stages that train are"):
        run(tmp_path, callbacks={"evolution": []})
