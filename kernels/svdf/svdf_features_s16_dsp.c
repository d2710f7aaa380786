/* SPDX-License-Identifier: Apache-2.0 */
#include "../common/products_dsp.h"
#include "../common/requant.h"
#include "../common/values_s16.h"
#include "svdf.h"

void svdf_features_s16_dsp(const struct svdf_features *op, const int8_t *in, int8_t *out,
                           void *scratch) {
  (void)scratch;
  arena_s16 *features = write_s16(out);
  for (int32_t n = 0; n < op->batches; n++) {
    const int8_t *weights = op->weights;
    for (int32_t w = 0; w < op->windows; w++) {
      const int32_t sum = add_products_dsp(op->bias[w], in, weights, op->inputs);
      const int32_t scaled = requantize(sum, op->multiplier, op->shift);
      *features++ = clamp_s16(scaled, INT16_MIN, INT16_MAX);
      weights += op->inputs;
    }
    in += op->inputs;
  }
}
