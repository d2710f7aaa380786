# SPDX-License-Identifier: Apache-2.0
"""Keras callbacks in a loop that is not `fit`: they find what they find there.

The model that they see has an optimizer, saves itself as a plain Keras model, and can be told to
stop. A learning rate that a callback sets scales the schedule: for one epoch where it was set as
the epoch began (LearningRateScheduler), from then on where it was set as one ended
(ReduceLROnPlateau).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from mcunet_tf.tinynas.protocols import Callback


class EpochCallbacks:
    """The callbacks of one training.

    Attributes:
        factor: what the schedule's learning rate is multiplied by from now on.
        once: what it is multiplied by in this epoch besides.
    """

    def __init__(
        self,
        callbacks: Sequence[Callback],
        model: Any,
        optimizer: Any,
        directions: Mapping[str, str],
    ) -> None:
        """Prepares callbacks.

        Args:
            callbacks: the user's callbacks.
            model: what they see as their model.
            optimizer: its optimizer.
            directions: "max" or "min" for each metric by its name, for callbacks that monitor one
                and were not told which it is.
        """
        model.optimizer = optimizer
        for callback in callbacks:
            name = str(getattr(callback, "monitor", "")).removeprefix("val_")
            if getattr(callback, "mode", None) == "auto" and name in directions:
                setattr(callback, "mode", directions[name])  # noqa: B010  # not in the protocol
        self.optimizer = optimizer
        self.called = keras.callbacks.CallbackList(list(callbacks), model=model)
        self.factor = 1.0
        self.once = 1.0

    def begin_training(self, epochs: int, steps: int) -> None:
        """Tells that a training of so many epochs of so many steps begins."""
        self.called.set_params({"epochs": epochs, "steps": steps, "verbose": 0})
        self.called.on_train_begin()

    def begin_epoch(self, epoch: int, rate: float) -> None:
        """Tells that an epoch begins, whose schedule begins with this learning rate."""
        before = self._set(rate * self.factor)
        self.called.on_epoch_begin(epoch)
        self.once = self._change(before)

    def begin_step(self, step: int, rate: float) -> None:
        """Tells that a step begins, for which the schedule has this learning rate."""
        self._set(rate * self.factor * self.once)
        self.called.on_train_batch_begin(step)

    def end_step(self, step: int, loss: float) -> None:
        """Tells that a step has ended."""
        self.called.on_train_batch_end(step, {"loss": loss})

    def end_epoch(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Tells that an epoch has ended, with its losses and metrics."""
        before = float(self.optimizer.learning_rate.numpy())
        self.called.on_epoch_end(epoch, dict(logs))
        self.factor *= self._change(before)

    def end_training(self, logs: Mapping[str, float] | None) -> None:
        """Tells that the training has ended, with the logs of its last epoch."""
        self.called.on_train_end(None if logs is None else dict(logs))

    def _set(self, rate: float) -> float:
        """Sets the learning rate; returns it as it was rounded."""
        self.optimizer.learning_rate.assign(rate)
        return float(self.optimizer.learning_rate.numpy())

    def _change(self, before: float) -> float:
        """By what callbacks have multiplied the learning rate."""
        now = float(self.optimizer.learning_rate.numpy())
        return 1.0 if now == before or before <= 0 else now / before
