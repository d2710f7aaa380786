/* SPDX-License-Identifier: Apache-2.0
 *
 * Global AVERAGE_POOL_2D for Cortex-M55: eight channels at a time, at most 5,000 pixels. Sums of
 * bands wait in scratch; an image that comes at once needs none.
 */
#include "../common/sum_rows_mve.h"
#include "pool2d.h"

void average_pool_rows_s8_mve(const struct average_pool_rows_s8 *op, const int8_t *in, int8_t *out,
                              int32_t y, int32_t rows, void *scratch) {
  int32_t *kept = scratch; /* [channels rounded up to eight] */
  const int32_t channels = op->channels, count = op->height * op->width;
  const uint32_t share = share_of(count);
  for (int32_t c = 0; c < channels; c += SUM_CHANNELS) {
    const mve_pred16_t lanes = vctp16q((uint32_t)(channels - c));
    int32x4x2_t sums = {{vdupq_n_s32(0), vdupq_n_s32(0)}};
    if (y > 0) {
      sums = vld2q_s32(kept + c);
    }
    sums = sum_pixels_mve(sums, in + c, rows * op->width, channels, lanes);
    if (y + rows < op->height) {
      vst2q_s32(kept + c, sums);
      continue;
    }
    const int32x4_t even = divide_rounded_mve(sums.val[0], count, share);
    const int32x4_t odd = divide_rounded_mve(sums.val[1], count, share);
    store_channels_mve(out + c, even, odd, op->out_min, op->out_max, lanes);
  }
}
