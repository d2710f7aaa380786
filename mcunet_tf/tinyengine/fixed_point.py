# SPDX-License-Identifier: Apache-2.0
"""Fixed-point arithmetic exactly as TensorFlow Lite's reference kernels do it.

The twin of `kernels/common/requant.h`. All functions take and return int64 arrays that hold int32
values; rounding follows gemmlowp ("Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", Jacob et al. 2018, section 2.2, and its appendix).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]

INT32_MIN = -(1 << 31)
INT32_MAX = (1 << 31) - 1
MAX_WIDE_SHIFT = 7
"""The largest shift that TFLite gives to sums of 64 bits."""


def quantize_multiplier(real: float) -> tuple[int, int]:
    """Splits a real multiplier into `(multiplier, shift)`: real = multiplier * 2^(shift - 31).

    Negative reals (weights folded with a negative batch-norm gain) give a negative multiplier.
    """
    if real == 0.0:
        return 0, 0
    if math.isinf(real):
        # The ratio of two scales that float32 does not hold: as good as the largest.
        return (INT32_MAX if real > 0 else -INT32_MAX), 30
    mantissa, shift = math.frexp(real)
    scaled = mantissa * (1 << 31)
    multiplier = int(math.copysign(math.floor(abs(scaled) + 0.5), scaled))
    if multiplier == 1 << 31:
        multiplier //= 2
        shift += 1
    if shift < -31:
        return 0, 0
    if shift > 30:
        return INT32_MAX, 30
    return multiplier, shift


def saturating_rounding_doubling_high_mul(a: npt.ArrayLike, b: npt.ArrayLike) -> IntArray:
    """Rounds a * b / 2^31 to the nearest integer; the one overflowing product saturates."""
    left = np.asarray(a, np.int64)
    right = np.asarray(b, np.int64)
    product = left * right
    nudged = product + np.where(product >= 0, 1 << 30, 1 - (1 << 30))
    # C division truncates towards zero; numpy's shifts and // floor.
    result = np.where(nudged >= 0, nudged >> 31, -((-nudged) >> 31))
    return np.where((left == INT32_MIN) & (right == INT32_MIN), INT32_MAX, result)


def rounding_divide_by_power_of_two(x: npt.ArrayLike, exponent: npt.ArrayLike) -> IntArray:
    """Rounds x / 2^exponent to the nearest integer, ties away from zero; exponent in [0, 31]."""
    value = np.asarray(x, np.int64)
    power = np.asarray(exponent, np.int64)
    mask = (np.int64(1) << power) - 1
    remainder = value & mask
    threshold = (mask >> 1) + (value < 0)
    return (value >> power) + (remainder > threshold)


def wrap_int32(x: npt.ArrayLike) -> IntArray:
    """Keeps the low 32 bits of x, sign extended: what a 32-bit register holds."""
    return np.asarray(x, np.int64).astype(np.int32).astype(np.int64)


def requantize(x: npt.ArrayLike, multiplier: npt.ArrayLike, shift: npt.ArrayLike) -> IntArray:
    """Multiplies int32 accumulators by multiplier * 2^(shift - 31), rounding twice."""
    exponent = np.asarray(shift, np.int64)
    shifted = wrap_int32(np.asarray(x, np.int64) << np.maximum(exponent, 0))
    high = saturating_rounding_doubling_high_mul(shifted, multiplier)
    return rounding_divide_by_power_of_two(high, np.maximum(-exponent, 0))


def reduce_multiplier(multiplier: npt.ArrayLike) -> IntArray:
    """The 16-bit multiplier that stands for a Q31 one where sums have 64 bits, in Q15."""
    full = np.asarray(multiplier, np.int64)
    return np.where(full < 0x7FFF0000, (full + (1 << 15)) >> 16, 0x7FFF)


def requantize_wide(x: npt.ArrayLike, multiplier: npt.ArrayLike, shift: npt.ArrayLike) -> IntArray:
    """Multiplies int64 accumulators below 2^47 by multiplier * 2^(shift - 31), rounding once.

    Shifts are at most `MAX_WIDE_SHIFT`.
    """
    total = 15 - np.asarray(shift, np.int64)
    product = np.asarray(x, np.int64) * reduce_multiplier(multiplier)
    return wrap_int32((product + (np.int64(1) << (total - 1))) >> total)


def round_half_away(x: float) -> int:
    """Rounds to the nearest integer, ties away from zero, as C's `round` does."""
    return int(math.copysign(math.floor(abs(x) + 0.5), x))


