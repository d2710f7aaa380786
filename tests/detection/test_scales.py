# SPDX-License-Identifier: Apache-2.0
"""Detectors of one scale or two, images varied with their boxes, trainings that go on."""

from __future__ import annotations

import numpy as np
import pytest

from mcunet_tf.detection import Detection, Variation, compose_scenes, decoder_for, train_detector
from mcunet_tf.detection.variation import varied, zoomed
from mcunet_tf.errors import DataError
from mcunet_tf.vision import detect
from mcunet_tf.vision.boxes import UNITS

BOXES = [np.array([[10, 12, 50, 60, 1], [4, 2, 92, 94, 0], [64, 64, 78, 90, 2]], np.float32)]


@pytest.mark.parametrize("strides", [(8,), (16,), (8, 16), (8, 32), (32,)])
def test_targets_of_every_scale_lead_back_to_the_boxes(strides):
    """Each box is found by one scale, and through the decoder it is what it was."""
    task = Detection(3, strides=strides)
    targets = task.targets(BOXES)
    assert len(targets) == 2 * len(strides)
    outputs = []
    for scores, sides in zip(targets[::2], targets[1::2], strict=True):
        outputs += [(scores - 0.5) * 20, sides[..., :4]]
    infos = [
        type("Info", (), {"name": str(n), "shape": array.shape, "dtype": "float32"})
        for n, array in enumerate(outputs)
    ]
    order = list(range(len(outputs)))[::-1]  # a converter may turn them round
    decoder = decoder_for(task, [outputs[n].shape for n in order])
    made = detect(decoder, [outputs[n] for n in order], [infos[n] for n in order])
    names = ("left", "top", "right", "bottom")
    rows = sorted([*(int(box[name]) / UNITS for name in names), int(box["label"])] for box in made)
    wanted = sorted(BOXES[0].tolist())
    if strides == (32,):  # a cell of 32 pixels has room for one middle
        assert all(row in wanted for row in rows) and rows
    else:
        assert rows == wanted
    longest = [max(box[2] - box[0], box[3] - box[1]) for box in wanted]
    if strides == (8, 16):
        assert targets[2].sum() > 0 and targets[2][..., 0].sum() == targets[2].sum()
        assert [length > 64 for length in longest].count(True) == 1


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"strides": (4,)}, r"strides = \(4,\): give one or two of \(8, 16, 32\)"),
        ({"strides": (16, 8)}, "the smaller first"),
        ({"strides": 8}, "as a tuple"),
        ({"strides": (8, 16), "kind": "centroids"}, r"give one of \(8, 16, 32\)"),
        ({"strides": (8, 16, 32)}, "give one or two"),
        ({"strides": (32,), "image": (48, 64, 1)}, "of 64 or more that 32 divides"),
    ],
)
def test_strides_that_cannot_be(settings, told):
    with pytest.raises(DataError, match=told):
        Detection(2, **settings)


@pytest.mark.parametrize("setting", [{"zoom": 0.5}, {"flip": 2}, {"shift": -1}, {"mosaic": 1.5}])
def test_variations_that_cannot_be(setting):
    with pytest.raises(DataError, match=f"variation: {next(iter(setting))} = "):
        Variation(**setting)


def framed(count: int = 6) -> tuple[np.ndarray, list[np.ndarray]]:
    """A bright box in the middle of dark pictures, and where it is."""
    images = np.zeros((count, 48, 64, 3), np.uint8)
    images[:, 16:32, 20:44] = 250
    return images, [np.array([[20, 16, 44, 32, 0]], np.float32)] * count


@pytest.mark.parametrize(
    "variation",
    [Variation(), Variation(zoom=1.5), Variation(colour=0.3, flip=1), Variation(shift=0, zoom=2)],
)
def test_boxes_stay_around_what_they_hold(variation):
    images, boxes = framed(24)
    made, own = varied(images, boxes, variation, np.random.default_rng(1))
    assert made.shape == images.shape and made.dtype == np.uint8
    for image, (box,) in zip(made, own, strict=True):
        bright = np.argwhere(image.astype(int).min(axis=2) > 110)
        low, high = bright.min(0), bright.max(0) + 1
        found = [low[1], low[0], high[1], high[0]]
        np.testing.assert_allclose(found, box[:4], atol=1.5)


def test_a_zoom_of_one_moves_by_pixels():
    images, boxes = framed(1)
    image, own = zoomed(images[0], boxes[0], 1.0, (3, -5), 7)
    np.testing.assert_array_equal(image[19:35, 15:39], images[0, 16:32, 20:44])
    assert own[0, :4].tolist() == [15, 19, 39, 35] and (image[:3] == 7).all()


def test_mosaics_hold_parts_of_four():
    """Four pictures, each bright in its own way, and its boxes in the corners."""
    corners = [(0, 0), (0, 52), (36, 0), (36, 52)]
    images = np.zeros((8, 48, 64, 1), np.uint8)
    for n, image in enumerate(images):
        for top, left in corners:
            image[top : top + 12, left : left + 12] = 120 + 10 * n
    rows = [[left, top, left + 12, top + 12, 0] for top, left in corners]
    variation = Variation(flip=0, shift=0, mosaic=1.0)
    boxes = [np.array(rows, np.float32)] * 8
    made, own = varied(images, boxes, variation, np.random.default_rng(0))
    for image, parts in zip(made, own, strict=True):
        assert sorted(parts.tolist()) == sorted(rows)
        levels = {int(image[top + 6, left + 6, 0]) // 10 for top, left in corners}
        assert all(image[top : top + 12, left : left + 12].min() > 60 for top, left in corners)
        assert len(levels) > 1


class Kept:
    """Keeps states in memory, as a folder would, and is killed behind the first."""

    def __init__(self, dies: bool) -> None:
        self.state, self.dies = None, dies

    def load(self):
        return self.state

    def save(self, step, arrays, meta) -> None:
        self.state = (step, {name: array.copy() for name, array in arrays.items()}, meta)
        if self.dies:
            self.dies = False
            raise KeyboardInterrupt


@pytest.mark.slow
def test_a_training_that_was_killed_ends_as_if_it_had_not_been(monkeypatch):
    """Also where Keras computes other models in half the precision."""
    keras = pytest.importorskip("keras", reason="Keras is not installed")
    from mcunet_tf.detection import training

    monkeypatch.setattr(training, "_KEPT_EVERY_S", -1.0)
    monkeypatch.setattr(training, "_SETTLED", 2)
    pieces = np.zeros((4, 8, 8, 1), np.uint8)
    pieces[:, 1:7, 1:7] = 220
    images, boxes = compose_scenes(pieces, np.zeros(4), 20, 16, (1, 1))
    task = Detection(1, "centroids", (16, 16, 1), width=4)
    whole = train_detector(task, images, boxes, epochs=2)
    keeper = Kept(dies=True)
    keras.config.set_dtype_policy("mixed_float16")
    try:
        with pytest.raises(KeyboardInterrupt):
            train_detector(task, images, boxes, epochs=2, keeper=keeper)
        assert keeper.state[0] == 1
        again = train_detector(task, images, boxes, epochs=2, keeper=keeper)
        assert keras.config.dtype_policy().name == "mixed_float16"
    finally:
        keras.config.set_dtype_policy("float32")
    assert keeper.state[0] == 2
    for ours, theirs in zip(again.get_weights(), whole.get_weights(), strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
