# SPDX-License-Identifier: Apache-2.0
"""What all front ends do alike: they take samples in pieces, and come in three equal forms."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.audio import emit
from mcunet_tf.audio.form import EarSource
from mcunet_tf.audio.tensors import features_of_tensor, keras_layer
from mcunet_tf.boards import DEFAULT_BOARD, Board, load_board
from mcunet_tf.errors import AudioError
from mcunet_tf.tinyengine.emit.write import write_project

Integers = npt.NDArray[Any]

_ROWS_AT_ONCE = 1024  # windows, so that a recording of an hour takes little memory


@dataclass(frozen=True, eq=False)
class HeardState:
    """What a front end remembers between two calls.

    Attributes:
        samples: those that a window still to come needs, int16.
        averages: of each band, int64 [bands]; of front ends that have none, nobody reads them.
    """

    samples: Integers
    averages: Integers


class Listener(ABC):
    """A front end: samples of 16 bits to rows of features."""

    bands: int

    @property
    @abstractmethod
    def window_samples(self) -> int:
        """Samples of a window."""

    @property
    @abstractmethod
    def hop_samples(self) -> int:
        """Samples from one window to the next."""

    @property
    @abstractmethod
    def row_values(self) -> int:
        """Features of a row."""

    @property
    @abstractmethod
    def feature_type(self) -> Any:
        """Numpy's type of features."""

    @abstractmethod
    def _form(self) -> EarSource:
        """The C form's own parts."""

    @abstractmethod
    def _rows(self, frames: Integers, averages: Integers) -> tuple[Integers, Integers]:
        """Features of windows [n, samples], and the averages behind them."""

    def begin(self) -> HeardState:
        """The state before the first sample."""
        return HeardState(np.zeros(0, np.int16), np.zeros(self.bands, np.int64))

    def hear(self, state: HeardState, samples: Integers) -> tuple[Integers, HeardState]:
        """Takes any number of samples.

        Args:
            state: what `begin` or the last call gave.
            samples: int16 [count].

        Returns:
            The rows of all windows that are now complete, [rows, values], int8 where there is an
            output; and the state for the next call.

        Raises:
            AudioError: the samples are no int16 vector.
        """
        checked = checked_samples(samples)
        known = np.concatenate([state.samples, checked])
        size, hop = self.window_samples, self.hop_samples
        count = max(0, (len(known) - size) // hop + 1)
        averages, rows = state.averages, []
        for first in range(0, count, _ROWS_AT_ONCE):
            last = min(count, first + _ROWS_AT_ONCE)
            part = known[first * hop : (last - 1) * hop + size]
            frames = np.lib.stride_tricks.sliding_window_view(part, size)[::hop]
            found, averages = self._rows(frames, averages)
            rows.append(found)
        empty = np.zeros((0, self.row_values), self.feature_type)
        return np.concatenate([empty, *rows]), HeardState(known[count * hop :].copy(), averages)

    def features(self, samples: Integers) -> Integers:
        """The rows of a recording, [rows, bands]; see `hear`."""
        return self.hear(self.begin(), samples)[0]

    def of_tensor(self, samples: Any) -> Any:
        """`features` as an operator of TensorFlow, for `tf.data`.

        It calls the numpy form, so it is equal and runs where Python does: in pipelines of
        training, not in a SavedModel.

        Example:
            >>> recordings.map(FrontEnd().of_tensor).batch(32)

        Args:
            samples: int16 tensor [count] or [batch, count], each a recording of its own.

        Returns:
            A tensor [rows, bands] or [batch, rows, bands].

        Raises:
            AudioError: the tensor has another type or rank.
            ToolError: TensorFlow is not installed.
        """
        return features_of_tensor(self, self.features, samples)

    def as_layer(self) -> Any:
        """`features` as a layer of Keras, so that a model can be given samples.

        It calls the numpy form: for training and evaluation, not for export. float32 features are
        what they stand for; those of TF-Lite Micro's front end are as they are.

        Example:
            >>> heard = keras.Input([16000], dtype="int16")
            >>> model = keras.Model(heard, network(LogMel().as_layer()(heard)))

        Raises:
            ToolError: TensorFlow or Keras is not installed.
        """
        return keras_layer(self)

    def source_files(self, name: str = "ear", board: Board | str = DEFAULT_BOARD) -> dict[str, str]:
        """The C form, text by relative path: all `.c` files are the library.

        `<name>.h` explains `<name>_hear`. Its rows are equal to those of `hear`, bit for bit.

        Args:
            name: prefix of all symbols.
            board: the kernels are those for its instruction set.

        Raises:
            ModelError: the name is no fit prefix for C.
            BoardError: the board is unknown.
        """
        target = load_board(board) if isinstance(board, str) else board
        return emit.source_files(self, self._form(), name, target)

    def emit(
        self, folder: str | Path, name: str = "ear", board: Board | str = DEFAULT_BOARD
    ) -> None:
        """Writes `source_files` into a folder, over an earlier output.

        Raises:
            ModelError: the name is no fit prefix for C.
            BoardError: the board is unknown.
            OutputError: the folder cannot be written, or holds what is not ours in the way.
        """
        write_project(self.source_files(name, board), Path(folder))


def checked_samples(samples: Integers) -> Integers:
    """Samples, if they are an int16 vector.

    Raises:
        AudioError: they are something else; the message says how to make them.
    """
    array = np.asarray(samples)
    if array.dtype != np.int16 or array.ndim != 1:
        raise AudioError(
            f"samples are {array.dtype} of shape {list(array.shape)}: give int16 of one channel, "
            "as mcunet_tf.audio.read_wav does"
        )
    return array
