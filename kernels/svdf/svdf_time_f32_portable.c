/* SPDX-License-Identifier: Apache-2.0 */
#include "../common/real.h"
#include "svdf.h"

void svdf_time_f32_portable(const struct svdf_time_f32 *op, const int8_t *state, int8_t *out,
                            void *scratch) {
  (void)scratch;
  const float *values = reals(state);
  float *results = reals_out(out);
  for (int32_t n = 0; n < op->batches; n++) {
    const float *weights = op->weights;
    for (int32_t u = 0; u < op->units; u++) {
      float sum = op->bias[u];
      for (int32_t k = 0; k < op->length; k++) {
        sum += values[k] * weights[k];
      }
      values += op->length;
      weights += op->length;
      *results++ = clamp_f32(sum, op->out_min, op->out_max);
    }
  }
}
