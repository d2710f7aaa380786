/* SPDX-License-Identifier: Apache-2.0 */
#include "../common/real.h"
#include "reduce_f32.h"

void extremum_f32_portable(const struct reduce_f32 *op, const int8_t *in, int8_t *out,
                           void *scratch) {
  (void)scratch;
  const float *values = reals(in);
  float *results = reals_out(out);
  for (int32_t o = 0; o < op->outer; o++) {
    for (int32_t i = 0; i < op->inner; i++) {
      float best = op->sign * values[i];
      for (int32_t n = 1; n < op->count; n++) {
        const float value = op->sign * values[n * op->inner + i];
        best = value > best ? value : best;
      }
      *results++ = op->sign * best;
    }
    values += op->count * op->inner;
  }
}
