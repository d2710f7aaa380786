/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "../common/real.h"
#include "rows_f32.h"

#define LEAST_NORM 1e-6f

void l2_normalization_f32_portable(const struct rows_f32 *op, const int8_t *in, int8_t *out,
                                   int32_t pixels, void *scratch) {
  (void)scratch;
  const float *values = reals(in);
  float *results = reals_out(out);
  for (int32_t p = 0; p < pixels; p++) {
    float sum = 0.0f;
    for (int32_t i = 0; i < op->depth; i++) {
      sum += values[i] * values[i];
    }
    const float root = sqrtf(sum);
    const float norm = root < LEAST_NORM ? LEAST_NORM : root;
    for (int32_t i = 0; i < op->depth; i++) {
      results[i] = values[i] / norm;
    }
    values += op->depth;
    results += op->depth;
  }
}
