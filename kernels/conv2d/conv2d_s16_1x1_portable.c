/* SPDX-License-Identifier: Apache-2.0 */
#include "conv2d.h"

void conv2d_s16_1x1_portable(const struct conv2d_s16 *op, const int8_t *in, int8_t *out,
                             int32_t pixels, void *scratch) {
  (void)scratch;
  const arena_s16 *from = read_s16(in);
  arena_s16 *to = write_s16(out);
  for (int32_t p = 0; p < pixels; p++) {
    const int8_t *weights = op->weights;
    for (int32_t o = 0; o < op->out_channels; o++) {
      int64_t sum = op->bias[o];
      for (int32_t c = 0; c < op->in_channels; c++) {
        sum += (int32_t)from[c] * (int32_t)*weights++;
      }
      *to++ = clamp_s16(requantize_s16(sum, &op->scales[o], op->wide), op->out_min, op->out_max);
    }
    from += op->in_channels;
  }
}
