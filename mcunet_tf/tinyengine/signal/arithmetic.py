# SPDX-License-Identifier: Apache-2.0
"""Arithmetic of transforms: integers of 16 and 32 bits, and float32.

Every stage of a transform of integers divides its inputs by its radix, so that sums stay in the
type. Division and products round to nearest, ties up; sums wrap around.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[Any]


@dataclasses.dataclass(frozen=True)
class Fixed:
    """Integers with `bits` fraction bits in their factors, in arrays of a type twice as wide.

    Attributes:
      half_wraps: whether a sum wraps around before it is halved.
    """

    narrow: Any
    wide: Any
    bits: int
    half_wraps: bool

    @property
    def one(self) -> int:
        """The greatest factor."""
        return (1 << self.bits) - 1

    def factors(self, phases: npt.NDArray[np.float64]) -> Values:
        """Cosine and sine; [n, 2]."""
        pairs = np.stack([np.cos(phases), np.sin(phases)], axis=-1)
        rounded: Values = np.floor(pairs * self.one + 0.5).astype(self.narrow)
        return rounded

    def wrapped(self, values: Values) -> Values:
        """Values as the narrow type holds them."""
        kept: Values = values.astype(self.narrow).astype(self.wide)
        return kept

    def rounded(self, products: Values) -> Values:
        """Products with factors, without their fraction bits."""
        return self.wrapped((products + (1 << (self.bits - 1))) >> self.bits)

    def divided(self, values: Values, radix: int) -> Values:
        """Values over 2 or 4."""
        return self.rounded(values * (self.one // radix))

    def halved(self, values: Values) -> Values:
        """Sums over 2, rounded down."""
        return (self.wrapped(values) if self.half_wraps else values) >> 1


@dataclasses.dataclass(frozen=True)
class Real:
    """float32, in which nothing is divided but what is halved."""

    narrow: Any = np.float32
    wide: Any = np.float32

    def factors(self, phases: npt.NDArray[np.float64]) -> Values:
        """Cosine and sine; [n, 2]."""
        pairs: Values = np.stack([np.cos(phases), np.sin(phases)], axis=-1).astype(np.float32)
        return pairs

    def wrapped(self, values: Values) -> Values:
        """The values."""
        return values

    rounded = wrapped

    def divided(self, values: Values, _: int) -> Values:
        """The values."""
        return values

    def halved(self, values: Values) -> Values:
        """Values over 2."""
        half: Values = values * np.float32(0.5)
        return half


Arithmetic = Fixed | Real
Q15 = Fixed(np.int16, np.int32, 15, half_wraps=False)
Q31 = Fixed(np.int32, np.int64, 31, half_wraps=True)
REAL = Real()
ARITHMETICS: dict[str, Arithmetic] = {"int16": Q15, "int32": Q31, "float32": REAL}
"""By the type of samples."""


def product(arithmetic: Arithmetic, re: Values, im: Values, factors: Values) -> Any:
    """Complex products with rows of (real, imaginary): real and imaginary parts."""
    c, s = (factors[..., part].astype(arithmetic.wide) for part in range(2))
    return arithmetic.rounded(re * c - im * s), arithmetic.rounded(re * s + im * c)
