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

/* The body of a kernel that is given an image in bands: sums begin at `start`, and `result(op,
 * sum)` is a value. They wait in scratch, int32 [channels], unless all rows come at once. */
#define SUM_BANDS_DSP(op, start, result)                                \
  const int32_t channels = (op)->channels, pixels = rows * (op)->width; \
  const int32_t first = y == 0, last = y + rows == (op)->height;        \
  int32_t *kept = scratch;                                              \
  for (int32_t c = 0; c < channels; c += 4) {                           \
    const int32_t count = channels - c < 4 ? channels - c : 4;          \
    int32_t sums[4];                                                    \
    for (int32_t k = 0; k < count; k++) {                               \
      sums[k] = first ? (start) : kept[c + k];                          \
    }                                                                   \
    if (count == 4) {                                                   \
      sum_four_channels_dsp(sums, in + c, pixels, channels);            \
    } else {                                                            \
      for (int32_t k = 0; k < count; k++) {                             \
        for (int32_t p = 0; p < pixels; p++) {                          \
          sums[k] += in[p * channels + c + k];                          \
        }                                                               \
      }                                                                 \
    }                                                                   \
    for (int32_t k = 0; k < count; k++) {                               \
      if (last) {                                                       \
        out[c + k] = result((op), sums[k]);                             \
      } else {                                                          \
        kept[c + k] = sums[k];                                          \
      }                                                                 \
    }                                                                   \
  }

#endif /* KERNELS_COMMON_SUM_ROWS_DSP_H_ */
