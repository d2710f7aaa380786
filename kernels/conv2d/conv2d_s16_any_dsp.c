/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolution of int16 with any window, sums and scales for the Armv7E-M DSP extension. weights:
 * conv2d_tile_any_s16_dsp.h. scratch as in conv2d_s16_dsp.c.
 */
#include "conv2d_gather_s16_dsp.h"
#include "conv2d_tile_any_s16_dsp.h"

void conv2d_s16_any_dsp(const struct conv2d_s16 *op, const int8_t *const *in_rows,
                        int8_t *const *out_rows, int32_t rows, void *scratch) {
  const int32_t channels = op->out_channels, width = op->out_width;
  const int32_t blocks = (op->kernel_height * op->kernel_width * op->in_channels + 3) / 4;
  uint32_t *const inputs = scratch;
  for (int32_t r = 0; r < rows; r++) {
    arena_s16 *to = write_s16(out_rows[r]);
    for (int32_t x = 0; x < width; x += 3) {
      const int32_t taken = width - x < 3 ? width - x : 3;
      for (int32_t p = 0; p < 3; p++) {
        gather_window_s16(op, in_rows + r * op->stride_height, p < taken ? x + p : x, inputs + p,
                          3);
      }
      tile_s16_any(op, inputs, blocks, taken, to);
      to += taken * channels;
    }
  }
}
