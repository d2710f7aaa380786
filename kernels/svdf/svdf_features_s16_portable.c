/* SPDX-License-Identifier: Apache-2.0 */
#include "../common/requant.h"
#include "../common/values_s16.h"
#include "svdf.h"

void svdf_features_s16_portable(const struct svdf_features *op, const int8_t *in, int8_t *out,
                                void *scratch) {
  (void)scratch;
  arena_s16 *features = write_s16(out);
  for (int32_t n = 0; n < op->batches; n++) {
    const int8_t *weights = op->weights;
    for (int32_t w = 0; w < op->windows; w++) {
      int32_t sum = op->bias[w];
      for (int32_t c = 0; c < op->inputs; c++) {
        sum += in[c] * weights[c];
      }
      weights += op->inputs;
      const int32_t scaled = requantize(sum, op->multiplier, op->shift);
      *features++ = clamp_s16(scaled, INT16_MIN, INT16_MAX);
    }
    in += op->inputs;
  }
}
