# SPDX-License-Identifier: Apache-2.0
"""A detector's decoder: configured by a description, bound to a network's outputs."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcunet_tf.errors import VisionError
from mcunet_tf.vision.checks import (
    require,
    require_pair,
    require_real,
    require_whole,
    settings_of,
)
from mcunet_tf.vision.heads import Head, Place

_MAX_BOXES, _MAX_CANDIDATES = 256, 1024


@dataclass(frozen=True)
class Decoder:
    """From a network's outputs to boxes: threshold, arithmetic, non-maximum suppression.

    The numpy form works with the integers of the C form, so both give the same boxes, bit for bit.

    Example:
        >>> head = Head(grid=(12, 12), scores=("scores", 0), boxes=("boxes", 0), code="sides")
        >>> decoder = Decoder(image=(96, 96), heads=(head,))

    Attributes:
        image: height and width of the network's input in pixels.
        heads: one for each scale.
        threshold: the least score of a box.
        overlap: shared area over joint area, above which the box of the lower score goes.
        max_boxes: boxes at most.
        candidates: so many of the best go into the suppression; four times as many as boxes by
            default.
        apart: pixels: heads of cells give one box where middles are nearer than this along both
            axes. None suppresses by overlap.
        by_label: whether boxes of different labels never suppress each other.
        labels: names of the classes, or none.

    Raises:
        VisionError: a setting cannot be computed; the message says what can.
    """

    image: tuple[int, int]
    heads: tuple[Head, ...]
    threshold: float = 0.5
    overlap: float = 0.45
    max_boxes: int = 16
    candidates: int | None = None
    apart: float | None = None
    by_label: bool = True
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_pair("image", self.image, 1, 2047)
        require_real("threshold", self.threshold, 1 / 32768, 1)
        require_real("overlap", self.overlap, 0, 1)
        require_whole("max_boxes", self.max_boxes, 1, _MAX_BOXES)
        if self.candidates is not None:
            require_whole("candidates", self.candidates, self.max_boxes, _MAX_CANDIDATES)
        if self.apart is not None:
            require_real("apart", self.apart, 1 / 16, 2047)
        heads = isinstance(self.heads, tuple) and self.heads
        require(
            bool(heads) and all(isinstance(head, Head) for head in self.heads),
            f"heads={self.heads!r}: give one Head or more",
        )
        counts = {head.classes for head in self.heads}
        require(len(counts) == 1, f"heads of {sorted(counts)} classes: give all the same classes")
        named = len(self.labels) in (0, self.classes)
        named = named and all(isinstance(label, str) for label in self.labels)
        require(named, f"{len(self.labels)} labels for {self.classes} classes: name each, or none")

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return self.heads[0].classes

    @property
    def held(self) -> int:
        """Candidates that the suppression looks at."""
        return self.candidates or min(4 * self.max_boxes, _MAX_CANDIDATES)

    def label(self, index: int) -> str:
        """The name of a class, or its number."""
        return self.labels[index] if self.labels else str(index)


def read_decoder(given: str | Path | Mapping[str, Any]) -> Decoder:
    """A decoder from a JSON file or its content.

    Args:
        given: the path of a file, or settings by name: those of `Decoder`, and of `Head` for each
            of `heads`. Lists stand for tuples.

    Raises:
        VisionError: the file cannot be read, or a setting is unknown or cannot be computed.
    """
    where = "the decoder"
    if not isinstance(given, Mapping):
        where = str(given)
        try:
            given = json.loads(Path(given).read_text(encoding="utf-8"))
        except OSError as error:
            raise VisionError(f"{where}: {error.strerror}: give a decoder's JSON file") from error
        except ValueError as error:
            raise VisionError(f"{where}: no JSON: {error}") from error
    try:
        settings = settings_of(Decoder, given, "the decoder")
        heads = settings.get("heads", ())
        require(isinstance(heads, tuple), f"heads={heads!r}: give a list of heads")
        settings["heads"] = tuple(
            Head(**_complete(settings_of(Head, head, f"head {n}"), ("grid", "scores"), f"head {n}"))
            for n, head in enumerate(heads)
        )
        return Decoder(**_complete(settings, ("image",), "the decoder"))
    except VisionError as error:
        raise VisionError(f"{where}: {error}" if where != "the decoder" else str(error)) from error


def decoder_json(decoder: Decoder) -> str:
    """A decoder as the JSON that `read_decoder` reads."""
    return json.dumps(dataclasses.asdict(decoder), indent=1) + "\n"


def _complete(settings: dict[str, Any], needed: Sequence[str], what: str) -> dict[str, Any]:
    for name in needed:
        require(name in settings, f"{what} lacks '{name}': give it")
    return settings


@dataclass(frozen=True)
class HeadValues:
    """Where the values of candidates lie in an output.

    Attributes:
        output: its number.
        first: where the first candidate's first value lies that is meant.
        cell: from a cell to the next one.
        anchor: from an anchor of a cell to the next one.
        value: from a value of a candidate to the next one.
    """

    output: int
    first: int
    cell: int
    anchor: int
    value: int


@dataclass(frozen=True)
class BoundHead:
    """A head with the places of its values."""

    head: Head
    scores: HeadValues
    boxes: HeadValues | None
    presence: HeadValues | None


def bind(decoder: Decoder, outputs: Sequence[Any]) -> tuple[BoundHead, ...]:
    """Finds the values of all heads in a network's outputs.

    Args:
        decoder: the description.
        outputs: name, shape and dtype of each output, as `CompiledModel.outputs`.

    Raises:
        VisionError: an output is not there, too small, or neither int8 nor float32.
    """
    found = []
    for head in decoder.heads:
        scores = _values(head, "scores", outputs)
        assert scores is not None
        places = (_values(head, name, outputs) for name in ("boxes", "presence"))
        found.append(BoundHead(head, scores, *places))
    return tuple(found)


def _values(head: Head, name: str, outputs: Sequence[Any]) -> HeadValues | None:
    place: Place | None = getattr(head, name)
    if place is None:
        return None
    known = [info.name for info in outputs]
    number = known.index(place[0]) if place[0] in known else place[0]
    found = isinstance(number, int) and 0 <= number < len(outputs)
    require(found, f"{name}: no output {place[0]!r}: the model has {', '.join(known)}, from 0 on")
    assert isinstance(number, int)
    info = outputs[number]
    require(
        info.dtype in ("int8", "float32"),
        f"{name}: output '{info.name}' is {info.dtype}: decoders read int8",
    )
    needed = {"boxes": 4, "presence": 1}.get(name, head.classes + head.background)
    layout = _by_value if head.values_first else _by_candidate
    found_at = layout(head, tuple(info.shape), place[1], needed)
    require(
        found_at is not None,
        f"{name}: output '{info.name}' is {list(info.shape)}, which does not hold values {place[1]}"
        f" to {place[1] + needed - 1} of candidates {head.first} to "
        f"{head.first + head.candidates - 1}" + (", values first" if head.values_first else ""),
    )
    assert found_at is not None
    return HeadValues(number, *found_at)


_Strides = tuple[int, int, int, int]


def _by_candidate(head: Head, shape: tuple[int, ...], first: int, needed: int) -> _Strides | None:
    """First, cell, anchor and value where a candidate's values lie together."""
    whole = len(shape) == 4 and shape[1:3] == head.grid
    if whole and shape[-1] % head.in_cell:
        return None
    stride = shape[-1] // head.in_cell if whole else shape[-1]
    if first + needed > stride or stride * (head.first + head.candidates) > math.prod(shape):
        return None
    return head.first * stride + first, head.in_cell * stride, stride, 1


def _by_value(head: Head, shape: tuple[int, ...], first: int, needed: int) -> _Strides | None:
    """The same where the candidates of a value lie together."""
    cells = head.grid[0] * head.grid[1]
    if len(shape) == 4 and shape[2:] == head.grid:
        values = shape[1] // head.in_cell
        fits = shape[1] % head.in_cell == 0 and first + needed <= values and head.first == 0
        return (first * cells, 1, values * cells, cells) if fits else None
    count = shape[-1]
    values = math.prod(shape[:-1])
    fits = first + needed <= values and head.first + head.candidates <= count
    return (first * count + head.first, head.in_cell, 1, count) if fits else None


def with_threshold(decoder: Decoder, threshold: float, max_boxes: int | None = None) -> Decoder:
    """The same decoder with another threshold, and another bound."""
    most = decoder.max_boxes if max_boxes is None else max_boxes
    held = None if decoder.candidates is None else max(decoder.candidates, most)
    return dataclasses.replace(decoder, threshold=threshold, max_boxes=most, candidates=held)
