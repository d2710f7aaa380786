/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolution with windows of at most 16 inputs, any stride, dilation and padding, for Cortex-M55:
 * windows are copied, four pixels at a time, of one row or of several; weights as tile_short.h, K =
 * kernel_height * kernel_width * in_channels.
 */
#include "../tile_short/tile_short.h"
#include "conv2d.h"
#include "conv2d_windows_mve.h"

void conv2d_s8_short_mve(const struct conv2d_s8 *op, const int8_t *const *in_rows,
                         int8_t *const *out_rows, int32_t rows, void *scratch) {
  const int32_t taps = op->kernel_height * op->kernel_width * op->in_channels;
  const int32_t channels = op->out_channels, stride_width = op->stride_width;
  const struct windows_mve all = windows_of(op, SHORT_VECTOR);
  struct tile_short_mve tile; /* not cleared: some members are never read */
  tile.row = taps + taps % 2;
  tile.taps = taps;
  tile.zero_point = op->out_zero_point;
  tile.weights = op->weights;
  tile.channels = channels;
  vst1q_s8(tile.lows, vdupq_n_s8((int8_t)op->out_min));
  vst1q_s8(tile.highs, vdupq_n_s8((int8_t)op->out_max));
  const int32x4_t offsets = vmulq_n_s32(vreinterpretq_s32_u32(vidupq_n_u32(0, 1)), channels);
  int8_t *const windows = scratch;
  short_windows(&tile, windows, SHORT_VECTOR, SHORT_PIXELS);
  int32_t count = 0;
  for (; rows > 0; rows--, in_rows += op->stride_height) {
    int8_t *out = *out_rows++;
    int32_t column = -op->pad_left;
    int32_t left = op->out_width;
    while (left > 0) {
      const int32_t fourth = column + (SHORT_PIXELS - 1) * stride_width;
      if (count == 0) {
        tile.out = out;
      }
      if (count == 0 && left >= SHORT_PIXELS && column >= 0 && fourth <= all.last) {
        copy_four(&all, in_rows, column * op->in_channels, windows);
        vst1q_s32(tile.offsets, offsets);
        count = SHORT_PIXELS;
        column = fourth + stride_width;
        out += SHORT_PIXELS * channels;
        left -= SHORT_PIXELS;
      } else {
        copy_window(&all, in_rows, column, windows + count * SHORT_VECTOR);
        tile.offsets[count++] = (int32_t)(out - tile.out);
        column += stride_width;
        out += channels;
        left--;
      }
      if (count == SHORT_PIXELS || (left == 0 && rows == 1)) {
        for (; count < SHORT_PIXELS; count++) { /* the last one again */
          tile.offsets[count] = tile.offsets[count - 1];
          vst1q_s8(windows + count * SHORT_VECTOR, vld1q_s8(windows + (count - 1) * SHORT_VECTOR));
        }
        tile.bytewise = (int32_t)((uintptr_t)tile.out | (uint32_t)channels) & 3;
        tile.tiles = 1;
        tile_short_mve(&tile);
        count = 0;
      }
    }
  }
}
