/* SPDX-License-Identifier: Apache-2.0
 *
 * What zero points add to a product of rows: with a and b the values along k,
 *
 *   sum (a - za)(b - zb) = sum ab - zb sum a + [za (k zb - sum b)]
 *
 * and the bracket is the same for all rows of the first matrix.
 */
#ifndef KERNELS_BATCH_MATMUL_BATCH_MATMUL_SUMS_H_
#define KERNELS_BATCH_MATMUL_BATCH_MATMUL_SUMS_H_

#include "batch_matmul.h"

static inline int32_t batch_matmul_sum(const int8_t *values, int32_t count) {
  int32_t sum = 0;
  for (int32_t k = 0; k < count; k++) {
    sum += values[k];
  }
  return sum;
}

/* The bracket for every row of the second matrix. */
static inline void batch_matmul_offsets(const struct batch_matmul_s8 *op, const int8_t *second,
                                        int32_t *offsets) {
  const int32_t constant = op->depth * op->second_zero_point;
  for (int32_t n = 0; n < op->columns; n++) {
    offsets[n] =
        op->first_zero_point * (constant - batch_matmul_sum(second + n * op->depth, op->depth));
  }
}

static inline int8_t batch_matmul_finish(const struct batch_matmul_s8 *op, int32_t sum) {
  return clamp_s8(requantize(sum, op->multiplier, op->shift) + op->out_zero_point, INT8_MIN,
                  INT8_MAX);
}

#endif /* KERNELS_BATCH_MATMUL_BATCH_MATMUL_SUMS_H_ */
