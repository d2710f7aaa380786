/* SPDX-License-Identifier: Apache-2.0
 *
 * Any window, stride, dilation and padding: windows are copied into scratch, two pixels at a time;
 * tiles as conv2d_tile_thumb.h, K = kernel_height * kernel_width * in_channels.
 */
#include "conv2d.h"
#include "conv2d_gather_scalar.h"
#include "conv2d_tile_thumb.h"

void conv2d_s8_thumb(const struct conv2d_s8 *op, const int8_t *const *in_rows,
                     int8_t *const *out_rows, int32_t rows, void *scratch) {
  const int32_t taps = op->kernel_height * op->kernel_width * op->in_channels;
  int8_t *inputs = scratch;
  for (int32_t r = 0; r < rows; r++) {
    int8_t *out = out_rows[r];
    int32_t column = -op->pad_left;
    int32_t left = op->out_width;
    while (left > 0) {
      const int32_t count = left < TILE_PIXELS ? left : TILE_PIXELS;
      for (int32_t p = 0; p < count; p++) {
        gather_window(op, in_rows, column, inputs + p * taps);
        column += op->stride_width;
      }
      conv2d_tile_thumb(op, inputs, taps, out, count);
      out += count * op->out_channels;
      left -= count;
    }
    in_rows += op->stride_height;
  }
}
