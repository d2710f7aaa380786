/* SPDX-License-Identifier: Apache-2.0
 *
 * FULLY_CONNECTED with vectors of RISC-V: rows are pixels of tile_rvv.h, K = in_features.
 */
#include "../tile_rvv/tile_rvv.h"
#include "fully_connected.h"

void fully_connected_s8_rvv(const struct fully_connected_s8 *op, const int8_t *in, int8_t *out,
                            void *scratch) {
  (void)scratch;
  struct tile_rvv tile;
  tile_rvv_stream(&tile, op->weights, op->out_features);
  tile.in = in;
  tile.inputs = op->in_features;
  tile.stride = tile.inputs;
  tile.out = out;
  tile.zero_point = op->out_zero_point;
  tile.low = op->out_min;
  tile.high = op->out_max;
  for (int32_t left = op->rows; left > 0;) {
    const int32_t count = left < TILE_RVV_PIXELS ? left : TILE_RVV_PIXELS;
    tile_rvv(&tile, count);
    tile.in += count * tile.inputs;
    tile.out += count * tile.channels;
    left -= count;
  }
}
