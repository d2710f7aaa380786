/* SPDX-License-Identifier: Apache-2.0
 *
 * requantize() of requant.h for cores whose only multiplication keeps 32 bits of the product. With
 * x = 2^16 a + b, multiplier = 2^16 m + n, where b is signed and n is not,
 *
 *   floor((x * multiplier + 2^30) / 2^31) = 2 a m + floor((a n + b m + floor(b n / 2^16) + 2^14)
 *                                                         / 2^15)
 *
 * exactly: what the inner division drops is less than one. No term leaves 32 bits if
 * |x * 2^max(shift, 0)| < 2^29.
 */
#ifndef KERNELS_COMMON_REQUANT_THUMB_H_
#define KERNELS_COMMON_REQUANT_THUMB_H_

#include <stdint.h>

#include "requant_scalar.h"

static inline int32_t requantize_thumb(int32_t x, const struct scale_scalar *scale) {
  const int32_t shifted = (int32_t)((uint32_t)x << scale->left);
  const int32_t b = (int16_t)shifted;
  const int32_t a = (shifted - b) >> 16;
  const int32_t m = scale->multiplier >> 16;
  const int32_t n = (int32_t)((uint32_t)scale->multiplier & 0xffffu);
  const int32_t middle = a * n + b * m + ((b * n) >> 16) + (1 << 14);
  return round_scalar(2 * a * m + (middle >> 15), scale);
}

#endif /* KERNELS_COMMON_REQUANT_THUMB_H_ */
