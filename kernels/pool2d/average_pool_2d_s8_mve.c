/* SPDX-License-Identifier: Apache-2.0
 *
 * AVERAGE_POOL_2D for Cortex-M55: eight channels at a time, at most 255 taps.
 */
#include "../common/sum_rows_mve.h"
#include "pool_window.h"

void average_pool_2d_s8_mve(const struct pool2d_s8 *op, const int8_t *const *in_rows,
                            int8_t *const *out_rows, int32_t rows, void *scratch) {
  (void)scratch;
  const int32_t channels = op->channels;
  for (int32_t r = 0; r < rows; r++) {
    int8_t *out = out_rows[r];
    for (int32_t x = 0; x < op->out_width; x++) {
      const struct pool_window window = pool_window_at(op, in_rows, r, x);
      int32_t count = 0;
      for (int32_t i = 0; i < window.height; i++) {
        count += window.rows[i] != 0 ? window.columns : 0;
      }
      const uint32_t share = share_of(count);
      for (int32_t c = 0; c < channels; c += SUM_CHANNELS) {
        const mve_pred16_t lanes = vctp16q((uint32_t)(channels - c));
        int16x8_t sums = vdupq_n_s16(0);
        for (int32_t i = 0; i < window.height; i++) {
          const int8_t *row = window.rows[i];
          if (row != 0) {
            sums =
                sum_some_pixels_mve(sums, row + window.offset + c, window.columns, channels, lanes);
          }
        }
        const int32x4_t even = divide_rounded_mve(vmovlbq_s16(sums), count, share);
        const int32x4_t odd = divide_rounded_mve(vmovltq_s16(sums), count, share);
        store_channels_mve(out + c, even, odd, op->out_min, op->out_max, lanes);
      }
      out += channels;
    }
  }
}
