/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of int16 channels over bands of rows, which wrap around: sums[c] += the pixels' channel c.
 */
#ifndef KERNELS_COMMON_SUM_ROWS_S16_H_
#define KERNELS_COMMON_SUM_ROWS_S16_H_

#include "values_s16.h"

static inline void sum_pixels_s16(int32_t *sums, const int8_t *in, int32_t pixels,
                                  int32_t channels) {
  const arena_s16 *from = read_s16(in);
  for (int32_t p = 0; p < pixels; p++) {
    for (int32_t c = 0; c < channels; c++) {
      sums[c] = (int32_t)((uint32_t)sums[c] + (uint32_t)(int32_t)*from++);
    }
  }
}

#endif /* KERNELS_COMMON_SUM_ROWS_S16_H_ */
