/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNELS_VISION_BRIGHTNESS_H_
#define KERNELS_VISION_BRIGHTNESS_H_

#include <stdint.h>

/* A weighted sum as 0 to 255, rounded to nearest; the reciprocal has `shift` fraction bits. */
static inline int32_t brightness(uint32_t sum, uint32_t reciprocal, int32_t shift) {
  const uint64_t level = ((uint64_t)sum * reciprocal + (UINT64_C(1) << (shift - 1))) >> shift;
  return level > 255 ? 255 : (int32_t)level;
}

#endif /* KERNELS_VISION_BRIGHTNESS_H_ */
