/* SPDX-License-Identifier: Apache-2.0 */
#include "batch_matmul_f32.h"

#include "../common/real.h"

static float dot(const float *a, const float *b, int32_t count) {
  float sum = 0.0f;
  for (int32_t i = 0; i < count; i++) {
    sum += a[i] * b[i];
  }
  return sum;
}

void batch_matmul_f32_portable(const struct batch_matmul_f32 *op, const int8_t *first,
                               const int8_t *second, int8_t *out, void *scratch) {
  (void)scratch;
  float *results = reals_out(out);
  for (int32_t b = 0; b < op->batches; b++) {
    const float *left = reals(first) + b * op->first_step;
    for (int32_t m = 0; m < op->rows; m++) {
      const float *right = reals(second) + b * op->second_step;
      for (int32_t n = 0; n < op->columns; n++) {
        *results++ = dot(left, right, op->depth);
        right += op->depth;
      }
      left += op->depth;
    }
  }
}
