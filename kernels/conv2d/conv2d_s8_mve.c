/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolution with any window, stride, dilation and padding for Cortex-M55: windows are copied, two
 * pixels at a time; weights as conv2d_tile_mve.h, K = kernel_height * kernel_width * in_channels.
 */
#include "conv2d.h"
#include "conv2d_tile_mve.h"

/* Copies the window whose first tap is in image column `column` to contiguous bytes. */
static void copy_window(const struct conv2d_s8 *op, const int8_t *const *in_rows, int32_t column,
                        int8_t *window) {
  const int32_t in_channels = op->in_channels;
  const int32_t width = op->kernel_width;
  const int8_t padding = (int8_t)op->in_zero_point;
  const int whole =
      op->dilation_width == 1 && column >= 0 && column + width <= op->in_width;
  for (int32_t i = 0; i < op->kernel_height; i++) {
    const int8_t *row = in_rows[i * op->dilation_height];
    if (whole) {
      copy_bytes_mve(window, row + column * in_channels, width * in_channels);
      window += width * in_channels;
      continue;
    }
    for (int32_t j = 0; j < width; j++) {
      const int32_t tap = column + j * op->dilation_width;
      if (tap >= 0 && tap < op->in_width) {
        copy_bytes_mve(window, row + tap * in_channels, in_channels);
      } else {
        fill_bytes_mve(window, padding, in_channels);
      }
      window += in_channels;
    }
  }
}

void conv2d_s8_mve(const struct conv2d_s8 *op, const int8_t *const *in_rows,
                   int8_t *const *out_rows, int32_t rows, void *scratch) {
  const int32_t taps = op->kernel_height * op->kernel_width * op->in_channels;
  const int32_t out_channels = op->out_channels;
  int8_t *inputs = scratch;
  struct conv2d_tile_mve tile = {
      .inputs = inputs,
      .taps = taps,
      .blocks = (taps + 15) / 16,
      .zero_point = op->out_zero_point,
      .low = op->out_min,
      .high = op->out_max,
  };
  int8_t *window = inputs + 32 * tile.blocks;
  fill_bytes_mve(inputs, 0, 32 * tile.blocks);
  for (int32_t r = 0; r < rows; r++) {
    int8_t *out = out_rows[r];
    int32_t column = -op->pad_left;
    for (int32_t left = op->out_width; left > 0; left -= 2) {
      copy_window(op, in_rows, column, window);
      tile_inputs_mve(inputs, window, taps);
      if (left > 1) {
        copy_window(op, in_rows, column + op->stride_width, window);
        tile_inputs_mve(inputs + 16, window, taps);
      }
      tile.weights = op->weights;
      tile.out = out;
      tile.channels = out_channels;
      tile.stride = left > 1 ? out_channels : 0;
      if (left == 1) { /* a single last pixel is done twice */
        tile_inputs_mve(inputs + 16, window, taps);
      }
      conv2d_tile_mve(&tile);
      column += 2 * op->stride_width;
      out += 2 * out_channels;
    }
    in_rows += op->stride_height;
  }
}
