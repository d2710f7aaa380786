/* SPDX-License-Identifier: Apache-2.0 */
#include "softmax.h"

#define ACCUMULATION_INTEGER_BITS 12

static int32_t exponential(const struct softmax_s8 *op, int32_t difference) {
  return difference < op->entries ? op->exponentials[difference] : 0;
}

static int32_t leading_zeros(uint32_t x) {
  int32_t zeros = 0;
  while ((x & 0x80000000u) == 0) {
    x <<= 1;
    zeros++;
  }
  return zeros;
}

static int32_t saturating_times_4(int32_t x) {
  const int64_t product = (int64_t)x * 4;
  return product > INT32_MAX ? INT32_MAX : product < INT32_MIN ? INT32_MIN : (int32_t)product;
}

static int32_t saturating_times_2(int32_t x) {
  const int64_t product = (int64_t)x * 2;
  return product > INT32_MAX ? INT32_MAX : product < INT32_MIN ? INT32_MIN : (int32_t)product;
}

/* 1 / (1 + a) in Q0.31 for a in [0, 1) in Q0.31. */
static int32_t one_over_one_plus_x(int32_t a) {
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

static void softmax_row(const struct softmax_s8 *op, const int8_t *in, int8_t *out) {
  int32_t largest = INT8_MIN;
  for (int32_t i = 0; i < op->depth; i++) {
    largest = in[i] > largest ? in[i] : largest;
  }
  int32_t sum = 0;
  for (int32_t i = 0; i < op->depth; i++) {
    sum += rounding_divide_by_power_of_two(exponential(op, largest - in[i]),
                                           ACCUMULATION_INTEGER_BITS);
  }
  const int32_t headroom = leading_zeros((uint32_t)sum);
  const int32_t reciprocal =
      one_over_one_plus_x((int32_t)(((uint32_t)sum << headroom) - 0x80000000u));
  const int32_t exponent = ACCUMULATION_INTEGER_BITS - headroom + 31 - 8;
  for (int32_t i = 0; i < op->depth; i++) {
    const int32_t product =
        saturating_rounding_doubling_high_mul(reciprocal, exponential(op, largest - in[i]));
    out[i] =
        clamp_s8(rounding_divide_by_power_of_two(product, exponent) + INT8_MIN, INT8_MIN, INT8_MAX);
  }
}

void softmax_s8_portable(const struct softmax_s8 *op, const int8_t *in, int8_t *out,
                         void *scratch) {
  (void)scratch;
  for (int32_t r = 0; r < op->rows; r++) {
    softmax_row(op, &in[r * op->depth], &out[r * op->depth]);
  }
}
