/* SPDX-License-Identifier: Apache-2.0
 *
 * 1 x 1 convolution of int16 for the Armv7E-M DSP extension. weights, and what they may be:
 * conv2d_tile_s16_dsp.h, with K = in_channels; at least 2 output channels. scratch: 4-byte aligned,
 * 24 * ceil(in_channels / 4) bytes. A tile's inputs are read before its outputs are written: `out`
 * may overlap spent input.
 */
#include "conv2d.h"
#include "conv2d_gather_s16_dsp.h"
#include "conv2d_tile_s16_dsp.h"

void conv2d_s16_1x1_dsp(const struct conv2d_s16 *op, const int8_t *in, int8_t *out, int32_t pixels,
                        void *scratch) {
  const int32_t in_channels = op->in_channels, out_channels = op->out_channels;
  const int32_t relu = is_relu_s16(op->out_min, op->out_max);
  const int32_t blocks = (in_channels + 3) / 4;
  const arena_s16 *from = read_s16(in);
  arena_s16 *to = write_s16(out);
  while (pixels > 0) {
    /* Four pixels are twice two. */
    const int32_t taken = pixels == 4 || pixels == 2 ? 2 : pixels == 1 ? 1 : 3;
    const int32_t places = taken == 1 ? 2 : taken;
    gather_pixels_s16(from, in_channels, taken == 1 ? 0 : in_channels, places, scratch);
    const uint32_t *const inputs = scratch;
    const struct tile_s16 tile = {
        to, 2 * out_channels, to, inputs, inputs + 2 * places * blocks, blocks, relu};
    tile_s16_channels(op->weights, tile, taken, out_channels);
    if (!relu) {
      clamp_values_s16(to, taken * out_channels, op->out_min, op->out_max);
    }
    from += taken * in_channels;
    to += taken * out_channels;
    pixels -= taken;
  }
}
