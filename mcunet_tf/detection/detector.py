# SPDX-License-Identifier: Apache-2.0
"""A small detector: what it looks for, the network, its training, its file and its decoder."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.detection.heads import box_targets, middle_targets, score_loss, side_loss
from mcunet_tf.detection.scenes import flipped, moved
from mcunet_tf.errors import DataError, require_packages
from mcunet_tf.quantize import quantize_ptq
from mcunet_tf.vision import Decoder, Head

Array = npt.NDArray[Any]

STRIDE = 8
KINDS = ("boxes", "centroids")
BLOCKS = ("separable", "dense")
_BACKBONE = ((1, 2), (2, 4), (1, 4), (1, 4), (1, 4))
"""Stride and width, in the detector's own unit, of each separable convolution behind the stem."""
_DENSE = 3
"""Dense windows on the detector's grid."""
_BATCH = 32
_AVERAGED = 100
_SETTLED = 32
"""Steps that weights are averaged over, of a short training a tenth; and that norms settle in."""
_CALIBRATION = 200


Features = Callable[[Any], Any]
"""A backbone: from a Keras tensor of images to one of features, a row for each cell."""


@dataclass(frozen=True)
class Detection:
    """What is to be found, and by how large a network.

    Attributes:
        classes: how many.
        kind: "boxes": boxes without anchors; "centroids": the cell of each thing's middle, for
            counting and waking, with half of the outputs.
        image: height, width and channels of the input; multiples of 8 and 1 or 3.
        width: channels of the first layer; later ones have up to four times as many.
        labels: names of the classes, or none.
        blocks: "separable": windows of each channel by itself; "dense": of all, with more weights,
            which learn more in the same time and tell classes apart better.

    Raises:
        DataError: a setting cannot be.
    """

    classes: int
    kind: str = "boxes"
    image: tuple[int, int, int] = (96, 96, 1)
    width: int = 16
    labels: tuple[str, ...] = ()
    blocks: str = "separable"

    def __post_init__(self) -> None:
        height, width, channels = self.image
        if self.kind not in KINDS:
            raise DataError(f"kind = {self.kind!r}: use one of {KINDS}")
        if self.blocks not in BLOCKS:
            raise DataError(f"blocks = {self.blocks!r}: use one of {BLOCKS}")
        if height % STRIDE or width % STRIDE or channels not in (1, 3) or min(height, width) < 16:
            raise DataError(
                f"image = {self.image}: give height and width of 16 or more that {STRIDE} divides, "
                "and 1 or 3 channels"
            )
        if not (1 <= self.classes <= 100 and 4 <= self.width <= 128):
            raise DataError(
                f"classes = {self.classes}, width = {self.width}: give 1 to 100, 4 to 128"
            )

    @property
    def decoder(self) -> Decoder:
        """How the network's outputs become boxes."""
        grid = (self.image[0] // STRIDE, self.image[1] // STRIDE)
        celled = self.kind == "centroids"
        head = Head(
            grid,
            (0, 0),
            None if celled else (1, 0),
            code="cells" if celled else "sides",
            classes=self.classes,
        )
        return Decoder(
            self.image[:2],
            (head,),
            threshold=0.4,
            apart=1.5 * STRIDE if celled else None,
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

        layers = keras.layers
        given = keras.Input(self.image)
        x = self._features(keras, given) if features is None else features(given)
        grid = (self.image[0] // STRIDE, self.image[1] // STRIDE)
        if tuple(x.shape[1:3]) != grid:
            raise DataError(f"features of {tuple(x.shape[1:3])} cells: give {grid}")
        rare = keras.initializers.Constant(-4.0)  # things are rare: scores begin low
        outputs = [layers.Conv2D(self.classes, 1, bias_initializer=rare, name="scores")(x)]
        if self.kind == "boxes":
            begin = keras.initializers.Constant(1.0)
            activation = None if in_training else "relu"
            sides = layers.Conv2D(4, 1, activation=activation, bias_initializer=begin, name="sides")
            outputs.append(sides(x))
        return keras.Model(given, outputs)

    def _features(self, keras: Any, given: Any) -> Any:
        layers = keras.layers
        x = _activated(keras, layers.Conv2D(self.width, 3, 2, "same", use_bias=False)(given))
        x = _activated(keras, layers.Conv2D(2 * self.width, 3, 2, "same", use_bias=False)(x))
        if self.blocks == "dense":
            wide = 4 * self.width
            x = _activated(keras, layers.Conv2D(wide, 3, 2, "same", use_bias=False)(x))
            for _ in range(_DENSE):
                made = layers.Conv2D(wide, 3, 1, "same", use_bias=False)(x)
                x = layers.Add()([_activated(keras, made), x])
            return x
        for stride, times in _BACKBONE:
            skip = x
            x = layers.DepthwiseConv2D(3, stride, "same", use_bias=False)(x)
            x = _activated(keras, x)
            x = layers.Conv2D(self.width * times, 1, use_bias=False)(x)
            x = _activated(keras, x)
            if stride == 1 and skip.shape == x.shape:
                x = layers.Add()([x, skip])
        return x

    def targets(self, boxes: Sequence[Array]) -> list[Array]:
        """What the network is to give for images with these boxes."""
        size = self.image[:2]
        if self.kind == "boxes":
            return list(box_targets(boxes, size, STRIDE, self.classes))
        return [middle_targets(boxes, size, STRIDE, self.classes)]


def _activated(keras: Any, x: Any) -> Any:
    return keras.layers.ReLU(6.0)(keras.layers.BatchNormalization(momentum=0.9)(x))


def inputs_of(images: Array) -> Array:
    """Brightness 0 to 255 as the network sees it, -1 to 1."""
    scaled: Array = np.asarray(images, np.float32) / 127.5 - 1
    return scaled


def train_detector(
    task: Detection,
    images: Array,
    boxes: Sequence[Array],
    epochs: int = 20,
    seed: int = 0,
    verbose: bool = False,
    features: Features | None = None,
) -> Any:
    """Trains a network; its weights are averages over the last steps.

    Images are flipped, moved and made brighter or darker anew in every epoch.

    Args:
        task: what is to be found.
        images: uint8 [n, height, width, channels].
        boxes: of each image, [boxes, 5]: left, top, right, bottom in pixels, label.
        epochs: passes over the images.
        seed: of everything.
        verbose: whether the losses of each epoch are printed.
        features: another backbone than the task's own, as `Detection.network` takes it; called
            twice, for the training and for the network that is returned.

    Raises:
        DataError: images and boxes do not belong together, or a box lies outside its image.
        ToolError: TensorFlow is not installed.
    """
    check_boxes(task, images, boxes)
    require_packages("training a detector", "tensorflow", "keras")
    import keras

    keras.utils.set_random_seed(seed)
    rng, model = np.random.default_rng(seed), task.network(True, features)
    steps = -(-len(images) // _BATCH) * epochs
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps, warmup_target=4e-3, warmup_steps=max(steps // 20, 1)
    )
    # An average over more steps than there are would be the weights that it began with.
    kept = 1 - 1 / min(_AVERAGED, max(steps / 10, 1))
    optimizer = keras.optimizers.AdamW(
        rate, weight_decay=1e-3, use_ema=True, ema_momentum=kept, clipnorm=5.0
    )
    losses = [score_loss, side_loss][: len(model.outputs)]
    model.compile(optimizer=optimizer, loss=losses, jit_compile=False)
    for epoch in range(epochs):
        varied, own = _varied(images, boxes, rng)
        told = model.fit(
            inputs_of(varied), task.targets(own), batch_size=_BATCH, verbose=0, shuffle=True
        )
        if verbose:
            loss = told.history["loss"][0]
            print(f"epoch {epoch + 1}/{epochs}: loss {loss:.4f}", flush=True)
    optimizer.finalize_variable_values(model.trainable_variables)
    # Statistics of the averaged weights, not of those they are averages of.
    _settle_norms(model, inputs_of(images[: _SETTLED * _BATCH]))
    trained = task.network(features=features)
    trained.set_weights(model.get_weights())
    return trained


def _settle_norms(model: Any, images: Array) -> None:
    """Passes over some images so that batch-norm's means belong to the final weights."""
    for step in range(_SETTLED):
        start = step * _BATCH % len(images)
        model(images[start : start + _BATCH], training=True)


def check_boxes(
    task: Detection, images: Array, boxes: Sequence[Array], every_class: bool = True
) -> None:
    """Raises DataError unless images and boxes fit the task; names the first that does not.

    Args:
        task: what is found.
        images: uint8 [n, height, width, channels].
        boxes: of each, [boxes, 5].
        every_class: whether a class without a box is a fault, as there is nothing to learn it from.
    """
    height, width, _ = task.image
    if not len(images) or len(images) != len(boxes):
        raise DataError(f"{len(images)} images and boxes of {len(boxes)}: give as many of each")
    if tuple(np.shape(images)[1:]) != task.image or np.asarray(images).dtype != np.uint8:
        raise DataError(
            f"images are {np.asarray(images).dtype} {list(np.shape(images)[1:])}: give uint8 "
            f"{list(task.image)}"
        )
    present = np.zeros(task.classes, bool)
    for n, own in enumerate(boxes):
        if np.ndim(own) != 2 or np.shape(own)[1] != 5:
            raise DataError(f"boxes of image {n}: give [boxes, 5]: left, top, right, bottom, label")
        sizes = own[:, 2:4] - own[:, :2]
        inside = (own[:, :2] >= 0).all() and (own[:, 2:4] <= [width, height]).all()
        if not inside or (sizes <= 0).any():
            raise DataError(
                f"a box of image {n} is empty or outside {width}x{height}: cut boxes to images"
            )
        labels = own[:, 4]
        if len(own) and not ((labels >= 0) & (labels < task.classes) & (labels % 1 == 0)).all():
            raise DataError(f"labels of image {n}: give whole numbers from 0 to {task.classes - 1}")
        present[labels.astype(int)] = True
    if every_class and not present.all():
        missing = int(np.flatnonzero(~present)[0])
        raise DataError(f"class {missing} has no box in any image: leave it out, or add images")


def _varied(
    images: Array, boxes: Sequence[Array], rng: np.random.Generator
) -> tuple[Array, list[Array]]:
    made, own = np.empty_like(images), []
    for n, (image, known) in enumerate(zip(images, boxes, strict=True)):
        if rng.random() < 0.5:
            image, known = flipped(image, known)
        down, right = (int(v) for v in rng.integers(-12, 13, 2))
        image, known = moved(image, known, down, right, int(rng.integers(0, 40)))
        light = image.astype(np.float32) * rng.uniform(0.75, 1.25) + rng.uniform(-15, 15)
        made[n] = np.clip(light, 0, 255)
        own.append(known)
    return made, own


def quantize_detector(model: Any, images: Array) -> bytes:
    """The int8 `.tflite` file of a trained network; scores and sides have scales of their own.

    Args:
        model: from `train_detector`.
        images: uint8, of which some set the scales of activations.
    """
    return quantize_ptq(model, inputs_of(images[:_CALIBRATION]))


def decoder_for(task: Detection, names: Sequence[tuple[int, ...]]) -> Decoder:
    """The task's decoder for a file whose outputs come in another order.

    Args:
        task: what is found.
        names: the shapes of the outputs in the file's order.

    Raises:
        DataError: the outputs are not the task's.
    """
    wanted = [task.classes, 4][: 1 if task.kind == "centroids" else 2]
    last = [shape[-1] for shape in names]
    if sorted(last) != sorted(wanted):
        raise DataError(f"outputs of {last} values in a cell: the task gives {wanted}")
    head = task.decoder.heads[0]
    scores = (last.index(task.classes), 0)
    boxes = None if head.boxes is None else (1 - scores[0], 0)
    if task.classes == 4 and boxes is not None:
        scores, boxes = (0, 0), (1, 0)
    return dataclasses.replace(
        task.decoder, heads=(dataclasses.replace(head, scores=scores, boxes=boxes),)
    )
