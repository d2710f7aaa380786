# SPDX-License-Identifier: Apache-2.0
"""Constants of a front end, as TF-Lite Micro's computes them: in float32, rounded to integers.

Tables do not depend on the computer: functions are evaluated in float64 and rounded to float32, but
for log1p. C libraries of devices compute that one otherwise, which moves two of 237 weights of the
default bands by 1/4096.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.audio.settings import NOISE_BITS, GainControl
from mcunet_tf.tinyengine.signal.tables import WINDOW_BITS, to_int16

Integers = npt.NDArray[Any]

BAND_BITS = 12
_F = np.float32


def hann_window(size: int) -> Integers:
    """The Hann window, sampled between the samples' places; int16 [size], 4096 is one."""
    step = _F(_F(math.pi) * _F(2)) / _F(size)
    angles = step * (np.arange(size, dtype=_F) + _F(0.5))
    cosines = np.cos(angles.astype(np.float64)).astype(_F)
    values = _F(0.5) - _F(0.5) * cosines
    return to_int16(values, _F(1 << WINDOW_BITS))


@dataclass(frozen=True, eq=False)
class Bands:
    """Triangular filters, of which each bin of a spectrum feeds two.

    Bin `first_bin + i` gives falling[i] / 4096 of its energy to filter edge[i] - 1, and
    rising[i] / 4096 to filter edge[i]; filters -1 and `count` do not exist.

    Attributes:
        count: filters.
        first_bin: of those that count.
        edge: int32 [bins].
        falling: int16 [bins].
        rising: int16 [bins].
    """

    count: int
    first_bin: int
    edge: Integers
    falling: Integers
    rising: Integers

    @property
    def end_bin(self) -> int:
        """One behind the last bin that counts."""
        return self.first_bin + len(self.edge)


Floats = npt.NDArray[np.float32]

# 2 atanh(s) - 2 s = s (z L1 + z^2 L2 + ...) with z = s^2: the coefficients that C libraries use.
_LOG1P_SERIES = (
    *(0.14798198640, 0.15313838422, 0.18183572590, 0.22222198546),
    *(0.28571429849, 0.40000000596, 0.66666668653),
)
_LN2_HIGH, _LN2_LOW = _F(0.69313812256), _F(9.0580006145e-06)
_SQRT2_MINUS_1 = _F(0.41421356)


def log1p_float32(x: Floats) -> Floats:
    """log(1 + x) for x >= 0 with the roundings of fdlibm, which newlib and glibc before 2.41 have.

    1 + x = 2^k (1 + f), and f lies between sqrt(1/2) - 1 and sqrt(2) - 1.
    """
    x = np.asarray(x, _F)
    total = _F(1) + x
    mantissa, exponent = np.frexp(total)
    doubled = mantissa * _F(2) < _F(1) + _SQRT2_MINUS_1
    small = x < _SQRT2_MINUS_1
    k = np.where(small, 0, exponent - doubled).astype(_F)
    f = np.where(small, x, np.where(doubled, mantissa * _F(2), mantissa) - _F(1))
    lost = np.where(total >= 2, _F(1) - (total - x), x - (total - _F(1)))
    lost = np.where(small, _F(0), lost / total)
    half_square = _F(0.5) * f * f
    s = f / (_F(2) + f)
    z = s * s
    series = np.full_like(z, _LOG1P_SERIES[0])
    for coefficient in _LOG1P_SERIES[1:]:
        series = _F(coefficient) + z * series
    bent = s * (half_square + z * series)
    low = k * _LN2_LOW + lost
    with_k = k * _LN2_HIGH - ((half_square - (bent + low)) - f)
    return np.where(k == 0, f - (half_square - bent), with_k).astype(_F)


def _mel(hertz: Floats) -> Floats:
    ratio = (np.asarray(hertz, _F) / _F(700)).astype(_F)
    return (_F(1127) * log1p_float32(ratio)).astype(_F)


def mel_bands(count: int, sample_rate: int, points: int, lower_hz: float, upper_hz: float) -> Bands:
    """The filters of a real transform of `points` points.

    Bin 0 never counts. The caller has checked that the frequencies lie in the spectrum.
    """
    hertz_per_bin = _F(0.5) * _F(sample_rate) / _F(points // 2)
    low, high = _mel(np.array([lower_hz, upper_hz], _F))
    spacing = _F(high - low) / _F(count + 1)
    centers = (low + spacing * np.arange(1, count + 2, dtype=_F)).astype(_F)
    first = int(_F(1.5) + _F(lower_hz) / hertz_per_bin)
    bins = np.arange(first, points // 2 + 1)
    mels = _mel((bins.astype(_F) * hertz_per_bin).astype(_F))
    # Filters follow each other, and a bin belongs to the first one whose centre is not below it.
    edge = np.searchsorted(centers, mels, side="left")
    counted = edge <= count
    edge, mels = edge[counted], mels[counted]
    before = np.concatenate([[low], centers]).astype(_F)[edge]
    weights = ((centers[edge] - mels) / (centers[edge] - before)).astype(_F)
    one = _F(1 << BAND_BITS)
    falling, rising = to_int16(weights, one), to_int16(_F(1) - weights, one)
    return Bands(count, first, edge.astype(np.int32), falling, rising)


def band_energies(energies: Integers, bands: Bands) -> Integers:
    """Weighted sums of a spectrum's bins; int32 [n, bins] -> int64 [n, bands]."""
    used = energies[:, bands.first_bin : bands.end_bin].astype(np.int64)
    sums = np.zeros((len(energies), bands.count + 2), np.int64)  # filters -1 to count
    for lower, weights in ((0, bands.falling), (1, bands.rising)):
        weighted = used * weights
        for filter_index in np.unique(bands.edge):
            members = bands.edge == filter_index
            sums[:, filter_index + lower] += weighted[:, members].sum(axis=1)
    return sums[:, 1 : bands.count + 1]


def smoothing_factor(share: float) -> int:
    """A share of one as an integer of 14 bits, rounded down."""
    return int(_F(share) * _F(1 << NOISE_BITS))


GAIN_INTERVALS = 32


def gain_table(gain: GainControl, input_bits: int) -> Integers:
    """The gain as a function of an average with `input_bits` fraction bits; int16 [128].

    Entries 4 e to 4 e + 2 describe a parabola over averages of e bits, which is the value at its
    beginning and two coefficients; 0 and 1 have one value each.
    """

    def value(x: int) -> int:
        base = _F(_F(x) / _F(1 << input_bits)) + _F(gain.offset)
        power = _F(math.pow(float(base), -float(_F(gain.strength))))
        found = _F(1 << gain.gain_bits) * power
        return 32767 if found > 32767 else int(found + _F(0.5))

    table = np.zeros((GAIN_INTERVALS + 1, 4), np.int16)
    table[0, 0], table[1, 0] = value(0), value(1)
    for bits in range(2, GAIN_INTERVALS + 1):
        start = 1 << (bits - 1)
        end = 2 * start - (1 if bits == GAIN_INTERVALS else 0)
        y0, middle, y2 = value(start), value(start + start // 2), value(end)
        linear = 4 * (middle - y0) - (y2 - y0)
        table[bits, :3] = (y0, linear, (y2 - y0) - linear)
    return table.reshape(-1)
