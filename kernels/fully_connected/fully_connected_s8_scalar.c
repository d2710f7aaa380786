/* SPDX-License-Identifier: Apache-2.0
 *
 * Two outputs at a time share the inputs, for cores that multiply one pair of 32 bits at a time; an
 * odd last one is computed twice. weights: int8 [out_features, in_features]; sums below 2^29.
 */
#include "../common/products_scalar.h"
#include "../common/requant_scalar.h"
#include "fully_connected.h"

void fully_connected_s8_scalar(const struct fully_connected_s8 *op, const int8_t *in, int8_t *out,
                               void *scratch) {
  (void)scratch;
  const int32_t count = op->in_features;
  for (int32_t n = 0; n < op->rows; n++) {
    const int8_t *weights = op->weights;
    const struct channel_s8 *channel = op->channels;
    for (int32_t left = op->out_features; left > 0; left -= TILE_CHANNELS) {
      tile_sums sums;
      multiply_one(in, weights, left > 1 ? count : 0, count, sums);
      for (int32_t c = 0; c < TILE_CHANNELS && c < left; c++) {
        const struct scale_scalar scale = split_scale(channel);
        const int32_t scaled =
            requantize_scalar(channel->bias + sums[c][0], &scale) + op->out_zero_point;
        *out++ = clamp_s8(scaled, op->out_min, op->out_max);
        channel++;
      }
      weights += TILE_CHANNELS * count;
    }
    in += count;
  }
}
