# SPDX-License-Identifier: Apache-2.0
"""What a front end for sound is: its settings, checked, and what follows from them."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from mcunet_tf.audio import tables
from mcunet_tf.audio.settings import (
    GainControl,
    Int8Output,
    NoiseReduction,
    Windows,
    require,
    require_real,
    require_whole,
)
from mcunet_tf.tinyengine.signal.features import SNR_BITS

Integers = npt.NDArray[Any]

_BAND_FRACTION_BITS = tables.BAND_BITS // 2  # of the root of a band's energy
_MIN_POINTS, _MAX_POINTS = 64, 2048


@dataclass(frozen=True)
class Description(Windows):
    """All settings of a front end.

    Attributes:
        sample_rate: samples per second.
        window_ms: length of a window; the transform takes the next power of two of samples.
        hop_ms: from one window to the next.
        bands: features of a row.
        lower_hz: where the first band begins.
        upper_hz: where the last band ends.
        noise_reduction: None leaves it out.
        gain_control: None leaves it out; it needs the averages of noise_reduction.
        log_shift: fraction bits of the logarithm; None gives the values themselves.
        output: what makes int8 of features; None gives them as uint16.

    Raises:
        AudioError: a setting cannot be computed; the message says what can.
    """

    sample_rate: int = 16000
    window_ms: int = 30
    hop_ms: int = 10
    bands: int = 40
    lower_hz: float = 125.0
    upper_hz: float = 7500.0
    noise_reduction: NoiseReduction | None = field(default_factory=NoiseReduction)
    gain_control: GainControl | None = field(default_factory=GainControl)
    log_shift: int | None = 6
    output: Int8Output | None = None

    def __post_init__(self) -> None:
        require_whole("sample_rate", self.sample_rate, 1000, 96000, " samples per second")
        require_whole("window_ms", self.window_ms, 1, 1000, " milliseconds")
        require_whole("hop_ms", self.hop_ms, 1, self.window_ms, " milliseconds, the window")
        require_whole("bands", self.bands, 1, 128)
        _require_type("noise_reduction", self.noise_reduction, NoiseReduction)
        _require_type("gain_control", self.gain_control, GainControl)
        _require_type("output", self.output, Int8Output)
        if self.log_shift is not None:
            require_whole("log_shift", self.log_shift, 0, 11)
        for name, duration in (("window_ms", self.window_ms), ("hop_ms", self.hop_ms)):
            samples = duration * self.sample_rate / 1000
            require(
                samples >= 1,
                f"{name}={duration} is less than a sample at {self.sample_rate} Hz: give more",
            )
        require(
            _MIN_POINTS <= self.transform_points <= _MAX_POINTS,
            f"window_ms={self.window_ms} is {self.window_samples} samples at {self.sample_rate} "
            f"Hz: give a window of {_MIN_POINTS // 2 + 1} to {_MAX_POINTS} samples",
        )
        self._check_bands()
        self._check_gain()

    def _check_bands(self) -> None:
        nyquist = self.sample_rate / 2
        require_real("lower_hz", self.lower_hz, 0.0, nyquist, " Hz, half the sample rate")
        require_real("upper_hz", self.upper_hz, 0.0, nyquist, " Hz, half the sample rate")
        require(
            self.lower_hz < self.upper_hz,
            f"upper_hz={self.upper_hz:g} must lie above lower_hz={self.lower_hz:g}",
        )
        found = self.band_filters
        require(
            0 < len(found.edge) and found.end_bin <= self.transform_points // 2,
            f"bands from {self.lower_hz:g} to {self.upper_hz:g} Hz do not end below the last of "
            f"{self.transform_points // 2} bins of {self.sample_rate / self.transform_points:g} "
            "Hz, or hold none of them: move upper_hz or lower_hz",
        )

    def _check_gain(self) -> None:
        if self.gain_control is None:
            return
        require(
            self.noise_reduction is not None,
            "gain_control divides by the averages of noise_reduction: give both or neither",
        )
        require(
            0 <= self.snr_shift and self.average_bits >= 0,
            f"gain_bits={self.gain_control.gain_bits} leaves no bits for the gain of a transform "
            f"of {self.transform_points} points: give {SNR_BITS + self.correction_bits} or more",
        )

    @property
    def transform_points(self) -> int:
        """Points of the real transform."""
        return 1 << (self.window_samples - 1).bit_length()

    @property
    def correction_bits(self) -> int:
        """How far a band's value is to be shifted left for the transform's division by its size."""
        return self.transform_points.bit_length() - 1 - _BAND_FRACTION_BITS

    @property
    def average_bits(self) -> int:
        """Fraction bits of the averages that the gain is computed from."""
        assert self.noise_reduction is not None
        return self.noise_reduction.smoothing_bits - self.correction_bits

    @property
    def snr_shift(self) -> int:
        """Shift behind the gain's multiplication."""
        assert self.gain_control is not None
        return self.gain_control.gain_bits - self.correction_bits - SNR_BITS

    @property
    def noise_factors(self) -> tuple[int, int, int]:
        """Smoothing of even and odd bands and the least share that remains, of 14 bits."""
        noise = self.noise_reduction
        assert noise is not None
        shares = (noise.even_smoothing, noise.odd_smoothing, noise.min_signal_remaining)
        even, odd, least = (tables.smoothing_factor(share) for share in shares)
        return even, odd, least

    @functools.cached_property
    def window(self) -> Integers:
        """The window's values, int16."""
        return tables.hann_window(self.window_samples)

    @functools.cached_property
    def band_filters(self) -> tables.Bands:
        """The mel filters."""
        return tables.mel_bands(
            self.bands, self.sample_rate, self.transform_points, self.lower_hz, self.upper_hz
        )

    @functools.cached_property
    def gains(self) -> Integers:
        """The gain's table, int16."""
        assert self.gain_control is not None
        return tables.gain_table(self.gain_control, self.average_bits)


def _require_type(name: str, value: object, kind: type) -> None:
    given = type(value).__name__
    require(
        value is None or isinstance(value, kind),
        f"{name} is a {given}: give a {kind.__name__} or None",
    )
