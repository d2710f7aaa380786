/* SPDX-License-Identifier: Apache-2.0
 *
 * Tiles of 2 pixels x 2 output channels for cores with the instructions of Armv6-M: eight registers
 * and a multiplication that overwrites a factor. The sums stay in the upper registers, which an
 * addition reaches: 15 instructions for 4 products.
 *
 * The inputs of a tile lie in scratch, pixel after pixel: K = kernel_height * kernel_width *
 * in_channels bytes each. One pixel is computed twice, as the last of an odd number of channels is.
 * weights: int8 [out_channels, K].
 */
#ifndef KERNELS_CONV2D_CONV2D_TILE_THUMB_H_
#define KERNELS_CONV2D_CONV2D_TILE_THUMB_H_

#include "conv2d.h"
#include "../common/products_thumb.h"
#include "../common/requant_thumb.h"

#define TILE_PIXELS 2
#define TILE_CHANNELS 2

/* All channels of 1 or 2 pixels whose inputs lie in scratch. */
static inline void conv2d_tile_thumb(const struct conv2d_s8 *op, const int8_t *inputs,
                                     int32_t count, int8_t *out, int32_t pixels) {
  struct products_thumb tile;
  tile.ends[0] = inputs + count;
  tile.ends[1] = inputs + pixels * count;
  tile.ends[2] = op->weights;
  tile.count = count;
  const int32_t channels = op->out_channels;
  const int32_t zero_point = op->out_zero_point, low = op->out_min, high = op->out_max;
  for (int32_t o = 0; o < channels; o += TILE_CHANNELS) {
    const int32_t second = o + 1 < channels;
    tile.ends[2] += count;
    tile.ends[3] = tile.ends[2] + (second ? count : 0);
    add_products_thumb(&tile);
    for (int32_t c = 0; c <= second; c++) {
      const struct channel_s8 *channel = &op->channels[o + c];
      const struct scale_scalar scale = split_scale(channel);
      int8_t *to = &out[o + c];
      for (int32_t p = 0; p < pixels; p++) {
        const int32_t sum = channel->bias + tile.sums[2 * p + c];
        *to = clamp_s8(requantize_thumb(sum, &scale) + zero_point, low, high);
        to += channels;
      }
    }
    tile.ends[2] = tile.ends[3];
  }
}

#endif /* KERNELS_CONV2D_CONV2D_TILE_THUMB_H_ */
