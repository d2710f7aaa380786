/* SPDX-License-Identifier: Apache-2.0 */
#include "../common/products_dsp.h"
#include "svdf_time_loop.h"

void svdf_time_s8_dsp(const struct svdf_time *op, const int8_t *state, int8_t *out, void *scratch) {
  (void)scratch;
  const int32_t bytes = op->length * 1;
  for (int32_t n = 0; n < op->batches; n++) {
    const int8_t *weights = op->weights;
    for (int32_t u = 0; u < op->units; u++) {
      const int32_t sum = add_products_dsp(op->bias[u], state, weights, op->length);
      *out++ = svdf_finished(op, (uint32_t)sum);
      state += bytes;
      weights += bytes;
    }
  }
}
