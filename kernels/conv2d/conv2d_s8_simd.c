/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolution with any window, stride, dilation and padding: windows are widened into scratch,
 * four pixels at a time; tiles as conv2d_tile_simd.h, K = kernel_height * kernel_width *
 * in_channels.
 */
#include "conv2d.h"
#include "conv2d_tile_simd.h"

static void widen_padding(int16_t *inputs, int16_t zero_point, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    inputs[i] = zero_point;
  }
}

/* The window whose first tap is at a column, which may lie outside the image. */
static void widen_window(const struct conv2d_s8 *op, const int8_t *const *in_rows, int32_t column,
                         int16_t *inputs) {
  const int32_t channels = op->in_channels;
  const int32_t reach = (op->kernel_width - 1) * op->dilation_width;
  const int inside = column >= 0 && column + reach < op->in_width;
  for (int32_t i = 0; i < op->kernel_height; i++) {
    const int8_t *row = in_rows[i * op->dilation_height];
    if (inside && op->dilation_width == 1) {
      const int32_t run = op->kernel_width * channels;
      widen_run(inputs, &row[column * channels], run);
      inputs += run;
      continue;
    }
    for (int32_t j = 0; j < op->kernel_width; j++) {
      const int32_t tap = column + j * op->dilation_width;
      if (tap < 0 || tap >= op->in_width) {
        widen_padding(inputs, op->in_zero_point, channels);
      } else {
        widen_run(inputs, &row[tap * channels], channels);
      }
      inputs += channels;
    }
  }
}

void conv2d_s8_simd(const struct conv2d_s8 *op, const int8_t *const *in_rows,
                    int8_t *const *out_rows, int32_t rows, void *scratch) {
  const int32_t taps = op->kernel_height * op->kernel_width * op->in_channels;
  const struct conv2d_tile_simd tile = start_tiles(op, taps, scratch);
  for (int32_t r = 0; r < rows; r++) {
    int8_t *out = out_rows[r];
    int32_t column = -op->pad_left;
    int32_t left = op->out_width;
    while (left > 0) {
      const int32_t count = left < TILE_PIXELS ? left : TILE_PIXELS;
      for (int32_t p = 0; p < count; p++) {
        tile.inputs[(p + 1) * tile.taps - 1] = 0;
        widen_window(op, in_rows, column, &tile.inputs[p * tile.taps]);
        column += op->stride_width;
      }
      conv2d_tile_simd(&tile, op->weights, out, count);
      out += count * op->out_channels;
      left -= count;
    }
    in_rows += op->stride_height;
  }
}
