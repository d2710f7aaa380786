# SPDX-License-Identifier: Apache-2.0
"""A task bound to data: losses for training, predictions and scores for evaluation.

Networks give outputs `[n, k]`: logits, or for regression distances from the targets' mean in units
of their standard deviation. Finished models do so too: eight bits that had to reach from zero to
1000 would leave nothing to tell 990 from 1010. `predictions` turns outputs into own units.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from mcunet_tf.errors import SearchError
from mcunet_tf.tinynas.data import Array
from mcunet_tf.tinynas.metrics import LOWER_IS_BETTER, METRICS
from mcunet_tf.tinynas.task import Task

UNEVEN = 5.0
"""From this ratio of the most frequent to the rarest class on, a search says so."""

_FOCUS = 2.0  # of focal loss (Lin et al., arXiv:1708.02002)


@dataclasses.dataclass(frozen=True)
class Objective:
    """What networks for some data are trained and chosen by.

    Attributes:
        outputs: number of outputs of a network.
        task: what is learnt.
        class_weights: weight of each class in the loss; empty where all weigh the same.
        mean: mean of each target of a regression; empty for other tasks.
        deviation: standard deviation of each target of a regression; empty for other tasks.
    """

    outputs: int
    task: Task = dataclasses.field(default_factory=Task)
    class_weights: tuple[float, ...] = ()
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()

    @classmethod
    def of_data(cls, task: Task, y: Array, outputs: int) -> Objective:
        """Binds a task to the targets of the training data.

        Raises:
            SearchError: `class_weight` names a class that there is not, or leaves nothing.
        """
        if task.head == "regression":
            spread = y.std(axis=0)
            # A target that never changes is learnt as its mean.
            deviation = tuple(float(s) if s > 0 else 1.0 for s in spread)
            return cls(outputs, task, (), tuple(map(float, y.mean(axis=0))), deviation)
        if task.head != "classes" or task.class_weight is None:
            return cls(outputs, task)
        return cls(outputs, task, _class_weights(task.class_weight, y, outputs))

    def sample_weights(self, y: Array, given: Array | None) -> Array | None:
        """Weights of samples in the loss; None where all weigh the same."""
        if not self.class_weights:
            return given
        weights = np.asarray(self.class_weights, np.float32)[y]
        return weights if given is None else weights * given

    def losses(self, y: Any, outputs: Any, smoothing: float = 0.0) -> Any:
        """Losses `[n]` of the outputs `[n, k]` of a batch, as tensors.

        Args:
            y: targets as the data has them.
            outputs: outputs of the network.
            smoothing: share of a label that is spread over all classes.
        """
        import tensorflow as tf

        task = self.task
        if task.head == "regression":
            y = (tf.cast(y, tf.float32) - self.mean) / self.deviation
        if not isinstance(task.loss, str) and task.loss is not None:
            return self._own_losses(y, outputs)
        if task.head == "classes":
            wanted = tf.one_hot(y, self.outputs) * (1 - smoothing) + smoothing / self.outputs
            found = tf.nn.softmax_cross_entropy_with_logits(wanted, outputs)
            if task.loss_name == "focal":
                found *= (1 - tf.reduce_sum(tf.nn.softmax(outputs) * wanted, axis=1)) ** _FOCUS
            return found
        if task.head == "multilabel":
            wanted = tf.cast(y, tf.float32) * (1 - smoothing) + smoothing / 2
            found = tf.nn.sigmoid_cross_entropy_with_logits(wanted, outputs)
            if task.loss_name == "focal":
                sure = tf.nn.sigmoid(outputs)
                found *= (wanted * (1 - sure) + (1 - wanted) * sure) ** _FOCUS
            return tf.reduce_mean(found, axis=1)
        errors = tf.abs(outputs - y)
        if task.loss_name == "mae":
            return tf.reduce_mean(errors, axis=1)
        squares = errors * errors
        if task.loss_name == "huber":
            squares = tf.where(errors < 1.0, 0.5 * squares, errors - 0.5)
        return tf.reduce_mean(squares, axis=1)

    def check_loss(self, y: Array) -> None:
        """Tries a loss of the user's on two samples.

        Raises:
            SearchError: it fails, or gives something else than a loss for each.
        """
        if self.task.loss is None or isinstance(self.task.loss, str):
            return
        import tensorflow as tf

        self.losses(tf.constant(y[:2]), tf.zeros([len(y[:2]), self.outputs]))

    def soft_losses(self, teacher: Any, outputs: Any) -> Any:
        """Losses `[n]` of outputs against those of a teacher, as tensors."""
        import tensorflow as tf

        if self.task.head == "classes":
            return tf.nn.softmax_cross_entropy_with_logits(tf.nn.softmax(teacher), outputs)
        if self.task.head == "multilabel":
            soft = tf.nn.sigmoid_cross_entropy_with_logits(tf.nn.sigmoid(teacher), outputs)
            return tf.reduce_mean(soft, axis=1)
        return tf.reduce_mean((teacher - outputs) ** 2, axis=1)

    def _own_losses(self, y: Any, outputs: Any) -> Any:
        """The losses of a user's function or Keras loss, one for each sample."""
        import tensorflow as tf

        loss: Any = self.task.loss
        # A Keras loss averages over the batch when it is called; its `call` does not.
        compute = loss.call if hasattr(loss, "call") and hasattr(loss, "get_config") else loss
        try:
            found = tf.cast(compute(y, outputs), tf.float32)
        except (AttributeError, TypeError, ValueError, tf.errors.InvalidArgumentError) as error:
            reason = " ".join(str(error).split())[:200]
            raise SearchError(
                f"loss '{self.task.loss_name}' fails for targets {list(y.shape)} and outputs "
                f"{list(outputs.shape)}: {reason}"
            ) from error
        if found.shape.rank is None or found.shape.rank == 0:
            raise SearchError(
                f"loss '{self.task.loss_name}' gives one number for a batch: it must give one for "
                "each sample"
            )
        return tf.reduce_mean(tf.reshape(found, [tf.shape(found)[0], -1]), axis=1)

    def predictions(self, outputs: Array) -> Array:
        """Probabilities `[n, k]` of classes or labels, or values in the targets' own units."""
        outputs = np.asarray(outputs, np.float64)
        if self.task.head == "regression":
            real: Array = outputs * np.asarray(self.deviation) + np.asarray(self.mean)
            return real
        if self.task.head == "multilabel":
            found: Array = 1 / (1 + np.exp(-np.clip(outputs, -60, 60)))
            return found
        grown = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        shares: Array = grown / grown.sum(axis=1, keepdims=True)
        return shares

    def scores(self, y: Array, outputs: Array, weights: Array | None = None) -> dict[str, float]:
        """All metrics of a network's outputs, by name, in their own direction.

        Raises:
            SearchError: a metric of the user gives no number.
        """
        w = np.ones(len(y)) if weights is None else np.asarray(weights, np.float64)
        predictions = self.predictions(outputs)
        known = METRICS[self.task.head]
        found: dict[str, float] = {}
        metrics = self.task.metrics or self.task.metric_names
        for name, metric in zip(self.task.metric_names, metrics, strict=True):
            if isinstance(metric, str):
                found[name] = known[metric](y, predictions, w)
                continue
            value = metric(y, predictions)
            try:
                found[name] = float(value)
            except (TypeError, ValueError) as error:
                raise SearchError(f"metric '{name}' gives {value!r}: it must give a number") from (
                    error
                )
        return found

    def goodness(self, scores: Mapping[str, float]) -> float:
        """The first metric, turned so that greater is better; NaN is worst."""
        value = self.turned(scores[self.task.metric_names[0]])
        return value if np.isfinite(value) else float("-inf")

    def directions(self) -> dict[str, str]:
        """Whether each metric, and the loss, is better at its "max" or its "min"."""
        found = {"loss": "min"}
        for name in self.task.metric_names:
            built_in = not self.task.metrics or name in self.task.metrics
            found[name] = "min" if built_in and name in LOWER_IS_BETTER else "max"
        return found

    def turned(self, value: float) -> float:
        """A value of the first metric so that greater is better, or such a value turned back."""
        return -value if self.directions()[self.task.metric_names[0]] == "min" else value

    def said(self, scores: Mapping[str, float]) -> str:
        """Metrics in words: shares in per cent."""
        percent = ("accuracy", "balanced_accuracy", "binary_accuracy")
        return ", ".join(
            f"{name} {100 * value:.2f} %" if name in percent else f"{name} {value:.4g}"
            for name, value in scores.items()
        )


