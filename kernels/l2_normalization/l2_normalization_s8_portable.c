/* SPDX-License-Identifier: Apache-2.0 */
#include "l2_normalization.h"

#define ONE_Q3_28 (1 << 28)
#define HALF_SQRT_2_Q0_31 1518500250
#define NEWTON_STEPS 5
#define OUTPUT_SHIFT 7 /* 1/128 */

static inline int32_t multiply(int32_t a, int32_t b) {
  return saturating_rounding_doubling_high_mul(a, b);
}

static inline int32_t saturating_left_shift(int32_t x, int32_t bits) {
  const int32_t limit = INT32_MAX >> bits;
  return x > limit ? INT32_MAX : x < -limit - 1 ? INT32_MIN : (int32_t)((uint32_t)x << bits);
}

/* 1 / sqrt(x) = multiplier * 2^(shift - 31) for x > 1; for smaller ones as for 1. */
static int32_t inverse_sqrt(int32_t x, int32_t *shift) {
  if (x <= 1) {
    *shift = 0;
    return INT32_MAX;
  }
  int32_t right = 11;
  while (x >= 1 << 29) {
    x /= 4;
    right++;
  }
  while (x < 1 << 27) {
    x *= 4;
    right--;
  }
  const int32_t half = rounding_divide_by_power_of_two(x >> 1, 1); /* Q3.28, as all below */
  int32_t root = ONE_Q3_28;
  for (int32_t step = 0; step < NEWTON_STEPS; step++) {
    const int32_t cube = saturating_left_shift(multiply(multiply(root, root), root), 6);
    root =
        saturating_left_shift(multiply(ONE_Q3_28 + ONE_Q3_28 / 2, root) - multiply(half, cube), 3);
  }
  root = multiply(root, HALF_SQRT_2_Q0_31);
  *shift = right < 0 ? 0 : -right;
  return right < 0 ? (int32_t)((uint32_t)root << -right) : root;
}

void l2_normalization_s8_portable(const struct l2_normalization_s8 *op, const int8_t *in,
                                  int8_t *out, void *scratch) {
  (void)scratch;
  for (int32_t row = 0; row < op->rows; row++) {
    int32_t sum = 0;
    for (int32_t i = 0; i < op->depth; i++) {
      const int32_t centred = in[i] - op->zero_point;
      sum += centred * centred;
    }
    int32_t shift;
    const int32_t multiplier = inverse_sqrt(sum, &shift);
    for (int32_t i = 0; i < op->depth; i++) {
      const int32_t centred = in[i] - op->zero_point;
      out[i] = clamp_s8(requantize(centred, multiplier, shift + OUTPUT_SHIFT), INT8_MIN, INT8_MAX);
    }
    in += op->depth;
    out += op->depth;
  }
}
