# SPDX-License-Identifier: Apache-2.0
"""What a front end of logarithms of mel bands is: its settings, checked, and its constants."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.audio import mel
from mcunet_tf.audio.settings import Windows, require, require_real, require_whole
from mcunet_tf.audio.tables import Bands
from mcunet_tf.audio.wide import ENERGY_SHIFT, LOG_BITS, WINDOW_ONE

Integers = npt.NDArray[Any]

_MIN_POINTS, _MAX_POINTS = 64, 4096
_UNITS = {"natural": math.log(2), "decibel": 10 * math.log10(2)}
_STEPS = {"natural": 1 / 128, "decibel": 1 / 32}


@dataclass(frozen=True)
class QuantizedOutput:
    """A network's int8 input: feature = scale * (value - zero_point)."""

    scale: float
    zero_point: int

    def __post_init__(self) -> None:
        require_real("scale", self.scale, 1e-4, 1e4)
        require_whole("zero_point", self.zero_point, -128, 127)


@dataclass(frozen=True)
class LogMelDescription(Windows):
    """All settings of a front end of logarithms of mel bands.

    Attributes:
        sample_rate: samples per second.
        window_ms: length of a window, a periodic Hann window.
        hop_ms: from one window to the next.
        points: of the transform, a power of two; None: the next one of the window's samples.
        bands: mel filters.
        lower_hz: where the first one begins.
        upper_hz: where the last one ends.
        scale: of mel, "htk" or "slaney".
        triangles: over what filters are straight, "mel" or "hertz".
        normalised: filters of equal area (2 / width in Hz) instead of equal height.
        power: of magnitudes that filters add up: 1 or 2.
        logarithm: "natural", or "decibel" (10 log10).
        offset: is added before the logarithm.
        least: what is below becomes this before the logarithm.
        coefficients: of the cosine transform (MFCC), the first ones; None: the bands themselves.
        orthonormal: the first coefficient is divided by sqrt(2), as librosa does.
        output: what makes int8 of features; None gives int16 in steps of `step`.

    Raises:
        AudioError: a setting cannot be computed; the message says what can.
    """

    sample_rate: int = 16000
    window_ms: int = 30
    hop_ms: int = 20
    points: int | None = None
    bands: int = 40
    lower_hz: float = 20.0
    upper_hz: float = 4000.0
    scale: str = "htk"
    triangles: str = "mel"
    normalised: bool = False
    power: int = 1
    logarithm: str = "natural"
    offset: float = 1e-6
    least: float = 0.0
    coefficients: int | None = None
    orthonormal: bool = False
    output: QuantizedOutput | None = None

    def __post_init__(self) -> None:
        require_whole("sample_rate", self.sample_rate, 1000, 96000, " samples per second")
        require_whole("window_ms", self.window_ms, 1, 1000, " milliseconds")
        require_whole("hop_ms", self.hop_ms, 1, self.window_ms, " milliseconds, the window")
        require(self.hop_samples >= 1, f"hop_ms={self.hop_ms} is less than a sample: give more")
        require_whole("bands", self.bands, 2, 128)
        require_whole("power", self.power, 1, 2)
        if self.coefficients is not None:
            require_whole("coefficients", self.coefficients, 1, self.bands, ", the bands")
        for name, known in (
            ("scale", mel.SCALES),
            ("triangles", ("mel", "hertz")),
            ("logarithm", tuple(_UNITS)),
        ):
            value = getattr(self, name)
            require(value in known, f"{name}={value!r}: give {' or '.join(known)}")
        require_real("offset", self.offset, 0.0, 1e3)
        require_real("least", self.least, 0.0, 1e3)
        require(
            self.offset == 0 or self.least == 0,
            "offset is added and least a floor: give one of them, and 0 for the other",
        )
        given = type(self.output).__name__
        require(
            self.output is None or isinstance(self.output, QuantizedOutput),
            f"output is a {given}: give a QuantizedOutput or None",
        )
        self._check_transform()

    def _check_transform(self) -> None:
        points = self.transform_points
        require(
            isinstance(points, int) and points == 1 << max(points.bit_length() - 1, 0),
            f"points={points!r}: give a power of two",
        )
        require(
            max(_MIN_POINTS, self.window_samples) <= points <= _MAX_POINTS,
            f"a transform of {points} points for windows of {self.window_samples} samples: give "
            f"points of {_MIN_POINTS} to {_MAX_POINTS}, as many as samples or more",
        )
        nyquist = self.sample_rate / 2
        require_real("lower_hz", self.lower_hz, 0.0, nyquist, " Hz, half the sample rate")
        require_real("upper_hz", self.upper_hz, 0.0, nyquist, " Hz, half the sample rate")
        require(
            self.lower_hz < self.upper_hz,
            f"upper_hz={self.upper_hz:g} must lie above lower_hz={self.lower_hz:g}",
        )
        bands = self.band_filters
        sums = np.bincount(bands.edge, bands.rising, self.bands + 1)[: self.bands]
        sums += np.bincount(bands.edge, bands.falling, self.bands + 1)[1:]
        empty = np.flatnonzero(sums == 0)
        require(
            not empty.size,
            f"band {int(empty[0]) if empty.size else 0} of {self.bands} holds no bin of "
            f"{self.sample_rate / points:g} Hz: give fewer bands or more points",
        )

    @property
    def transform_points(self) -> int:
        """Points of the real transform."""
        return self.points or 1 << max(self.window_samples - 1, 0).bit_length()

    @property
    def row_values(self) -> int:
        """Features of a row."""
        return self.coefficients or self.bands

    @property
    def step(self) -> float:
        """What one step of a feature stands for; the zero point is `output`'s, or 0."""
        return self.output.scale if self.output else _STEPS[self.logarithm]

    @functools.cached_property
    def window(self) -> Integers:
        """The window's values, int16."""
        phases = 2 * np.pi * np.arange(self.window_samples) / self.window_samples
        rounded: Integers = np.floor((0.5 - 0.5 * np.cos(phases)) * WINDOW_ONE + 0.5)
        return rounded.astype(np.int16)

    @functools.cached_property
    def edges(self) -> npt.NDArray[np.float64]:
        """Where filters begin, have their centres and end, in Hz."""
        return mel.band_edges(self.bands, self.lower_hz, self.upper_hz, self.scale)

    @functools.cached_property
    def band_filters(self) -> Bands:
        """The mel filters."""
        points, over = self.transform_points, self.triangles
        return mel.triangles(self.edges, self.sample_rate, points, self.scale, over)

    @functools.cached_property
    def _real_bands(self) -> npt.NDArray[np.float64]:
        """What one step of each band's sum stands for, of samples between -1 and 1."""
        unit = 32768.0 * WINDOW_ONE / self.transform_points
        unit = unit if self.power == 1 else unit**2 / (1 << ENERGY_SHIFT)
        widths = self.edges[2:] - self.edges[:-2]
        norms = 2 / widths if self.normalised else np.ones(self.bands)
        real: npt.NDArray[np.float64] = norms / (unit * (1 << mel.WEIGHT_BITS))
        return real

    @functools.cached_property
    def lows(self) -> Integers:
        """What is added to each band's sum, or is its least value: uint64 [bands]."""
        steps = np.floor((self.offset or self.least) / self._real_bands + 0.5)
        clipped: Integers = np.clip(steps, 1, 2.0**62)
        return clipped.astype(np.uint64)

    @functools.cached_property
    def bases(self) -> Integers:
        """What is added to each band's logarithm, in its steps: int32 [bands]."""
        rounded: Integers = np.floor(np.log2(self._real_bands) * (1 << LOG_BITS) + 0.5)
        return rounded.astype(np.int32)

    @functools.cached_property
    def cosines(self) -> tuple[Integers, int]:
        """The cosine transform, int16 [coefficients, bands], and the fraction bits of it."""
        count, rows = self.bands, np.arange(self.coefficients or 0)[:, None]
        matrix = np.cos(np.pi * rows * (np.arange(count) + 0.5) / count) * math.sqrt(2 / count)
        if self.orthonormal:
            matrix[:1] /= math.sqrt(2)
        most = float(np.abs(matrix).max(initial=0)) or 1.0
        bits = math.floor(math.log2(32767 / most))
        rounded: Integers = np.floor(matrix * (1 << bits) + 0.5)
        return rounded.astype(np.int16), bits

    @functools.cached_property
    def requantization(self) -> tuple[int, int]:
        """`(multiplier, shift)` from steps of logarithms to those of features."""
        factor = _UNITS[self.logarithm] / (1 << LOG_BITS) / self.step
        shift = 30 - math.floor(math.log2(factor))
        return math.floor(factor * 2.0**shift + 0.5), shift
