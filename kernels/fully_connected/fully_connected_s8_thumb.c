/* SPDX-License-Identifier: Apache-2.0
 *
 * Four outputs at a time share the inputs, for the instructions of Armv6-M. Where the last four are
 * fewer, the last one is computed again. weights: int8 [out_features, in_features]; sums below
 * 2^29.
 */
#include "../common/products_thumb.h"
#include "../common/requant_thumb.h"
#include "fully_connected.h"

void fully_connected_s8_thumb(const struct fully_connected_s8 *op, const int8_t *in, int8_t *out,
                              void *scratch) {
  (void)scratch;
  const int32_t count = op->in_features;
  struct products_thumb tile;
  tile.count = count;
  for (int32_t n = 0; n < op->rows; n++) {
    in += count;
    tile.ends[0] = in;
    const int8_t *weights = op->weights;
    const struct channel_s8 *channel = op->channels;
    for (int32_t left = op->out_features; left > 0; left -= 4) {
      tile.ends[1] = weights + count;
      tile.ends[2] = left > 1 ? tile.ends[1] + count : tile.ends[1];
      tile.ends[3] = left > 2 ? tile.ends[2] + count : tile.ends[2];
      tile.fifth = left > 3 ? tile.ends[3] + count : tile.ends[3];
      multiply_four_thumb(&tile);
      for (int32_t c = 0; c < 4 && c < left; c++) {
        const struct scale_scalar scale = split_scale(channel);
        const int32_t scaled =
            requantize_thumb(channel->bias + tile.sums[c], &scale) + op->out_zero_point;
        *out++ = clamp_s8(scaled, op->out_min, op->out_max);
        channel++;
      }
      weights = tile.fifth;
    }
  }
}
