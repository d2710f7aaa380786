/* SPDX-License-Identifier: Apache-2.0 */
#include "prelu_f32.h"

#include "../common/real.h"

void prelu_f32_portable(const struct prelu_f32 *op, const int8_t *in, const int8_t *alpha,
                        int8_t *out, int32_t pixels, void *scratch) {
  (void)scratch;
  const float *values = reals(in);
  const float *slopes = reals(alpha);
  float *results = reals_out(out);
  for (int32_t p = 0; p < pixels; p++) {
    for (int32_t i = 0; i < op->period; i++) {
      const float x = *values++;
      *results++ = x >= 0.0f ? x : x * slopes[i];
    }
  }
}
