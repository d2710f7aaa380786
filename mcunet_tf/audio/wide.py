# SPDX-License-Identifier: Apache-2.0
"""A spectrum in integers of 32 bits, which keeps what one of 16 bits rounds away.

Every stage divides by its radix, so sums stay in 32 bits. A product is the upper half of one of 64
bits, rounded to nearest, ties up. Values here are int64 that hold int32.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.signal.features import rounded_roots
from mcunet_tf.tinyengine.signal.tables import (
    LOG_SEGMENT_BITS,
    input_order,
    log_table,
    radices,
    stage_steps,
)

Integers = npt.NDArray[Any]

ENERGY_SHIFT = 12
"""Squared magnitudes lose so many bits, so that sums of weighted ones have 64."""
LOG_BITS = 16
WINDOW_ONE = 32767


def high_product(a: Integers, b: Integers) -> Integers:
    """(a b) / 2^32, rounded to nearest, of values of 32 bits."""
    product: Integers = (a * b + (1 << 31)) >> 32
    return product


def _circle(phases: npt.NDArray[np.float64], bits: int) -> Integers:
    """Cosine and sine in steps of 2^-bits; int32 [n, 2]."""
    pairs = np.stack([np.cos(phases), np.sin(phases)], axis=-1)
    most = (1 << 31) - 1
    rounded: Integers = np.clip(np.floor(pairs * (1 << bits) + 0.5), -most, most)
    return rounded.astype(np.int32)


@functools.cache
def wide_twiddles(points: int) -> Integers:
    """Factors of a complex transform: a product with one is divided by 4; int32 [points, 2]."""
    return _circle(-2 * math.pi * np.arange(points) / points, 30)


@functools.cache
def wide_stage_factors(points: int) -> Integers:
    """The factors of all stages but the first, by stage, input and place; int32 [n, 2]."""
    chosen: Integers = wide_twiddles(points)[stage_steps(points)]
    return chosen


@functools.cache
def wide_split(points: int) -> Integers:
    """Factors that turn a complex transform into a real one: products are halved; int32 [n, 2]."""
    steps = np.arange(1, points // 2 + 1) / points
    return _circle(-math.pi * (steps + 0.5), 31)


Complex = tuple[Integers, Integers]


def _turned(z: Complex, factors: Integers) -> Complex:
    c, s = factors[..., 0].astype(np.int64), factors[..., 1].astype(np.int64)
    re, im = z
    return high_product(re, c) - high_product(im, s), high_product(re, s) + high_product(im, c)


def _transform(re: Integers, im: Integers) -> Complex:
    """The discrete Fourier transform of rows, divided by their length."""
    rows, points = re.shape
    order = input_order(points)
    re, im = re[:, order], im[:, order]
    span = 1
    for stage, radix in enumerate(radices(points)):
        shape = (rows, points // (span * radix), radix, span)
        parts = [(re.reshape(shape)[:, :, k], im.reshape(shape)[:, :, k]) for k in range(radix)]
        step = points // (span * radix)
        divided = [tuple((part + radix // 2) >> (radix // 2) for part in z) for z in parts]
        if stage:
            used = [wide_twiddles(points)[np.arange(span) * step * k] for k in range(radix)]
            divided[1:] = [_turned(z, f) for z, f in zip(parts[1:], used[1:], strict=True)]
        out = _butterfly(divided)
        re, im = (np.stack(part, axis=2).reshape(rows, points) for part in zip(*out, strict=True))
        span *= radix
    return re, im


def _butterfly(z: list[Any]) -> list[Complex]:
    if len(z) == 2:
        (ar, ai), (br, bi) = z
        return [(ar + br, ai + bi), (ar - br, ai - bi)]
    even, odd = _butterfly([z[0], z[2]])
    total, rest = _butterfly([z[1], z[3]])
    first, third = _butterfly([even, total])
    second = (odd[0] + rest[1], odd[1] - rest[0])
    fourth = (odd[0] - rest[1], odd[1] + rest[0])
    return [first, second, third, fourth]


def wide_energies(frames: Integers, window: Integers, points: int) -> Integers:
    """Squared magnitudes of windowed frames in units of 2^12; uint64 [n, points // 2], bin 0 is 0.

    Args:
        frames: int16 [n, size], size <= points; zeros follow.
        window: int16 [size], 32767 is one.
        points: of the real transform, a power of two.
    """
    re, im = _spectrum(frames, window, points)
    squared: Integers = (re * re + im * im + (1 << (ENERGY_SHIFT - 1))) >> ENERGY_SHIFT
    return squared.astype(np.uint64)


def wide_magnitudes(frames: Integers, window: Integers, points: int) -> Integers:
    """Magnitudes of windowed frames, as `wide_energies`; uint64 [n, points // 2]."""
    re, im = _spectrum(frames, window, points)
    return rounded_roots(re * re + im * im).astype(np.uint64)


def _spectrum(frames: Integers, window: Integers, points: int) -> Complex:
    half = points // 2
    padded = np.zeros((len(frames), points), np.int64)
    padded[:, : frames.shape[1]] = frames.astype(np.int64) * window
    re, im = _transform(padded[:, 0::2], padded[:, 1::2])
    bins = np.arange(1, half // 2 + 1)
    near = tuple((part[:, bins] + 1) >> 1 for part in (re, im))
    far = tuple((part[:, half - bins] + 1) >> 1 for part in (re, -im))
    turned = _turned((near[0] - far[0], near[1] - far[1]), wide_split(half))
    sums = tuple((a + b + 1) >> 1 for a, b in zip(near, far, strict=True))
    out_r, out_i = (np.zeros((len(frames), half), np.int64) for _ in range(2))
    out_r[:, bins], out_i[:, bins] = sums[0] + turned[0], sums[1] + turned[1]
    # The bin in the middle is made twice; what counts is the second one.
    out_r[:, half - bins], out_i[:, half - bins] = sums[0] - turned[0], turned[1] - sums[1]
    return out_r, out_i


def wide_log2(values: Integers) -> Integers:
    """Logarithms to the base 2 of uint64 values in steps of 2^-16; int64, 0 for 0."""
    wide = np.maximum(values.astype(np.uint64), np.uint64(1))
    upper = (wide >> np.uint64(32)).astype(np.float64)
    lower = (wide & np.uint64(0xFFFFFFFF)).astype(np.float64)
    width = np.where(upper > 0, np.frexp(upper)[1] + 32, np.frexp(lower)[1]).astype(np.int64)
    aligned = wide << (64 - width).astype(np.uint64)
    fraction = ((aligned >> np.uint64(47)) & np.uint64(0xFFFF)).astype(np.int64)
    bits = LOG_BITS - LOG_SEGMENT_BITS
    table = log_table().astype(np.int64)
    low, high = table[fraction >> bits], table[(fraction >> bits) + 1]
    bent = low + (((high - low) * (fraction & ((1 << bits) - 1))) >> bits)
    found: Integers = ((width - 1) << LOG_BITS) + fraction + bent
    return found
