# SPDX-License-Identifier: Apache-2.0
"""Scenes composed of pieces on a canvas, with the boxes of what is in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.detection.metrics import overlaps
from mcunet_tf.errors import DataError

Array = npt.NDArray[Any]

_TRIES = 30
_MOST_OVERLAP = 0.1


def compose_scenes(
    pieces: Array,
    labels: Array,
    count: int,
    size: int = 96,
    pieces_of: tuple[int, int] = (3, 6),
    seed: int = 0,
) -> tuple[Array, list[Array]]:
    """Scenes of grey pieces, brighter than their ground, that overlap little.

    Args:
        pieces: grey images, uint8 [n, h, w] or [n, h, w, 1], 0 being nothing.
        labels: whole numbers [n].
        count: scenes to make.
        size: height and width of a scene.
        pieces_of: fewest and most pieces of a scene.
        seed: of everything.

    Returns:
        Scenes, uint8 [count, size, size, 1], and of each its boxes, float32 [boxes, 5]: left, top,
        right, bottom in pixels around what is bright, and the label.

    Raises:
        DataError: pieces and labels do not belong together, or pieces are larger than a scene.
    """
    whole = np.asarray(pieces).reshape(len(pieces), *np.shape(pieces)[1:3])
    if len(whole) != len(labels) or not len(whole):
        raise DataError(f"{len(whole)} pieces and {len(labels)} labels: give as many of each")
    if max(whole.shape[1:]) > size:
        raise DataError(f"pieces of {whole.shape[1]}x{whole.shape[2]} in scenes of {size}x{size}")
    rng = np.random.default_rng(seed)
    scenes = np.zeros((count, size, size, 1), np.uint8)
    boxes = []
    for scene in scenes[..., 0]:
        scene[:] = rng.integers(0, 40) + rng.integers(0, 25, scene.shape)
        placed: list[list[float]] = []
        for _ in range(int(rng.integers(pieces_of[0], pieces_of[1] + 1))):
            which = int(rng.integers(len(whole)))
            piece = whole[which][:, ::-1] if rng.random() < 0.5 else whole[which]
            _place(scene, piece, float(labels[which]), placed, rng)
        boxes.append(np.array(placed, np.float32).reshape(-1, 5))
    return scenes, boxes


def _place(
    scene: Array, piece: Array, label: float, placed: list[list[float]], rng: np.random.Generator
) -> None:
    """Puts a piece where it covers no other one, if there is such a place."""
    rows, columns = np.flatnonzero((piece > 20).any(1)), np.flatnonzero((piece > 20).any(0))
    if not len(rows):
        return
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    for _ in range(_TRIES):
        y = int(rng.integers(0, scene.shape[0] - piece.shape[0] + 1))
        x = int(rng.integers(0, scene.shape[1] - piece.shape[1] + 1))
        box = [x + left, y + top, x + right, y + bottom, label]
        known = np.array(placed).reshape(-1, 5)
        if not (overlaps(np.array([box]), known) > _MOST_OVERLAP).any():
            spot = scene[y : y + piece.shape[0], x : x + piece.shape[1]]
            np.maximum(spot, piece, out=spot)
            placed.append(box)
            return


def cut_boxes(boxes: Array, height: int, width: int, least: float = 0.5) -> Array:
    """Boxes within an image: without those of which less than a share is left."""
    cut = boxes.copy()
    cut[:, :4] = np.clip(boxes[:, :4], 0, [width, height, width, height])
    areas = [np.prod(np.maximum(b[:, 2:4] - b[:, :2], 0), axis=1) for b in (cut, boxes)]
    kept: Array = cut[areas[0] >= least * np.maximum(areas[1], 1e-9)]
    return kept
