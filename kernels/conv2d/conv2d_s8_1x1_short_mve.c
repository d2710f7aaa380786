/* SPDX-License-Identifier: Apache-2.0
 *
 * 1 x 1 convolution of at most 16 channels for Cortex-M55: inputs are read from where they lie,
 * four pixels before their outputs are written. Weights: tile_short.h. No scratch.
 */
#include "conv2d.h"
#include "../tile_short/tile_short.h"

void conv2d_s8_1x1_short_mve(const struct conv2d_s8 *op, const int8_t *in, int8_t *out,
                             int32_t pixels, void *scratch) {
  (void)scratch;
  const int32_t taps = op->in_channels, channels = op->out_channels;
  struct tile_short_mve tile; /* not cleared: some members are never read */
  tile.row = taps + taps % 2;
  tile.taps = taps;
  tile.zero_point = op->out_zero_point;
  tile.step = SHORT_PIXELS * taps;
  tile.skip = (SHORT_PIXELS - 1) * channels;
  tile.weights = op->weights;
  tile.channels = channels;
  tile.bytewise = (int32_t)((uintptr_t)out | (uint32_t)channels) & 3;
  vst1q_s8(tile.lows, vdupq_n_s8((int8_t)op->out_min));
  vst1q_s8(tile.highs, vdupq_n_s8((int8_t)op->out_max));
  const int32x4_t offsets = vmulq_n_s32(vreinterpretq_s32_u32(vidupq_n_u32(0, 1)), channels);
  const int32_t whole = pixels / SHORT_PIXELS, left = pixels % SHORT_PIXELS;
  tile.out = out;
  if (whole > 0) {
    tile.tiles = whole;
    short_windows(&tile, in, taps, SHORT_PIXELS);
    vst1q_s32(tile.offsets, offsets);
    tile_short_mve(&tile);
  }
  if (left > 0) {
    tile.out = out + SHORT_PIXELS * whole * channels;
    tile.tiles = 1;
    short_windows(&tile, in + SHORT_PIXELS * whole * taps, taps, left);
    vst1q_s32(tile.offsets, vminq_s32(offsets, vdupq_n_s32((left - 1) * channels)));
    tile_short_mve(&tile);
  }
}
