/* SPDX-License-Identifier: Apache-2.0
 *
 * Requantisation of int32 accumulators, exactly as TensorFlow Lite's reference kernels do it.
 *
 *   real multiplier M = multiplier * 2^(shift - 31), multiplier in [2^30, 2^31) (or negated:
 *   folded batch norms
 *   may carry negative scales), shift in [-31, 30].
 *
 *   requantize(x) = round_half_away(round_half_up(x * 2^max(shift, 0) * multiplier / 2^31)
 *                                   / 2^max(-shift, 0))
 *
 * The two roundings are part of the contract: a single one differs in about 4 % of all cases.
 */
#ifndef KERNELS_COMMON_REQUANT_H_
#define KERNELS_COMMON_REQUANT_H_

#include <stdint.h>

/* What turns one output channel's accumulator into int8: 12 bytes, read in order. */
struct channel_s8 {
  int32_t bias;       /* with the input zero point folded in: bias - in_zero_point * sum(weights) */
  int32_t multiplier; /* Q31 */
  int32_t shift;      /* > 0: left, < 0: right */
};

/* round(a * b / 2^31), ties away from zero on the positive side only; saturates the one overflowing
 * case. */
static inline int32_t saturating_rounding_doubling_high_mul(int32_t a, int32_t b) {
  if (a == INT32_MIN && b == INT32_MIN) {
    return INT32_MAX;
  }
  const int64_t product = (int64_t)a * (int64_t)b;
  const int64_t nudge = product >= 0 ? (int64_t)1 << 30 : 1 - ((int64_t)1 << 30);
  return (int32_t)((product + nudge) / ((int64_t)1 << 31));
}

/* round(x / 2^exponent), ties away from zero; exponent in [0, 31]. */
static inline int32_t rounding_divide_by_power_of_two(int32_t x, int32_t exponent) {
  const int32_t mask = (int32_t)(((int64_t)1 << exponent) - 1);
  const int32_t remainder = x & mask;
  const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return (x >> exponent) + (remainder > threshold ? 1 : 0);
}

static inline int32_t requantize(int32_t x, int32_t multiplier, int32_t shift) {
  const int32_t left = shift > 0 ? shift : 0;
  const int32_t right = shift > 0 ? 0 : -shift;
  const int32_t shifted = (int32_t)((uint32_t)x << left);
  return rounding_divide_by_power_of_two(saturating_rounding_doubling_high_mul(shifted, multiplier),
                                         right);
}

static inline int8_t clamp_s8(int32_t x, int32_t low, int32_t high) {
  const int32_t above = x < low ? low : x;
  return (int8_t)(above > high ? high : above);
}

#endif /* KERNELS_COMMON_REQUANT_H_ */
