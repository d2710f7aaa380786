/* SPDX-License-Identifier: Apache-2.0
 *
 * What both outputs of an int8 softmax have in common: the exponentials of a row and the reciprocal
 * of their sum.
 */
#ifndef KERNELS_SOFTMAX_SOFTMAX_SUMS_H_
#define KERNELS_SOFTMAX_SOFTMAX_SUMS_H_

#include "../common/reciprocal.h"
#include "softmax.h"

#define SOFTMAX_SUM_INTEGER_BITS 12

static inline int32_t softmax_exponential(const struct softmax_s8 *op, int32_t difference) {
  return difference < op->entries ? op->exponentials[difference] : 0;
}

/* A row's largest value, and the reciprocal of its sum in Q0.31 with an exponent. */
struct softmax_row {
  int32_t largest;
  int32_t reciprocal;
  int32_t exponent; /* of 2, to divide by */
};

static inline struct softmax_row softmax_sum_row(const struct softmax_s8 *op, const int8_t *in) {
  struct softmax_row row = {INT8_MIN, 0, 0};
  for (int32_t i = 0; i < op->depth; i++) {
    row.largest = in[i] > row.largest ? in[i] : row.largest;
  }
  int32_t sum = 0;
  for (int32_t i = 0; i < op->depth; i++) {
    sum += rounding_divide_by_power_of_two(softmax_exponential(op, row.largest - in[i]),
                                           SOFTMAX_SUM_INTEGER_BITS);
  }
  const int32_t headroom = leading_zeros((uint32_t)sum);
  row.reciprocal = one_over_one_plus_x((int32_t)(((uint32_t)sum << headroom) - 0x80000000u));
  row.exponent = SOFTMAX_SUM_INTEGER_BITS - headroom + 31;
  return row;
}

/* A value's share of its row, in steps of 2^-bits. */
static inline int32_t softmax_share(const struct softmax_s8 *op, const struct softmax_row *row,
                                    int8_t value, int32_t bits) {
  const int32_t product = saturating_rounding_doubling_high_mul(
      row->reciprocal, softmax_exponential(op, row->largest - value));
  return rounding_divide_by_power_of_two(product, row->exponent - bits);
}

#endif /* KERNELS_SOFTMAX_SOFTMAX_SUMS_H_ */
