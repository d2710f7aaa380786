/* SPDX-License-Identifier: Apache-2.0 */
#include "softmax.h"

#include "../common/reciprocal.h"

#define ACCUMULATION_INTEGER_BITS 12

static int32_t exponential(const struct softmax_s8 *op, int32_t difference) {
  return difference < op->entries ? op->exponentials[difference] : 0;
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
