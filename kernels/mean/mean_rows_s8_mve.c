/* SPDX-License-Identifier: Apache-2.0
 *
 * MEAN over height and width for Cortex-M55: eight channels at a time. Sums of bands wait in
 * scratch; an image that comes at once needs none.
 */
#include "../common/requant_mve.h"
#include "../common/sum_rows_mve.h"
#include "mean.h"

static inline int32x4_t finished(const struct mean_rows_s8 *op, int32x4_t sums) {
  const int32_t left = op->shift > 0 ? op->shift : 0, right = op->shift > 0 ? 0 : op->shift;
  const int32x4_t shifted = vshlq_r_s32(sums, left);
  const int32x4_t scaled = requantize_mve(shifted, vdupq_n_s32(op->multiplier), vdupq_n_s32(right));
  return vaddq_n_s32(scaled, op->out_zero_point);
}

void mean_rows_s8_mve(const struct mean_rows_s8 *op, const int8_t *in, int8_t *out, int32_t y,
                      int32_t rows, void *scratch) {
  int32_t *kept = scratch; /* [channels rounded up to eight] */
  const int32_t channels = op->channels;
  for (int32_t c = 0; c < channels; c += SUM_CHANNELS) {
    const mve_pred16_t lanes = vctp16q((uint32_t)(channels - c));
    int32x4x2_t sums = {{vdupq_n_s32(op->offset), vdupq_n_s32(op->offset)}};
    if (y > 0) {
      sums = vld2q_s32(kept + c);
    }
    sums = sum_pixels_mve(sums, in + c, rows * op->width, channels, lanes);
    if (y + rows < op->height) {
      vst2q_s32(kept + c, sums);
      continue;
    }
    store_channels_mve(out + c, finished(op, sums.val[0]), finished(op, sums.val[1]), INT8_MIN,
                       INT8_MAX, lanes);
  }
}
