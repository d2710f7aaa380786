# SPDX-License-Identifier: Apache-2.0
"""What the parts of a front end can be told, checked where they are made."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from mcunet_tf.errors import AudioError

NOISE_BITS = 14  # of the smoothing factors
MICRO_FEATURE_SCALE = 0.0390625
"""What microWakeWord multiplies features with before training: 10 / 256."""


def require(holds: bool, what: str) -> None:
    """Raises AudioError unless a setting is one that can be computed."""
    if not holds:
        raise AudioError(what)


def is_integer(value: object) -> bool:
    """Whether a setting is a whole number and no truth value."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_real(value: object) -> bool:
    """Whether a setting is a finite number and no truth value."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)


def require_whole(name: str, value: object, low: int, high: int, unit: str = "") -> None:
    """Raises AudioError unless a setting is a whole number from low to high."""
    fits = is_integer(value) and low <= value <= high  # type: ignore[operator]
    require(fits, f"{name}={value!r}: give a whole number from {low} to {high}{unit}")


def require_real(name: str, value: object, low: float, high: float, unit: str = "") -> None:
    """Raises AudioError unless a setting is a number from low to high."""
    fits = is_real(value) and low <= value <= high  # type: ignore[operator]
    require(fits, f"{name}={value!r}: give a number from {low:g} to {high:g}{unit}")


class Windows:
    """Windows of a sound, one every hop, in samples."""

    sample_rate: int
    window_ms: int
    hop_ms: int

    @property
    def window_samples(self) -> int:
        """Samples of a window."""
        return self.window_ms * self.sample_rate // 1000

    @property
    def hop_samples(self) -> int:
        """Samples from one window to the next."""
        return self.hop_ms * self.sample_rate // 1000


@dataclass(frozen=True)
class NoiseReduction:
    """A slow average of each band is taken as noise and subtracted.

    Attributes:
        smoothing_bits: fraction bits of the averages.
        even_smoothing: share of a new value in the average of bands 0, 2, 4 ...
        odd_smoothing: the same for bands 1, 3, 5 ...
        min_signal_remaining: share of a value that is left at least.
    """

    smoothing_bits: int = 10
    even_smoothing: float = 0.025
    odd_smoothing: float = 0.06
    min_signal_remaining: float = 0.05

    def __post_init__(self) -> None:
        require_whole("smoothing_bits", self.smoothing_bits, 4, 15)
        for name in ("even_smoothing", "odd_smoothing", "min_signal_remaining"):
            require_real(name, getattr(self, name), 0.0, 1.0)


@dataclass(frozen=True)
class GainControl:
    """Per-channel amplitude normalisation (PCAN): values are divided by a power of their average.

    gain = 2^gain_bits (average + offset)^-strength.
    """

    strength: float = 0.95
    offset: float = 80.0
    gain_bits: int = 21

    def __post_init__(self) -> None:
        require_real("strength", self.strength, 0.0, 4.0)
        require_real("offset", self.offset, 1.0, 1e6)
        require_whole("gain_bits", self.gain_bits, 16, 24)


@dataclass(frozen=True)
class Int8Output:
    """How features become a network's int8 input.

    out = clamp(floor((feature * multiplier + floor(divisor / 2)) / divisor) + zero_point)

    The default is what TensorFlow's micro_speech and ESPHome's wake words take.
    """

    multiplier: int = 256
    divisor: int = 666
    zero_point: int = -128

    def __post_init__(self) -> None:
        # 16 bits of a feature times the multiplier, and the rounding, in 32 bits.
        require_whole("multiplier", self.multiplier, 1, 32767)
        require_whole("divisor", self.divisor, 1, 1 << 24)
        require_whole("zero_point", self.zero_point, -128, 127)

    @classmethod
    def of_input(
        cls, scale: float, zero_point: int, feature_scale: float = MICRO_FEATURE_SCALE
    ) -> Int8Output:
        """The nearest fraction for a network's input.

        Args:
            scale: the input's scale.
            zero_point: the input's zero point.
            feature_scale: what features were multiplied with in training.
        """
        require_real("scale", scale, 1e-6, 1e6)
        require_real("feature_scale", feature_scale, 1e-6, 1e6)
        exact = Fraction(feature_scale) / Fraction(scale)
        bound = max(1, min(1 << 24, math.floor(32767 / exact)))
        near = exact.limit_denominator(bound)
        return cls(near.numerator, near.denominator, zero_point)
