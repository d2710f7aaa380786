/* SPDX-License-Identifier: Apache-2.0
 *
 * requantize() of requant.h for cores that have a long product of 32 bits. Both roundings are kept:
 * the first is half up, floor((x * multiplier + 2^30) / 2^31), whatever the sign; the second goes
 * away from zero, which takes one off a negative value before it is shifted.
 *
 * Nothing may saturate: |x * 2^max(shift, 0)| < 2^29.
 */
#ifndef KERNELS_COMMON_REQUANT_SCALAR_H_
#define KERNELS_COMMON_REQUANT_SCALAR_H_

#include <stdint.h>

#include "requant.h"

/* A channel's scale, taken apart once for several outputs. */
struct scale_scalar {
  int32_t multiplier;
  int32_t left;
  int32_t right;
  int32_t half; /* of 2^right, or 0 */
  int32_t sign; /* what a negative value adds: all ones or 0 */
};

static inline struct scale_scalar split_scale(const struct channel_s8 *channel) {
  const int32_t shift = channel->shift;
  struct scale_scalar scale = {channel->multiplier, 0, 0, 0, 0};
  if (shift < 0) {
    scale.right = -shift;
    scale.half = 1 << ~shift;
    scale.sign = -1;
  } else {
    scale.left = shift;
  }
  return scale;
}

static inline int32_t round_scalar(int32_t x, const struct scale_scalar *scale) {
  return (x + scale->half + ((x >> 31) & scale->sign)) >> scale->right;
}

static inline int32_t requantize_scalar(int32_t x, const struct scale_scalar *scale) {
  const int32_t shifted = (int32_t)((uint32_t)x << scale->left);
  const int64_t product = (int64_t)shifted * scale->multiplier + (1 << 30);
  return round_scalar((int32_t)(product >> 31), scale);
}

#endif /* KERNELS_COMMON_REQUANT_SCALAR_H_ */
