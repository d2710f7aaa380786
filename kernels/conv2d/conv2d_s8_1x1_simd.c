/* SPDX-License-Identifier: Apache-2.0
 *
 * 1 x 1 convolution: tiles as conv2d_tile_simd.h, K = in_channels.
 */
#include "conv2d.h"
#include "conv2d_tile_simd.h"

void conv2d_s8_1x1_simd(const struct conv2d_s8 *op, const int8_t *in, int8_t *out, int32_t pixels,
                        void *scratch) {
  const int32_t in_channels = op->in_channels;
  const struct conv2d_tile_simd tile = start_tiles(op, in_channels, scratch);
  while (pixels > 0) {
    const int32_t count = pixels < TILE_PIXELS ? pixels : TILE_PIXELS;
    for (int32_t p = 0; p < count; p++) {
      tile.inputs[(p + 1) * tile.taps - 1] = 0;
      widen_run(&tile.inputs[p * tile.taps], in, in_channels);
      in += in_channels;
    }
    conv2d_tile_simd(&tile, op->weights, out, count);
    out += count * op->out_channels;
    pixels -= count;
  }
}
