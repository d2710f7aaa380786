/* SPDX-License-Identifier: Apache-2.0
 *
 * Reciprocals in fixed point, each step rounded as gemmlowp rounds.
 */
#ifndef KERNELS_COMMON_RECIPROCAL_H_
#define KERNELS_COMMON_RECIPROCAL_H_

#include "requant.h"

static inline int32_t leading_zeros(uint32_t x) {
  int32_t zeros = 0;
  while ((x & 0x80000000u) == 0) {
    x <<= 1;
    zeros++;
  }
  return zeros;
}

static inline int32_t saturating_times_4(int32_t x) {
  const int64_t product = (int64_t)x * 4;
  return product > INT32_MAX ? INT32_MAX : product < INT32_MIN ? INT32_MIN : (int32_t)product;
}

static inline int32_t saturating_times_2(int32_t x) {
  const int64_t product = (int64_t)x * 2;
  return product > INT32_MAX ? INT32_MAX : product < INT32_MIN ? INT32_MIN : (int32_t)product;
}

/* 1 / (1 + a) in Q0.31 for a in [0, 1) in Q0.31. */
static inline int32_t one_over_one_plus_x(int32_t a) {
  const int64_t sum = (int64_t)a + INT32_MAX;
  const int32_t half_denominator = (int32_t)((sum + (sum >= 0 ? 1 : -1)) / 2);
  /* 48/17 - 32/17 d in Q2.29: the best linear first guess. */
  int32_t x = 1515870810 + saturating_rounding_doubling_high_mul(half_denominator, -1010580540);
  for (int32_t step = 0; step < 3; step++) {
    const int32_t error = (1 << 29) - saturating_rounding_doubling_high_mul(half_denominator, x);
    x += saturating_times_4(saturating_rounding_doubling_high_mul(x, error));
  }
  return saturating_times_2(x);
}

#endif /* KERNELS_COMMON_RECIPROCAL_H_ */
