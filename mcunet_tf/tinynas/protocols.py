# SPDX-License-Identifier: Apache-2.0
"""What the search expects of objects that others make: Keras, TensorFlow, a user's script.

TensorFlow carries no types and loads late, so the interfaces stand here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Weights = dict[str, list[npt.NDArray[np.float32]]]
"""Values of a network's variables by the name of their Keras layer."""


class KerasModel(Protocol):
    """A trained or untrained Keras model, of Keras 3 or of tf_keras."""

    @property
    def name(self) -> str:
        """Name of the model, for messages."""

    @property
    def layers(self) -> Sequence[Any]:
        """All layers in the order in which they were made."""

    def get_layer(self, name: str) -> Any:
        """The layer of this name."""

    def predict(self, x: Any, batch_size: int, verbose: int) -> npt.NDArray[np.float32]:
        """Outputs for all samples."""

    def save(self, filepath: Any, **options: Any) -> None:
        """Writes the whole model to a `.keras` file."""


class Strategy(Protocol):
    """A `tf.distribute.Strategy`."""

    @property
    def num_replicas_in_sync(self) -> int:
        """Replicas that share every batch."""

    @property
    def cluster_resolver(self) -> Any:
        """What knows the processes of a cluster; None for a single process."""

    def scope(self) -> AbstractContextManager[Any]:
        """The context in which variables are made."""

    def run(self, fn: Any, args: tuple[Any, ...]) -> Any:
        """Calls a function on every replica."""

    def reduce(self, reduce_op: Any, value: Any, axis: Any) -> Any:
        """Joins the values of all replicas."""

    def experimental_distribute_values_from_function(self, value_fn: Any) -> Any:
        """Values that a function gives for every replica."""


class Callback(Protocol):
    """A Keras callback."""

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Called before every epoch."""

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Called behind every epoch."""


class Dataset(Protocol):
    """A `tf.data.Dataset` of pairs (image, label)."""

    @property
    def element_spec(self) -> Any:
        """Shapes and types of an element."""

    def as_numpy_iterator(self) -> Iterator[Any]:
        """The elements as numpy arrays."""
