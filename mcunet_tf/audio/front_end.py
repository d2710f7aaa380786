# SPDX-License-Identifier: Apache-2.0
"""A front end for sound, and its numpy form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.audio import micro_form
from mcunet_tf.audio.description import Description
from mcunet_tf.audio.form import EarSource
from mcunet_tf.audio.listener import Listener
from mcunet_tf.audio.settings import NOISE_BITS
from mcunet_tf.audio.tables import band_energies
from mcunet_tf.tinyengine.signal.features import (
    control_gain,
    logarithms,
    noise_after,
    rounded_roots,
    without_noise,
)
from mcunet_tf.tinyengine.signal.spectrum import energies, windowed

Integers = npt.NDArray[Any]


@dataclass(frozen=True)
class FrontEnd(Description, Listener):
    """Samples of 16 bits to rows of features, the same in numpy, TensorFlow and C.

    The defaults are TF-Lite Micro's audio front end as microWakeWord and ESPHome use it: Hann
    window, int16 transform, mel bands, square root, noise reduction, gain control, logarithm.

    Example:
        >>> front_end = FrontEnd(hop_ms=20)
        >>> front_end.features(np.zeros(16000, np.int16)).shape
        (49, 40)

    What can be set, and what is refused, is described by its base.
    """

    @property
    def row_values(self) -> int:
        """Features of a row."""
        return self.bands

    @property
    def feature_type(self) -> type[np.integer[Any]]:
        """int8 where there is an output, uint16 otherwise."""
        return np.uint16 if self.output is None else np.int8

    def _form(self) -> EarSource:
        return micro_form.form(self)

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
        clipped: Integers = np.clip(scaled, -128, 127).astype(np.int8)
        return clipped
