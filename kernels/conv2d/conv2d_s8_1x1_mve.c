/* SPDX-License-Identifier: Apache-2.0
 *
 * 1 x 1 convolution, stride 1, for Cortex-M55: two pixels at a time, weights as
 * conv2d_tile_mve.h with K = in_channels. Both pixels are read before their outputs are written.
 */
#include "conv2d.h"
#include "conv2d_tile_mve.h"

void conv2d_s8_1x1_mve(const struct conv2d_s8 *op, const int8_t *in, int8_t *out, int32_t pixels,
                       void *scratch) {
  const int32_t in_channels = op->in_channels;
  const int32_t out_channels = op->out_channels;
  int8_t *inputs = scratch;
  struct conv2d_tile_mve tile = {
      .inputs = inputs,
      .taps = in_channels,
      .blocks = (in_channels + 15) / 16,
      .zero_point = op->out_zero_point,
      .low = op->out_min,
      .high = op->out_max,
  };
  fill_bytes_mve(inputs, 0, 32 * tile.blocks);
  for (int32_t left = pixels; left > 0; left -= 2) {
    const int32_t second = left > 1 ? 1 : 0; /* a single last pixel is done twice */
    tile_inputs_mve(inputs, in, in_channels);
    tile_inputs_mve(inputs + 16, in + second * in_channels, in_channels);
    tile.weights = op->weights;
    tile.out = out;
    tile.channels = out_channels;
    tile.stride = second * out_channels;
    conv2d_tile_mve(&tile);
    in += 2 * in_channels;
    out += 2 * out_channels;
  }
}
