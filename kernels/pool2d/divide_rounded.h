/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNELS_POOL2D_DIVIDE_ROUNDED_H_
#define KERNELS_POOL2D_DIVIDE_ROUNDED_H_

#include <stdint.h>

/* round(sum / count), ties away from zero; count > 0: a window never lies in padding alone, which
 * the compiler checks and cppcheck cannot know. */
static inline int32_t divide_rounded(int32_t sum, int32_t count) {
  /* cppcheck-suppress zerodiv */
  return (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
}

#endif /* KERNELS_POOL2D_DIVIDE_ROUNDED_H_ */
