/* SPDX-License-Identifier: Apache-2.0
 *
 * sum_rows.h for the Armv7E-M DSP extension: four channels at a time, in 16-bit halves that 255
 * pixels cannot overflow.
 */
#ifndef KERNELS_COMMON_SUM_ROWS_DSP_H_
#define KERNELS_COMMON_SUM_ROWS_DSP_H_

#include <arm_acle.h>
#include <stdint.h>
#include <string.h>

enum { SUM_ROWS_PIXELS = 255 };

/* sums[0..3] += the first four channels of pixels that lie `channels` bytes apart. */
static inline void sum_four_channels_dsp(int32_t *sums, const int8_t *in, int32_t pixels,
                                         int32_t channels) {
  while (pixels > 0) {
    const int32_t now = pixels < SUM_ROWS_PIXELS ? pixels : SUM_ROWS_PIXELS;
    int16x2_t even = 0;
    int16x2_t odd = 0;
    for (int32_t p = now; p > 0; p--) {
      uint32_t word;
      memcpy(&word, in, sizeof word);
      even = __sxtab16(even, (int8x4_t)word);
      odd = __sxtab16(odd, (int8x4_t)(word >> 8));
      in += channels;
    }
    sums[0] += (int16_t)even;
    sums[1] += (int16_t)odd;
    sums[2] += even >> 16;
    sums[3] += odd >> 16;
    pixels -= now;
  }
}

/* sums[c] += the sum of the pixels' channel c. */
static inline void sum_pixels_dsp(int32_t *sums, const int8_t *in, int32_t pixels,
                                  int32_t channels) {
  int32_t c = 0;
  for (; c + 4 <= channels; c += 4) {
    sum_four_channels_dsp(sums + c, in + c, pixels, channels);
  }
  for (; c < channels; c++) {
    for (int32_t p = 0; p < pixels; p++) {
      sums[c] += in[p * channels + c];
    }
  }
}

#endif /* KERNELS_COMMON_SUM_ROWS_DSP_H_ */
