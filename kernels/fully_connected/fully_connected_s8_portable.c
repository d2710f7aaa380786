/* SPDX-License-Identifier: Apache-2.0 */
#include "fully_connected.h"

void fully_connected_s8_portable(const struct fully_connected_s8 *op, const int8_t *in, int8_t *out,
                                 void *scratch) {
  (void)scratch;
  const struct channel_s8 *channels = op->channels;
  for (int32_t n = 0; n < op->rows; n++) {
    const int8_t *weights = op->weights;
    for (int32_t o = 0; o < op->out_features; o++) {
      const struct channel_s8 *channel = &channels[o];
      int32_t sum = channel->bias;
      for (int32_t c = 0; c < op->in_features; c++) {
        sum += (int32_t)in[c] * (int32_t)weights[c];
      }
      weights += op->in_features;
      const int32_t scaled =
          requantize(sum, channel->multiplier, channel->shift) + op->out_zero_point;
      *out++ = clamp_s8(scaled, op->out_min, op->out_max);
    }
    in += op->in_features;
  }
}