def divide_rounded(total: IntArray, count: npt.ArrayLike) -> IntArray:
    """Divides with ties away from zero and C's truncation, as the pooling kernels do."""
    divisor = np.asarray(count, np.int64)
    magnitude = (np.abs(total) + divisor // 2) // divisor
    return np.where(total > 0, magnitude, -magnitude)


def _multiply_by_power_of_two(x: IntArray, exponent: int) -> IntArray:
    if exponent < 0:
        return rounding_divide_by_power_of_two(x, -exponent)
    shifted: IntArray = np.asarray(x << exponent)
    return shifted.clip(INT32_MIN, INT32_MAX)


def exp_on_negative_values(a: npt.ArrayLike, integer_bits: int) -> IntArray:
    """e^a in Q0.31 for a <= 0 in Q(integer_bits).(31 - integer_bits)."""
    value = np.asarray(a, np.int64)
    fractional_bits = 31 - integer_bits
    quarter = 1 << (fractional_bits - 2)
    mod_quarter = (value & (quarter - 1)) - quarter
    remainder = mod_quarter - value
    x = _multiply_by_power_of_two(mod_quarter, integer_bits) + (1 << 28)
    mul = saturating_rounding_doubling_high_mul
    x2 = mul(x, x)
    x3 = mul(x2, x)
    x4 = mul(x2, x2)
    one_third, exp_minus_eighth = 715827883, 1895147668
    series = mul(_multiply_by_power_of_two(x4, -2) + x3, one_third) + x2
    result = exp_minus_eighth + mul(exp_minus_eighth, x + _multiply_by_power_of_two(series, -1))
    # e^-(2^k) in Q0.31 for k = -2 .. 4.
    factors = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
    for k, factor in zip(range(-2, 5), factors, strict=True):
        if integer_bits > k:
            bit = 1 << (fractional_bits + k)
            result = np.where(remainder & bit, mul(result, factor), result)
    if integer_bits > 5:
        result = np.where(value < -(1 << (36 - integer_bits)), 0, result)
    return np.where(value == 0, INT32_MAX, result)


def one_over_one_plus_x(a: npt.ArrayLike) -> IntArray:
    """1 / (1 + a) in Q0.31 for a in [0, 1) in Q0.31: three Newton steps."""
    mul = saturating_rounding_doubling_high_mul
    total = np.asarray(a, np.int64) + INT32_MAX
    half_denominator = np.where(total >= 0, total + 1, total - 1) // 2
    x = 1515870810 + mul(half_denominator, -1010580540)  # 48/17 - 32/17 d, in Q2.29
    for _ in range(3):
        one_minus = (1 << 29) - mul(half_denominator, x)
        x = x + _multiply_by_power_of_two(mul(x, one_minus), 2)
    return _multiply_by_power_of_two(x, 1)


def log_of_sums(x: npt.ArrayLike) -> IntArray:
    """The natural logarithm in Q5.26 of sums from 1 up in Q12.19, `[n]`."""
    return np.array([_log_of_sum(z) for z in np.asarray(x, np.int64).tolist()], np.int64)


def _log_of_sum(z: int) -> int:
    """As log_softmax_s8_portable: around the middle of the octave that the sum lies in."""
    root_of_half, middle, quarter = 1518500250, 1805811301, 1 << 23  # the last in Q6.25

    def mul(a: int, b: int) -> int:
        return int(saturating_rounding_doubling_high_mul(a, b))

    def left(a: int, bits: int) -> int:
        return min(max(a << bits, INT32_MIN), INT32_MAX)

    high = 32 - z.bit_length()
    first, first_power = left(mul(left(z, high - 1), root_of_half), 1), left(12 - high, 25)
    low = 31 - mul(z, root_of_half).bit_length()
    second, second_power = left(z, low), left(12 - low, 25)
    r = min(first, second)
    power = max(left(first_power + quarter, 0), left(second_power - quarter, 0))
    p = (r + middle + 1) // 2  # r is positive
    q = int(wrap_int32(2 * (r - middle)))
    square = mul(q, q)
    numerator = mul(q, r) + mul(mul(q, square), 117049297)
    inner = int(wrap_int32(1057819769 + q + mul(127690142, square)))
    denominator = mul(p, inner) + mul(638450708, q)
    reciprocal = int(one_over_one_plus_x(denominator))
    share = mul(int(rounding_divide_by_power_of_two(numerator, 6)), reciprocal)
    return left(mul(power, 1488522236) + share, 1)


def inverse_sqrt_multiplier(x: int) -> tuple[int, int]:
    """`(multiplier, shift)` of 1 / sqrt(x) for an integer from 1 up: five Newton steps from 1."""
    if x <= 1:
        return INT32_MAX, 0
    mul = saturating_rounding_doubling_high_mul
    shift = 11
    while x >= 1 << 29:
        x //= 4
        shift += 1
    pairs = (31 - x.bit_length()) // 2 - 1
    scaled = x << 2 * pairs  # in [2^27, 2^29), read as Q3.28 after halving
    half = rounding_divide_by_power_of_two(scaled >> 1, 1)
    root: IntArray = np.asarray(1 << 28, np.int64)
    for _ in range(5):
        # A product of Q3.28 and Q3.28 is Q6.25, of three Q9.22; both go back to Q3.28.
        cube = _multiply_by_power_of_two(mul(mul(root, root), root), 6)
        root = _multiply_by_power_of_two(mul(3 << 27, root) - mul(half, cube), 3)
    multiplier, exponent = int(mul(root, 1518500250)), shift - pairs  # sqrt(2) / 2 in Q0.31
    if exponent < 0:
        multiplier, exponent = multiplier << -exponent, 0
    return multiplier, -exponent


def input_radius(integer_bits: int, left_shift: int) -> int:
    """The largest input difference that still fits Q(integer_bits) after `left_shift`."""
    return int(((1 << integer_bits) - 1) * 2.0 ** (31 - integer_bits) / 2.0**left_shift)
