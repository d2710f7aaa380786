/* SPDX-License-Identifier: Apache-2.0
 *
 * Tiles of 1 to 4 pixels x 16 output channels, channels side by side in vectors.
 *
 * The inputs of a tile lie in scratch as int16, pixel after pixel: K = kernel_height *
 * kernel_width * in_channels values, rounded up to even. Filling is 0.
 *
 * Weight stream, per block of 16 output channels in the order of isa_simd.h:
 *
 *   struct simd_channels
 *   int8 [K rounded up to even / 2][16][2], zeros in the filling
 *
 * The last block ends at the last channel: with 24 channels there are blocks from 0 and from 8. Of
 * fewer than 16 channels, the rest of the only block is filling.
 */
#ifndef KERNELS_CONV2D_CONV2D_TILE_SIMD_H_
#define KERNELS_CONV2D_CONV2D_TILE_SIMD_H_

#include "conv2d.h"
#include "../common/channels_simd.h"

#define TILE_PIXELS 4

struct conv2d_tile_simd {
  int16_t *inputs; /* scratch */
  int32_t taps;    /* K, rounded up to even */
  int32_t out_channels;
  struct simd_edges edges;
};

static inline struct conv2d_tile_simd start_tiles(const struct conv2d_s8 *op, int32_t taps,
                                                  void *scratch) {
  return (struct conv2d_tile_simd){
      .inputs = scratch,
      .taps = (taps + 1) / 2 * 2,
      .out_channels = op->out_channels,
      .edges = {op->out_zero_point, op->out_min, op->out_max},
  };
}

static inline void widen_run(int16_t *inputs, const int8_t *from, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    inputs[i] = from[i];
  }
}

/* Two neighbouring inputs for every channel. */
SIMD_INLINE simd_shorts pair_for_all(const int16_t *inputs) {
  int32_t pair;
  memcpy(&pair, inputs, sizeof pair);
  return (simd_shorts)simd_all(pair);
}

/* A block of channels; `pixels` is a constant wherever this is inlined. */
SIMD_INLINE void tile_block(const struct conv2d_tile_simd *tile,
                            const struct simd_channels *channels, int8_t *out, int32_t pixels) {
  const int8_t *weights = (const int8_t *)(channels + 1);
  const int32_t taps = tile->taps;
  struct simd_sums sums[TILE_PIXELS];
  for (int32_t p = 0; p < pixels; p++) {
    sums[p] = simd_biases(channels);
  }
  for (int32_t k = 0; k < taps; k += 2) {
    const simd_shorts low = simd_widen(weights);
    const simd_shorts high = simd_widen(weights + SIMD_BLOCK);
    for (int32_t p = 0; p < pixels; p++) {
      const simd_shorts pair = pair_for_all(&tile->inputs[p * taps + k]);
      sums[p].low = simd_add_products(sums[p].low, pair, low);
      sums[p].high = simd_add_products(sums[p].high, pair, high);
    }
    weights += 2 * SIMD_BLOCK;
  }
  for (int32_t p = 0; p < pixels; p++) {
    simd_store(out, sums[p], channels, &tile->edges, simd_block_channels(tile->out_channels));
    out += tile->out_channels;
  }
}

SIMD_INLINE void tile_channels(const struct conv2d_tile_simd *tile, const int8_t *stream,
                               int8_t *out, int32_t pixels) {
  const int32_t block_bytes = (int32_t)sizeof(struct simd_channels) + tile->taps * SIMD_BLOCK;
  int32_t channel = 0;
  for (;;) {
    tile_block(tile, (const struct simd_channels *)(const void *)stream, &out[channel], pixels);
    if (channel + SIMD_BLOCK >= tile->out_channels) {
      return;
    }
    stream += block_bytes;
    channel = simd_next_block(channel, tile->out_channels);
  }
}

/* All channels of 1 to 4 pixels whose inputs lie in scratch. */
static inline void conv2d_tile_simd(const struct conv2d_tile_simd *tile, const int8_t *stream,
                                    int8_t *out, int32_t pixels) {
  switch (pixels) {
    case 1:
      tile_channels(tile, stream, out, 1);
      break;
    case 2:
      tile_channels(tile, stream, out, 2);
      break;
    case 3:
      tile_channels(tile, stream, out, 3);
      break;
    default:
      tile_channels(tile, stream, out, TILE_PIXELS);
  }
}

#endif /* KERNELS_CONV2D_CONV2D_TILE_SIMD_H_ */
