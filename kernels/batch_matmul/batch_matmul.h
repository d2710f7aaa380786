/* SPDX-License-Identifier: Apache-2.0
 *
 * BATCH_MATMUL, int8, of two tensors that are computed:
 *
 *   out[b, m, n] = clamp(requantize(sum_k (first[b, m, k] - first_zero_point) *
 *                                         (second[b, n, k] - second_zero_point)) + out_zero_point)
 *
 * The second operand comes transposed, so that both are read along k.
 */
#ifndef KERNELS_BATCH_MATMUL_BATCH_MATMUL_H_
#define KERNELS_BATCH_MATMUL_BATCH_MATMUL_H_

#include <stdint.h>

#include "../common/requant.h"
#include "../common/values_s16.h"

struct batch_matmul_s8 {
  int32_t multiplier;
  int32_t batches;
  int32_t first_step; /* values from a batch to the next; 0: one matrix for all */
  int32_t second_step;
  int16_t rows;    /* m */
  int16_t columns; /* n */
  int16_t depth;   /* k */
  int16_t shift;
  int16_t first_zero_point;
  int16_t second_zero_point;
  int16_t out_zero_point;
};

/* Any shape. scratch: int32 [columns]. */
void batch_matmul_s8_portable(const struct batch_matmul_s8 *op, const int8_t *first,
                              const int8_t *second, int8_t *out, void *scratch);

/* For the Armv7E-M DSP extension: blocks of 2 x 2 outputs, 4 values along k at a time.
 * scratch: int32 [columns]. */
void batch_matmul_s8_dsp(const struct batch_matmul_s8 *op, const int8_t *first,
                         const int8_t *second, int8_t *out, void *scratch);

/* int16 with zero points of 0: sums of 64 bits. */
struct batch_matmul_s16 {
  struct scale_s16 scale; /* wide */
  int32_t batches;
  int32_t first_step; /* values from a batch to the next; 0: one matrix for all */
  int32_t second_step;
  int16_t rows;    /* m */
  int16_t columns; /* n */
  int16_t depth;   /* k */
};

/* Any shape. No scratch. */
void batch_matmul_s16_portable(const struct batch_matmul_s16 *op, const int8_t *first,
                               const int8_t *second, int8_t *out, void *scratch);

#endif /* KERNELS_BATCH_MATMUL_BATCH_MATMUL_H_ */
