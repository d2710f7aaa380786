/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolution with windows of at most 16 bytes in a row, any stride, dilation and padding, for
 * Cortex-M55: windows are copied, four pixels at a time, of one row or of several; weights as
 * tile_fours.h, K = kernel_height * kernel_width * in_channels.
 */
#include "../tile_fours/tile_fours.h"
#include "conv2d.h"
#include "conv2d_windows_mve.h"

void conv2d_s8_fours_mve(const struct conv2d_s8 *op, const int8_t *const *in_rows,
                         int8_t *const *out_rows, int32_t rows, void *scratch) {
  const int32_t taps = op->kernel_height * op->kernel_width * op->in_channels;
  const int32_t channels = op->out_channels, stride_width = op->stride_width;
  struct tile_fours_mve tile; /* not cleared: some members are never read */
  tile.zero_point = op->out_zero_point;
  tile.channels = channels;
  tile.weights = (const int8_t *)op->weights + FOURS_VECTOR;
  tile.low = op->out_min;
  tile.high = op->out_max;
  const int32_t front = fours_of(&tile, taps);
  const struct windows_mve all = windows_of(op, taps);
  const int32x4_t offsets = vmulq_n_s32(vreinterpretq_s32_u32(vidupq_n_u32(0, 1)), channels);
  int8_t *const first = (int8_t *)scratch + FOURS_VECTOR;
  fours_windows(&tile, first - front, taps, FOURS_PIXELS);
  int32_t count = 0;
  for (; rows > 0; rows--, in_rows += op->stride_height) {
    int8_t *out = *out_rows++;
    int32_t column = -op->pad_left;
    int32_t left = op->out_width;
    while (left > 0) {
      const int32_t fourth = column + (FOURS_PIXELS - 1) * stride_width;
      if (count == 0) {
        tile.out = out;
      }
      if (count == 0 && left >= FOURS_PIXELS && column >= 0 && fourth <= all.last) {
        copy_four(&all, in_rows, column * op->in_channels, first);
        vst1q_s32(tile.offsets, offsets);
        count = FOURS_PIXELS;
        column = fourth + stride_width;
        out += FOURS_PIXELS * channels;
        left -= FOURS_PIXELS;
      } else {
        copy_window(&all, in_rows, column, first + count * taps);
        tile.offsets[count++] = (int32_t)(out - tile.out);
        column += stride_width;
        out += channels;
        left--;
      }
      if (count == FOURS_PIXELS || (left == 0 && rows == 1)) {
        if (count < FOURS_PIXELS) {
          fours_windows(&tile, first - front, taps, count);
          for (; count < FOURS_PIXELS; count++) {
            tile.offsets[count] = tile.offsets[count - 1];
          }
        }
        tile.bytewise = (int32_t)((uintptr_t)tile.out | (uint32_t)channels) & 3;
        tile.tiles = 1;
        tile_fours_mve(&tile);
        count = 0;
      }
    }
  }
}
