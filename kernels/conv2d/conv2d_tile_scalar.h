/* SPDX-License-Identifier: Apache-2.0
 *
 * Tiles of 4 pixels x 2 output channels for cores that multiply one pair of 32 bits at a time and
 * have the registers for eight sums.
 *
 * The inputs of a tile lie in scratch, pixel after pixel: K = kernel_height * kernel_width *
 * in_channels bytes each. Tiles of 2 pixels and of 1 are for the rest of a row; of an odd number of
 * channels the last one is computed twice. weights: int8 [out_channels, K].
 */
#ifndef KERNELS_CONV2D_CONV2D_TILE_SCALAR_H_
#define KERNELS_CONV2D_CONV2D_TILE_SCALAR_H_

#include "conv2d.h"
#include "../common/products_scalar.h"
#include "../common/requant_scalar.h"

/* All channels of 1, 2 or 4 pixels whose inputs lie in scratch. */
static inline void conv2d_tile_scalar(const struct conv2d_s8 *op, const int8_t *inputs,
                                      int32_t count, int8_t *out, int32_t pixels) {
  const int8_t *weights = op->weights;
  const int32_t channels = op->out_channels;
  const int32_t zero_point = op->out_zero_point, low = op->out_min, high = op->out_max;
  for (int32_t o = 0; o < channels; o += TILE_CHANNELS) {
    const int32_t second = o + 1 < channels;
    const int32_t next = second ? count : 0;
    tile_sums sums;
    if (pixels == 4) {
      multiply_four(inputs, weights, next, count, sums);
    } else if (pixels == 2) {
      multiply_two(inputs, weights, next, count, sums);
    } else {
      multiply_one(inputs, weights, next, count, sums);
    }
    for (int32_t c = 0; c <= second; c++) {
      const struct channel_s8 *channel = &op->channels[o + c];
      const struct scale_scalar scale = split_scale(channel);
      const int32_t bias = channel->bias;
      int8_t *to = &out[o + c];
      for (int32_t p = 0; p < pixels; p++) {
        *to = clamp_s8(requantize_scalar(bias + sums[c][p], &scale) + zero_point, low, high);
        to += channels;
      }
    }
    weights += TILE_CHANNELS * count;
  }
}

/* The next tile of some pixels. */
static inline int32_t tile_pixels(int32_t left) {
  return left >= 4 ? 4 : left >= 2 ? 2 : 1;
}

#endif /* KERNELS_CONV2D_CONV2D_TILE_SCALAR_H_ */
