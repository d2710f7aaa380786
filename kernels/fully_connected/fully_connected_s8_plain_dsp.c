/* SPDX-License-Identifier: Apache-2.0
 *
 * FULLY_CONNECTED for the Armv7E-M DSP extension, output by output: the dot product of two rows of
 * int8, in some two instructions for each multiply-accumulate. For one output, and for weights of
 * -128 that pairs of outputs cannot share a register with. Any sums and scales.
 */
#include "../common/products_dsp.h"
#include "fully_connected.h"

void fully_connected_s8_plain_dsp(const struct fully_connected_s8 *op, const int8_t *in,
                                  int8_t *out, void *scratch) {
  (void)scratch;
  const int32_t features = op->in_features;
  const struct channel_s8 *channels = op->channels;
  for (int32_t n = 0; n < op->rows; n++) {
    const int8_t *weights = op->weights;
    for (int32_t o = 0; o < op->out_features; o++) {
      const struct channel_s8 *channel = &channels[o];
      const int32_t sum = add_products_dsp(channel->bias, in, weights, features);
      const int32_t scaled = requantize(sum, channel->multiplier, channel->shift);
      *out++ = clamp_s8(scaled + op->out_zero_point, op->out_min, op->out_max);
      weights += features;
    }
    in += features;
  }
}
