# SPDX-License-Identifier: Apache-2.0
"""The fixed-point spectrum: window, scaling, and a real transform in int16.

Every stage of the transform divides its inputs by its radix, so that sums stay in 16 bits. Division
and products round to nearest, ties up; sums wrap around. Values here are int32 that hold int16.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.signal.tables import (
    WINDOW_BITS,
    input_order,
    radices,
    split_twiddles,
    twiddles,
)

Integers = npt.NDArray[Any]

_Q15 = 15
_HALF = 1 << (_Q15 - 1)


def _wrapped(values: Integers) -> Integers:
    return values.astype(np.int16).astype(np.int32)


def _rounded(products: Integers) -> Integers:
    return _wrapped((products + _HALF) >> _Q15)


def _divided(values: Integers, radix: int) -> Integers:
    return _rounded(values * (32767 // radix))


def _product(re: Integers, im: Integers, factors: Integers) -> tuple[Integers, Integers]:
    """Complex products with rows of (real, imaginary)."""
    c, s = factors[:, 0].astype(np.int32), factors[:, 1].astype(np.int32)
    return _rounded(re * c - im * s), _rounded(re * s + im * c)


def bit_width(values: Integers) -> Integers:
    """Bits of non-negative integers below 2^52; 0 has none."""
    return np.frexp(values.astype(np.float64))[1].astype(np.int32)


def windowed(frames: Integers, window: Integers) -> tuple[Integers, Integers]:
    """Windowed frames, shifted left as far as their largest value allows.

    -32768 does not count as large, as its magnitude is no int16; it is shifted out.

    Args:
        frames: int16 [n, size].
        window: int16 [size].

    Returns:
        int32 [n, size], and the shifts, int32 [n].
    """
    products = (frames.astype(np.int32) * window) >> WINDOW_BITS
    magnitudes = np.abs(products)
    magnitudes[magnitudes > 32767] = 0
    shifts = _Q15 - bit_width(magnitudes.max(axis=1))
    return _wrapped(products << shifts[:, None]), shifts


def complex_transform(re: Integers, im: Integers) -> tuple[Integers, Integers]:
    """The discrete Fourier transform of rows, divided by their length; int32 [n, points]."""
    rows, points = re.shape
    order, factors = input_order(points), twiddles(points)
    re, im = re[:, order], im[:, order]
    span = 1  # outputs of each transform so far
    for radix in radices(points):
        shape = (rows, points // (span * radix), radix, span)
        re, im = _divided(re, radix).reshape(shape), _divided(im, radix).reshape(shape)
        step = points // (span * radix)
        turned = [(re[:, :, 0], im[:, :, 0])]
        for k in range(1, radix):
            used = factors[np.arange(span) * step * k]
            turned.append(_product(re[:, :, k], im[:, :, k], used))
        out = _butterfly2(turned) if radix == 2 else _butterfly4(turned)
        re, im = (np.stack(part, axis=2).reshape(rows, points) for part in zip(*out, strict=True))
        span *= radix
    return re, im


Pairs = list[tuple[Integers, Integers]]


def _butterfly2(x: Pairs) -> Pairs:
    (ar, ai), (br, bi) = x
    return [(_wrapped(ar + br), _wrapped(ai + bi)), (_wrapped(ar - br), _wrapped(ai - bi))]


def _butterfly4(x: Pairs) -> Pairs:
    (ar, ai), (br, bi), (cr, ci), (dr, di) = x
    even, odd = _butterfly2([(ar, ai), (cr, ci)])
    total, rest = _butterfly2([(br, bi), (dr, di)])
    first, third = _butterfly2([even, total])
    second = (_wrapped(odd[0] + rest[1]), _wrapped(odd[1] - rest[0]))
    fourth = (_wrapped(odd[0] - rest[1]), _wrapped(odd[1] + rest[0]))
    return [first, second, third, fourth]


def spectrum(values: Integers, points: int) -> tuple[Integers, Integers]:
    """Bins of a real transform; int32 [n, points // 2 + 1], real and imaginary.

    Args:
        values: int32 [n, size], size <= points; zeros follow.
        points: of the transform, a power of two.
    """
    half = points // 2
    padded = np.zeros((len(values), points), np.int32)
    padded[:, : values.shape[1]] = values
    re, im = complex_transform(padded[:, 0::2], padded[:, 1::2])
    bins = np.arange(1, half // 2 + 1)
    near_r, near_i = _divided(re[:, bins], 2), _divided(im[:, bins], 2)
    far_r, far_i = _divided(re[:, half - bins], 2), _divided(-im[:, half - bins], 2)
    sum_r, sum_i = _wrapped(near_r + far_r), _wrapped(near_i + far_i)
    turned_r, turned_i = _product(
        _wrapped(near_r - far_r), _wrapped(near_i - far_i), split_twiddles(half)
    )
    first_r, first_i = _divided(re[:, 0], 2), _divided(im[:, 0], 2)
    out_r, out_i = (np.zeros((len(values), half + 1), np.int32) for _ in range(2))
    out_r[:, 0], out_r[:, half] = _wrapped(first_r + first_i), _wrapped(first_r - first_i)
    out_r[:, bins], out_i[:, bins] = (sum_r + turned_r) >> 1, (sum_i + turned_i) >> 1
    # The bin in the middle is made twice; what counts is the second one.
    out_r[:, half - bins], out_i[:, half - bins] = (sum_r - turned_r) >> 1, (turned_i - sum_i) >> 1
    return out_r, out_i


def energies(values: Integers, points: int) -> Integers:
    """Squared magnitudes of a real transform; int32 [n, points // 2], bin 0 is left empty.

    Args:
        values: int32 [n, size], size <= points; zeros follow.
        points: of the transform, a power of two.
    """
    re, im = (part[:, : points // 2].astype(np.int64) for part in spectrum(values, points))
    squared = (re**2 + im**2).astype(np.int32)
    squared[:, 0] = 0
    return squared
