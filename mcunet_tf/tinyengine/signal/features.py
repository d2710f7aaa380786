# SPDX-License-Identifier: Apache-2.0
"""From energies of bands to features: square root, noise reduction, gain control, logarithm.

All integers are those of TF-Lite Micro's audio front end and of its Signal operators, to the last
bit. Values of uint32 are int64 here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.signal.spectrum import bit_width
from mcunet_tf.tinyengine.signal.tables import LOG_SEGMENT_BITS, log_table

Integers = npt.NDArray[Any]

_LOG_BITS = 16
_LN2 = 45426  # of 16 bits
_MASK = 0xFFFFFFFF
SNR_BITS = 12
_PCAN_BITS = 6


def rounded_roots(values: Integers) -> Integers:
    """Square roots of integers below 2^64, rounded to nearest; int64.

    Of those below 2^32, roots of 65535 are not rounded up, and no root is beyond 32 bits.
    """
    wide = values.astype(np.uint64)
    roots = np.minimum(np.sqrt(wide.astype(np.float64)), float(_MASK)).astype(np.uint64)
    roots -= roots * roots > wide
    below = roots < _MASK
    roots += below & ((roots + below) ** 2 <= wide)
    most = np.where(wide >> np.uint64(32) == 0, 0xFFFF, _MASK).astype(np.uint64)
    up = (wide - roots * roots > roots) & (roots != most)
    rounded: Integers = (roots + up).astype(np.int64)
    return rounded


def noise_after(
    scaled: Integers, noise: Integers, smoothing: Integers, rest: Integers, bits: int
) -> Integers:
    """The running average of each band once it has taken in a signal.

    Args:
        scaled: the signal in steps of the average, uint32.
        noise: the averages before.
        smoothing: share of the signal, of `bits` bits.
        rest: share of the average, of `bits` bits.
        bits: fraction bits of both.
    """
    fresh = scaled.astype(np.uint64) * smoothing.astype(np.uint64)
    kept = noise.astype(np.uint64) * rest.astype(np.uint64)
    return ((fresh + kept) >> np.uint64(bits)).astype(np.int64) & _MASK


def without_noise(
    signal: Integers, noise: Integers, least: int, smoothing_bits: int, bits: int
) -> Integers:
    """The signal less its noise, but at least a share of it of `bits` bits; uint32 as int64."""
    scaled = (signal << smoothing_bits) & _MASK
    left = (scaled - np.minimum(noise, scaled)) >> smoothing_bits
    share = (signal.astype(np.uint64) * np.uint64(least)) >> np.uint64(bits)
    found: Integers = np.maximum(left, share.astype(np.int64) & _MASK)
    return found


def control_gain(signal: Integers, averages: Integers, table: Integers, snr_shift: int) -> Integers:
    """Multiplies by the gain that belongs to each average, and compresses; uint32 as int64.

    `table` has four values by the bits of an average: a parabola, and one that nothing reads.
    """
    bits = bit_width(averages)
    shifted = np.where(bits < 11, averages << np.maximum(11 - bits, 0), averages)
    fraction = (shifted >> np.maximum(bits - 11, 0)) & 0x3FF
    value, linear, square = (table.reshape(-1, 4)[bits, k].astype(np.int64) for k in range(3))
    bend = (((square * fraction) >> 5) + (linear << 5)) * fraction
    curved = (value + ((bend + (1 << 14)) >> 15)).astype(np.int16).astype(np.int64)
    # Averages of 0, 1 and 2 are the beginnings of their intervals.
    gain = np.where(averages <= 2, value, curved) & _MASK
    product = signal.astype(np.uint64) * gain.astype(np.uint64)
    snr = (product >> np.uint64(snr_shift)).astype(np.int64) & _MASK
    small = (snr * snr) >> (2 + 2 * SNR_BITS - _PCAN_BITS)
    large = (snr >> (SNR_BITS - _PCAN_BITS)) - (1 << _PCAN_BITS)
    found: Integers = np.where(snr < 2 << SNR_BITS, small, large)
    return found


def logarithms(values: Integers, scale: int) -> Integers:
    """Natural logarithms of uint32 values in steps of 1 / scale; 0 for 0 and 1."""
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
    scaled = (((natural * scale) & _MASK) + (1 << (_LOG_BITS - 1)) & _MASK) >> _LOG_BITS
    return np.where(values > 1, scaled, 0)
