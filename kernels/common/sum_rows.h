/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of channels over bands of rows: sums[c] += sum of the pixels' channel c.
 */
#ifndef KERNELS_COMMON_SUM_ROWS_H_
#define KERNELS_COMMON_SUM_ROWS_H_

#include <stdint.h>

static inline void sum_pixels(int32_t *sums, const int8_t *in, int32_t pixels, int32_t channels) {
  for (int32_t p = 0; p < pixels; p++) {
    for (int32_t c = 0; c < channels; c++) {
      sums[c] += in[c];
    }
    in += channels;
  }
}

#endif /* KERNELS_COMMON_SUM_ROWS_H_ */
