/* SPDX-License-Identifier: Apache-2.0
 *
 * FULLY_CONNECTED of int16 with any sums, biases and scales for the Armv7E-M DSP extension: sums of
 * 64 bits, requantised in C.
 *
 * weights: for each four outputs, filled up by zeros, for each 4 inputs k a word of each output,
 * bytes (w[k], w[k + 2], w[k + 1], w[k + 3]). Biases and scales are those of the portable kernel.
 * scratch as in fully_connected_s16_dsp.c.
 */
#include <string.h>

#include "../common/product_sums_s16_dsp.h"
#include "fully_connected.h"

void fully_connected_s16_any_dsp(const struct fully_connected_s16 *op, const int8_t *in,
                                 int8_t *out, void *scratch) {
  const int32_t outputs = op->out_features, blocks = (op->in_features + 3) / 4;
  const arena_s16 *from = read_s16(in);
  arena_s16 *to = write_s16(out);
  for (int32_t n = 0; n < op->rows; n++) {
    const arena_s16 *inputs = from;
    if (scratch != NULL) {
      memcpy(scratch, from, 2 * (size_t)op->in_features);
      inputs = scratch;
    }
    const int32_t *weights = op->weights;
    for (int32_t o = 0; o < outputs; o += PRODUCT_S16_OUTPUTS) {
      const int32_t rest = outputs - o < PRODUCT_S16_OUTPUTS ? outputs - o : PRODUCT_S16_OUTPUTS;
      int64_t totals[PRODUCT_S16_OUTPUTS];
      weights = product_s16_sums(weights, inputs, blocks, totals);
      for (int32_t k = 0; k < rest; k++) {
        const int64_t sum = totals[k] + op->bias[o + k];
        *to++ =
            clamp_s16(requantize_s16(sum, &op->scales[o + k], op->wide), op->out_min, op->out_max);
      }
    }
    from += op->in_features;
  }
}
