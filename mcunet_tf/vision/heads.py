# SPDX-License-Identifier: Apache-2.0
"""What a head of a detector gives: where its values lie, and what they stand for."""

from __future__ import annotations

from dataclasses import dataclass

from mcunet_tf.vision.checks import (
    require,
    require_choice,
    require_pair,
    require_real,
    require_whole,
)

CODES = ("yolo", "yolov5", "ssd", "sides", "absolute", "cells")
ACTIVATIONS = ("sigmoid", "linear", "softmax")
_MAX_GRID, _MAX_ANCHORS, _MAX_CLASSES = 1024, 64, 1000
_MAX_SIDE = 2047.0  # pixels, so that sixteenths are int16

Place = tuple[int | str, int]
"""An output, by its number or name, and the first of its values within a candidate."""


@dataclass(frozen=True)
class Head:
    """One head: a grid of cells over the image, with some candidates in each.

    Values of candidate n, counted row by row and in a cell anchor by anchor, lie behind each other.

    Attributes:
        grid: rows and columns of cells; of `absolute` boxes (1, candidates).
        scores: where the classes' scores begin; the background's comes first, if there is one.
        boxes: where the four values of a box begin; None of `cells`.
        presence: where the score lies that anything is there, or None.
        code: what the values of a box mean, t being the value and c the cell's first corner:
            yolo      middle c + sigmoid(t) cells, size e^t anchors
            yolov5    middle c + 2 sigmoid(t) - 0.5 cells, size (2 sigmoid(t))^2 anchors
            ssd       middle c + 0.5 cells + t variances[0] anchors, size e^(t variances[1]) anchors
            sides     distances from the cell's middle to left, top, right and bottom, in anchors
            absolute  middle and size in shares of the image
            cells     there are none: the box is the cell
        anchors: width and height in pixels of each candidate of a cell; one of a cell's own size
            by default.
        classes: how many, besides the background.
        activation: what makes scores of their values: sigmoid, linear where they are that already,
            or softmax, over all of a candidate.
        background: whether scores begin with the background's.
        variances: of ssd.
        rows_first: whether boxes have y before x, as SSD's.
        first: the number of the head's first candidate, where outputs hold several heads.
        values_first: whether all candidates of one value lie behind each other: [1, values,
            candidates], as YOLOv8's, or [1, values, rows, columns], as PyTorch's.

    Raises:
        VisionError: a setting cannot be computed; the message says what can.
    """

    grid: tuple[int, int]
    scores: Place
    boxes: Place | None = None
    presence: Place | None = None
    code: str = "yolo"
    anchors: tuple[tuple[float, float], ...] = ()
    classes: int = 1
    activation: str = "sigmoid"
    background: bool = False
    variances: tuple[float, float] = (0.1, 0.2)
    rows_first: bool = False
    first: int = 0
    values_first: bool = False

    def __post_init__(self) -> None:
        require_pair("grid", self.grid, 1, 65535)
        small = self.code == "absolute" or max(self.grid) <= _MAX_GRID
        require(small, f"grid={self.grid}: give at most {_MAX_GRID} rows and columns")
        require_choice("code", self.code, CODES)
        require_choice("activation", self.activation, ACTIVATIONS)
        require_whole("classes", self.classes, 1, _MAX_CLASSES)
        require_whole("first", self.first, 0, 1 << 20)
        for name in ("scores", "boxes", "presence"):
            self._check_place(name, getattr(self, name))
        require(self.scores is not None, "a head has scores: say where they are")
        celled = self.code == "cells"
        require(
            celled == (self.boxes is None),
            "a head of cells has no boxes: leave them out, or give another code"
            if celled
            else f"a head of code '{self.code}' has boxes: say where they are",
        )
        require(len(self.anchors) <= _MAX_ANCHORS, f"{len(self.anchors)} anchors: give fewer")
        for anchor in self.anchors:
            require(
                isinstance(anchor, tuple) and len(anchor) == 2,
                f"anchor {anchor!r}: give width and height in pixels",
            )
            for side in anchor:
                require_real("an anchor's side", side, 1 / 16, _MAX_SIDE)
        require(
            not (self.anchors and self.code in ("absolute", "cells")),
            f"a head of code '{self.code}' has no anchors: leave them out",
        )
        pair = isinstance(self.variances, tuple) and len(self.variances) == 2
        require(pair, f"variances={self.variances!r}: give two numbers")
        for variance in self.variances:
            require_real("a variance", variance, 1e-3, 10)

    def _check_place(self, name: str, place: object) -> None:
        if place is None:
            return
        fits = isinstance(place, tuple) and len(place) == 2 and isinstance(place[0], int | str)
        require(fits, f"{name}={place!r}: give an output and the first of its values, as [0, 4]")
        assert isinstance(place, tuple)
        require_whole(f"first value of {name}", place[1], 0, 1 << 16)

    @property
    def in_cell(self) -> int:
        """Candidates of a cell."""
        return max(len(self.anchors), 1)

    @property
    def candidates(self) -> int:
        """Candidates of the grid."""
        return self.grid[0] * self.grid[1] * self.in_cell
