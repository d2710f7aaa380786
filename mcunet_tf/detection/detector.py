# SPDX-License-Identifier: Apache-2.0
"""A small detector: what it looks for, its network, its targets and its decoder."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.detection.heads import box_targets, middle_targets
from mcunet_tf.detection.variation import Variation
from mcunet_tf.errors import DataError, require_packages
from mcunet_tf.quantize.precision import in_float32
from mcunet_tf.vision import Decoder, Head

Array = npt.NDArray[Any]

STRIDES = (8, 16, 32)
KINDS = ("boxes", "centroids")
BLOCKS = ("separable", "dense")
_BACKBONE = {
    8: ((2, 4), (1, 4), (1, 4), (1, 4)),
    16: ((2, 8), (1, 8), (1, 8)),
    32: ((2, 8), (1, 8)),
}
"""Stride and width, in the detector's own unit, of separable convolutions as far as each grid."""
_DENSE = 3
"""Dense windows on each grid that has heads."""
_NEAR = 8
"""Cells: a grid finds boxes up to so many of its cells, and the next one those that are longer."""


_USUAL = Variation()

Features = Callable[[Any], Any]
"""A backbone: from a Keras tensor of images to one of features, a row for each cell; of several
strides to a list of them."""


@dataclass(frozen=True)
class Detection:
    """What is to be found, and by how large a network.

    Attributes:
        classes: how many.
        kind: "boxes": boxes without anchors; "centroids": the cell of each thing's middle, for
            counting and waking, with half of the outputs.
        image: height, width and channels of the input; multiples of the last stride and 1 or 3.
        width: channels of the first layer; later ones have up to four times as many.
        labels: names of the classes, or none.
        blocks: "separable": windows of each channel by itself; "dense": of all, with more weights,
            which learn more in the same time and tell classes apart better.
        strides: pixels of a cell, of `STRIDES`; two of them, for boxes alone, are two scales: the
            second one finds what is longer than 8 cells of the first. Things that fill much of the
            image want 16: their network sees wider, and computes less.
        variation: how images differ from epoch to epoch.

    Raises:
        DataError: a setting cannot be.
    """

    classes: int
    kind: str = "boxes"
    image: tuple[int, int, int] = (96, 96, 1)
    width: int = 16
    labels: tuple[str, ...] = ()
    blocks: str = "separable"
    strides: tuple[int, ...] = (8,)
    variation: Variation = _USUAL

    def __post_init__(self) -> None:
        height, width, channels = self.image
        if self.kind not in KINDS:
            raise DataError(f"kind = {self.kind!r}: use one of {KINDS}")
        if self.blocks not in BLOCKS:
            raise DataError(f"blocks = {self.blocks!r}: use one of {BLOCKS}")
        most = 1 if self.kind == "centroids" else 2
        if not (
            isinstance(self.strides, tuple)
            and 1 <= len(self.strides) <= most
            and self.strides in itertools.combinations(STRIDES, len(self.strides))
        ):
            raise DataError(
                f"strides = {self.strides!r}: give {'one' if most == 1 else 'one or two'} of "
                f"{STRIDES} as a tuple, the smaller first"
            )
        last = self.strides[-1]
        if height % last or width % last or channels not in (1, 3) or min(height, width) < 2 * last:
            raise DataError(
                f"image = {self.image}: give height and width of {2 * last} or more that {last} "
                "divides, and 1 or 3 channels"
            )
        if not (1 <= self.classes <= 100 and 4 <= self.width <= 128):
            raise DataError(
                f"classes = {self.classes}, width = {self.width}: give 1 to 100, 4 to 128"
            )

    @property
    def outputs(self) -> int:
        """Outputs of each scale."""
        return 1 if self.kind == "centroids" else 2

    @property
    def grids(self) -> tuple[tuple[int, int], ...]:
        """Rows and columns of each scale."""
        return tuple((self.image[0] // s, self.image[1] // s) for s in self.strides)

    @property
    def decoder(self) -> Decoder:
        """How the network's outputs become boxes."""
        return self.decoder_of(
            [(self.outputs * n, self.outputs * n + 1) for n in range(len(self.strides))]
        )

    def decoder_of(self, places: Sequence[tuple[int, int]]) -> Decoder:
        """A decoder for outputs in another order: of each scale the scores' number, the sides'."""
        celled = self.kind == "centroids"
        heads = tuple(
            Head(
                grid,
                (scores, 0),
                None if celled else (sides, 0),
                code="cells" if celled else "sides",
                classes=self.classes,
            )
            for grid, (scores, sides) in zip(self.grids, places, strict=True)
        )
        return Decoder(
            self.image[:2],
            heads,
            threshold=0.4,
            apart=1.5 * self.strides[0] if celled else None,
            by_label=False,
            labels=self.labels,
        )

    def network(self, in_training: bool = False, features: Features | None = None) -> Any:
        """The Keras model: int8-friendly layers, images from -1 to 1, scores and sides apart.

        Args:
            in_training: whether sides may be negative, from where `side_loss` leads back: behind a
                ReLU that is 0 everywhere nothing is learnt any more.
            features: from the input to a row of features for each cell; None takes separable
                convolutions of `width`.

        Raises:
            DataError: features are of another grid.
        """
        require_packages("training a detector", "tensorflow", "keras")
        import keras

        with in_float32():
            given = keras.Input(self.image)
            found = self._features(keras, given) if features is None else features(given)
            found = list(found) if isinstance(found, list | tuple) else [found]
            shapes = tuple(tuple(x.shape[1:3]) for x in found)
            if shapes != self.grids:
                raise DataError(f"features of {_said(shapes)} cells: give {_said(self.grids)}")
            outputs = []
            for stride, x in zip(self.strides, found, strict=True):
                outputs += self._heads(
                    keras, x, "" if len(found) == 1 else f"_{stride}", in_training
                )
            return keras.Model(given, outputs)

    def _heads(self, keras: Any, x: Any, name: str, in_training: bool) -> list[Any]:
        """Scores of a grid's cells, and sides."""
        layers = keras.layers
        rare = keras.initializers.Constant(-4.0)  # things are rare: scores begin low
        scores = layers.Conv2D(self.classes, 1, bias_initializer=rare, name=f"scores{name}")(x)
        if self.kind == "centroids":
            return [scores]
        begin = keras.initializers.Constant(1.0)
        activation = None if in_training else "relu"
        sides = layers.Conv2D(
            4, 1, activation=activation, bias_initializer=begin, name=f"sides{name}"
        )
        return [scores, sides(x)]

    def _features(self, keras: Any, given: Any) -> list[Any]:
        """Features of each grid."""
        layers = keras.layers
        x = _activated(keras, layers.Conv2D(self.width, 3, 2, "same", use_bias=False)(given))
        x = _activated(keras, layers.Conv2D(2 * self.width, 3, 2, "same", use_bias=False)(x))
        if self.blocks == "separable":
            x = self._separable(keras, x, 1, 2 * self.width)
        found = []
        for stride in STRIDES[: STRIDES.index(self.strides[-1]) + 1]:
            if self.blocks == "dense":
                wide = 4 * self.width
                x = _activated(keras, layers.Conv2D(wide, 3, 2, "same", use_bias=False)(x))
                for _ in range(_DENSE if stride in self.strides else 0):
                    made = layers.Conv2D(wide, 3, 1, "same", use_bias=False)(x)
                    x = layers.Add()([_activated(keras, made), x])
            else:
                for step, times in _BACKBONE[stride]:
                    x = self._separable(keras, x, step, times * self.width)
            if stride in self.strides:
                found.append(x)
        return found

    def _separable(self, keras: Any, x: Any, stride: int, channels: int) -> Any:
        layers, skip = keras.layers, x
        x = _activated(keras, layers.DepthwiseConv2D(3, stride, "same", use_bias=False)(x))
        x = _activated(keras, layers.Conv2D(channels, 1, use_bias=False)(x))
        return layers.Add()([x, skip]) if skip.shape == x.shape else x

    def targets(self, boxes: Sequence[Array]) -> list[Array]:
        """What the network is to give for images with these boxes."""
        size = self.image[:2]
        if self.kind == "centroids":
            return [middle_targets(boxes, size, self.strides[0], self.classes)]
        made: list[Array] = []
        for n, stride in enumerate(self.strides):
            own = [one[self._scale_of(one) == n] for one in boxes]
            made += box_targets(own, size, stride, self.classes)
        return made

    def _scale_of(self, boxes: Array) -> Array:
        """The number of the scale that finds each box, [boxes]."""
        longest = np.max(boxes[:, 2:4] - boxes[:, :2], axis=1, initial=0)
        limits = _NEAR * np.array(self.strides[:-1], int)
        found: Array = np.searchsorted(limits, longest)
        return found


def _said(grids: Sequence[tuple[int, int]]) -> str:
    return " and ".join(f"{rows}x{columns}" for rows, columns in grids)


def _activated(keras: Any, x: Any) -> Any:
    return keras.layers.ReLU(6.0)(keras.layers.BatchNormalization(momentum=0.9)(x))


def inputs_of(images: Array) -> Array:
    """Brightness 0 to 255 as the network sees it, -1 to 1."""
    scaled: Array = np.asarray(images, np.float32) / 127.5 - 1
    return scaled


def decoder_for(task: Detection, names: Sequence[tuple[int, ...]]) -> Decoder:
    """The task's decoder for a file whose outputs come in another order.

    Args:
        task: what is found.
        names: the shapes of the outputs in the file's order.

    Raises:
        DataError: the outputs are not the task's.
    """
    wanted = [task.classes, 4][: task.outputs]
    places = []
    for grid in task.grids:
        own = [n for n, shape in enumerate(names) if tuple(shape[1:3]) == grid]
        last = [names[n][-1] for n in own]
        if sorted(last) != sorted(wanted):
            raise DataError(
                f"outputs of {last} values in a cell of {_said([grid])}: the task gives {wanted}"
            )
        scores = own[last.index(task.classes)]
        places.append((scores, next((n for n in own if n != scores), scores)))
    return task.decoder_of(places)
