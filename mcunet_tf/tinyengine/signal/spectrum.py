# SPDX-License-Identifier: Apache-2.0
"""The spectrum: window, scaling, and a real transform, forwards and backwards.

Values are held in the wide type of an arithmetic: int32 that hold int16, where none is named.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.signal.arithmetic import Q15, Arithmetic, Fixed, product
from mcunet_tf.tinyengine.signal.tables import (
    WINDOW_BITS,
    input_order,
    radices,
    split_twiddles,
    twiddles,
)

Integers = npt.NDArray[Any]


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
    shifts = Q15.bits - bit_width(magnitudes.max(axis=1))
    return Q15.wrapped(products << shifts[:, None]), shifts


Complex = tuple[Integers, Integers]


def complex_transform(re: Integers, im: Integers, arithmetic: Arithmetic = Q15) -> Complex:
    """The discrete Fourier transform of rows, of integers divided by its length; [n, points]."""
    rows, points = re.shape
    order, factors = input_order(points), twiddles(points, arithmetic)
    re, im = re[:, order], im[:, order]
    span = 1  # outputs of each transform so far
    for radix in radices(points):
        shape = (rows, points // (span * radix), radix, span)
        re, im = (arithmetic.divided(part, radix).reshape(shape) for part in (re, im))
        step = points // (span * radix)
        turned = [(re[:, :, 0], im[:, :, 0])]
        for k in range(1, radix):
            used = factors[np.arange(span) * step * k]
            turned.append(product(arithmetic, re[:, :, k], im[:, :, k], used))
        butterfly = _butterfly2 if radix == 2 else _butterfly4
        out = butterfly(turned, arithmetic.wrapped)
        re, im = (np.stack(part, axis=2).reshape(rows, points) for part in zip(*out, strict=True))
        span *= radix
    return re, im


Pairs = list[Complex]
Wrapped = Callable[[Integers], Integers]


def _butterfly2(x: Pairs, wrapped: Wrapped) -> Pairs:
    (ar, ai), (br, bi) = x
    return [(wrapped(ar + br), wrapped(ai + bi)), (wrapped(ar - br), wrapped(ai - bi))]


def _butterfly4(x: Pairs, wrapped: Wrapped) -> Pairs:
    even, odd = _butterfly2([x[0], x[2]], wrapped)
    total, rest = _butterfly2([x[1], x[3]], wrapped)
    first, third = _butterfly2([even, total], wrapped)
    second = (wrapped(odd[0] + rest[1]), wrapped(odd[1] - rest[0]))
    fourth = (wrapped(odd[0] - rest[1]), wrapped(odd[1] + rest[0]))
    return [first, second, third, fourth]


def spectrum(values: Integers, points: int, arithmetic: Arithmetic = Q15) -> Complex:
    """Bins of a real transform; [n, points // 2 + 1], real and imaginary.

    Args:
        values: [n, size] of the arithmetic's wide type, size <= points; zeros follow.
        points: of the transform, a power of two.
        arithmetic: of its values.
    """
    half = points // 2
    padded = np.zeros((len(values), points), arithmetic.wide)
    padded[:, : values.shape[1]] = values
    re, im = complex_transform(padded[:, 0::2], padded[:, 1::2], arithmetic)
    wrapped, halved = arithmetic.wrapped, arithmetic.halved
    bins = np.arange(1, half // 2 + 1)
    sums, turned = _meet((re, im), bins, half - bins, split_twiddles(half, arithmetic), arithmetic)
    first_r, first_i = arithmetic.divided(re[:, 0], 2), arithmetic.divided(im[:, 0], 2)
    out_r, out_i = (np.zeros((len(values), half + 1), arithmetic.wide) for _ in range(2))
    out_r[:, 0], out_r[:, half] = wrapped(first_r + first_i), wrapped(first_r - first_i)
    out_r[:, bins], out_i[:, bins] = halved(sums[0] + turned[0]), halved(sums[1] + turned[1])
    # The bin in the middle is made twice; what counts is the second one.
    out_r[:, half - bins] = halved(sums[0] - turned[0])
    out_i[:, half - bins] = halved(turned[1] - sums[1])
    return out_r, out_i


def _meet(
    z: Complex, near: Integers, far: Integers, factors: Integers, arithmetic: Arithmetic
) -> tuple[Complex, Complex]:
    """Halves of values and of mirrored ones: their sums, and their differences, turned."""
    wrapped, divided = arithmetic.wrapped, arithmetic.divided
    near_r, near_i = (divided(part[:, near], 2) for part in z)
    far_r, far_i = divided(z[0][:, far], 2), divided(wrapped(-z[1][:, far]), 2)
    rest_r, rest_i = wrapped(near_r - far_r), wrapped(near_i - far_i)
    sums = (wrapped(near_r + far_r), wrapped(near_i + far_i))
    return sums, product(arithmetic, rest_r, rest_i, factors)


def samples_of(bins: Complex, points: int, arithmetic: Arithmetic) -> Integers:
    """What a spectrum is of: the real transform backwards; [n, points].

    Of integers, divided by `points` once more. With real and imaginary parts exchanged, a transform
    runs backwards, to the last bit.

    Args:
        bins: real and imaginary parts, [n, points // 2 + 1] of the arithmetic's wide type.
        points: of the transform, a power of two.
        arithmetic: of its values.
    """
    half, wrapped = points // 2, arithmetic.wrapped
    near = np.arange(1, half // 2 + 1)
    back = split_twiddles(half, arithmetic) * np.array([1, -1], arithmetic.narrow)
    sums, turned = _meet(bins, near, half - near, back, arithmetic)
    re, im = (np.zeros((len(bins[0]), half), arithmetic.wide) for _ in range(2))
    first, last = bins[0][:, 0], bins[0][:, half]
    re[:, 0] = arithmetic.divided(wrapped(first + last), 2)
    im[:, 0] = arithmetic.divided(wrapped(first - last), 2)
    re[:, near], im[:, near] = (wrapped(a + b) for a, b in zip(sums, turned, strict=True))
    re[:, half - near] = wrapped(sums[0] - turned[0])
    im[:, half - near] = wrapped(turned[1] - sums[1])
    im, re = complex_transform(im, re, arithmetic)
    made = np.stack([re, im], axis=-1).reshape(len(re), points)
    return made if isinstance(arithmetic, Fixed) else made / np.float32(points)


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
