/* SPDX-License-Identifier: Apache-2.0
 *
 * int16 values in an arena of bytes, their clamp, and the requantisation of their sums.
 *
 * Rows and pixels come as bytes and start at even addresses. Bytes hold now one type and now
 * another, which C allows through a type that may alias.
 */
#ifndef KERNELS_COMMON_VALUES_S16_H_
#define KERNELS_COMMON_VALUES_S16_H_

#include <stdint.h>

#include "requant.h"

#if defined(__GNUC__)
typedef int16_t __attribute__((__may_alias__)) arena_s16;
#else
typedef int16_t arena_s16;
#endif

static inline const arena_s16 *read_s16(const int8_t *bytes) {
  return (const arena_s16 *)(const void *)bytes;
}

static inline arena_s16 *write_s16(int8_t *bytes) {
  return (arena_s16 *)(void *)bytes;
}

static inline int16_t clamp_s16(int32_t x, int32_t low, int32_t high) {
  const int32_t above = x < low ? low : x;
  return (int16_t)(above > high ? high : above);
}

/* What turns one output channel's sum into int16. Wide: multiplier in Q15, shift to the right;
 * else as for int8, a multiplier in Q31 and a shift to the left. */
struct scale_s16 {
  int32_t multiplier;
  int32_t shift;
};

/* round_half_up(x * multiplier / 2^shift) for |x| < 2^47, shift in [8, 46]: TensorFlow Lite's
 * requantisation of 64-bit sums, by a multiplier of 16 bits. */
static inline int32_t requantize_wide(int64_t x, int32_t multiplier, int32_t shift) {
  return (int32_t)((x * multiplier + ((int64_t)1 << (shift - 1))) >> shift);
}

/* A sum by either arithmetic; one that is not wide has 32 bits and wraps around. */
static inline int32_t requantize_s16(int64_t sum, const struct scale_s16 *scale, int32_t wide) {
  if (wide) {
    return requantize_wide(sum, scale->multiplier, scale->shift);
  }
  return requantize((int32_t)(uint32_t)sum, scale->multiplier, scale->shift);
}

#endif /* KERNELS_COMMON_VALUES_S16_H_ */
