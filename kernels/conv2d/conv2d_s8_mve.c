/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolution with any window, stride, dilation and padding for Cortex-M55: windows are copied, two
 * pixels at a time; weights as conv2d_tile_mve.h, K = kernel_height * kernel_width * in_channels.
 */
#include "conv2d.h"
#include "conv2d_tile_mve.h"

/* A window without dilation: per row zero points for taps left of the image, a run of its bytes,
 * zero points again. */
static void copy_runs(const struct conv2d_s8 *op, const int8_t *const *in_rows, int32_t column,
                      int8_t *window) {
  const int32_t in_channels = op->in_channels;
  const int32_t width = op->kernel_width;
  const int32_t row_step = op->dilation_height;
  const int8_t padding = (int8_t)op->in_zero_point;
  const int32_t right = op->in_width - column;
  const int32_t first = column < 0 ? (column + width > 0 ? -column : width) : 0;
  const int32_t last = right < width ? (right > first ? right : first) : width;
  const int32_t before = first * in_channels;
  const int32_t run = (last - first) * in_channels;
  const int32_t after = (width - last) * in_channels;
  const int32_t offset = (column + first) * in_channels;
  int32_t rows = op->kernel_height;
  if (before + after == 0) {
    do {
      copy_bytes_mve(window, *in_rows + offset, run);
      in_rows += row_step;
      window += run;
    } while (--rows > 0);
    return;
  }
  do {
    fill_bytes_mve(window, padding, before); /* of 0 bytes: nothing */
    copy_bytes_mve(window + before, *in_rows + offset, run);
    fill_bytes_mve(window + before + run, padding, after);
    in_rows += row_step;
    window += before + run + after;
  } while (--rows > 0);
}

/* A window with dilation: tap by tap. */
static void copy_taps(const struct conv2d_s8 *op, const int8_t *const *in_rows, int32_t column,
                      int8_t *window) {
  const int32_t in_channels = op->in_channels;
  for (int32_t i = 0; i < op->kernel_height; i++) {
    int32_t tap = column;
    for (int32_t j = 0; j < op->kernel_width; j++) {
      if (tap >= 0 && tap < op->in_width) {
        copy_bytes_mve(window, *in_rows + tap * in_channels, in_channels);
      } else {
        fill_bytes_mve(window, (int8_t)op->in_zero_point, in_channels);
      }
      window += in_channels;
      tap += op->dilation_width;
    }
    in_rows += op->dilation_height;
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
  void (*const copy_window)(const struct conv2d_s8 *, const int8_t *const *, int32_t, int8_t *) =
      op->dilation_width == 1 ? copy_runs : copy_taps;
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
