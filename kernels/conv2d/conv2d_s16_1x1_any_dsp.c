/* SPDX-License-Identifier: Apache-2.0
 *
 * 1 x 1 convolution of int16 with any sums and scales for the Armv7E-M DSP extension. weights:
 * conv2d_tile_any_s16_dsp.h. scratch and overlap as in conv2d_s16_1x1_dsp.c.
 */
#include "conv2d_gather_s16_dsp.h"
#include "conv2d_tile_any_s16_dsp.h"

void conv2d_s16_1x1_any_dsp(const struct conv2d_s16 *op, const int8_t *in, int8_t *out,
                            int32_t pixels, void *scratch) {
  const int32_t in_channels = op->in_channels, out_channels = op->out_channels;
  const int32_t blocks = (in_channels + 3) / 4;
  const arena_s16 *from = read_s16(in);
  arena_s16 *to = write_s16(out);
  while (pixels > 0) {
    const int32_t taken = pixels < 3 ? 1 : 3;
    gather_pixels_s16(from, in_channels, taken == 1 ? 0 : in_channels, 3, scratch);
    tile_s16_any(op, scratch, blocks, taken, to);
    from += taken * in_channels;
    to += taken * out_channels;
    pixels -= taken;
  }
}
