/* SPDX-License-Identifier: Apache-2.0
 *
 * (a b) / 2^32, rounded to nearest, ties up, in portable C.
 */
#ifndef KERNELS_AUDIO_HIGH_PRODUCT_PORTABLE_H_
#define KERNELS_AUDIO_HIGH_PRODUCT_PORTABLE_H_

#include <stdint.h>

static inline int32_t high_product(int32_t a, int32_t b) {
  return (int32_t)(((int64_t)a * b + 0x80000000) >> 32);
}

#endif /* KERNELS_AUDIO_HIGH_PRODUCT_PORTABLE_H_ */
