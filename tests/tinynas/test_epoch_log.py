# SPDX-License-Identifier: Apache-2.0
"""Every epoch leaves its loss and its seconds, with TensorBoard, without it, and on a full disk."""

import csv
import sys

import pytest

from mcunet_tf.errors import OutputError
from mcunet_tf.tinynas.epoch_log import LOG_NAME, EpochLog, read_seconds
from mcunet_tf.tinynas.reading import read_images
from tests.tinynas.tiny import SPACES, images

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from mcunet_tf.tinynas.recipe import Recipe  # noqa: E402
from mcunet_tf.tinynas.supernet import Supernet  # noqa: E402
from mcunet_tf.tinynas.train import Trainer, TrainingPhase  # noqa: E402

ROWS = [{"epoch": n, "phase": "largest", "loss": 1.0 / n} for n in (1, 2, 3)]


def train(folder, epochs):
    space = SPACES[0]
    network = Supernet(space.arch(space.largest()), 3, space.optional_blocks())
    trainer = Trainer(network, Recipe(batch_size=50), name="net", seed=0, folder=folder)
    return trainer.run([TrainingPhase("largest", epochs)], read_images(images(), None, 3))


@pytest.mark.slow
def test_a_training_needs_no_tensorboard(tmp_path, monkeypatch):
    """TensorFlow brings none from 2.20 on; its summaries then fail at their first use."""
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    train(tmp_path, 1)
    history = train(tmp_path, 3)  # a second sitting goes on
    with (tmp_path / "logs" / "net" / LOG_NAME).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
    assert [float(row["loss"]) for row in rows] == [row["loss"] for row in history]
    assert {row["phase"] for row in rows} == {"largest"}
    assert all(float(row["seconds"]) > 0 for row in rows)
    assert read_seconds(tmp_path / "logs" / "net") == sum(float(row["seconds"]) for row in rows)
    assert not list(tmp_path.glob("logs/net/events*"))


def test_with_tensorboard_its_events_lie_beside(tmp_path):
    pytest.importorskip("tensorboard")
    log = EpochLog(tmp_path)
    log.add(ROWS[0])
    (events,) = tmp_path.glob("events*")
    assert b"loss" in events.read_bytes()


def test_events_that_cannot_be_written_end_no_training(tmp_path, monkeypatch):
    pytest.importorskip("tensorboard")
    monkeypatch.setattr(tf.summary, "scalar", lambda *_: tf.constant([1]) + tf.constant([1, 2, 3]))
    log = EpochLog(tmp_path)
    for row in ROWS:
        log.add(row)
    assert len((tmp_path / LOG_NAME).read_text().splitlines()) == 1 + len(ROWS)


def test_a_log_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "log").write_text("a file where the folder should be")
    with pytest.raises(OutputError, match=r"cannot write .*epochs\.csv: .*free space or choose"):
        EpochLog(tmp_path / "log").add(ROWS[0])


@pytest.mark.parametrize("text", ["", "epoch,loss\n1,2\n", "epoch,phase,loss,seconds\n1,a\n"])
def test_a_damaged_log_is_named(tmp_path, text):
    with pytest.raises(OutputError, match=r"cannot read .*epochs\.csv: No such file"):
        read_seconds(tmp_path)
    (tmp_path / LOG_NAME).write_text(text)
    if text:
        with pytest.raises(OutputError, match=r"epochs\.csv is damaged"):
            read_seconds(tmp_path)
    else:
        assert read_seconds(tmp_path) == 0
