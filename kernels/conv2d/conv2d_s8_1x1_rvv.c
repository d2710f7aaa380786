/* SPDX-License-Identifier: Apache-2.0
 *
 * 1 x 1, stride 1, with vectors of RISC-V: pixels are copied into scratch, three at a time, before
 * any output of theirs is written; tiles and weights as tile_rvv.h, K = in_channels.
 */
#include "../common/copy_bytes_rvv.h"
#include "../tile_rvv/tile_rvv.h"
#include "conv2d.h"

void conv2d_s8_1x1_rvv(const struct conv2d_s8 *op, const int8_t *in, int8_t *out, int32_t pixels,
                       void *scratch) {
  const int32_t inputs = op->in_channels;
  struct tile_rvv tile;
  tile_rvv_stream(&tile, op->weights, op->out_channels);
  tile.in = scratch;
  tile.stride = inputs;
  tile.inputs = inputs;
  tile.out = out;
  tile.zero_point = op->out_zero_point;
  tile.low = op->out_min;
  tile.high = op->out_max;
  while (pixels > 0) {
    const int32_t count = pixels < TILE_RVV_PIXELS ? pixels : TILE_RVV_PIXELS;
    copy_bytes_rvv(scratch, in, count * inputs);
    tile_rvv(&tile, count);
    in += count * inputs;
    tile.out += count * tile.channels;
    pixels -= count;
  }
}
