# SPDX-License-Identifier: Apache-2.0
"""A user's Keras model that a network learns from, beside the targets (Hinton, arXiv:1503.02531).

It is called outside the training step, so that it may be anything that Keras can call, and under
any strategy.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from mcunet_tf.errors import SearchError
from mcunet_tf.tinynas.data import Array
from mcunet_tf.tinynas.objective import Objective

_LEAST = 1e-7
"""Of a probability whose logarithm is taken."""

_NEAR = 1e-3


class Teacher:
    """Outputs of a Keras model in the form in which networks give theirs."""

    def __init__(
        self, model: Any, objective: Objective, image_shape: tuple[int, int, int], sample: Array
    ) -> None:
        """Prepares to teach.

        Args:
            model: a Keras model.
            objective: what is learnt.
            image_shape: (height, width, channels) of the data.
            sample: some training images as networks take them, float32 `[n, h, w, c]`.

        Raises:
            SearchError: the model takes other images, or gives something else.
        """
        self.model = model
        self.objective = objective
        shape = getattr(model, "input_shape", None)
        if not isinstance(shape, tuple) or len(shape) != 4:
            raise SearchError(f"the teacher takes {shape}: give a model of one image, [h, w, c]")
        if shape[3] not in (None, image_shape[2]):
            raise SearchError(
                f"the teacher takes images of {shape[3]} channels, the data has {image_shape[2]}"
            )
        self.size = tuple(
            own or given for own, given in zip(shape[1:3], image_shape[:2], strict=True)
        )
        self._call = tf.function(self._called, reduce_retracing=True)
        first = self._call(tf.constant(sample)).numpy()
        outputs = objective.outputs
        if first.shape != (len(sample), outputs):
            raise SearchError(
                f"the teacher gives {list(first.shape[1:])} for an image: it must give {outputs} "
                "outputs, as the network to train does"
            )
        if not np.all(np.isfinite(first)):
            raise SearchError("the teacher gives NaN or infinity: train it first")
        self.probable = self._gives_probabilities(first)

    def outputs(self, x: Array) -> npt.NDArray[np.float32]:
        """Logits, or standardised values of a regression, `[n, k]`."""
        found = self._call(tf.constant(x)).numpy()
        if self.objective.task.head == "regression":
            mean, deviation = np.array(self.objective.mean), np.array(self.objective.deviation)
            return np.asarray((found - mean) / deviation, np.float32)
        if not self.probable:
            return np.asarray(found, np.float32)
        held = np.clip(found, _LEAST, 1 - _LEAST)
        logits = np.log(held)
        if self.objective.task.head == "multilabel":
            logits -= np.log(1 - held)
        return np.asarray(logits, np.float32)

    def _called(self, x: Any) -> Any:
        if tuple(x.shape[1:3]) != self.size:
            x = tf.image.resize(x, self.size, antialias=True)
        return tf.cast(self.model(x, training=False), tf.float32)

    def _gives_probabilities(self, outputs: Array) -> bool:
        """Whether the model ends in a softmax, or for labels in a sigmoid."""
        head = self.objective.task.head
        if head == "regression" or outputs.min() < 0 or outputs.max() > 1:
            return False
        return head == "multilabel" or bool(np.all(np.abs(outputs.sum(axis=1) - 1) < _NEAR))
