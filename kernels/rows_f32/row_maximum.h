/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNELS_ROWS_F32_ROW_MAXIMUM_H_
#define KERNELS_ROWS_F32_ROW_MAXIMUM_H_

#include <stdint.h>

static inline float row_maximum(const float *values, int32_t count) {
  float best = values[0];
  for (int32_t i = 1; i < count; i++) {
    best = values[i] > best ? values[i] : best;
  }
  return best;
}

#endif /* KERNELS_ROWS_F32_ROW_MAXIMUM_H_ */
