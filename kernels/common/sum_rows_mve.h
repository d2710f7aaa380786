/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of eight channels over pixels with Helium: in 16 bits, which 255 pixels cannot overflow,
 * then in 32, those of even channels beside those of odd ones.
 */
#ifndef KERNELS_COMMON_SUM_ROWS_MVE_H_
#define KERNELS_COMMON_SUM_ROWS_MVE_H_

#include <arm_mve.h>
#include <stdint.h>

enum { SUM_CHANNELS = 8, SUM_PIXELS = 255 };

/* The sums of `lanes` channels of at most SUM_PIXELS pixels that lie `channels` bytes apart. */
static inline int16x8_t sum_some_pixels_mve(int16x8_t sums, const int8_t *in, int32_t pixels,
                                            int32_t channels, mve_pred16_t lanes) {
  for (int32_t p = pixels; p > 0; p--) {
    sums = vaddq_s16(sums, vldrbq_z_s16(in, lanes));
    in += channels;
  }
  return sums;
}

/* The same of any number of pixels: [0] of channels 0, 2, 4 and 6, [1] of the others. */
static inline int32x4x2_t sum_pixels_mve(int32x4x2_t sums, const int8_t *in, int32_t pixels,
                                         int32_t channels, mve_pred16_t lanes) {
  while (pixels > 0) {
    const int32_t now = pixels < SUM_PIXELS ? pixels : SUM_PIXELS;
    const int16x8_t some = sum_some_pixels_mve(vdupq_n_s16(0), in, now, channels, lanes);
    sums.val[0] = vaddq_s32(sums.val[0], vmovlbq_s16(some));
    sums.val[1] = vaddq_s32(sums.val[1], vmovltq_s16(some));
    pixels -= now;
    in += now * channels;
  }
  return sums;
}

/* round(sum / count), ties away from zero, for |sum| * count below 2^32; `share` is
 * reciprocal(count). */
static inline int32x4_t divide_rounded_mve(int32x4_t sum, int32_t count, uint32_t share) {
  const uint32x4_t size = vreinterpretq_u32_s32(vabsq_s32(sum));
  const uint32x4_t raised = vaddq_n_u32(size, (uint32_t)count / 2);
  /* One has no share of 32 bits. */
  const uint32x4_t part = count > 1 ? vmulhq_u32(raised, vdupq_n_u32(share)) : raised;
  const int32x4_t quotient = vreinterpretq_s32_u32(part);
  return vpselq_s32(vnegq_s32(quotient), quotient, vcmpltq_n_s32(sum, 0));
}

/* Just above 2^32 / count: the high half of a product is then the quotient. */
static inline uint32_t share_of(int32_t count) {
  return UINT32_MAX / (uint32_t)count + 1U;
}

/* Narrows sums of 32 bits to int8 within limits, and stores `lanes` of them. */
static inline void store_channels_mve(int8_t *out, int32x4_t even, int32x4_t odd, int32_t low,
                                      int32_t high, mve_pred16_t lanes) {
  int16x8_t both = vqmovnbq_s32(vdupq_n_s16(0), even);
  both = vqmovntq_s32(both, odd);
  both = vminq_s16(vmaxq_s16(both, vdupq_n_s16((int16_t)low)), vdupq_n_s16((int16_t)high));
  vstrbq_p_s16(out, both, lanes);
}

#endif /* KERNELS_COMMON_SUM_ROWS_MVE_H_ */
