/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "../common/real.h"
#include "row_maximum.h"
#include "rows_f32.h"

void softmax_f32_portable(const struct rows_f32 *op, const int8_t *in, int8_t *out, int32_t pixels,
                          void *scratch) {
  (void)scratch;
  const float *values = reals(in);
  float *results = reals_out(out);
  for (int32_t p = 0; p < pixels; p++) {
    const float most = row_maximum(values, op->depth);
    float sum = 0.0f;
    for (int32_t i = 0; i < op->depth; i++) {
      results[i] = expf((values[i] - most) * op->beta);
      sum += results[i];
    }
    for (int32_t i = 0; i < op->depth; i++) {
      results[i] /= sum;
    }
    values += op->depth;
    results += op->depth;
  }
}
