/* SPDX-License-Identifier: Apache-2.0
 *
 * Tiles of 2 pixels x 2 output channels, or of 1 x 4, for cores with the instructions of Armv6-M:
 * ../common/products_thumb.h.
 *
 * The inputs of a tile lie in scratch, pixel after pixel: K = kernel_height * kernel_width *
 * in_channels bytes each. Where a tile reaches beyond the last channel, that one is computed again.
 * weights: int8 [out_channels, K].
 */
#ifndef KERNELS_CONV2D_CONV2D_TILE_THUMB_H_
#define KERNELS_CONV2D_CONV2D_TILE_THUMB_H_

#include "conv2d.h"
#include "../common/products_thumb.h"
#include "../common/requant_thumb.h"

#define TILE_PIXELS 2

/* Outputs of one channel, `step` bytes apart. */
static inline void store_channel(const struct conv2d_s8 *op, const struct channel_s8 *channel,
                                 const int32_t *sums, int32_t sum_step, int8_t *out,
                                 int32_t pixels) {
  const struct scale_scalar scale = split_scale(channel);
  const int32_t bias = channel->bias;
  for (int32_t p = 0; p < pixels; p++) {
    const int32_t scaled = requantize_thumb(bias + *sums, &scale) + op->out_zero_point;
    *out = clamp_s8(scaled, op->out_min, op->out_max);
    sums += sum_step;
    out += op->out_channels;
  }
}

/* All channels of two pixels whose inputs lie in scratch. */
static inline void convolve_pair(const struct conv2d_s8 *op, const int8_t *inputs, int32_t count,
                                 int8_t *out) {
  struct products_thumb tile;
  tile.ends[0] = inputs + count;
  tile.ends[1] = tile.ends[0] + count;
  tile.count = count;
  const int8_t *weights = op->weights;
  for (int32_t left = op->out_channels; left > 0; left -= 2) {
    const int32_t channels = left > 1 ? 2 : 1;
    tile.ends[2] = weights + count;
    tile.ends[3] = weights + channels * count;
    multiply_pairs_thumb(&tile);
    const struct channel_s8 *channel = &op->channels[op->out_channels - left];
    for (int32_t c = 0; c < channels; c++) {
      store_channel(op, &channel[c], &tile.sums[c], 2, out++, 2);
    }
    weights = tile.ends[3];
  }
}

/* All channels of one pixel. */
static inline void convolve_one(const struct conv2d_s8 *op, const int8_t *inputs, int32_t count,
                                int8_t *out) {
  struct products_thumb tile;
  tile.ends[0] = inputs + count;
  tile.count = count;
  const int8_t *weights = op->weights;
  for (int32_t left = op->out_channels; left > 0; left -= 4) {
    tile.ends[1] = weights + count;
    tile.ends[2] = left > 1 ? tile.ends[1] + count : tile.ends[1];
    tile.ends[3] = left > 2 ? tile.ends[2] + count : tile.ends[2];
    tile.fifth = left > 3 ? tile.ends[3] + count : tile.ends[3];
    multiply_four_thumb(&tile);
    const struct channel_s8 *channel = &op->channels[op->out_channels - left];
    for (int32_t c = 0; c < 4 && c < left; c++) {
      store_channel(op, &channel[c], &tile.sums[c], 1, out++, 1);
    }
    weights = tile.fifth;
  }
}

static inline void conv2d_tile_thumb(const struct conv2d_s8 *op, const int8_t *inputs,
                                     int32_t count, int8_t *out, int32_t pixels) {
  if (pixels > 1) {
    convolve_pair(op, inputs, count, out);
  } else {
    convolve_one(op, inputs, count, out);
  }
}

#endif /* KERNELS_CONV2D_CONV2D_TILE_THUMB_H_ */
