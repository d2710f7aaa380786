/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolution of int16 with any window for the Armv7E-M DSP extension. weights, and what they may
 * be: conv2d_tile_s16_dsp.h, with K = kernel_height * kernel_width * in_channels; at least 2 output
 * channels. scratch: 4-byte aligned, 24 * ceil(K / 4) bytes.
 */
#include "conv2d.h"
#include "conv2d_gather_s16_dsp.h"
#include "conv2d_tile_s16_dsp.h"

void conv2d_s16_dsp(const struct conv2d_s16 *op, const int8_t *const *in_rows,
                    int8_t *const *out_rows, int32_t rows, void *scratch) {
  const int32_t channels = op->out_channels;
  const int32_t relu = is_relu_s16(op->out_min, op->out_max);
  const int32_t blocks = (op->kernel_height * op->kernel_width * op->in_channels + 3) / 4;
  for (int32_t r = 0; r < rows; r++) {
    arena_s16 *to = write_s16(out_rows[r]);
    int32_t taken;
    for (int32_t x = 0; x < op->out_width; x += taken) {
      const int32_t left = op->out_width - x;
      taken = left == 4 || left == 2 ? 2 : left == 1 ? 1 : 3;
      const int32_t places = taken == 1 ? 2 : taken;
      uint32_t *const inputs = scratch;
      for (int32_t p = 0; p < places; p++) {
        gather_window_s16(op, in_rows + r * op->stride_height, p < taken ? x + p : x, inputs + p,
                          places);
      }
      const struct tile_s16 tile = {to,     2 * channels, to, inputs, inputs + 2 * places * blocks,
                                    blocks, relu};
      tile_s16_channels(op->weights, tile, taken, channels);
      if (!relu) {
        clamp_values_s16(to, taken * channels, op->out_min, op->out_max);
      }
      to += taken * channels;
    }
  }
}
