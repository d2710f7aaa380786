/* SPDX-License-Identifier: Apache-2.0
 *
 * 1 x 1 convolution, stride 1, for Cortex-M55: four pixels at a time, from where they lie or, where
 * outputs come to lie over them, from scratch. Weights: tile_fours.h with K = in_channels. Four
 * pixels are read before their outputs are written.
 */
#include "../common/copy_bytes.h"
#include "../tile_fours/tile_fours.h"
#include "conv2d.h"

/* Tiles, of all that begin here, which do not write over inputs of theirs; at least one of fewer
 * pixels, if that does not. */
static int32_t tiles_apart(const int8_t *in, int32_t in_channels, const int8_t *out,
                           int32_t channels, int32_t pixels) {
  const int32_t whole = pixels / FOURS_PIXELS, all = whole > 0 ? whole : 1;
  const int32_t written = FOURS_PIXELS * channels;
  const int32_t narrows = FOURS_PIXELS * (channels - in_channels); /* from tile to tile */
  const int32_t gap = (int32_t)((uintptr_t)in - (uintptr_t)out);
  if (gap <= -pixels * in_channels || gap >= pixels * channels) {
    return all;
  }
  if (gap < written) {
    return 0;
  }
  const int32_t apart = narrows > 0 ? 1 + (gap - written) / narrows : all;
  return apart < all ? apart : all;
}

void conv2d_s8_1x1_fours_mve(const struct conv2d_s8 *op, const int8_t *in, int8_t *out,
                             int32_t pixels, void *scratch) {
  const int32_t in_channels = op->in_channels, channels = op->out_channels;
  struct tile_fours_mve tile; /* not cleared: some members are never read */
  tile.zero_point = op->out_zero_point;
  tile.channels = channels;
  tile.bytewise = (int32_t)((uintptr_t)out | (uint32_t)channels) & 3;
  tile.weights = (const int8_t *)op->weights + FOURS_VECTOR;
  tile.low = op->out_min;
  tile.high = op->out_max;
  tile.step = FOURS_PIXELS * in_channels;
  tile.skip = (FOURS_PIXELS - 1) * channels;
  const int32_t front = fours_of(&tile, in_channels);
  int32_t apart = front == 0; /* what lies in front of the first pixel may be no memory */
  while (pixels > 0) {
    const int32_t count = pixels < FOURS_PIXELS ? pixels : FOURS_PIXELS;
    const int8_t *from = in;
    if (apart) {
      apart = tiles_apart(in, in_channels, out, channels, pixels);
    }
    tile.tiles = apart > 1 ? apart : 1;
    if (!apart) {
      from = (int8_t *)scratch + FOURS_VECTOR;
      copy_bytes((int8_t *)scratch + FOURS_VECTOR, in, (size_t)(count * in_channels));
    }
    fours_windows(&tile, from - front, in_channels, count);
    fours_offsets(&tile, channels, count);
    const int32_t done = count * tile.tiles;
    tile.out = out;
    tile_fours_mve(&tile);
    pixels -= done;
    in += done * in_channels;
    out += done * channels;
    apart = 1;
  }
}
