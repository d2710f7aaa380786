# SPDX-License-Identifier: Apache-2.0
"""The demonstration of eyes: its scenes, the C that it runs, and its page."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys

import numpy as np
import pytest

from mcunet_tf.cli.eyes_page import png
from mcunet_tf.cli.eyes_results import inputs_of_frames
from mcunet_tf.cli.eyes_runs import look_on_host
from mcunet_tf.cli.eyes_scenes import BAG, frames, scenes, sequence
from mcunet_tf.datasets import ImageDataset
from mcunet_tf.vision import Camera, CascadeStage, Decoder, Head, cascade, detect
from tests.vision.test_cascade import network


@pytest.fixture(scope="module")
def data():
    """A bright square for each class, whose size tells it."""
    labels = np.arange(40) % 10
    pieces = np.zeros((40, 28, 28, 1), np.uint8)
    for piece, label in zip(pieces, labels, strict=True):
        piece[4 : 14 + label, 4:20] = 255
    names = tuple(map(str, range(10)))
    return ImageDataset("squares", pieces, labels, pieces, labels, names)


def test_bags_have_no_boxes(data):
    made = scenes(data, "train", 30, seed=1)
    heights = {int(b[3] - b[1]) for own in made.boxes for b in own}
    assert 10 + BAG not in heights and len(heights) == 9
    assert {float(b[4]) for own in made.boxes for b in own} == {0.0}
    bright = [(image >= 250).sum() for image in made.images]
    assert any(n and not len(own) for n, own in zip(bright, made.boxes, strict=True))
    half = made.halved()
    assert half.images.shape == (30, 48, 48, 1)
    np.testing.assert_array_equal(half.boxes[0][:, :4] * 2, made.boxes[0][:, :4])


def test_a_sequence_knows_who_is_there(data):
    images, present = sequence(data, 120, seed=3)
    bright = (images >= 250).sum(axis=(1, 2, 3))
    assert (bright[present] > 0).all() and 0 < present.sum() < 120
    assert (bright[~present] == 0).any() and (bright[~present] > 0).any(), "bags without people"


def test_the_c_sees_what_numpy_sees(data):
    """From a sensor's frames to boxes, through both networks' own cameras."""
    head = Head((6, 6), (0, 4), (0, 0), None, "sides", classes=3)
    decoder = Decoder((24, 24), (head,), 0.3)
    stages = [
        CascadeStage(network(2, 8, 3, name="glance"), (0, 1), 0.5, 0.45, activation="sigmoid"),
        CascadeStage(network(7, 24, 1, name="look"), decoder, 0.4),
    ]
    made, camera = cascade(stages, "eyes", camera="rgb565:64x48"), Camera("rgb565", 64, 48)
    sent = frames(camera, sequence(data, 60, seed=3)[0][:24])
    looked = look_on_host(made, camera, sent)
    inputs = [inputs_of_frames(stage, camera, sent) for stage in made.stages]
    watched = made.watch(list(zip(*inputs, strict=True)))
    assert looked.levels == watched.levels.tolist() and len(set(looked.levels)) > 1
    (last,) = np.flatnonzero(watched.ran[:, 1])[-1:]
    from mcunet_tf.tinyengine.evaluate import evaluate

    model = made.stages[1].model
    wanted = detect(decoder, evaluate(model.graph, [inputs[1][last]]), model.outputs)
    np.testing.assert_array_equal(looked.boxes[last]["look"], wanted)


def test_pictures_are_png():
    Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    image = np.random.default_rng(0).integers(0, 256, (5, 7)).astype(np.uint8)
    data = base64.b64decode(png(image).split(",")[1])
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))), image)


@pytest.mark.slow
@pytest.mark.qemu
def test_the_whole_leaves_a_page(tmp_path):
    small = ["--scenes=100", "--epochs=1", "--test_scenes=12", "--moments=60", "--board_frames=2"]
    command = [sys.executable, "-m", "mcunet_tf.cli.demo_eyes", f"--output_dir={tmp_path}", *small]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    page = (tmp_path / "eyes.html").read_text()
    assert page.count("data:image/png;base64,") >= 8 and "Precision and recall" in page
    figures = json.loads((tmp_path / "result.json").read_text())
    assert figures["board_frames"] == 2 and figures["board_bytes_equal"] > 0
    assert (tmp_path / "project" / "eyes_cascade.h").is_file()


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--energy_board=qemu-m4", "qemu-m4 has no currents of a data sheet: take a board that"),
        ("--sensor=eye", "eye"),
        ("--board=nowhere", "nowhere"),
    ],
)
def test_what_would_fail_after_training_fails_before(flag, said, tmp_path):
    command = [sys.executable, "-m", "mcunet_tf.cli.demo_eyes", flag]
    done = subprocess.run(
        [*command, f"--output_dir={tmp_path / 'eyes'}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1 and said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "eyes").exists()