def _class_weights(given: Mapping[int, float] | str, y: Array, outputs: int) -> tuple[float, ...]:
    counts = np.bincount(y, minlength=outputs)
    if isinstance(given, str):
        # Mean 1 over the samples; classes that never occur have no part in it.
        present = counts > 0
        weights = np.where(present, len(y) / (present.sum() * np.maximum(counts, 1)), 0.0)
        return tuple(map(float, weights))
    beyond = [label for label in given if label >= outputs]
    if beyond:
        raise SearchError(
            f"class_weight names class {beyond[0]}; the data has classes 0..{outputs - 1}"
        )
    weights = np.array([float(given.get(label, 1.0)) for label in range(outputs)])
    if not (weights * counts).sum() > 0:
        raise SearchError("class_weight is 0 for every class that occurs: nothing would be learnt")
    return tuple(map(float, weights))


def uneven_classes(objective: Objective, y: Array) -> str:
    """One line about classes of very different frequency; empty where there are none."""
    if objective.task.head != "classes" or objective.class_weights:
        return ""
    counts = np.bincount(y, minlength=objective.outputs)
    most, least = int(counts.argmax()), int(counts.argmin())
    if counts[most] < UNEVEN * max(int(counts[least]), 1):
        return ""
    return (
        f"classes are uneven: class {most} has {counts[most]:,} samples, class {least} has "
        f"{counts[least]:,}: class_weight='balanced' weighs them alike, "
        "metrics=['balanced_accuracy'] counts them alike"
    )
