# SPDX-License-Identifier: Apache-2.0
"""From a network's outputs to boxes: the numpy form, with the integers of `kernels/vision/`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.vision import tables
from mcunet_tf.vision.decoder import BoundHead, Decoder, HeadValues, bind
from mcunet_tf.vision.heads import Head
from mcunet_tf.vision.tables import ONE, REAL_BITS, Array

UNITS = 16
"""Parts of a pixel in which boxes are given."""
BOX = np.dtype([(name, np.int16) for name in ("left", "top", "right", "bottom", "score", "label")])
"""A box: sides in sixteenths of a pixel, a score of 15 fraction bits, and the class."""
NEVER = 1 << 20
"""More than any raw value, or difference of two."""
Boxes = npt.NDArray[Any]


def units(pixels: float) -> int:
    """A length in sixteenths, rounded to nearest, ties up."""
    return int(np.floor(pixels * UNITS + 0.5))


@dataclass(frozen=True)
class Geometry:
    """Lengths of a head in sixteenths, x before y.

    Attributes:
        step: from cell to cell.
        start: of the first cell's middle or corner.
        anchors: [candidates of a cell, 2].
        by_anchor: whether middles are in anchors.
    """

    step: tuple[int, int]
    start: tuple[int, int]
    anchors: Array
    by_anchor: bool


def geometry(head: Head, image: tuple[int, int]) -> Geometry:
    """What a head's lengths are in an image of that height and width."""
    height, width = image
    if head.code == "absolute":
        sides = np.array([[units(width), units(height)]])
        return Geometry((0, 0), (0, 0), sides, True)
    rows, columns = head.grid
    step = (units(width / columns), units(height / rows))
    centred = head.code in ("ssd", "sides")
    anchors = [[units(side) for side in anchor] for anchor in head.anchors] or [list(step)]
    start = (step[0] // 2, step[1] // 2) if centred else (0, 0)
    return Geometry(step, start, np.array(anchors), head.code == "ssd")


def score_limit(decoder: Decoder) -> int:
    """The least score, 15 fraction bits."""
    return int(np.ceil(decoder.threshold * (1 << 15))) if decoder.threshold < 1 else ONE


def detect(decoder: Decoder, outputs: Sequence[Array], infos: Sequence[Any]) -> Boxes:
    """The boxes in one image, the best first.

    Args:
        decoder: the description.
        outputs: the network's outputs, int8 as the compiled model gives them, or float32, which
            are not rounded to 256 values but else treated alike.
        infos: name, shape, dtype, scale and zero_point of each, as `CompiledModel.outputs`.

    Returns:
        [boxes] of dtype `BOX`, at most `max_boxes`.

    Raises:
        VisionError: the outputs are not those that the decoder describes.
    """
    bound = bind(decoder, infos)
    found = np.concatenate([_gathered(decoder, one, outputs, infos) for one in bound])
    order = np.argsort(-found["score"].astype(np.int32), kind="stable")
    return _suppressed(decoder, found[order[: decoder.held]])


def _gathered(
    decoder: Decoder, bound: BoundHead, outputs: Sequence[Array], infos: Sequence[Any]
) -> Boxes:
    head, image = bound.head, decoder.image
    scores = _taken(head, bound.scores, outputs, head.classes + head.background)
    best = np.argmax(scores[:, head.background :], axis=1) + head.background
    score = _scores(head, _real(bound.scores, infos, scores), best)
    if bound.presence is not None:
        raw = _taken(head, bound.presence, outputs, 1)
        present = tables.shares(tables.sigmoid(_real(bound.presence, infos, raw))[:, 0])
        score = (score * present + (1 << 14)) >> 15
    kept = np.flatnonzero(score >= score_limit(decoder))
    real = None
    if bound.boxes is not None:
        real = _real(bound.boxes, infos, _taken(head, bound.boxes, outputs, 4)[kept])
    sides = _sides(head, geometry(head, image), kept, real)
    size = (units(image[1]), units(image[0])) * 2
    sides = np.clip(sides, 0, size)
    found = np.zeros(len(kept), BOX)
    for name, values in zip(("left", "top", "right", "bottom"), sides.T, strict=True):
        found[name] = values
    found["score"], found["label"] = score[kept], best[kept] - head.background
    filled = (found["right"] > found["left"]) & (found["bottom"] > found["top"])
    chosen: Boxes = found[filled]
    return chosen


def _taken(head: Head, values: HeadValues, outputs: Sequence[Array], count: int) -> Array:
    """The values of a head's candidates, [candidates, count]."""
    flat = np.asarray(outputs[values.output]).reshape(-1)
    cells = np.arange(head.grid[0] * head.grid[1])[:, None] * values.cell
    begins = (values.first + cells + np.arange(head.in_cell) * values.anchor).reshape(-1, 1)
    taken: Array = flat[begins + np.arange(count) * values.value]
    return taken


def _real(values: HeadValues, infos: Sequence[Any], raw: Array) -> Array:
    """What raw values stand for, float64."""
    if raw.dtype != np.int8:
        return raw.astype(np.float64)
    info = infos[values.output]
    known = tables.raw_values(info.scale, info.zero_point)
    found: Array = known[raw.astype(np.int64) + 128]
    return found


def _scores(head: Head, real: Array, best: Array) -> Array:
    """The best class's score, 15 fraction bits, [candidates]."""
    chosen = np.arange(len(real))
    if head.activation != "softmax":
        return tables.shares(tables.score_function(head.activation)(real[chosen, best]))
    parts = tables.powers(real.max(axis=1, keepdims=True) - real)
    total = parts.sum(axis=1)
    share: Array = np.minimum((parts[chosen, best] * (1 << 15) + total // 2) // total, ONE)
    return share


def _scaled(length: Array, real: Array) -> Array:
    """A length times a real number of 16 fraction bits, rounded to nearest, ties up."""
    product: Array = (length * real + (1 << REAL_BITS - 1)) >> REAL_BITS
    return product


def _sides(head: Head, lengths: Geometry, kept: Array, real: Array | None) -> Array:
    """Left, top, right and bottom of some candidates, not cut yet, int64 [candidates, 4]."""
    cells, anchors = kept // head.in_cell, lengths.anchors[kept % head.in_cell]
    places = np.stack([cells % head.grid[1], cells // head.grid[1]], axis=1)
    base = np.array(lengths.start) + places * np.array(lengths.step)
    if real is None:
        return np.concatenate([base, base + np.array(lengths.step)], axis=1)
    first, second = real[:, :2], real[:, 2:]
    if head.rows_first:
        first, second = first[:, ::-1], second[:, ::-1]
    size = tables.size_function(head.code, head.variances[1])
    if head.code == "sides":
        low = base - _scaled(anchors, tables.reals(size(first)))
        return np.concatenate([low, base + _scaled(anchors, tables.reals(size(second)))], axis=1)
    middle = tables.middle_function(head.code, head.variances[0])
    unit = anchors if lengths.by_anchor else np.array(lengths.step)
    extent = _scaled(anchors, tables.reals(size(second)))
    low = base + _scaled(unit, tables.reals(middle(first))) - (extent >> 1)
    return np.concatenate([low, low + extent], axis=1)


def _suppressed(decoder: Decoder, found: Boxes) -> Boxes:
    kept: list[int] = []
    for index in range(len(found)):
        if len(kept) == decoder.max_boxes:
            break
        if not _is_covered(decoder, found[kept], found[index]):
            kept.append(index)
    chosen: Boxes = found[kept]
    return chosen


def _is_covered(decoder: Decoder, better: Boxes, box: Any) -> bool:
    near = better[better["label"] == box["label"]] if decoder.by_label else better
    low = np.stack([near["left"], near["top"]], axis=1).astype(np.int64)
    high = np.stack([near["right"], near["bottom"]], axis=1).astype(np.int64)
    own = np.array([[int(box[name]) for name in ("left", "top", "right", "bottom")]])
    if decoder.apart is not None:
        distance = np.abs(low + high - own[:, :2] - own[:, 2:]).max(axis=1, initial=0)
        return bool((distance < 2 * units(decoder.apart)).any())
    sides = np.maximum(np.minimum(high, own[:, 2:]) - np.maximum(low, own[:, :2]), 0)
    both, areas = np.prod(sides, axis=1), np.prod(high - low, axis=1)
    joint = areas + np.prod(own[:, 2:] - own[:, :2]) - both
    return bool(((both << 16) > overlap_limit(decoder) * joint).any())


def overlap_limit(decoder: Decoder) -> int:
    """The overlap above which a box goes, 16 fraction bits."""
    return int(np.floor(decoder.overlap * (1 << 16) + 0.5))
