# SPDX-License-Identifier: Apache-2.0
"""Trains a small detector, and makes an int8 file of it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mcunet_tf.detection.detector import Detection, Features, inputs_of
from mcunet_tf.detection.heads import score_loss, side_loss
from mcunet_tf.detection.variation import varied
from mcunet_tf.errors import DataError, require_packages
from mcunet_tf.quantize import quantize_ptq
from mcunet_tf.quantize.precision import in_float32

Array = npt.NDArray[Any]

_BATCH, _SMALL_BATCH, _FEW = 32, 16, 512
"""Images of a step, and where there are fewer images than the last number."""
_RATE = 4e-3
_AVERAGED = 100
_SETTLED = 32
"""Steps that weights are averaged over, of a short training a tenth; and that norms settle in."""
_CALIBRATION = 200
_KEPT_EVERY_S = 30.0


class Keeper(Protocol):
    """Where a training keeps its state: `mcunet_tf.tinynas.checkpoint.Checkpoints` is one."""

    def load(self) -> tuple[int, dict[str, Array], Any] | None:
        """The last state: epochs that it has behind it, arrays, and what was said with them."""

    def save(self, step: int, arrays: Mapping[str, Array], meta: Any) -> None:
        """Keeps a state."""


def train_detector(
    task: Detection,
    images: Array,
    boxes: Sequence[Array],
    epochs: int = 20,
    seed: int = 0,
    verbose: bool = False,
    features: Features | None = None,
    keeper: Keeper | None = None,
) -> Any:
    """Trains a network; its weights are averages over the last steps.

    Images are varied anew in every epoch, as `Detection.variation` says. It computes in float32,
    whatever policy Keras has for other models.

    Args:
        task: what is to be found.
        images: uint8 [n, height, width, channels].
        boxes: of each image, [boxes, 5]: left, top, right, bottom in pixels, label.
        epochs: passes over the images.
        seed: of everything.
        verbose: whether the losses of each epoch are printed.
        features: another backbone than the task's own, as `Detection.network` takes it; called
            twice, for the training and for the network that is returned.
        keeper: keeps the state every half minute; a training that was killed goes on from there
            and ends as if it had not been.

    Raises:
        DataError: images and boxes do not belong together, or a box lies outside its image.
        ToolError: TensorFlow is not installed.
    """
    check_boxes(task, images, boxes)
    require_packages("training a detector", "tensorflow", "keras")
    import keras

    keras.utils.set_random_seed(seed)
    with in_float32():
        model = task.network(True, features)
        _fit(task, model, (np.asarray(images), boxes), epochs, seed, verbose, keeper)
        # Statistics of the averaged weights, not of those they are averages of.
        _settle_norms(model, inputs_of(images[: _SETTLED * _BATCH]))
        trained = task.network(features=features)
    trained.set_weights(model.get_weights())
    return trained


def _fit(
    task: Detection,
    model: Any,
    data: tuple[Array, Sequence[Array]],
    epochs: int,
    seed: int,
    verbose: bool,
    keeper: Keeper | None,
) -> None:
    """All epochs, from the last state that was kept; leaves the averages in the model."""
    images, boxes = data
    batch = _BATCH if len(images) >= _FEW else _SMALL_BATCH
    optimizer = _optimizer(-(-len(images) // batch) * epochs)
    losses = [score_loss, side_loss][: task.outputs] * len(task.strides)
    model.compile(optimizer=optimizer, loss=losses, jit_compile=False)
    optimizer.build(model.trainable_variables)
    begun = 0 if keeper is None else _load(keeper, model)
    kept_at = time.monotonic()
    for epoch in range(begun, epochs):
        # An epoch knows nothing of those before, so that a training may go on behind any.
        rng = np.random.default_rng([seed, epoch])
        order = rng.permutation(len(images))
        seen, own = varied(images[order], [boxes[k] for k in order], task.variation, rng)
        told = model.fit(
            inputs_of(seen), task.targets(own), batch_size=batch, verbose=0, shuffle=False
        )
        if verbose:
            loss = told.history["loss"][0]
            print(f"epoch {epoch + 1}/{epochs}: loss {loss:.4f}", flush=True)
        if keeper is not None and (
            epoch + 1 == epochs or time.monotonic() - kept_at > _KEPT_EVERY_S
        ):
            state = {str(n): np.asarray(v) for n, v in enumerate(_variables(model))}
            keeper.save(epoch + 1, state, {})
            kept_at = time.monotonic()
    optimizer.finalize_variable_values(model.trainable_variables)


def _optimizer(steps: int) -> Any:
    import keras

    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps, warmup_target=_RATE, warmup_steps=max(steps // 20, 1)
    )
    # An average over more steps than there are would be the weights that it began with.
    kept = 1 - 1 / min(_AVERAGED, max(steps / 10, 1))
    return keras.optimizers.AdamW(
        rate, weight_decay=1e-3, use_ema=True, ema_momentum=kept, clipnorm=5.0
    )


def _variables(model: Any) -> list[Any]:
    return [*model.variables, *model.optimizer.variables]


def _load(keeper: Keeper, model: Any) -> int:
    """Takes the last state over; returns the epochs that it has behind it."""
    found = keeper.load()
    if found is None:
        return 0
    step, arrays, _ = found
    for n, variable in enumerate(_variables(model)):
        variable.assign(arrays[str(n)])
    return step


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


def quantize_detector(model: Any, images: Array) -> bytes:
    """The int8 `.tflite` file of a trained network; scores and sides have scales of their own.

    Args:
        model: from `train_detector`.
        images: uint8, of which some set the scales of activations.
    """
    return quantize_ptq(model, inputs_of(images[:_CALIBRATION]))
