# SPDX-License-Identifier: Apache-2.0
"""A front end for sound, and its numpy form."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.audio import emit
from mcunet_tf.audio.description import Description
from mcunet_tf.audio.settings import NOISE_BITS
from mcunet_tf.audio.tables import band_energies
from mcunet_tf.audio.tensors import features_of_tensor
from mcunet_tf.boards import DEFAULT_BOARD, Board, load_board
from mcunet_tf.errors import AudioError
from mcunet_tf.tinyengine.emit.write import write_project
from mcunet_tf.tinyengine.signal.features import (
    control_gain,
    logarithms,
    noise_after,
    rounded_roots,
    without_noise,
)
from mcunet_tf.tinyengine.signal.spectrum import energies, windowed

Integers = npt.NDArray[Any]

_ROWS_AT_ONCE = 1024  # windows, so that a recording of an hour takes little memory


@dataclass(frozen=True, eq=False)
class HeardState:
    """What a front end remembers between two calls.

    Attributes:
        samples: those that a window still to come needs, int16.
        averages: of each band, int64 [bands].
    """

    samples: Integers
    averages: Integers


@dataclass(frozen=True)
class FrontEnd(Description):
    """Samples of 16 bits to rows of features, the same in numpy, TensorFlow and C.

    The defaults are TF-Lite Micro's audio front end as microWakeWord and ESPHome use it: Hann
    window, int16 transform, mel bands, square root, noise reduction, gain control, logarithm.

    Example:
        >>> front_end = FrontEnd(hop_ms=20)
        >>> front_end.features(np.zeros(16000, np.int16)).shape
        (49, 40)

    What can be set, and what is refused, is described by its base.
    """

    def begin(self) -> HeardState:
        """The state before the first sample."""
        return HeardState(np.zeros(0, np.int16), np.zeros(self.bands, np.int64))

    def hear(self, state: HeardState, samples: Integers) -> tuple[Integers, HeardState]:
        """Takes any number of samples.

        Args:
            state: what `begin` or the last call gave.
            samples: int16 [count].

        Returns:
            The rows of all windows that are now complete, [rows, bands], int8 where there is an
            output and uint16 otherwise; and the state for the next call.

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
        empty = np.zeros((0, self.bands), np.uint16 if self.output is None else np.int8)
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
        return emit.source_files(self, name, load_board(board) if isinstance(board, str) else board)

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

    def _rows(self, frames: Integers, averages: Integers) -> tuple[Integers, Integers]:
        values, shifts = windowed(frames, self.window)
        sums = band_energies(energies(values, self.transform_points), self.band_filters)
        signal = rounded_roots(sums) >> shifts[:, None]
        if self.noise_reduction is not None:
            signal, history = self._reduce_noise(signal, averages)
            averages = history[-1]
            if self.gain_control is not None:
                signal = control_gain(signal, history, self.gains, self.snr_shift)
        if self.log_shift is not None:
            up, down = max(self.correction_bits, 0), max(-self.correction_bits, 0)
            signal = logarithms(((signal << up) & 0xFFFFFFFF) >> down, 1 << self.log_shift)
        return self._output(np.minimum(signal, 0xFFFF)), averages

    def _reduce_noise(self, signal: Integers, averages: Integers) -> tuple[Integers, Integers]:
        """The signal without noise, and the averages behind each row; both [rows, bands]."""
        assert self.noise_reduction is not None
        bits = self.noise_reduction.smoothing_bits
        even, odd, least = self.noise_factors
        smoothing = np.where(np.arange(self.bands) % 2 == 0, even, odd)
        scaled = (signal << bits) & 0xFFFFFFFF
        history = np.empty_like(signal)
        for row, values in enumerate(scaled):
            rest = (1 << NOISE_BITS) - smoothing
            history[row] = averages = noise_after(values, averages, smoothing, rest, NOISE_BITS)
        return without_noise(signal, history, least, bits, NOISE_BITS), history

    def _output(self, features: Integers) -> Integers:
        if self.output is None:
            return features.astype(np.uint16)
        out = self.output
        scaled = (features * out.multiplier + out.divisor // 2) // out.divisor + out.zero_point
        return np.clip(scaled, -128, 127).astype(np.int8)


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
