# SPDX-License-Identifier: Apache-2.0
"""Logarithms of mel bands, and their cosine transform, as libraries for training define them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.audio import log_mel_form
from mcunet_tf.audio.form import EarSource
from mcunet_tf.audio.listener import Listener
from mcunet_tf.audio.log_mel_settings import LogMelDescription
from mcunet_tf.audio.tables import band_energies
from mcunet_tf.audio.wide import wide_energies, wide_log2, wide_magnitudes

Integers = npt.NDArray[Any]


@dataclass(frozen=True)
class LogMel(LogMelDescription, Listener):
    """Samples of 16 bits to log-mel bands or MFCC, the same in numpy, TensorFlow and C.

    The defaults are those of TensorFlow's tutorials and of MLPerf Tiny's keyword spotter:
    tf.signal's `stft`, magnitudes, `linear_to_mel_weight_matrix`, `log(x + 1e-6)`, of samples
    between -1 and 1.
    Integers only: on speech, int8 features are within one step of float32's.

    Example:
        >>> front_end = LogMel(coefficients=10)
        >>> front_end.features(np.zeros(16000, np.int16)).shape
        (49, 10)

    What can be set, and what is refused, is described by its base.
    """

    @classmethod
    def librosa(cls, **changed: Any) -> LogMel:
        """As `librosa.power_to_db(librosa.feature.melspectrogram(y, center=False))`, or its MFCC.

        `power_to_db` with `top_db=None`, as 80 dB below a recording's loudest moment is not known
        before its end; and `ref=1`. The window is at the front of the transform, not in its middle,
        which magnitudes do not show.
        """
        settings: dict[str, Any] = {
            "scale": "slaney",
            "triangles": "hertz",
            "normalised": True,
            "power": 2,
            "logarithm": "decibel",
            "offset": 0.0,
            "least": 1e-10,
            "orthonormal": True,
            "lower_hz": 0.0,
            "upper_hz": changed.get("sample_rate", cls.sample_rate) / 2,
        }
        return cls(**{**settings, **changed})

    def real(self, features: Integers) -> npt.NDArray[np.float32]:
        """What features stand for, float32."""
        zero = self.output.zero_point if self.output else 0
        return (np.asarray(features, np.float32) - zero) * np.float32(self.step)

    @property
    def feature_type(self) -> type[np.signedinteger[Any]]:
        """int8 where there is an output, int16 otherwise."""
        return np.int16 if self.output is None else np.int8

    def _form(self) -> EarSource:
        return log_mel_form.form(self)

    def _rows(self, frames: Integers, memory: Integers) -> tuple[Integers, Integers]:
        spectrum = wide_magnitudes if self.power == 1 else wide_energies
        values = spectrum(frames, self.window, self.transform_points)
        sums = band_energies(values, self.band_filters).astype(np.uint64)
        held: Integers = sums + self.lows if self.offset else np.maximum(sums, self.lows)
        logs: Integers = wide_log2(held) + self.bases
        if self.coefficients is not None:
            matrix, bits = self.cosines
            logs = (logs @ matrix.T.astype(np.int64) + (1 << (bits - 1))) >> bits
        multiplier, shift = self.requantization
        steps: Integers = (logs * multiplier + (1 << (shift - 1))) >> shift
        shifted: Integers = steps + (self.output.zero_point if self.output else 0)
        limits = np.iinfo(self.feature_type)
        return np.clip(shifted, limits.min, limits.max).astype(self.feature_type), memory
