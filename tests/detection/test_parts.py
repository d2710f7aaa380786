# SPDX-License-Identifier: Apache-2.0
"""Metrics, scenes, targets and readers of detection, each against what is worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mcunet_tf.detection import (
    Detection,
    average_precision,
    box_scores,
    centroid_scores,
    compose_scenes,
    decoder_for,
    precision_recall,
)
from mcunet_tf.detection.heads import box_targets, middle_targets
from mcunet_tf.detection.training import check_boxes
from mcunet_tf.detection.variation import flipped, mosaic, moved
from mcunet_tf.errors import DataError
from mcunet_tf.vision import BOX, detect
from mcunet_tf.vision.boxes import UNITS


def found(*rows):
    boxes = np.zeros(len(rows), BOX)
    for n, (left, top, right, bottom, score, label) in enumerate(rows):
        sides = (int(v * UNITS) for v in (left, top, right, bottom))
        boxes[n] = (*sides, int(score * 32767), label)
    return boxes


TRUTH = [np.array([[0, 0, 10, 10, 0], [20, 20, 40, 40, 1]], float)]


def test_what_is_found_exactly_is_perfect():
    boxes = [found((20, 20, 40, 40, 0.9, 1), (0, 0, 10, 10, 0.8, 0))]
    assert box_scores(boxes, TRUTH, 3) == {"ap50": 1.0, "ap50_95": 1.0}
    assert centroid_scores(boxes, TRUTH, 4)["f1"] == 1.0


def test_average_precision_by_hand():
    """A wrong box above the right one halves precision; a box found twice counts once."""
    wrong_first = [found((60, 60, 70, 70, 0.9, 0), (0, 0, 10, 10, 0.8, 0))]
    values = average_precision(wrong_first, TRUTH, 3)
    assert values[0] == pytest.approx(0.5) and values[1] == 0 and np.isnan(values[2])
    twice = [found((0, 0, 10, 10, 0.9, 0), (0, 0, 10, 10, 0.8, 0))]
    assert average_precision(twice, TRUTH, 1)[0] == pytest.approx(1.0)
    half = [*TRUTH, np.array([[0, 0, 10, 10, 0]], float)]
    boxes = [found((0, 0, 10, 10, 0.9, 0)), found()]
    assert average_precision(boxes, half, 1)[0] == pytest.approx(51 / 101)


def test_overlap_decides():
    boxes = [found((0, 0, 10, 7, 0.9, 0))]  # shares 0.7 with the real one
    scores = box_scores(boxes, [TRUTH[0][:1]], 1)
    assert scores["ap50"] == 1.0 and scores["ap50_95"] == pytest.approx(0.5, abs=0.11)


def test_counts_by_hand():
    boxes = [found((1, 1, 9, 9, 0.9, 0), (50, 50, 60, 60, 0.8, 0), (20, 20, 40, 40, 0.7, 0))]
    scores = centroid_scores(boxes, TRUTH, 4)  # one of three is right, of two real ones
    assert scores["precision"] == pytest.approx(1 / 3) and scores["recall"] == 0.5
    assert scores["f1"] == pytest.approx(0.4)


def test_scenes_hold_what_their_boxes_say():
    pieces = np.zeros((3, 12, 12, 1), np.uint8)
    for n in range(3):
        pieces[n, 2 : 9 + n, 3:10] = 200
    images, boxes = compose_scenes(pieces, np.arange(3), 20, 48, (2, 4), seed=1)
    again, _ = compose_scenes(pieces, np.arange(3), 20, 48, (2, 4), seed=1)
    np.testing.assert_array_equal(images, again)
    for image, own in zip(images, boxes, strict=True):
        assert 1 <= len(own) <= 4
        bright = np.zeros((48, 48), bool)
        for left, top, right, bottom, label in own.astype(int):
            assert bottom - top == 7 + label and right - left == 7
            bright[top:bottom, left:right] = True
        np.testing.assert_array_equal(image[..., 0] >= 200, bright)


def test_boxes_go_with_their_images():
    image = np.zeros((20, 30, 1), np.uint8)
    image[4:10, 2:8] = 255
    boxes = np.array([[2, 4, 8, 10, 3]], np.float32)

    def holds(image, boxes):
        (left, top, right, bottom, label) = boxes[0].astype(int)
        assert label == 3 and (image[top:bottom, left:right] == 255).all()
        assert (image == 255).sum() == (bottom - top) * (right - left)

    holds(*flipped(image, boxes))
    holds(*moved(image, boxes, 3, 5, 7))
    holds(*moved(image, boxes, -5, -3, 7))
    assert len(moved(image, boxes, -9, 0, 7)[1]) == 0
    made, own = mosaic([image] * 4, [boxes] * 4, (10, 12))
    holds(made, own)


def test_targets_lead_back_to_the_boxes():
    """Scores of 1 and exact sides, decoded, are the boxes."""
    boxes = [np.array([[10, 12, 50, 60, 2], [60, 8, 88, 30, 0]], np.float32)]
    task = Detection(3)
    scores, sides = task.targets(boxes)
    logits = (scores - 0.5) * 20
    infos = [
        type("Info", (), {"name": str(n), "shape": array.shape, "dtype": "float32"})
        for n, array in enumerate((logits, sides[..., :4]))
    ]
    made = detect(task.decoder, [logits, sides[..., :4]], infos)
    rows = [[made[k][n] / UNITS for n in ("left", "top", "right", "bottom")] for k in range(2)]
    assert sorted(rows) == sorted(boxes[0][:, :4].tolist())
    assert {int(label) for label in made["label"]} == {0, 2}


def test_targets_of_middles_leave_neighbours_open():
    boxes = [np.array([[0, 0, 16, 16, 0], [80, 80, 96, 96, 1]], np.float32)]
    scores = middle_targets(boxes, (96, 96), 8, 2)
    assert (scores == 1).sum() == 2 and scores[0, 1, 1, 0] == 1 and scores[0, 11, 11, 1] == 1
    assert scores[0, 0, 0, 0] == -1 and scores[0, 0, 0, 1] == 0
    smaller, _ = box_targets([np.array([[0, 0, 90, 90, 0], [40, 40, 56, 56, 1]])], (96, 96), 8, 2)
    assert smaller[0, 5, 5].tolist() == [0, 1], "the smaller box has the cell"


def test_a_file_may_have_its_outputs_in_another_order():
    task = Detection(3)
    head = decoder_for(task, [(1, 12, 12, 4), (1, 12, 12, 3)]).heads[0]
    assert head.scores == (1, 0) and head.boxes == (0, 0)
    with pytest.raises(DataError, match=r"outputs of \[5, 3\] values"):
        decoder_for(task, [(1, 12, 12, 5), (1, 12, 12, 3)])


@pytest.mark.parametrize(
    ("boxes", "told"),
    [
        ([[0, 0, 97, 10, 0]], "a box of image 0 is empty or outside 96x96"),
        ([[-1, 0, 9, 10, 0]], "a box of image 0 is empty or outside 96x96"),
        ([[5, 5, 5, 10, 0]], "a box of image 0 is empty or outside 96x96"),
        ([[0, 0, 9, 10, 2]], "labels of image 0: give whole numbers from 0 to 1"),
        ([[0, 0, 9, 10, 0.5]], "labels of image 0"),
        ([[0, 0, 9, 10, 0]], "class 1 has no box in any image"),
        ([], r"class 0 has no box in any image"),
        ([[0, 0, 9, 10]], r"boxes of image 0: give \[boxes, 5\]"),
    ],
)
def test_boxes_that_cannot_be_learnt_from(boxes, told):
    own = np.array(boxes, float).reshape(len(boxes), -1) if boxes else np.zeros((0, 5))
    with pytest.raises(DataError, match=told):
        check_boxes(Detection(2), np.zeros((1, 96, 96, 1), np.uint8), [own])


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"kind": "masks"}, "kind = 'masks'"),
        ({"image": (90, 96, 1)}, "that 8 divides"),
        ({"image": (96, 96, 2)}, "1 or 3 channels"),
        ({"classes": 0}, "classes = 0"),
        ({"width": 2}, "width = 2"),
    ],
)
def test_tasks_that_cannot_be(settings, told):
    with pytest.raises(DataError, match=told):
        Detection(**{"classes": 1, **settings})


def test_sides_below_zero_lead_back():
    """Behind a ReLU that is 0 everywhere a network learns nothing more; its training has none."""
    tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    from mcunet_tf.detection.heads import side_loss

    wanted = np.ones((1, 2, 2, 5), np.float32)
    sides = tf.Variable(np.full((1, 2, 2, 4), -0.5, np.float32))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(side_loss(wanted, sides))
    assert (tape.gradient(loss, sides).numpy() < 0).all()
    right = side_loss(wanted, tf.ones((1, 2, 2, 4))).numpy()
    assert right == pytest.approx(0.0) and loss.numpy() > 1
    task = Detection(2, image=(16, 16, 1), width=4)
    trained, open_ended = task.network(), task.network(in_training=True)
    trained.set_weights(open_ended.get_weights())
    images = np.random.default_rng(0).normal(size=(4, 16, 16, 1)).astype(np.float32)
    outputs = [model(images)[1].numpy() for model in (trained, open_ended)]
    np.testing.assert_allclose(outputs[0], np.maximum(outputs[1], 0), atol=1e-6)


def test_classes_that_look_alike_are_told_apart_where_something_is():
    """The gradient between classes is a cross-entropy's; where nothing is, it pushes no class."""
    tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    from mcunet_tf.detection.heads import score_loss

    wanted = np.zeros((1, 1, 3, 2), np.float32)
    wanted[0, 0, 0, 1] = 1
    wanted[0, 0, 2] = -1
    logits = tf.Variable(np.full(wanted.shape, -30.0, np.float32))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(score_loss(wanted, logits))
    slope = tape.gradient(loss, logits).numpy()[0, 0]
    np.testing.assert_allclose(slope[0], [0.5, -1.0], atol=1e-3)
    np.testing.assert_allclose(slope[1:], 0, atol=1e-6)


def test_precision_behind_each_box():
    boxes = [found((60, 60, 70, 70, 0.9, 0), (0, 0, 10, 10, 0.8, 0))]
    recall, precision = precision_recall(boxes, TRUTH)
    assert recall.tolist() == [0, 1] and precision.tolist() == [0, 0.5]
