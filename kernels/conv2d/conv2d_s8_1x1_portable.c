/* SPDX-License-Identifier: Apache-2.0 */
#include "conv2d.h"

void conv2d_s8_1x1_portable(const struct conv2d_s8 *op, const int8_t *in, int8_t *out,
                            int32_t pixels, void *scratch) {
  (void)scratch;
  const int32_t in_channels = op->in_channels;
  const int32_t out_channels = op->out_channels;
  for (int32_t p = 0; p < pixels; p++) {
    const int8_t *weights = op->weights;
    for (int32_t o = 0; o < out_channels; o++) {
      const struct channel_s8 *channel = &op->channels[o];
      int32_t sum = channel->bias;
      for (int32_t c = 0; c < in_channels; c++) {
        sum += (int32_t)in[c] * (int32_t)weights[c];
      }
      weights += in_channels;
      const int32_t scaled =
          requantize(sum, channel->multiplier, channel->shift) + op->out_zero_point;
      out[o] = clamp_s8(scaled, op->out_min, op->out_max);
    }
    in += in_channels;
    out += out_channels;
  }
}
