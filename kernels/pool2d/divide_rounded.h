/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNELS_POOL2D_DIVIDE_ROUNDED_H_
#define KERNELS_POOL2D_DIVIDE_ROUNDED_H_

#include <stdint.h>

/* round(sum / count), ties away from zero. */
static inline int32_t divide_rounded(int32_t sum, int32_t count) {
  return (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
}

#endif /* KERNELS_POOL2D_DIVIDE_ROUNDED_H_ */
