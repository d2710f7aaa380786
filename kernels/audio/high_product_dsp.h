/* SPDX-License-Identifier: Apache-2.0
 *
 * (a b) / 2^32, rounded to nearest, ties up, with the DSP extension.
 */
#ifndef KERNELS_AUDIO_HIGH_PRODUCT_DSP_H_
#define KERNELS_AUDIO_HIGH_PRODUCT_DSP_H_

#include <stdint.h>

static inline int32_t high_product(int32_t a, int32_t b) {
  int32_t out;
  __asm__("smmulr %0, %1, %2" : "=r"(out) : "r"(a), "r"(b));
  return out;
}

#endif /* KERNELS_AUDIO_HIGH_PRODUCT_DSP_H_ */
