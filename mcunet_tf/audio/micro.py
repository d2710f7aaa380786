# SPDX-License-Identifier: Apache-2.0
"""From energies to features: bands, square root, noise reduction, gain control, logarithm.

All integers are those of TF-Lite Micro's audio front end, to the last bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.audio.settings import NOISE_BITS
from mcunet_tf.audio.spectrum import bit_width
from mcunet_tf.audio.tables import LOG_SEGMENT_BITS, Bands, log_table

Integers = npt.NDArray[Any]

_LOG_BITS = 16
_LN2 = 45426  # of 16 bits
_MASK = 0xFFFFFFFF
SNR_BITS = 12
_PCAN_BITS = 6


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


def rounded_roots(values: Integers) -> Integers:
    """Square roots of integers below 2^62, rounded to nearest; int64.

    Below 2^32, roots of 65535 are not rounded up.
    """
    roots = np.sqrt(values.astype(np.float64)).astype(np.int64)
    roots -= roots * roots > values
    roots += (roots + 1) * (roots + 1) <= values
    up = (values - roots * roots > roots) & ~((values >> 32 == 0) & (roots == 0xFFFF))
    rounded: Integers = roots + up
    return rounded


def reduce_noise(
    signal: Integers, estimate: Integers, factors: tuple[int, int, int], smoothing_bits: int
) -> tuple[Integers, Integers]:
    """Subtracts the running average of each band.

    Args:
        signal: uint32 values as int64 [n, bands].
        estimate: the averages before, [bands], with `smoothing_bits` fraction bits.
        factors: smoothing of even and odd bands and the least share, of 14 bits.
        smoothing_bits: fraction bits of the averages.

    Returns:
        The signal without noise [n, bands], and the averages behind each row [n, bands].
    """
    even, odd, least = factors
    smoothing = np.where(np.arange(signal.shape[1]) % 2 == 0, even, odd)
    scaled = (signal << smoothing_bits) & _MASK
    fresh = scaled * smoothing
    averages = np.empty_like(signal)
    rest = (1 << NOISE_BITS) - smoothing
    for row in range(len(signal)):
        estimate = ((fresh[row] + estimate * rest) >> NOISE_BITS) & _MASK
        averages[row] = estimate
    left = (scaled - np.minimum(averages, scaled)) >> smoothing_bits
    return np.maximum(left, (signal * least) >> NOISE_BITS), averages


def control_gain(signal: Integers, averages: Integers, table: Integers, snr_shift: int) -> Integers:
    """Multiplies by the gain that belongs to each average, and compresses; int64 [n, bands]."""
    bits = bit_width(averages)
    shifted = np.where(bits < 11, averages << np.maximum(11 - bits, 0), averages)
    fraction = (shifted >> np.maximum(bits - 11, 0)) & 0x3FF
    value, linear, square = (table.reshape(-1, 4)[bits, k].astype(np.int64) for k in range(3))
    bend = (((square * fraction) >> 5) + (linear << 5)) * fraction
    curved = (value + ((bend + (1 << 14)) >> 15)).astype(np.int16).astype(np.int64)
    # Averages of 0, 1 and 2 are the beginnings of their intervals.
    gain = np.where(averages <= 2, value, curved) & _MASK
    snr = ((signal * gain) >> snr_shift) & _MASK
    small = (snr * snr) >> (2 + 2 * SNR_BITS - _PCAN_BITS)
    large = (snr >> (SNR_BITS - _PCAN_BITS)) - (1 << _PCAN_BITS)
    return np.where(snr < 2 << SNR_BITS, small, large)


def logarithms(values: Integers, scale_shift: int) -> Integers:
    """Natural logarithms of uint32 values, `scale_shift` fraction bits; 0 for 0 and 1."""
    safe = np.maximum(values, 2)
    whole = bit_width(safe).astype(np.int64) - 1
    fraction = safe - (np.int64(1) << whole)
    fraction = (fraction << np.maximum(_LOG_BITS - whole, 0)) >> np.maximum(whole - _LOG_BITS, 0)
    segment_bits = _LOG_BITS - LOG_SEGMENT_BITS
    segment = fraction >> segment_bits
    table = log_table().astype(np.int64)
    low, high = table[segment], table[segment + 1]
    # The line between two entries rises by 1/128 of their difference only: so it was defined.
    bent = fraction + low + (((high - low) * (fraction - (segment << segment_bits))) >> _LOG_BITS)
    log2 = (whole << _LOG_BITS) + bent
    natural = (_LN2 * log2 + (1 << (_LOG_BITS - 1))) >> _LOG_BITS
    scaled = (((natural << scale_shift) & _MASK) + (1 << (_LOG_BITS - 1)) & _MASK) >> _LOG_BITS
    return np.where(values > 1, scaled, 0)
