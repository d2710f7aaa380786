/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise convolution for Cortex-M55 straight from the image: any window, stride, dilation and
 * padding, multiplier 1, channels in multiples of 8. No columns are gathered, so that windows which
 * meet in few pixels cost no more than others; output rows may not lie over input rows.
 *
 * Weight stream: that of depthwise_mve.inc without DW_ANY. Taps 2 k and 2 k + 1 of a window are
 * added in 16 bits: not both are -128.
 *
 * scratch, 4-byte aligned: a pointer per tap, and in_channels zero points where columns lie outside
 * the image.
 *
 * Per two taps and 8 channels: 4 loads, 7 others and 6 for pointers and loop; some 40 for the
 * rest of 8 outputs.
 */
#include <string.h>

#include "../common/requant_mve.h"
#include "depthwise_conv2d.h"

enum { CHANNELS = 8, CONSTANTS = 24 };

struct sums {
  int32x4_t even;
  int32x4_t odd;
};

static inline struct sums add_products(struct sums sums, int16x8_t products) {
  sums.even = vaddq_s32(sums.even, vmovlbq_s16(products));
  sums.odd = vaddq_s32(sums.odd, vmovltq_s16(products));
  return sums;
}

static inline int16x8_t product(const int8_t *tap, const int8_t *weights) {
  return vmulq_s16(vldrbq_s16(tap), vldrbq_s16(weights));
}

/* 8 channels of a pixel, from channel c on. */
static inline int16x8_t pixel(const int8_t *const *taps, int32_t count, int32_t c,
                              const int32_t *constants, int32_t zero_point) {
  struct sums sums = {vldrwq_s32(constants), vldrwq_s32(constants + 12)};
  const int8_t *weights = (const int8_t *)(constants + CONSTANTS);
  for (; count > 1; count -= 2) {
    const int16x8_t first = product(taps[0] + c, weights);
    sums = add_products(sums, vaddq_s16(first, product(taps[1] + c, weights + CHANNELS)));
    weights += 2 * CHANNELS;
    taps += 2;
  }
  if (count > 0) {
    sums = add_products(sums, product(taps[0] + c, weights));
  }
  const int32x4_t even =
      requantize_mve(sums.even, vldrwq_s32(constants + 4), vldrwq_s32(constants + 8));
  const int32x4_t odd =
      requantize_mve(sums.odd, vldrwq_s32(constants + 16), vldrwq_s32(constants + 20));
  const int16x8_t narrow = vqmovntq_s32(vqmovnbq_s32(vdupq_n_s16(0), even), odd);
  return vqaddq_n_s16(narrow, (int16_t)zero_point);
}

void depthwise_conv2d_s8_taps_mve(const struct depthwise_conv2d_s8 *op,
                                  const int8_t *const *in_rows, int8_t *const *out_rows,
                                  int32_t rows, void *scratch) {
  const int32_t channels = op->in_channels;
  const int32_t count = op->kernel_height * op->kernel_width;
  const int32_t step = CONSTANTS + count * CHANNELS / 4;
  const int16x8_t low = vdupq_n_s16(op->out_min), high = vdupq_n_s16(op->out_max);
  const int8_t **const taps = scratch;
  int8_t *const outside = (int8_t *)(taps + count);
  const int32_t reach = (op->out_width - 1) * op->stride_width - op->pad_left +
                        (op->kernel_width - 1) * op->dilation_width;
  if (op->pad_left > 0 || reach >= op->in_width) {
    memset(outside, op->in_zero_point, (size_t)channels);
  }
  for (int32_t r = 0; r < rows; r++) {
    const int8_t *const *const window = in_rows + r * op->stride_height;
    int8_t *out = out_rows[r];
    for (int32_t x = 0; x < op->out_width; x++) {
      const int8_t **tap = taps;
      for (int32_t i = 0; i < op->kernel_height; i++) {
        const int8_t *const row = window[i * op->dilation_height];
        int32_t column = x * op->stride_width - op->pad_left;
        for (int32_t j = 0; j < op->kernel_width; j++) {
          const int inside = (uint32_t)column < (uint32_t)op->in_width;
          *tap++ = inside ? row + column * channels : outside;
          column += op->dilation_width;
        }
      }
      const int32_t *constants = op->weights;
      for (int32_t c = 0; c < channels; c += CHANNELS) {
        int16x8_t made = pixel(taps, count, c, constants, op->out_zero_point);
        made = vminq_s16(vmaxq_s16(made, low), high);
        vstrbq_s16(out + c, made);
        constants += step;
      }
      out += channels;
    }
  }
}
