/* SPDX-License-Identifier: Apache-2.0
 *
 * BATCH_MATMUL, float32: out[b, m, n] = sum_k first[b, m, k] * second[b, n, k]
 */
#ifndef KERNELS_BATCH_MATMUL_F32_BATCH_MATMUL_F32_H_
#define KERNELS_BATCH_MATMUL_F32_BATCH_MATMUL_F32_H_

#include <stdint.h>

struct batch_matmul_f32 {
  int32_t batches;
  int32_t first_step; /* values from batch to batch; 0 repeats */
  int32_t second_step;
  int32_t rows;    /* m */
  int32_t columns; /* n */
  int32_t depth;   /* k */
};

/* Any shape. No scratch. */
void batch_matmul_f32_portable(const struct batch_matmul_f32 *op, const int8_t *first,
                               const int8_t *second, int8_t *out, void *scratch);

#endif /* KERNELS_BATCH_MATMUL_F32_BATCH_MATMUL_F32_H_ */
