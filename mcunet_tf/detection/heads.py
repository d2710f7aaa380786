# SPDX-License-Identifier: Apache-2.0
"""What a detector learns: targets on its grid, and losses, of boxes without anchors or middles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_CENTRE = 0.5  # of a box: cells whose middle lies in this part of it answer for it
_FOCUS, _BALANCE = 2.0, 0.5


def box_targets(
    boxes: Sequence[Array], image: tuple[int, int], stride: int, classes: int
) -> tuple[Array, Array]:
    """Targets of boxes without anchors, in the manner of FCOS (Tian et al., arXiv:1904.01355).

    Args:
        boxes: of each image, [boxes, 5].
        image: height and width.
        stride: pixels of a cell.
        classes: how many.

    Returns:
        Scores [n, rows, columns, classes], 1 where a cell answers for a box of the class, and
        distances [n, rows, columns, 5] from its middle to the sides in cells, with a mask.
    """
    rows, columns = image[0] // stride, image[1] // stride
    scores = np.zeros((len(boxes), rows, columns, classes), np.float32)
    sides = np.zeros((len(boxes), rows, columns, 5), np.float32)
    y = (np.arange(rows) + 0.5)[:, None] * stride
    x = (np.arange(columns) + 0.5)[None] * stride
    for n, own in enumerate(boxes):
        # Smaller boxes come last, and so have the cells that two would answer for.
        areas = np.prod(own[:, 2:4] - own[:, :2], axis=1)
        for left, top, right, bottom, label in own[np.argsort(-areas, kind="stable")]:
            middle = ((top + bottom) / 2, (left + right) / 2)
            reach = [max(_CENTRE * size / 2, stride / 2) for size in (bottom - top, right - left)]
            near = (np.abs(y - middle[0]) <= reach[0]) & (np.abs(x - middle[1]) <= reach[1])
            near &= (y > top) & (y < bottom) & (x > left) & (x < right)
            scores[n][near] = 0
            scores[n][near, int(label)] = 1
            away = np.broadcast_arrays(x - left, y - top, right - x, bottom - y)
            sides[n][near, :4] = np.stack(away, axis=-1)[near] / stride
            sides[n][near, 4] = 1
    return scores, sides


def middle_targets(
    boxes: Sequence[Array], image: tuple[int, int], stride: int, classes: int
) -> Array:
    """Scores [n, rows, columns, classes]: 1 in the cell of a box's middle, -1 around it.

    What is -1 has no part in the loss: a neighbour sees nearly as much of the thing.
    """
    rows, columns = image[0] // stride, image[1] // stride
    scores = np.zeros((len(boxes), rows, columns, classes), np.float32)
    for n, own in enumerate(boxes):
        cells = [
            (
                min(int((top + bottom) / 2 / stride), rows - 1),
                min(int((left + right) / 2 / stride), columns - 1),
                int(label),
            )
            for left, top, right, bottom, label in own
        ]
        for y, x, label in cells:
            scores[n, max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2, label] = -1
        for y, x, label in cells:
            scores[n, y, x, label] = 1
    return scores


def score_loss(wanted: Any, logits: Any) -> Any:
    """Focal loss of each image (Lin et al., arXiv:1708.02002), by the cells that answer.

    There it is joined by the cross-entropy between classes: what the focal loss says of two classes
    that look alike is an eighth of what it says of a thing that was missed, so that the rarer one
    would never be the best.
    """
    import tensorflow as tf

    known = tf.cast(wanted >= 0, logits.dtype)
    positive = tf.maximum(wanted, 0.0)
    found = tf.nn.sigmoid_cross_entropy_with_logits(positive, logits)
    sure = tf.nn.sigmoid(logits)
    wrong = positive * (1 - sure) + (1 - positive) * sure
    balance = positive * _BALANCE + (1 - positive) * (1 - _BALANCE)
    total = tf.reduce_sum(found * known * balance * wrong**_FOCUS, axis=(1, 2, 3))
    if wanted.shape[-1] > 1:
        things = tf.reduce_sum(positive, axis=-1)
        shares = positive / tf.maximum(things, 1.0)[..., None]
        # TensorFlow's gradient takes every row to sum to 1: rows of nothing are left out by hand.
        apart = tf.nn.softmax_cross_entropy_with_logits(shares, logits)
        total += tf.reduce_sum(tf.where(things > 0, apart, 0.0), axis=(1, 2))
    return total / tf.maximum(tf.reduce_sum(positive, axis=(1, 2, 3)), 1.0)


def side_loss(wanted: Any, sides: Any) -> Any:
    """1 - GIoU (Rezatofighi et al., arXiv:1902.09630) of each image, over the cells that answer.

    Negative sides are 0, and cost what they lack: 0 has no slope that would lead back.
    """
    import tensorflow as tf

    real, mask = wanted[..., :4], wanted[..., 4]
    lacking = tf.reduce_sum(tf.maximum(-sides, 0.0), axis=-1)
    sides = tf.maximum(sides, 0.0)
    low, high = tf.minimum(real, sides), tf.maximum(real, sides)

    def area(distances: Any) -> Any:
        width, height = distances[..., 0] + distances[..., 2], distances[..., 1] + distances[..., 3]
        return width * height

    both, around = area(low), area(high)
    joint = area(real) + area(sides) - both
    overlap = both / tf.maximum(joint, 1e-6)
    loss = 1 - overlap + (around - joint) / tf.maximum(around, 1e-6) + lacking
    total = tf.reduce_sum(loss * mask, axis=(1, 2))
    return total / tf.maximum(tf.reduce_sum(mask, axis=(1, 2)), 1.0)
